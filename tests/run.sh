#!/bin/sh
# Runs the given test programs and says at the end how many tests passed and failed.
export GOMP_SPINCOUNT=2000 KMP_BLOCKTIME=0 # as the programs do: see lib/threads.h
# a test that hangs is ended, a slow machine or a sanitizer is not
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-6}"
passed=0 failed=0 log=$(mktemp)
for program in "$@"; do
    "$program" >"$log" 2>&1 || status=failed
    line=$(grep -E '^[0-9]+%: Checks: ' "$log" | tail -n 1)
    checks=$(echo "$line" | sed -n 's/.*Checks: \([0-9]*\).*/\1/p')
    bad=$(echo "$line" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 + \2/p')
    if [ -z "$checks" ]; then
        checks=1 bad=1
    fi
    # shellcheck disable=SC2004 # "1 + 0": its value, not its name
    bad=$(($bad))
    passed=$((passed + checks - bad)) failed=$((failed + bad))
    if [ "$bad" -ne 0 ] || [ "${status:-}" = failed ]; then
        cat "$log"
        [ "$bad" -ne 0 ] || failed=$((failed + 1))
        status=
    fi
    printf '%-44s %3d tests, %d failed\n' "$program" "$checks" "$bad"
done
rm -f "$log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
