#!/bin/sh
# collect.sh: takes the figures of full runs, the data they draw and their summaries from out/plots/
# into plots/, under names that say which chapter they belong to.
set -eu
for chapter in out/plots/chapter*; do
    name=${chapter##*/}
    cp "$chapter/summary.json" "plots/${name}_summary.json"
    for data in "$chapter"/*.csv; do
        cp "$data" "plots/${name}_${data##*/}"
    done
    cp "$chapter"/*.svg plots/
done
