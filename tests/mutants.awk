# mutants.awk: every small change that could be made in the given sources, one a line:
#
#   file TAB line TAB column TAB length TAB what stands there instead
#
# It knows C as .clang-format lays it out: a body stands between braces in the first column, and an
# operator of two operands between blanks. Left alone: comments, strings, the preprocessor, tables
# and settings outside functions, numbers that are names (enum) or sizes (declarations), and the ++ of
# a for, which would only be an endless loop.

BEGIN {
    split("+ - - + * / / * % + << >> >> << & | | & < <= <= < > >= >= > == != != == && || || && " \
          "+= -= -= += *= /= /= *= |= = &= =", pair, " ")
    for (i = 1; i in pair; i += 2) turned[pair[i]] = pair[i + 1]
}

FNR == 1 { comment = body = preprocessor = 0 }
/^}/     { body = 0 }

{
    code = hide($0)
    was = preprocessor
    preprocessor = /^ *#/ || (was && continued)
    continued = /\\$/
    if (body && !preprocessor && code !~ /^ *(static const |enum )/) look(code)
}

/^{/ { body = 1 }

# The line with blanks for what is no code: comments, strings, characters.
function hide(line,    out, c, two, quote, i)
{
    out = quote = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (comment) {
            if (two == "*/") { comment = 0; i++; out = out " " }
            out = out " "
        } else if (quote) {
            if (c == "\\") { i++; out = out "_" } else if (c == quote) quote = ""
            out = out "_"
        } else if (two == "/*") {
            comment = 1
            out = out "  "
            i++
        } else if (c == "\"" || c == "'") {
            quote = c
            out = out "_"
        } else {
            out = out c
        }
    }
    return out
}

function site(at, size, instead) { print FILENAME "\t" FNR "\t" at "\t" size "\t" instead }

function look(code,    at, rest, before, token)
{
    for (at = 1; at <= length(code); at++) {
        rest = substr(code, at)
        before = at > 1 ? substr(code, at - 1, 1) : " "
        if (match(rest, /^[-+*\/%<>=!&|]+( |$)/) && before == " ") {
            token = substr(rest, 1, RLENGTH)
            sub(/ $/, "", token)
            if (token in turned) site(at, length(token), turned[token])
            at += length(token) - 1
        } else if (match(rest, /^(\+\+|--)/)) {
            if (code !~ /^ *for /) site(at, 2, substr(rest, 1, 1) == "+" ? "--" : "++")
            at++
        } else if (rest ~ /^[-!][A-Za-z_(0-9]/ && before ~ /[ (\[,!]/) {
            site(at, 1, "") # a sign, or not
        } else if (before !~ /[A-Za-z0-9_.]/ && match(rest, /^[0-9]+(\.[0-9]*)?(e-?[0-9]+)?/)) {
            token = substr(rest, 1, RLENGTH)
            at += RLENGTH - 1
            # not: hexadecimal, the size of a declaration
            if (substr(rest, RLENGTH + 1, 1) ~ /[xA-Za-z]/ || declares(code, at)) continue
            site(at - RLENGTH + 1, RLENGTH, token ~ /[.e]/ ? "(1.1 * " token ")" : token + 1)
        } else if (match(rest, /^(true|false)/) && before !~ /[A-Za-z0-9_]/ &&
                   substr(rest, RLENGTH + 1) !~ /^[A-Za-z0-9_]/) {
            site(at, RLENGTH, rest ~ /^true/ ? "false" : "true")
        } else if (match(rest, /^\[[a-z][^][]*\]/)) {
            site(at + RLENGTH - 1, 1, " + 1]") # an index
        }
    }
}

# A number before `]` at the end of a declaration: char path[64], said[8];
function declares(code, at)
{
    return substr(code, at + 1) ~ /^ *[]+*]/ &&
           code ~ /^ *(static )?(const )?(unsigned )?[A-Za-z_]+ \**[a-z_]+(\[[^]]*\])*[,;= ]/ &&
           code !~ /^ *(return|else|case|goto) / && code !~ /^ *[A-Za-z_ *]+ = /
}
