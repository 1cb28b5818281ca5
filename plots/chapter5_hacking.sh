#!/bin/sh
# chapter5_hacking.sh: what a policy does with a reward that can be had for nothing. The reward counts a
# word; without a price on KL, and with one, five seeds each. Runs both into DIR/free and DIR/priced,
# takes their curves and texts into DIR, and draws them:
#
#     sh plots/chapter5_hacking.sh DIR [more flags for chapter5]
set -eu
dir=${1:?give a directory: sh plots/chapter5_hacking.sh DIR}
shift
root=$(dirname "$0")/..
train() {
    name=$1
    shift
    "$root/chapter5" --reward count:hello --seeds 5 --batch 64 --minibatches 4 --steps 30 \
        --sample 3 --out "$dir/$name" "$@" >"$dir/$name.txt"
    cp "$dir/$name/curves.csv" "$dir/hacking_$name.csv"
    echo
    echo "$name: $*"
    sed -n '/^after it writes/,/^$/p; /^means over/,/^symbols per/p' "$dir/$name.txt"
}
mkdir -p "$dir"
train free --beta 0 "$@"
train priced --beta 0.1 "$@"
! command -v gnuplot >/dev/null || gnuplot -e "dir='$dir'; root='$root'" "$root/plots/chapter5_hacking.gp"
