#!/bin/sh
# setup.sh: installs what the project needs and this machine lacks; asks for nothing if all is there.
#
# Needed: a C compiler, make, pkg-config, Check (tests), cJSON (settings, checkpoints) and gnuplot
# (figures). Knows Debian and Ubuntu, Fedora, Arch and macOS with Homebrew.
set -eu

# The names of what is missing, a blank before each; nothing if all is there.
missing() {
    compiles || printf ' compiler'
    for tool in make pkg-config gnuplot; do
        command -v "$tool" >/dev/null 2>&1 || printf ' %s' "$tool"
    done
    pkg-config --exists check 2>/dev/null || printf ' check'
    pkg-config --exists libcjson 2>/dev/null || printf ' cJSON'
}

# a compiler may be there without the C library's headers
compiles() {
    for compiler in gcc cc; do
        echo '#include <stdio.h>' | "$compiler" -fsyntax-only -x c - >/dev/null 2>&1 && return 0
    done
    return 1
}

fail() {
    echo "setup.sh: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "sudo is missing: run sh setup.sh as root"
    fi
}

install_packages() {
    if command -v apt-get >/dev/null 2>&1; then
        as_root apt-get update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y \
            build-essential pkg-config check libcjson-dev gnuplot-nox
    elif command -v dnf >/dev/null 2>&1; then
        as_root dnf install -y gcc make pkgconf-pkg-config check-devel cjson-devel gnuplot
    elif command -v pacman >/dev/null 2>&1; then
        set -- --needed --noconfirm gcc make pkgconf check cjson gnuplot
        as_root pacman -S "$@" || as_root pacman -Sy "$@" # a new machine has no package lists
    elif command -v brew >/dev/null 2>&1; then
        brew install pkgconf check cjson gnuplot
    else
        fail "this system is not known: install a C compiler, make, pkg-config, Check, cJSON" \
            "and gnuplot, with their headers, then run make"
    fi
}

lacking=$(missing)
if [ -z "$lacking" ]; then
    echo "everything is there"
    exit 0
fi
echo "missing:$lacking"
install_packages || fail "the packages could not be installed: see the messages above"

lacking=$(missing)
case $lacking in
'') echo "everything is there now" ;;
*compiler*) fail "still missing:$lacking (on macOS, xcode-select --install brings the compiler)" ;;
*) fail "still missing:$lacking" ;;
esac
