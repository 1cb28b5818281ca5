/* answers.c: any bytes as what an external reward answers to three texts. What is accepted is three
 * finite numbers. The reader's own source is included, so that a pipe can stand where a program
 * would answer. */
#define reward_command_check fuzz_command_check /* a second copy beside the library's */
#define reward_command_start fuzz_command_start
#define reward_command_stop fuzz_command_stop
#define reward_command_ask fuzz_command_ask
#include "../../chapters/3_reinforce/reward_command.c"

#include "fuzz.h"

FUZZ_TARGET(answers)
{
    enum { TEXTS = 3, PIPE_HOLDS = 65536 };
    Error err = {""};
    double answers[TEXTS] = {NAN, NAN, NAN};
    char *texts[TEXTS] = {(char *)"one", (char *)"two\nlines", (char *)""};
    int ends[2];
    if (size > PIPE_HOLDS) return;
    REQUIRE(pipe(ends) == 0, "no pipe");
    RewardCommand *c = NEW(RewardCommand, 1);
    *c = (RewardCommand){.timeout = 0.05, .from = ends[0], .to = open("/dev/null", O_WRONLY)};
    c->command = fuzz_string((const uint8_t *)"command", 7);
    /* the first byte tells how many bytes are there before anything is asked */
    size_t early = size > 0 && bytes[0] < 4 ? bytes[0] : 0, sent = size > 0 ? 1 : 0;
    if (early > size - sent) early = size - sent;
    if (early) REQUIRE(write(ends[1], bytes + sent, early) == (ssize_t)early, "pipe");
    sent += early;
    bool quiet = is_quiet(c, &err);
    if (!quiet) {
        fuzz_check_sentence(&err);
    } else {
        if (size > sent)
            REQUIRE(write(ends[1], bytes + sent, size - sent) == (ssize_t)(size - sent), "pipe");
        close(ends[1]);
        ends[1] = -1;
        int got = 0, how = 1;
        bool good = true;
        write_lines(c, texts, TEXTS);
        while (good && how == 1 && got < TEXTS) {
            how = exchange(c);
            if (how == 1) good = take_answers(c, texts, TEXTS, answers, &got, &err);
        }
        if (!good) fuzz_check_sentence(&err);
        for (int i = 0; i < got; i++) REQUIRE(isfinite(answers[i]), "answer %d", i);
        REQUIRE(got == TEXTS || !good || how < 0, "it waits for nothing");
    }
    if (ends[1] >= 0) close(ends[1]);
    fuzz_command_stop(c);
}
