#!/bin/sh
# same_bits.sh: the same seed must give the same curves, byte for byte, whoever compiled the program
# and for which machine. Builds each chapter in several ways and compares their curves.csv.
set -eu
export GOMP_SPINCOUNT=2000
reference=

# compare OPTIONS...: builds with these make variables, runs, and compares with the first build
compare() {
    build=$(make -s "$@" print-build)
    for program in $(make -s "$@" print-programs); do
        make -s "$@" "$build/$program"
        "$build/$program" --quick --threads "$threads" --out "$build/same_bits/$program" >/dev/null
        [ -z "$reference" ] ||
            cmp "$reference/same_bits/$program/curves.csv" "$build/same_bits/$program/curves.csv"
    done
    echo "same curves: $* with $threads thread(s)"
    reference=${reference:-$build}
}

threads=1 && compare CC=gcc
threads=2 && compare CC=gcc
threads=1 && compare CC=gcc OPT=-O1
threads=1 && compare CC=gcc OPENMP=0
if grep -qw avx512f /proc/cpuinfo 2>/dev/null; then
    compare CC=gcc ARCH=x86-64-v3
fi
if command -v clang >/dev/null 2>&1; then
    threads=2 && compare CC=clang
fi
