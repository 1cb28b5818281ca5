#!/bin/sh
# page.sh: the book as one page that needs nothing else, by pandoc.
#
#     sh tools/html/page.sh out/book.html
#
# SOURCE=https://.../blob/main in the environment says where links to the project's files lead; else
# it is the project's folder, seen from a folder in it. Fails if a formula can't be shown or the page
# would load anything from outside.
set -eu
page=${1:?give a file: sh tools/html/page.sh out/book.html}
here=$(dirname "$0")
if ! command -v pandoc >/dev/null; then
    echo "no $page: it needs pandoc (apt-get install pandoc, brew install pandoc)" >&2
    exit 1
fi
# newer versions of pandoc have another name for it
embed=--self-contained
if pandoc --help | grep -q -e --embed-resources; then embed='--embed-resources --standalone'; fi

mkdir -p "$(dirname "$page")"
# shellcheck disable=SC2086 # two words
pandoc "$here/../../TUTORIAL.md" --from gfm+tex_math_dollars --to html5 --wrap=none --mathml \
    --toc --toc-depth=3 --template "$here/book.html" --css "$here/book.css" \
    --lua-filter "$here/book.lua" --metadata "source=${SOURCE:-..}" --resource-path "$here/../.." \
    $embed --fail-if-warnings --output "$page.tmp"
if outside=$(grep -nEo '(src|srcset)="[^"]{0,60}|<link [^>]*href="[^"]{0,60}|url\([^)]{0,60}' "$page.tmp" |
    grep -v '"data:'); then
    echo "$page would load from outside: $outside" >&2
    exit 1
fi
mv "$page.tmp" "$page"
echo "$page"
