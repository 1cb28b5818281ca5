#!/bin/sh
# figures.sh: the full runs that the book tells of, with five seeds each, and every figure.
#
#     sh plots/figures.sh                  all of it: a quarter of an hour on two idle cores
#     sh plots/figures.sh 3 hacking        these parts alone: kernel, 1 to 5, hacking, debugging, overtake
#     TEXT=FILE sh plots/figures.sh shakespeare   the README's run on real text, which is not among all
#
# Runs into out/plots/ and takes figures, data and summaries from there into plots/, under names that
# say which chapter they belong to. A part runs on one core, and JOBS of them side by side (2, if it
# isn't set); each says at its end how many seconds it took. The part overtake, chapter 2's comparison
# on real text, needs a text that isn't ours: it runs only where TEXT=FILE is given.
set -eu
out=out/plots

# The products and the speed of the machine: nothing else should run.
kernel() {
    build=$(make --silent print-build)
    make --silent "$build/bench/ladder"
    "$build/bench/ladder" >$out/kernel.csv
    mv $out/kernel.csv plots/chapter0_kernel.csv
    gnuplot -e "dir='plots'; root='.'" plots/chapter0_kernel.gp
}

chapter() {
    n=$1 to=$out/chapter$1
    case $n in
    1)
        ./chapter1 --seeds 5 --out "$to"
        for order in 12 16 24; do
            ./chapter1 --order $order --smoothing kneser-ney --sample 0 --out $out/order$order
            cp $out/order$order/summary.json plots/chapter1_order$order.json
        done
        ;;
    2) ./chapter2 --seeds 5 --threads 1 --out "$to" ;;
    *)
        compare=
        [ "$n" != 3 ] || compare=--compare
        ./chapter"$n" --env oracle --threads 1 --out "$to"
        ./chapter"$n" --seeds 5 --threads 1 $compare --load $out/chapter2 --out "$to"
        ;;
    esac
    cp "$to/summary.json" "plots/chapter${n}_summary.json"
    for data in "$to"/*.csv; do
        cp "$data" "plots/chapter${n}_${data##*/}"
    done
    cp "$to"/*.svg plots/
}

hacking() {
    sh plots/chapter5_hacking.sh $out/hacking --load $out/chapter2 --threads 1 --price 4
    for name in free priced; do
        cp $out/hacking/hacking_$name.csv plots/chapter5_hacking_$name.csv
    done
    cp $out/hacking/chapter5_hacking.svg plots/
}

# Five seeds, five minutes in all. Whatever the text's file is called here, the book calls it so:
shakespeare() {
    ./chapter2 --config chapters/2_transformer/shakespeare.json --seeds 5 \
        --text "${TEXT:?give a text: TEXT=FILE sh plots/figures.sh shakespeare}" --out $out/shakespeare
    sed 's|\("text":[^"]*\).*|\1"shakespeare.txt",|' $out/shakespeare/summary.json \
        >plots/chapter2_shakespeare.json
}

# The figures that draw several chapters, once all of them have run. Given: the chapter, the figure.
together() {
    # the least KL from the share of texts that earned the reward before, to one of 0.95
    least=$(awk '/"before":/ { on = 1 } on && /"reward":/ { sub(",", "", $2); p = $2
        print 0.95 * log(0.95 / p) + 0.05 * log(0.05 / (1 - p)); exit }' "plots/chapter$1_summary.json")
    gnuplot -d -e "dir='$out/chapter$1'; root='.'; least=$least" "plots/$2.gp"
    cp "$out/chapter$1/$2.svg" plots/
}

part() {
    started=$(date +%s)
    mkdir -p $out
    case $1 in
    [1-5]) chapter "$1" >"$out/$1.log" ;;
    debugging) JOBS=1 sh plots/debugging.sh >"$out/$1.log" ;;
    overtake) sh plots/overtake.sh "$TEXT" >"$out/$1.log" ;;
    kernel | hacking | shakespeare) "$1" >"$out/$1.log" ;;
    *) echo "there is no part $1: kernel, 1 to 5, hacking, debugging, overtake and shakespeare are all" >&2 && exit 255 ;;
    esac
    echo "$1: $(($(date +%s) - started)) s"
}

parts() {
    printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -n 1 sh plots/figures.sh --part
}

if [ "${1:-}" = --part ]; then
    part "$2"
    exit
fi
begun=$(date +%s)
if [ $# -gt 0 ]; then
    parts "$@"
else
    parts kernel
    parts 2 1 debugging
    parts 3 5 4 hacking
    if [ -n "${TEXT:-}" ]; then parts overtake; else echo 'left out: overtake (TEXT=FILE)'; fi
    together 4 chapter4_reward
    together 5 chapter5_compare
fi
echo "all: $(($(date +%s) - begun)) s"
