/* prove.c: what `make test` proves about the classroom.
 *
 * For every exercise: its place in the book is there; its stub fails and says which exercise it is;
 * its solution passes in a tree where all other exercises of its chapters are stubs, as students
 * have it; every wrong solution of wrong_solutions.json fails, with the diagnosis that stands
 * there, and every right one in another form passes. For every bug: the tests tell it from the fix.
 * A handout holds no solution, builds, and fails cleanly. A returned tree, whatever it does, costs
 * its own exercises only, and so does a slip in a file its own exercise.
 *
 * Started by `make test`, through exercises/exercises.mk; `make exercises-check ONLY=wrong` proves
 * the claims whose name holds that word. Some hundred small builds: they run on all cores, in a
 * pool of processes, each of which takes the next claim when it has proved one. */
#include "prove.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/markers/page.h"

Catalogue catalogue;
Workshop workshop;

/* ---- a pool ------------------------------------------------------------------------------- */

/* All kinds of claims in one row, and what the workers share about them. */
enum { KINDS = 32, WORKERS = 16 };
static Claims kinds[KINDS];
static int kinds_count;
static struct Shared {
    _Atomic int next;          /* claim to prove, counted through the kinds that are chosen */
    _Atomic int proved[KINDS]; /* what is lost with a worker that ends badly isn't in it */
} * shared;

static void add_kinds(const Claims *c)
{
    for (; c->name; c++) {
        REQUIRE(kinds_count < KINDS, "more than %d kinds of claims", KINDS);
        kinds[kinds_count++] = *c;
    }
}

static bool prove_one(int kind, int i)
{
    char *text;
    size_t size;
    FILE *out = text_stream(&text, &size);
    bool holds = kinds[kind].claim(i, out);
    fclose(out);
    if (!holds && write(STDOUT_FILENO, text, size) < 0) perror("stdout");
    free(text);
    return holds;
}

/* Takes the next claim until there is none. */
static void work(const bool chosen[KINDS])
{
    for (;;) {
        int i = shared->next++, k = 0;
        for (; k < kinds_count; k++) {
            int count = chosen[k] ? kinds[k].count : 0;
            if (i < count) break;
            i -= count;
        }
        if (k == kinds_count) return;
        shared->proved[k] += prove_one(k, i);
    }
}

static void prove(const bool chosen[KINDS])
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int workers = cores < 1 ? 1 : cores > WORKERS ? WORKERS : (int)cores;
    pid_t pid[WORKERS];
    shared->next = 0;
    fflush(NULL);
    for (int w = 0; w < workers; w++) {
        if ((pid[w] = fork()) != 0) continue;
        work(chosen);
        _exit(EXIT_SUCCESS);
    }
    for (int w = 0; w < workers; w++)
        REQUIRE(pid[w] > 0 && waitpid(pid[w], NULL, 0) == pid[w], "a worker is lost");
}

/* ---- words -------------------------------------------------------------------------------- */

char *all_said(const Grade *g)
{
    char *text;
    size_t size;
    FILE *out = text_stream(&text, &size);
    fprintf(out, "%s\n%s", verdict_names[g->verdict], g->said ? g->said : "");
    for (int i = 0; i < g->findings; i++) {
        const Finding *f = &g->finding[i];
        if (f->verdict != SOLVED) fprintf(out, "%s:\n%s", f->name, f->said);
    }
    fclose(out);
    return text;
}

/* Without line breaks and the blanks that set lines in, so that a phrase is found across them. */
static char *flat(const char *text)
{
    char *result = NEW(char, strlen(text) + 1), *to = result;
    for (const char *p = text; *p; p++) {
        bool blank = *p == ' ' || *p == '\n';
        if (!blank)
            *to++ = *p;
        else if (to > result && to[-1] != ' ')
            *to++ = ' ';
    }
    return result;
}

bool says(const char *text, const char *phrase)
{
    char *one = flat(text), *other = flat(phrase);
    bool found = strstr(one, other) != NULL;
    free(one), free(other);
    return found;
}

bool complain(FILE *out, const char *who, const char *what, const Grade *g)
{
    char *said = all_said(g);
    fprintf(out, "%s: %s. It says:\n%s\n", who, what, said);
    free(said);
    return false;
}

void run_or_stop(const char *command)
{
    REQUIRE(system(command) == 0, "this failed: %s", command);
}

void write_or_stop(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");
    REQUIRE(to && fputs(text, to) >= 0 && fclose(to) == 0, "can't write %s", path);
}

bool sanitized(void)
{
    return workshop.running.memory == 0;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* The kinds that were asked for, and those that they come after. */
static void choose(const char *only, bool chosen[KINDS])
{
    for (int k = kinds_count - 1; k >= 0; k--) {
        chosen[k] = !only || strstr(kinds[k].name, only);
        for (int later = k + 1; later < kinds_count; later++)
            if (chosen[later] && kinds[later].after &&
                strcmp(kinds[later].after, kinds[k].name) == 0)
                chosen[k] = true;
    }
}

/* First all claims that stand on their own, then those that come after others. */
static int prove_all(const char *only)
{
    bool chosen[KINDS], now[KINDS];
    int failed = 0;
    choose(only, chosen);
    for (int later = 0; later < 2; later++) {
        for (int k = 0; k < kinds_count; k++) now[k] = chosen[k] && !kinds[k].after == !later;
        prove(now);
    }
    for (int k = 0; k < kinds_count; k++) {
        int count = kinds[k].count, proved = shared->proved[k];
        if (!chosen[k]) continue;
        printf("%-58s %4d proved, %d failed\n", kinds[k].name, proved, count - proved);
        failed += count - proved;
    }
    return failed;
}

int main(int argc, char **argv)
{
    Error err;
    REQUIRE(catalogue_load(&catalogue, &err), "%s", err.text);
    REQUIRE(workshop_open(&workshop, &err), "%s", err.text);
    workshop.running.cpu_seconds = 1;
    for (char **flag = workshop.compile; *flag;
         flag++) /* some hundred builds: the quickest will do */
        if (strcmp(*flag, "-O1") == 0) (*flag)[2] = '0';
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED, "no memory to share");
    add_kinds(claims_of_handouts()); /* among them the longest */
    add_kinds(claims_of_submissions());
    add_kinds(claims_of_slips());
    add_kinds(claims_of_exercises());
    add_kinds(claims_of_answers());
    int failed = prove_all(argc > 1 ? argv[1] : NULL);
    workshop_close(&workshop);
    catalogue_free(&catalogue);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
