#!/bin/sh
# figures.sh: the full runs that the book tells of, with five seeds each, and their figures. Runs
# every chapter into out/plots/ and takes figures, data and summaries from there into plots/, under
# names that say which chapter they belong to. `sh plots/figures.sh 3` does chapter 3 alone.
set -eu
out=out/plots
chapters=${*:-$(ls -d chapters/*_*/main.c | sed 's,chapters/\([0-9]*\)_.*,\1,')}

for n in $chapters; do
    case $n in
    1)
        ./chapter1 --seeds 5 --out $out/chapter1
        for order in 12 16 24; do
            ./chapter1 --order $order --smoothing kneser-ney --sample 0 --out $out/order$order
            cp $out/order$order/summary.json plots/chapter1_order$order.json
        done
        ;;
    2) ./chapter2 --seeds 5 --out $out/chapter2 ;;
    *)
        compare=
        [ "$n" != 3 ] || compare=--compare
        ./chapter"$n" --env oracle --out $out/chapter"$n"
        ./chapter"$n" --seeds 5 $compare --load $out/chapter2 --out $out/chapter"$n"
        ;;
    esac
    cp "$out/chapter$n/summary.json" "plots/chapter${n}_summary.json"
    for data in "$out/chapter$n"/*.csv; do
        cp "$data" "plots/chapter${n}_${data##*/}"
    done
    cp "$out/chapter$n"/*.svg plots/
done
