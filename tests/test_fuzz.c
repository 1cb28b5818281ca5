/* test_fuzz.c: what the fuzz targets began from, and what once broke a reader, with every compiler.
 *
 * tests/fuzz/corpus has well-formed and malformed files by target; tests/fuzz/broke those that the
 * search found. A target checks by itself what must hold, and aborts where it does not. */
#define SUITE_TIMEOUT 120
#include <dirent.h>
#include <stdint.h>

#include "suite.h"

typedef void Target(const uint8_t *bytes, size_t size);

Target fuzz_answers, fuzz_arpa, fuzz_catalogue, fuzz_checkpoint, fuzz_curves, fuzz_model,
    fuzz_reward, fuzz_settings, fuzz_state, fuzz_text;

static void replay_file(Target *target, const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s can't be opened", path);
    size_t size = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    printf("%s\n", path); /* the last line names the file that aborts */
    fflush(stdout);
    target(bytes, size);
}

/* Feeds the target with every file of its two folders; there is at least one. */
static void replay(Target *target, const char *name)
{
    static const char *const folders[] = {"corpus", "broke"};
    int files = 0;
    for (int f = 0; f < 2; f++) {
        char folder[128], path[512];
        snprintf(folder, sizeof folder, "tests/fuzz/%s/%s", folders[f], name);
        DIR *dir = opendir(folder);
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
            if (entry->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            replay_file(target, path);
            files++;
        }
        if (dir) closedir(dir);
    }
    ck_assert_msg(files > 0, "no files for %s: run the tests in the project's directory", name);
}

#define REPLAY(name)                         \
    START_TEST(replay_##name)                \
    {                                        \
        replay(fuzz_##name, #name);          \
        fuzz_##name((const uint8_t *)"", 0); \
    }                                        \
    END_TEST

REPLAY(answers)
REPLAY(arpa)
REPLAY(catalogue)
REPLAY(checkpoint)
REPLAY(curves)
REPLAY(model)
REPLAY(reward)
REPLAY(settings)
REPLAY(state)
REPLAY(text)

static const TTest *const tests[] = {replay_answers,
                                     replay_arpa,
                                     replay_catalogue,
                                     replay_checkpoint,
                                     replay_curves,
                                     replay_model,
                                     replay_reward,
                                     replay_settings,
                                     replay_state,
                                     replay_text,
                                     NULL};

RUN_TESTS("fuzz", tests)
