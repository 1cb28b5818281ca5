#!/bin/sh
# valgrind.sh: no program reads what it has not written, writes where it may not, or loses memory.
# Runs each under valgrind, which knows no AVX-512: hence the build for AVX2. With FULL=1 at --quick,
# which takes minutes each; otherwise at a small size that still goes through every part.
set -eu
export GOMP_SPINCOUNT=2000 OMP_NUM_THREADS=1
root=$PWD place=$PWD/build/valgrind valgrind=$(command -v valgrind)
build=$(make -s CC=gcc ARCH=x86-64-v3 OPT=-O1 print-build)
make -s "-j${JOBS:-$(getconf _NPROCESSORS_ONLN)}" CC=gcc ARCH=x86-64-v3 OPT=-O1 all
rm -rf "$place" && mkdir -p "$place/bin" && cd "$place"
ln -s "$(command -v sh)" bin/sh # for rewards by command; gnuplot is not found

# check N ARGUMENTS...: the program of chapter N, here
check() {
    program=chapter$1 began=$(date +%s)
    shift
    PATH=$place/bin "$valgrind" -q --error-exitcode=99 --leak-check=full --track-origins=yes \
        --errors-for-leak-kinds=definite,indirect,possible --log-file=log \
        "$root/$build/$program" --threads 1 "$@" >said 2>&1 || {
        status=$?
        cat said log
        echo "$program $*: $status"
        exit 1
    }
    echo "$program: clean, $(($(date +%s) - began)) s"
}

if [ -n "${FULL:-}" ]; then
    for n in 1 2 3 4 5; do check $n --quick; done
    exit 0
fi

# beside PLACE COMMAND: in a directory of its own, at the same time as the others
others=
beside() {
    mkdir "$1" && cd "$1" && "$2" &
    others="$others $!"
}

learn='--quick --tales 30 --pretrain-steps 2 --length 12 --batch 4 --steps 2 --sample 1 --price 4'
# shellcheck disable=SC2086 # words
{
    counting_and_transformer() {
        printf 'Zoe met a hen.\nThe hen said hello.\n' >text
        check 1 --tales 40 --order 3 --length 8 --arpa model.arpa --eval text
        check 1 --load-arpa model.arpa --eval text
        check 2 --tales 200 --layers 2 --heads 2 --channels 8 --context 16 --batch 2 --steps 4 \
            --eval-every 2 --orders 2 --sample 2 --length 4 --prompt Zoe
        check 2 --load out/chapter2 --eval text --ids ids.json --out out/scored
    }
    reinforce() {
        check 3 $learn --reward 'contains:e + 0.1*fluency + coherence' --compare
        check 3 $learn --reward-command 'while read x; do echo 1; done'
        check 3 --env oracle --largest-batch 4 --draws 100
    }
    actor_critic() {
        check 4 $learn --reward length --minibatches 2
        check 4 --env oracle --draws 100
    }
    ppo() {
        check 5 $learn --reward length --minibatches 2 --epochs 2
        check 5 --env oracle --toy-steps 1 --toy-seeds 1
    }
}
beside 5 ppo
beside 4 actor_critic
beside 3 reinforce
beside 2 counting_and_transformer
failed=0
for other in $others; do wait "$other" || failed=1; done
exit $failed
