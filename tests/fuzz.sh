#!/bin/sh
# fuzz.sh: feeds the readers with bytes that libFuzzer invents, for TIME seconds each or with
# RUNS inputs each, beginning from the files in tests/fuzz/corpus and tests/fuzz/broke, as many at
# once as there are cores. An input that breaks a reader is kept and named; once the fault is mended
# it belongs into tests/fuzz/broke.
set -u
: "${PROGRAMS:?where the targets are}" "${READERS:?which}"
if [ "${1:-}" != --one ]; then
    jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
    # shellcheck disable=SC2086 # words
    printf '%s\n' $READERS | xargs -P "$jobs" -I '{}' sh "$0" --one '{}'
    exit
fi
reader=$2 limit="-max_total_time=${TIME:-600}"
[ -z "${RUNS:-}" ] || limit="-runs=$RUNS"
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
export UBSAN_OPTIONS=print_stacktrace=1
found=build/fuzz/$reader log=build/fuzz/$reader.log
mkdir -p "$found"
set -- "$found"
for folder in corpus broke; do
    [ ! -d "tests/fuzz/$folder/$reader" ] || set -- "$@" "tests/fuzz/$folder/$reader"
done
# -malloc_limit_mb: no reader may ask for much memory because a few bytes say so
if "$PROGRAMS/$reader" "$limit" -max_len=8192 -timeout=20 -malloc_limit_mb=64 -rss_limit_mb=1500 \
    -seed="${SEED:-1}" -print_final_stats=1 -dict=tests/fuzz/words.dict \
    -artifact_prefix="build/fuzz/$reader-" "$@" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    printf '%-12s %9s inputs, %5s edges reached\n' "$reader" "$runs" "$cover"
else
    printf '%-12s broke:\n' "$reader"
    grep -E 'required:|ERROR|runtime error|limit|exited' "$log" | head -n 5
    grep -E '^ +#[0-9]+ .* in [a-z_]+ .*(lib|chapters|tests)/' "$log" | head -n 8
    grep -o 'Test unit written to .*' "$log"; echo "  all of it is in $log"
    exit 1
fi
