#!/bin/sh
# overtake.sh TEXT: from how much training, and from which size on, does a transformer beat counting?
# Trains three sizes on the tales and two on TEXT (any UTF-8 file; the book's figure has the
# Shakespeare text of 1,115,394 characters) and gathers their curves in plots/chapter2_overtake.csv,
# with the n-grams of each text in plots/chapter2_overtake_ngrams.csv. Takes some minutes.
set -eu
text=${1:?give a text: sh plots/overtake.sh shakespeare.txt}
[ -f "$text" ] && [ -s "$text" ] && [ -r "$text" ] ||
    { echo "$text is no text that can be read: give a UTF-8 text" >&2 && exit 1; }
out=out/overtake
mkdir -p $out

# train NAME OPTIONS...: one run, unless this program has finished it before
train() {
    name=$1
    shift
    [ "$out/$name/finished" -nt chapter2 ] && return
    ./chapter2 "$@" --sample 0 --out "$out/$name"
    touch "$out/$name/finished"
}

gently="--lr 4e-3 --warmup 100"
train tales-16 $gently --steps 3000 --channels 16 --heads 2
train tales-32 $gently --steps 3000 --channels 32
train tales-64 $gently --steps 3000
set -- --text "$text" --documents stream
train text-64 "$@" $gently --eval-windows 0 --last-lr 1e-5 --context 64 --heads 2 --batch 12 --steps 10000 \
    --eval-every 500
train text-128 "$@" --config chapters/2_transformer/shakespeare.json --eval-windows 0 \
    --eval-every 200

echo text,channels,symbols,loss >plots/chapter2_overtake.csv
for run in "$out"/*-*; do
    name=${run##*/}
    case $name in tales-*) kind=0 ;; *) kind=1 ;; esac
    awk -F, -v kind="$kind" -v channels="${name#*-}" \
        'NR > 1 && $3 > 0 { print kind "," channels "," $3 "," $5 }' "$run/curves.csv"
done >>plots/chapter2_overtake.csv

# ngrams KIND OPTIONS: held-out nats per symbol of the orders 2 to 8
ngrams() {
    kind=$1
    shift
    for order in 2 3 4 5 6 7 8; do
        ./chapter1 --order $order --smoothing kneser-ney --sample 0 --out "$out/ngram" "$@" >/dev/null
        awk -v kind="$kind" -v order=$order '/"distinct_ngrams":/ { on = 1 }
            on && /nats_per_symbol/ { sub(",", "", $2); print kind "," order "," $2; exit }' \
            "$out/ngram/summary.json"
    done
}
{
    echo text,order,loss
    ngrams 0
    ngrams 1 --text "$text" --documents stream
} >plots/chapter2_overtake_ngrams.csv
gnuplot -e "dir='plots'; root='.'" plots/chapter2_overtake.gp
