#!/bin/sh
# bug.sh N: prepares the hunt for bug N in work/bugN, runs the chapter's program with the bug and
# without it, and draws both. Started by `make bug N=7`, which sets TOOL, BUILD, WORKDIR and MAKE.
set -eu

folder=$WORKDIR/bug$1
"$TOOL" bug --work="$WORKDIR" -- "$1"
settings=$("$TOOL" bug-run -- "$1") # chapter=4 hidden=0 arguments='--quick ...' columns='reward kl'
eval "$settings"

# the chapter with the bug, all else from this tree's own objects, and in a handout from the work on
# the chapters below; where the handout itself has the bug, nothing is sound
programs=$BUILD/hunt/bug$1
[ "$hidden" = 1 ] || programs="$programs $BUILD/hunt/sound$chapter"
# shellcheck disable=SC2086 # several programs
$MAKE -s $programs HUNT="$1" ON="$chapter"
rm -rf "$folder/out" "$folder/sound"
way=out
for program in $programs; do
    case $program in /*) ;; *) program=$PWD/$program ;; esac
    mkdir -p "$folder/$way"
    # each in a place of its own, where no model lies that the other doesn't begin from
    # shellcheck disable=SC2086 # several arguments
    (cd "$folder/$way" && "$program" $arguments --out .) >"$folder/$way.txt" 2>&1 ||
        echo "the program ${program##*/} ends badly: $(tail -n 1 "$folder/$way.txt")"
    way=sound
done
[ -s "$folder/out/curves.csv" ] || exit 1

# an x axis that every chapter's curves have
if command -v gnuplot >/dev/null 2>&1; then
    gnuplot -e "dir='$folder'; columns='$columns'" exercises/bug.gp &&
        echo "$folder/curves.svg shows $columns"
else
    echo "gnuplot is missing: the curves are in $folder/*/curves.csv"
fi
