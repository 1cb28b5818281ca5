/* tales.c: prints a few tales, what each costs in nats, and what the language as a whole costs.
 *
 * Under a tale, a mark stands below each character that was decided 40 characters before or more:
 * the places where a model needs memory. --plain prints the tales alone, as a corpus for --text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"
#include "settings.h"
#include "study.h"
#include "tales.h"

static void print_marks(const char *text)
{
    int distance[TALE_MAX + 1], end = 0;
    char marks[TALE_MAX + 1] = "";
    tales_read(text, NULL, distance);
    for (int i = 0; text[i]; i++) {
        marks[i] = distance[i] >= DISTANCE_FAR ? '^' : ' ';
        if (distance[i] >= DISTANCE_FAR) end = i + 1;
    }
    printf("%8s  %.*s\n", "", end, marks);
}

static void print_tales(uint64_t seed, int count)
{
    printf("%8s  tale (^: decided %d characters before or more)\n", "log P", DISTANCE_FAR);
    for (int i = 0; i < count; i++) {
        char text[TALE_MAX + 1];
        Rng rng = rng_stream(seed, (uint64_t)i);
        double logprob = tales_draw(text, &rng);
        printf("%8.3f  %s\n", logprob, text);
        print_marks(text);
    }
    double entropy = tales_entropy(), length = tales_mean_length();
    printf("\nentropy: %.4f nats a tale, %.2f characters a tale with its end\n", entropy, length);
    printf("         %.4f nats or %.4f bits a character\n", entropy / length,
           entropy / length / log(2));
}

static int print_plain(uint64_t seed, int count)
{
    size_t size;
    char *corpus = tales_corpus(seed, count, &size);
    bool written = fwrite(corpus, 1, size, stdout) == size && fflush(stdout) == 0;
    free(corpus);
    if (!written) perror("tales: can't write the tales");
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    int count = 10, seed = 1;
    bool plain = false;
    Setting table[] = {
        {"count", SETTING_INT, &count, .min = 0, .max = 1e7, .help = "how many tales"},
        {"seed", SETTING_INT, &seed, .min = 0, .max = SEED_MAX, .help = "of the random numbers"},
        {"plain", SETTING_SWITCH, &plain, .help = "the tales alone, one a line"},
        {0}};
    settings_read_or_exit(table, argc, argv, "Prints tales and their exact probability.", NULL);
    settings_free(table);
    if (plain) return print_plain((uint64_t)seed, count);
    print_tales((uint64_t)seed, count);
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_SUCCESS;
    fprintf(stderr, "tales: they could not be written: is the disk full?\n");
    return EXIT_FAILURE;
}
