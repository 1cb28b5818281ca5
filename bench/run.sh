#!/bin/sh
# run.sh: measures us, the floor and the peers in turn, several times over, and prints the table.
#
# make bench calls it with BUILD, the directory of the programs. QUICK=1: one round of the smaller
# cases, a minute or two. TEXT=FILE, a text of a million characters or so: its n-grams instead of the
# tales', and the README's run of 2000 steps on it. A peer that isn't installed is left out: PyTorch
# (python3-torch), OpenBLAS (libopenblas0-openmp), KenLM (lmplz, query, build_binary).
#
# Two-thread times differ from process to process and the clock drifts, so whole processes are
# repeated, and those to be compared take turns.
set -eu
cd "$(dirname "$0")/.."
out=out/bench rows=out/bench/rows.jsonl programs=${BUILD:?make bench sets it}/bench
quick=${QUICK:+--quick}
rounds=3 seconds=1 model=
if [ "$quick" ]; then
    rounds=1 seconds=0.5 model='--only 2/2/64'
fi
[ -z "${TEXT:-}" ] || [ -s "$TEXT" ] || { echo "TEXT=$TEXT: there is no such text" >&2 && exit 2; }
mkdir -p $out
: >$rows

# Nobody's choice of threads, nor a processor that a library was told to see, shall matter.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS OMP_NUM_THREADS OMP_PROC_BIND \
    OMP_WAIT_POLICY OMP_PLACES GOMP_SPINCOUNT GOMP_CPU_AFFINITY MKL_NUM_THREADS

say() {
    printf '%s\n' "$*" >&2
}

# The cores of a virtual machine are at times moved to where they share no cache, and then whatever
# two threads share is far away.
far() {
    ns=$("$programs/peak" --threads 2 --only 'core to core' | sed -n 's/.*"value":\([0-9]*\).*/\1/p')
    [ "${ns:-0}" -ge 100 ]
}

# Such a core is often half of a physical one, and somebody else may be using the other half. So what
# runs in a single thread, we or a peer, gets the core, of the first four that we may use, on which a
# product is fastest at that moment.
allowed=$(taskset -cp $$ 2>/dev/null | sed 's/.*: //')
first_four=$(echo "$allowed" | tr , '\n' | while IFS=- read -r first last; do
    [ -z "$first" ] || seq "$first" "${last:-$first}"
done | head -4)
alone=yes # or empty: on all cores
quietest=
take_the_quietest_core() {
    quietest='' best=0
    for core in $first_four $first_four; do
        rate=$(taskset -c "$core" "$programs/products" --only "ab 256x256x256" --seconds 0.1 2>/dev/null |
            sed -n 's/.*"value":\([0-9]*\).*/\1/p')
        if [ "${rate:-0}" -gt "$best" ]; then
            best=$rate quietest=$core
        fi
    done
    [ -z "$quietest" ] || taskset -cp "$quietest" $$ >/dev/null 2>&1 || quietest=
}
take_all_cores() {
    [ -z "$quietest" ] || taskset -cp "$allowed" $$ >/dev/null
    quietest=
}

# measure NAME COMMAND...: its rows, or a word that it failed. Two threads wait until their cores are
# near, and what was measured when they were moved is measured again: three minutes at most in all.
patience=180
measure() {
    name=$1
    shift
    say "round $round of $rounds, $threads thread(s): $name"
    if [ "$threads" = 1 ]; then
        [ -z "$alone" ] || take_the_quietest_core
        "$@" >>$rows || say "  $name could not be measured"
        take_all_cores
        return 0
    fi
    while :; do
        while [ $patience -gt 0 ] && far; do
            say "  waits: from one core to the other it takes $ns ns"
            sleep 5
            patience=$((patience - 5))
        done
        began=$(date +%s)
        "$@" >$out/now.jsonl || say "  $name could not be measured"
        if [ $patience -le 0 ] || ! far; then break; fi
        say "  once more: from one core to the other it takes $ns ns"
        patience=$((patience - $(date +%s) + began))
    done
    cat $out/now.jsonl >>$rows
}

ours() {
    program=$1
    shift
    # shellcheck disable=SC2086 # $quick is a word, or none
    measure "$program" "$programs/$program" $quick --threads "$threads" "$@"
}

# The peers and the floor at their best: each thread on a core of its own, PyTorch's memory kept
# rather than returned to the system at every step.
at_its_best() {
    env OMP_NUM_THREADS="$threads" OMP_PROC_BIND=true ${openblas:+"LD_LIBRARY_PATH=$openblas"} \
        MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_MMAP_THRESHOLD_=8000000000 \
        MALLOC_TOP_PAD_=268435456 "$@"
}

pytorch() {
    [ "$python" ] || return 0
    # shellcheck disable=SC2086 # no word, or two
    measure "$1 (PyTorch)" at_its_best "$python" bench/torch_peer.py "$1" --threads "$threads" \
        --seconds $seconds $model
}

# whole WHAT CASE BY COMMAND...: the seconds and the memory of a program
whole() {
    what=$1 case=$2 by=$3
    shift 3
    measure "$what, $case ($by)" "$programs/resources" "$what" "$case" "$by" "$threads" "$@"
}

