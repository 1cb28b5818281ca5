#!/bin/sh
# bug.sh N: prepares the hunt for bug N in work/bugN, runs the chapter's program with the bug and
# without it, and draws both. Started by `make bug N=7`, which sets TOOL, BUILD, WORKDIR and MAKE.
set -eu

folder=$WORKDIR/bug$1
"$TOOL" bug "$1" --work="$WORKDIR"
settings=$("$TOOL" bug-run "$1") # chapter=4 hidden=0 arguments='--quick ...' columns='reward kl'
eval "$settings"

# the chapter with the bug, all else from this tree's own objects; in a handout the tree itself has
# the bug, and nothing is sound
$MAKE -s "$BUILD/hunt/bug$1" "chapter$chapter" HUNT="$1" ON="$chapter"
rm -rf "$folder/out" "$folder/sound"
ways='out sound'
[ "$hidden" = 0 ] || ways=out
for way in $ways; do
    program=$BUILD/hunt/bug$1
    [ $way = out ] || program=./chapter$chapter
    # shellcheck disable=SC2086 # several arguments
    "$program" $arguments --out "$folder/$way" >"$folder/$way.txt" 2>&1 ||
        echo "the program ${program##*/} ends badly: see $folder/$way.txt"
done

# an x axis that every chapter's curves have
if command -v gnuplot >/dev/null 2>&1; then
    gnuplot -e "dir='$folder'; columns='$columns'" exercises/bug.gp &&
        echo "$folder/curves.svg shows $columns"
else
    echo "gnuplot is missing: the curves are in $folder/*/curves.csv"
fi
