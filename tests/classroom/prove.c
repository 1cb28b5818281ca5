/* prove.c: what `make test` proves about the classroom.
 *
 * For every exercise: its place in the book is there; its stub fails and says which exercise it is;
 * its solution passes in a tree where all other exercises of its chapters are stubs, as students
 * have it; every wrong solution of wrong_solutions.json fails, with the diagnosis that stands
 * there, and every right one in another form passes. For every bug: the tests tell it from the fix.
 * A handout holds no solution, builds, and fails cleanly. A returned tree, whatever it does, costs
 * its own exercises only.
 *
 * Started by `make test`, through exercises/exercises.mk; `make exercises-check ONLY=wrong` proves
 * the claims whose name holds that word. Some hundred small builds: they run on all cores, in a
 * pool of processes. */
#include "prove.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/markers/page.h"

Catalogue catalogue;
Workshop workshop;

/* ---- a pool ------------------------------------------------------------------------------- */

static int count_failures(const Claims *c, int worker, int workers)
{
    int failed = 0;
    for (int i = worker; i < c->count; i += workers) {
        char *text;
        size_t size;
        FILE *out = text_stream(&text, &size);
        bool holds = c->claim(i, out);
        fclose(out);
        if (!holds && write(STDOUT_FILENO, text, size) < 0) perror("stdout");
        failed += !holds;
        free(text);
    }
    return failed < 255 ? failed : 255;
}

/* Each worker proves every n-th claim. Returns how many don't hold. */
static int prove(const Claims *c)
{
    enum { MOST = 16 };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int workers = cores < 1 ? 1 : cores > MOST ? MOST : (int)cores, failed = 0;
    pid_t pid[MOST];
    fflush(NULL);
    for (int w = 0; w < workers; w++)
        if ((pid[w] = fork()) == 0) _exit(count_failures(c, w, workers));
    for (int w = 0; w < workers; w++) {
        int status;
        REQUIRE(pid[w] > 0 && waitpid(pid[w], &status, 0) == pid[w], "a worker is lost");
        failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    printf("%-58s %4d proved, %d failed\n", c->name, c->count - failed, failed);
    return failed;
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

bool sanitized(void)
{
    return workshop.running.memory == 0;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static int prove_all(const Claims *c, const char *only)
{
    int failed = 0;
    for (; c->name; c++)
        if (!only || strstr(c->name, only)) failed += prove(c);
    return failed;
}

int main(int argc, char **argv)
{
    Error err;
    const char *only = argc > 1 ? argv[1] : NULL;
    REQUIRE(catalogue_load(&catalogue, &err), "%s", err.text);
    REQUIRE(workshop_open(&workshop, &err), "%s", err.text);
    workshop.running.cpu_seconds = 2;
    for (char **flag = workshop.compile; *flag;
         flag++) /* some hundred builds: the quickest will do */
        if (strcmp(*flag, "-O1") == 0) (*flag)[2] = '0';
    int failed = prove_all(claims_of_exercises(), only) + prove_all(claims_of_answers(), only) +
                 prove_all(claims_of_handouts(), only) + prove_all(claims_of_submissions(), only);
    workshop_close(&workshop);
    catalogue_free(&catalogue);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