# seconds_to_ask FILE: for the probability of each of its words
seconds_to_ask() {
    # shellcheck disable=SC2016 # $0 and $1 are the inner shell's
    "$programs/resources" ask "$1" query 1 sh -c 'query -v summary "$0" <"$1"' $out/kenlm.bin "$1" |
        sed -n 's/.*"unit":"s","value":\([^,}]*\).*/\1/p'
}

# KenLM's words are our characters, and its buffers small, as suits so small a text. How fast it
# answers is the time for ten copies of the held-out part less that for one: without loading.
ask_kenlm() {
    "$programs/ngram" ${TEXT:+--text "$TEXT"} --words $out/words.txt --held-out $out/once.txt
    for _ in 1 2 3 4 5 6 7 8 9 10; do cat $out/once.txt; done >$out/often.txt
    whole "counting n-grams" "to ARPA" lmplz lmplz --order 5 --discount_fallback \
        --vocab_estimate 100 --memory 32M --temp_prefix $out/ --text $out/words.txt \
        --arpa $out/kenlm.arpa
    build_binary probing $out/kenlm.arpa $out/kenlm.bin >/dev/null 2>&1
    once=$(seconds_to_ask $out/once.txt) often=$(seconds_to_ask $out/often.txt)
    awk -v seconds="$once $often" -v symbols="$(wc -w <$out/once.txt)" 'BEGIN {
        split(seconds, s)
        printf "{\"what\":\"querying n-grams\",\"case\":\"order 5\",\"threads\":1,\"by\":\"query\","
        printf "\"unit\":\"symbols/s\",\"value\":%.0f}\n", 9 * symbols / (s[2] - s[1]) }' >>$rows
}

# ---- who is there ---------------------------------------------------------------------------------

python='' openblas='' blas='' kenlm=''
for candidate in /usr/bin/python3 python3; do
    if [ -z "$python" ] && "$candidate" -c 'import torch' 2>/dev/null; then
        python=$candidate
    fi
done
for directory in /usr/lib/*/openblas-openmp; do
    if [ -d "$directory" ]; then
        openblas=$directory
    fi
done
threads=1
if at_its_best "$programs/products" --by openblas --only none 2>/dev/null; then
    blas=yes
fi
if command -v lmplz && command -v query && command -v build_binary; then
    kenlm=yes
fi >/dev/null
cores=$(getconf _NPROCESSORS_ONLN)
say "peers: PyTorch ${python:-no}, OpenBLAS ${blas:-no}, KenLM ${kenlm:-no}; $cores core(s)"
say "a machine that does anything else measures nothing"

# ---- rounds ---------------------------------------------------------------------------------------

# shellcheck disable=SC2086 # $quick and $model are some words, or none
one_round() {
    ours peak
    ours products
    [ -z "$blas" ] || measure "products (OpenBLAS)" at_its_best OMP_WAIT_POLICY=active \
        "$programs/products" $quick --threads "$threads" --by openblas
    ours step --seconds $seconds $model
    measure floor at_its_best OMP_WAIT_POLICY=active "$programs/floor" --threads "$threads" \
        --seconds $seconds $model
    pytorch step
    ours ppo --seconds $seconds
    pytorch ppo
    ours sample $model
    pytorch sample
}

round=1
while [ $round -le $rounds ]; do
    for threads in 1 2; do
        [ $threads -gt "$cores" ] || one_round
    done
    threads=1 alone='' # lmplz has several threads
    ours ngram ${TEXT:+--text "$TEXT"}
    whole "counting n-grams" "to ARPA" ours "$programs/ngram" ${TEXT:+--text "$TEXT"} \
        --arpa $out/ours.arpa
    [ -z "$kenlm" ] || ask_kenlm || say "  KenLM could not be measured"
    round=$((round + 1)) alone=yes
done
round=$rounds

# ---- whole programs -------------------------------------------------------------------------------

if [ "${TEXT:-}" ] && [ -z "$quick" ]; then
    threads=1
    ours peak
    for threads in 1 2; do
        [ $threads -gt "$cores" ] || whole "Shakespeare, 2000 steps" "the program" ours \
            "$BUILD/chapter2" --config chapters/2_transformer/shakespeare.json --text "$TEXT" \
            --threads $threads --shards $threads --out $out/shakespeare
        threads=1
        ours peak # before and after: what the machine gives in these minutes
    done
fi

# demo N ARGUMENT...: a chapter's program as it comes
# shellcheck disable=SC2086
demo() {
    n=$1
    shift
    whole "${what_of_demo:-memory}" "chapter$n" ours "$BUILD/chapter$n" $quick \
        --out "$out/${what_of_demo:+few/}chapter$n" "$@"
}

# Memory doesn't mind company: two at a time. The later chapters teach what chapter 2 has trained.
threads=1 what_of_demo='' alone=''
demo 1 &
demo 2
wait
demo 3 --load $out/chapter2 &
demo 4 --load $out/chapter2
wait
demo 5 --load $out/chapter2 &
if [ -z "$quick" ]; then
    what_of_demo="memory of few steps"
    demo 2 --steps 160
    for n in 3 4 5; do
        demo $n --load $out/chapter2 --steps 4
    done
fi
wait

"$programs/table" $rows out/bench.json out/bench.txt
say "the numbers are in out/bench.json; make bench-keep puts the short table into README.md"
