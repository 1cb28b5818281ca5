#!/bin/sh
# Runs the given test programs, one more at once than there are cores, since some wait (JOBS=N: N), shows
# what failed and says at the end how many tests passed.
export GOMP_SPINCOUNT=2000 KMP_BLOCKTIME=0 # as the programs do: see lib/threads.h
# a test that hangs is ended, a slow machine or a sanitizer is not
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-6}"

# one PROGRAM DIR: leaves what it said in DIR/name, "CHECKS FAILED" in DIR/name.count
one() {
    log=$2/$(basename "$1") checks=1 bad=1 status=0 # unless it says otherwise
    "$1" >"$log" 2>&1 || status=$?
    line=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2+\3/p' \
        "$log" | tail -n 1)
    [ -z "$line" ] || checks=${line% *} bad=$((${line#* }))
    [ "$status" -eq 0 ] || [ "$bad" -ne 0 ] || bad=1
    printf '%-44s %3d tests, %d failed\n' "$1" "$checks" "$bad"
    echo "$checks $bad" >"$log.count"
}

if [ "$1" = --one ]; then
    one "$2" "$3"
    exit
fi
logs=$(mktemp -d)
jobs=${JOBS:-$(($(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1))}
printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' sh "$0" --one '{}' "$logs"
passed=0 failed=0
for program in "$@"; do
    log=$logs/$(basename "$program")
    read -r checks bad <"$log.count" || checks=1 bad=1
    passed=$((passed + checks - bad)) failed=$((failed + bad))
    [ "$bad" -eq 0 ] || cat "$log"
done
rm -rf "$logs"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
