#!/bin/sh
# mutants.sh: would the tests notice a mistake? Changes one operator, sign, bound, index or constant
# of a source at a time (mutants.awk) and runs the quick tests, those that name the source's header
# first, until one fails. What none of them notices survives, and is shown. N mutants (300), drawn by
# SEED (1) in proportion to the lines of lib/ and chapters/, or of FILE.
#
# A change that makes no difference to what the compiler writes, or that no test could see, is no
# mistake: tests/mutants.md names the latter, with the reason. Works in copies of the tree, JOBS of
# them; a process gets 4 s of processor time, so that an endless loop ends.
set -eu
: "${N:=300}" "${SEED:=1}" "${FILE:=}" "${JOBS:=$(getconf _NPROCESSORS_ONLN)}"
options='REAL=double OPT=-O1' place=$PWD/build/mutants
build=$(make -s $options print-build) tab=$(printf '\t')

# a mutant may send a signal to every process it sees: it sees its own only
jail='unshare --pid --mount-proc --fork --kill-child'
$jail true 2>/dev/null || jail="$jail --user --map-current-user"

# What takes long, or tests the tests, bench or tools.
quick() { ls tests/test_*.c | grep -vE 'learning|faults|fuzz|bench|test_book\.c'; }

runs_programs() { grep -qE '"program.h"|chapter[0-9%]' "tests/$1.c"; }

# reaches SUITE FLOOR: a test calls what is on its floors, and those never call one above
reaches() { [ "$2" = lib ] || runs_programs "$1" || grep -q "chapters/[$2-9]_" "$build/tests/$1.d"; }

# suites SOURCE: the quick tests that can reach it, first its own, next those that include its header
suites() {
    header=$(sed -n 's/^#include "\(.*\)"/\1/p' "$1" | head -n 1)
    case $1 in */main.c) header=program.h ;; esac
    floor=$(echo "$1" | sed 's,^chapters/\([0-9]\).*,\1,; s,^lib.*,lib,')
    {
        quick | grep "/test_$(basename "$1" .c)\.c" || true
        quick | xargs grep -lF "\"$header\"" || true
        quick
    } | awk '!seen[$0]++' | sed 's,tests/\(.*\)\.c,\1,' | while read -r suite; do
        ! reaches "$suite" "$floor" || echo "$suite"
    done
}

# passes SUITE: it builds, and finds nothing
passes() {
    set -- "$1" "$build/tests/$1"
    ! runs_programs "$1" || set -- "$@" $programs
    test=$2
    shift
    make -s $options "$@" &&
        (ulimit -t 4 && ulimit -v 8000000 && timeout 300 $jail "$test")
} >/dev/null 2>&1

# same_code OBJECT OBJECT: but for the folder that they were compiled in, which is for debuggers
same_code() {
    strip -g -o stripped.o "$1" && strip -g -o stripped_too.o "$2" && cmp -s stripped.o stripped_too.o
}

# judge FILE LINE COLUMN LENGTH INSTEAD: prints the fate of a mutant, and the mutant
judge() {
    object=$build/${1%.c}.o fate=survived
    cp -p "$1" kept.c
    cp "$object" kept.o
    tests=$(suites "$1")
    awk -v line="$2" -v at="$3" -v size="$4" -v instead="$5" \
        'FNR == line { $0 = substr($0, 1, at - 1) instead substr($0, at + size) } 1' kept.c >"$1"
    change=$(sed -n "$2s/^ *//p" kept.c)" -> "$(sed -n "$2s/^ *//p" "$1")
    if ! make -s $options "$object" >/dev/null 2>&1; then
        fate=no-C
    elif same_code "$object" kept.o; then
        fate=same-code
    elif grep -qF -- "$1: $change" tests/mutants.md; then
        fate=equivalent
    else
        for suite in $tests; do
            passes "$suite" || { fate=$suite && break; }
        done
    fi
    cp -p kept.c "$1"
    cp kept.o "$object"
    printf '%s\t%s:%s: %s\n' "$fate" "$1" "$2" "$change"
}

export BUILD="$build" CK_TIMEOUT_MULTIPLIER=6 GOMP_SPINCOUNT=2000
programs=$(make -s print-programs | tr ' ' '\n' | sed "s,^,$build/,")
if [ "${1:-}" = --judge ]; then
    while IFS="$tab" read -r file line column size instead; do
        judge "$file" "$line" "$column" "$size" "$instead"
    done
    exit
fi

# draw: N sites of those on the input, each line as likely as another (Park and Miller 1988)
draw() {
    awk -F '\t' -v n="$N" -v x="$SEED" '
        { key = $1 ":" $2 }
        !(key in count) { line[lines++] = key }
        { site[key, count[key]++] = $0 }
        function below(most) { x = x * 16807 % 2147483647; return x % most }
        END {
            for (tries = 0; drawn < n && tries < 50 * n; tries++) {
                key = line[below(lines)]
                at = below(count[key])
                if (taken[key, at]++) continue
                print site[key, at]
                drawn++
            }
        }'
}

# an entry whose line has changed excuses nothing any more
sed -n "s/^- \`\([^:\`]*\): \(.*\)/\1$tab\2/p" tests/mutants.md | while IFS="$tab" read -r file change; do
    grep -qF -- "${change%% -> *}" "$file" ||
        { echo "tests/mutants.md: $file has no line ${change%% -> *}" && exit 1; }
done

make -s $options $programs $(quick | sed "s,\(.*\)\.c,$build/\1,")
for suite in $(suites lib/error.c); do
    passes "$suite" || { echo "$suite fails unchanged" && exit 1; }
done
rm -rf "$place" && mkdir -p "$place"
awk -f tests/mutants.awk ${FILE:-lib/*.c chapters/*/*.c} | draw >"$place/drawn"
job=0
while [ "$job" -lt "$JOBS" ]; do
    tree=$place/tree$job job=$((job + 1))
    mkdir -p "$tree/build"
    cp -Rp Makefile lib chapters tests tools bench exercises plots "$tree"
    cp -Rp "$build" "$tree/build"
    awk -v j="$job" -v of="$JOBS" 'NR % of == j % of' "$place/drawn" |
        (cd "$tree" && sh tests/mutants.sh --judge) >"$place/fates$job" &
done
wait
cat "$place"/fates* | sort >"$place/fates"
awk -F '\t' '
    { fates[$1]++ }
    $1 == "survived" { print $2 }
    END {
        other = fates["no-C"] + fates["same-code"] + fates["equivalent"]
        killed = NR - other - fates["survived"]
        printf "%d of %d mutants killed, %.1f %%, without %d that are no C, %d of the same code, " \
               "%d equivalent\n", killed, NR - other, 100 * killed / (NR - other + !NR), \
               fates["no-C"], fates["same-code"], fates["equivalent"]
    }' "$place/fates"
