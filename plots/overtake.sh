#!/bin/sh
# overtake.sh TEXT: from how much training, and from which size on, does a transformer beat counting?
# Trains three sizes on the tales and three on TEXT (any UTF-8 file; the book's figure has the
# Shakespeare text of 1,115,394 characters) and gathers their curves in plots/chapter2_overtake.csv,
# with the best n-gram of each text in plots/chapter2_overtake.json. Takes about 40 minutes.
set -eu
text=${1:?give a text: sh plots/overtake.sh shakespeare.txt}
out=out/overtake
mkdir -p $out

# train NAME OPTIONS...: one run, unless it is there already
train() {
    name=$1
    shift
    [ -f "$out/$name/summary.json" ] || ./chapter2 "$@" --sample 0 --out "$out/$name"
}

train tales-16 --channels 16 --heads 2
train tales-32 --channels 32
train tales-64
set -- --text "$text" --documents stream --eval-windows 0 --last-lr 1e-5
train text-64 "$@" --context 64 --heads 2 --batch 12 --steps 20000 --eval-every 1000
train text-128 "$@" --layers 4 --channels 128 --context 64 --batch 12 --steps 20000 --eval-every 1000
train text-192 "$@" --layers 6 --heads 6 --channels 192 --context 128 --batch 16 --steps 5000 \
    --eval-every 250 --lr 2e-3 --weight-decay 0.3

echo text,channels,symbols,loss >plots/chapter2_overtake.csv
for run in "$out"/*-*; do
    name=${run##*/}
    case $name in tales-*) kind=0 ;; *) kind=1 ;; esac
    awk -F, -v kind="$kind" -v channels="${name#*-}" \
        'NR > 1 && $3 > 0 { print kind "," channels "," $3 "," $5 }' "$run/curves.csv"
done >>plots/chapter2_overtake.csv
{
    echo '{'
    for text in tales text; do
        sed -n "s/.*\"best_ngram_order\":[^0-9]*\([0-9]*\).*/    \"${text}_order\": \1,/p" "$out/$text-64/summary.json"
        awk -v text="$text" '/"best_ngram":/ { on = 1 } on && /nats_per_symbol/ { print "    \"" text "_ngram\": " $2; exit }' \
            "$out/$text-64/summary.json"
    done | sed '$s/,$//'
    echo '}'
} >plots/chapter2_overtake.json
