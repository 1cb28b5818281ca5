#!/bin/sh
# same_bits.sh: the same seed must give the same numbers, byte for byte, whoever compiled the program,
# for which machine, and with however many threads. Runs every chapter's --quick in several builds,
# each in an empty directory of its own, so that each trains what it begins from; compares every
# table and every model with those of the first.
set -eu
export GOMP_SPINCOUNT=2000
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
place=$PWD/build/same_bits reference= different=0
rm -rf "$place"

# compare THREADS OPTIONS...: builds with these make variables, runs, and compares
compare() {
    threads=$1
    shift
    build=$(make -s "$@" print-build) programs=$(make -s "$@" print-programs)
    here=$place/$(basename "$build")-$threads
    mkdir -p "$here"
    for program in $programs; do
        make -s "-j$jobs" WERROR=1 "$@" "$build/$program"
        (cd "$here" && env PATH=/nowhere "$OLDPWD/$build/$program" --quick --threads "$threads") \
            >"$here/$program.said" 2>&1 || { cat "$here/$program.said" && exit 1; }
    done
    reference=${reference:-$here}
    files=$(cd "$reference" && find out -name '*.csv' -o -name '*.safetensors' | sort)
    for file in $files; do
        cmp "$reference/$file" "$here/$file" || different=1
    done
    echo "$(echo "$files" | wc -l) files with $threads thread(s): $*"
}

compare 1 CC=gcc
compare 2 CC=gcc
compare 3 CC=gcc
compare 1 CC=gcc OPT=-O1
compare 2 CC=gcc OPENMP=0
if grep -qw avx512f /proc/cpuinfo 2>/dev/null; then
    compare 1 CC=gcc ARCH=x86-64-v3
fi
if command -v clang >/dev/null 2>&1; then
    compare 2 CC=clang
    compare 1 CC=clang OPT=-O1
fi
[ "$different" -eq 0 ] && echo "all the same"
