#!/bin/sh
# debugging.sh: how mistakes look in the curves. Each plots/debugging/NAME.patch puts one mistake into
# a copy of the sources, which is built and run; beside it runs the program as it is.
#
#     sh plots/debugging.sh                  the curves, into plots/, and their figures
#     sh plots/debugging.sh NAME...          these mistakes only
#     sh plots/debugging.sh --figures        the figures again, from the curves in plots/
#     sh plots/debugging.sh --check          only: do the patches fit the sources?
#
# The runs are short ones of chapter 5 with five seeds, from a model of half the width, with a reward
# that is easier than hello. JOBS says how many run at once (2, if it isn't set).
set -eu
cd "$(dirname "$0")/.."
out=out/debugging
all=$(cd plots/debugging && ls *.patch | sed 's/\.patch$//')

check() {
    for name in $all; do
        patch --dry-run --force --silent --strip 1 --input "plots/debugging/$name.patch" >/dev/null ||
            { echo "plots/debugging/$name.patch doesn't fit the sources any more" >&2; return 1; }
    done
}

# What a run is compared with: the same program without the mistake.
beside() {
    case $1 in
    unclipped | recomputed) echo eager ;; # many epochs, no early stop: the clip has work to do
    padding) echo whitened ;;             # which is off by default
    *) echo healthy ;;
    esac
}

# The column that gives it away, or should.
tells() {
    case $1 in
    sign | half_sign) echo entropy ;;
    late | peek) echo explained_variance ;;
    temperature) echo approx_kl ;;
    padding) echo gradient_norm ;;
    early | masked_end) echo ended ;;
    *) echo largest_ratio ;;
    esac
}

flags() {
    common="--reward contains:asked --batch 64 --seeds 5 --steps 12 --lr 4e-4 --last-lr 0 --price 1 --sample 0 --threads 1"
    case $1 in
    whitened) echo "$common --whiten" ;;
    eager) echo "$common --epochs 6 --stop-kl 0" ;;
    *) echo "$common" ;;
    esac
}

# A copy of the sources and of what is built, with the mistake in it.
copy() {
    rm -rf "$1"
    mkdir -p "$1/plots" "$1/$build"
    cp -a Makefile lib chapters tools exercises "$1"
    cp -a "$build/lib" "$build/lib.a" "$build/chapters" "$1/$build"
    if [ -n "$2" ]; then patch --silent --strip 1 --directory "$1" --input "$PWD/plots/debugging/$2.patch"; fi
    make --silent --directory "$1" chapter2 chapter5
}

pretrain() {
    ./chapter2 --channels 32 --tales 30000 --orders 0 --sample 0 --threads 1 --eval-every 2500 --out "$1" >/dev/null
}

run_one() {
    kind=$1 mistake= started=$(date +%s)
    for name in $all; do
        if [ "$name" = "$1" ]; then kind=$(beside "$1") mistake=$1; fi
    done
    copy "$out/$1" "$mistake"
    model=$PWD/$out/model
    cd "$out/$1"
    # where the loss of chapter 2 has the mistake, its model has it too
    if [ "$mistake" = masked_end ]; then pretrain model; model=model; fi
    # shellcheck disable=SC2046 # words
    ./chapter5 $(flags "$kind") --load "$model" --out out/chapter5 >log 2>&1
    cp out/chapter5/curves.csv "../../../plots/debugging_$1.csv"
    echo "$1: $(($(date +%s) - started)) s"
}

figures() {
    for name in $all; do
        gnuplot -d -e "dir='plots'; root='.'; name='$name'; other='$(beside "$name")'; tells='$(tells "$name")'" plots/debugging.gp
    done
}

case ${1:-} in
--check) check ;;
--figures) figures ;;
--one)
    build=$(make --silent print-build)
    run_one "$2"
    ;;
*)
    for name in "$@"; do
        case " eager healthy whitened $(echo $all) " in
        *" $name "*) ;;
        *) echo "there is no mistake $name: these are all:" $all >&2 && exit 2 ;;
        esac
    done
    check
    make --silent chapter2 chapter5
    mkdir -p $out
    pretrain $out/model
    printf '%s\n' ${*:-eager healthy whitened $all} | xargs -P "${JOBS:-2}" -n 1 sh plots/debugging.sh --one
    figures
    ;;
esac
