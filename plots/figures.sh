#!/bin/sh
# figures.sh: the full runs that the book tells of, with five seeds each, and every figure.
#
#     sh plots/figures.sh                  all of it: a quarter of an hour on two idle cores
#     sh plots/figures.sh 3 hacking        these parts alone: kernel, 1 to 5, hacking, debugging, overtake
#     sh plots/figures.sh twenty           fifteen more seeds of 3, 4 and 5, a quarter of an hour more: not among all
#     TEXT=FILE sh plots/figures.sh shakespeare   the README's run on real text: not among all either
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
        for order in 6 12 16 24; do
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

# reached NAME BATCHES FILE...: a row for each seed in the curves: the symbols drawn before the first batch
# that earns half, and before the first so many in a row (256 texts) that together earn 0.95, as
# symbols_until() of chapters/3_reinforce/lesson.c has it; the last five batches' KL.
reached() {
    name=$1 batches=$2
    shift 2
    awk -F, -v name="$name" -v batches="$batches" '
        FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        "baseline" in column && $column["baseline"] != (name != "no baseline") { next }
        function mean_of_last(x, count, i, mean) {
            for (i = rows - count; i < rows; i++) mean += x[i] / count
            return mean
        }
        function row() { print name "," seed "," half "," most "," mean_of_last(kl, 5) }
        $1 != seed { if (seed) row(); seed = $1; half = "nan"; most = "nan"; rows = 0 }
        { reward[rows] = $column["reward"]; kl[rows] = $column["kl"]; symbols[rows++] = $column["symbols"] }
        half == "nan" && $column["reward"] >= 0.5 { half = $column["symbols"] }
        most == "nan" && rows >= batches && mean_of_last(reward, batches) >= 0.95 { most = symbols[rows - batches] }
        END { row() }' "$@"
}

# Seeds 6 to 20 beside the five of parts 3, 4 and 5, which must have run: what differs from seed to seed?
twenty() {
    for n in 3 4 5; do
        compare=
        [ "$n" != 3 ] || compare=--compare
        echo "$n --seed 6 --seeds 15 --threads 1 $compare --load $out/chapter2 --out $out/twenty$n"
    done | xargs -P "${JOBS:-2}" -L 1 sh -c './chapter"$0" "$@"'
    {
        echo algorithm,seed,half,most,kl
        reached 'no baseline' 4 plots/chapter3_curves.csv $out/twenty3/curves.csv
        reached 'REINFORCE' 4 plots/chapter3_curves.csv $out/twenty3/curves.csv
        reached 'actor-critic' 8 plots/chapter4_curves.csv $out/twenty4/curves.csv
        reached 'PPO' 2 plots/chapter5_curves.csv $out/twenty5/curves.csv
    } >plots/chapter5_twenty.csv
    gnuplot -d -e "dir='plots'; root='.'" plots/chapter5_twenty.gp
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
    kernel | hacking | twenty | shakespeare) "$1" >"$out/$1.log" ;;
    *) echo "there is no part $1: kernel, 1 to 5, hacking, debugging, overtake, twenty and shakespeare are all" >&2 && exit 255 ;;
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
fi
if [ -e $out/chapter3/curves.csv ]; then
    if [ -e $out/chapter4/curves.csv ]; then together 4 chapter4_reward; fi
    if [ -e $out/chapter5/curves.csv ]; then together 5 chapter5_compare; fi
fi
echo "all: $(($(date +%s) - begun)) s"
