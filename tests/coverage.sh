#!/bin/sh
# coverage.sh: which lines of lib/ and chapters/ have been executed, and which of a condition's two
# ways taken, in the build BUILD that counts (make coverage): a row for each file, then both totals.
# The sources stand in BUILD/reached with how often; "#####", "never" and "taken 0" mark what was not.
#
# Left out are the branches inside REQUIRE (they stop a mistaken programmer, and many can't be taken
# by a right program), and the branches of a call, which C does not have. Nothing else: neither lines
# nor branches are marked in the sources.
set -eu
: "${BUILD:?the build that counts}"
gcov --stdout --branch-probabilities --branch-counts --relative-only \
    $(find "$BUILD/lib" "$BUILD/chapters" -name '*.gcda') >"$BUILD/reached" 2>/dev/null
awk '
    function close_file() {
        if (file) printf "%-40s %5d lines %5.1f %%  %5d branches %5.1f %%\n", file, lines, \
            100 * run / (lines + !lines), ways, 100 * taken / (ways + !ways)
        all_lines += lines; all_run += run; all_ways += ways; all_taken += taken
        lines = run = ways = taken = 0
    }
    /^ *-: +0:Source:/ { close_file(); file = $0; sub(/.*Source:/, "", file); next }
    /^branch/ {
        if (required) next
        ways++
        taken += !/never executed|taken 0( |$)/
        next
    }
    /^ *[-#=0-9*]+: +[0-9]+:/ {
        split($0, part, ":")
        executable = part[1] !~ /-/
        lines += executable
        run += executable && part[1] !~ /[#=]/
        code = $0
        sub(/^[^:]*:[^:]*:/, "", code)
        # a REQUIRE lasts to its semicolon
        required = open || code ~ /REQUIRE\(/
        open = required && code !~ /;/
    }
    END {
        close_file()
        printf "%-40s %5d lines %5.1f %%  %5d branches %5.1f %%\n", "all", all_lines, \
            100 * all_run / all_lines, all_ways, 100 * all_taken / all_ways
    }' "$BUILD/reached"
