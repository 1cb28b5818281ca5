/* test_files.c: directories at the limits, who holds one, and every way in which a write fails. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "files.h"

static Error err;

/* --- what the tests share --------------------------------------------------------------------- */

static char place[64];
static pid_t owner;

static void remove_place(void)
{
    char command[128];
    if (getpid() != owner) return;
    snprintf(command, sizeof command, "rm -rf '%s'", place);
    if (system(command) != 0) perror(place);
}

/* Goes into a directory of this test's own, removed at its end; paths are relative to it. */
static void enter_place(void)
{
    strcpy(place, "/tmp/test_files_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
    owner = getpid();
    atexit(remove_place);
    ck_assert_int_eq(chdir(place), 0);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void contains(const char *path, const char *text)
{
    char bytes[256];
    FILE *in = fopen(path, "rb");
    ck_assert_msg(in != NULL, "%s is not there", path);
    bytes[fread(bytes, 1, sizeof bytes - 1, in)] = '\0';
    fclose(in);
    ck_assert_str_eq(bytes, text);
}

static bool write_text(FILE *out, void *text)
{
    return fputs(text, out) != EOF;
}

/* --- directories ------------------------------------------------------------------------------ */

START_TEST(names_of_one_letter_are_made_one_by_one)
{
    enter_place();
    ck_assert_msg(directory_make("a/b/c", &err), "%s", err.text);
    ck_assert(is_there("a/b/c"));
    ck_assert(directory_make("d", &err) && is_there("d"));
    ck_assert(directory_make("/", &err));
}
END_TEST

START_TEST(a_new_directory_has_the_rights_that_the_user_wants)
{
    struct stat s;
    enter_place();
    umask(027);
    ck_assert(directory_make("mine", &err));
    ck_assert_int_eq(stat("mine", &s), 0);
    ck_assert_uint_eq(s.st_mode & 07777, 0750);
}
END_TEST

/* A path of that many bytes, each of its names short enough for a file system. */
static const char *path_of(size_t bytes)
{
    static char path[PATH_MAX + 2];
    for (size_t i = 0; i < bytes; i++) path[i] = i % 100 == 99 && i + 1 < bytes ? '/' : 'x';
    path[bytes] = '\0';
    return path;
}

START_TEST(the_longest_directory_is_made_and_a_longer_one_is_refused)
{
    char wanted[256];
    enter_place();
    ck_assert_msg(directory_make(path_of(DIRECTORY_MAX), &err), "%s", err.text);
    ck_assert(is_there(path_of(DIRECTORY_MAX)));
    ck_assert(!directory_make(path_of(DIRECTORY_MAX + 1), &err));
    snprintf(wanted, sizeof wanted,
             "the directory %.60s... has a name of 512 bytes: 511 are the most", path_of(512));
    ck_assert_str_eq(err.text, wanted);
    ck_assert(!is_there(path_of(DIRECTORY_MAX + 1)));
}
END_TEST

START_TEST(who_asks_for_a_held_directory_gets_nothing_but_the_news)
{
    bool busy;
    enter_place();
    ck_assert(directory_make("d", &err));
    int held = directory_hold("d", &busy);
    ck_assert(held >= 0 && !busy);
    ck_assert_int_lt(directory_hold("d", &busy), 0);
    ck_assert(busy);
    directory_release(held);
    held = directory_hold("d", &busy);
    ck_assert(held >= 0 && !busy);
    directory_release(held);
}
END_TEST

/* Where stdin is closed, the hold itself becomes descriptor 0: a number like any other. */
START_TEST(a_hold_is_one_without_a_stdin_too)
{
    bool busy;
    enter_place();
    ck_assert(directory_make("d", &err));
    close(STDIN_FILENO);
    int held = directory_hold("d", &busy);
    ck_assert_int_eq(held, STDIN_FILENO);
    ck_assert(!busy);
    ck_assert_int_lt(directory_hold("d", &busy), 0);
    ck_assert(busy);
    directory_release(held);
    held = directory_hold("d", &busy);
    ck_assert(held >= 0 && !busy);
}
END_TEST

START_TEST(what_is_no_directory_is_not_held_by_anybody)
{
    bool busy = true;
    enter_place();
    ck_assert(file_replace("file", write_text, (void *)"x", &err));
    ck_assert_int_lt(directory_hold("file", &busy), 0);
    ck_assert(!busy);
    busy = true;
    ck_assert_int_lt(directory_hold("nonesuch", &busy), 0);
    ck_assert(!busy);
    directory_release(-1);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

/* Writes a little, then fails as *reason says; with 0 as nobody says. */
static bool fail_halfway(FILE *out, void *reason)
{
    fputs("half", out);
    if (*(int *)reason) errno = *(int *)reason;
    return false;
}

START_TEST(each_reason_of_a_failed_write_has_its_remedy)
{
    static const char room[] = ": free some space and run again";
    static const char elsewhere[] = ": choose another place";
    static const struct {
        int reason;
        const char *remedy;
    } cases[] = {{ENOSPC, room},     {EDQUOT, room},     {EFBIG, room}, {EACCES, elsewhere},
                 {EPERM, elsewhere}, {EROFS, elsewhere}, {EIO, ""},     {EISDIR, ""}};
    enter_place();
    ck_assert(file_replace("file", write_text, (void *)"old", &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char wanted[256];
        int reason = cases[i].reason;
        ck_assert(!file_replace("file", fail_halfway, &reason, &err));
        snprintf(wanted, sizeof wanted, "can't write file: %s%s", strerror(reason),
                 cases[i].remedy);
        ck_assert_str_eq(err.text, wanted);
        contains("file", "old");
        ck_assert(!is_there("file.tmp"));
    }
}
END_TEST

START_TEST(a_write_that_fails_without_a_reason_failed_halfway)
{
    int none = 0;
    enter_place();
    errno = EPERM; /* of something long ago */
    ck_assert(!file_replace("file", fail_halfway, &none, &err));
    ck_assert_str_eq(err.text, "can't write file: it failed halfway");
    ck_assert(!is_there("file") && !is_there("file.tmp"));
}
END_TEST

/* The disk is full in the middle of the file only: its beginning is lost, its end is written. */
static bool write_with_a_hole(FILE *out, void *arg)
{
    struct rlimit before, limit;
    (void)arg;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 1 << 16; i++) fputc('x', out);
    setrlimit(RLIMIT_FSIZE, &before);
    return true;
}

START_TEST(a_file_with_a_hole_is_no_file)
{
    enter_place();
    signal(SIGXFSZ, SIG_IGN);
    ck_assert(!file_replace("file", write_with_a_hole, NULL, &err));
    ck_assert(!is_there("file") && !is_there("file.tmp"));
}
END_TEST

/* Where the temporary name is taken by a directory nothing is written, and that stays where it is.
 */
START_TEST(what_has_the_temporary_name_is_not_taken_for_the_file)
{
    enter_place();
    ck_assert(mkdir("file.tmp", 0777) == 0);
    ck_assert(!file_replace("file", write_text, (void *)"x", &err));
    ck_assert_str_eq(err.text, "can't write file: Is a directory");
    ck_assert(!is_there("file") && is_there("file.tmp"));
}
END_TEST

START_TEST(a_path_longer_than_any_is_refused_by_its_beginning)
{
    char wanted[512];
    enter_place();
    ck_assert(!file_replace(path_of(PATH_MAX), write_text, (void *)"x", &err));
    snprintf(wanted, sizeof wanted, "can't write %.200s...: the path is too long",
             path_of(PATH_MAX));
    ck_assert_str_eq(err.text, wanted);
    ck_assert(!file_replace(path_of(PATH_MAX - 1), write_text, (void *)"x", &err));
    ck_assert_ptr_null(strstr(err.text, "the path is too long"));
}
END_TEST

START_TEST(the_longest_path_with_room_for_the_temporary_name_is_written)
{
    char path[PATH_MAX] = "";
    enter_place();
    for (size_t i = 0; i + 5 < PATH_MAX; i++) path[i] = i % 2 ? '/' : '.';
    path[PATH_MAX - 6] = 'f'; /* ./././f: 4091 bytes, 4095 with .tmp, one less than the most */
    for (int again = 0; again < 2; again++) {
        ck_assert_msg(file_replace(path, write_text, (void *)(again ? "two" : "one"), &err), "%s",
                      err.text);
        contains("f", again ? "two" : "one");
        ck_assert(!is_there("f.tmp"));
    }
}
END_TEST

START_TEST(only_what_is_there_and_protected_can_not_be_replaced)
{
    enter_place();
    ck_assert(file_replaceable("new", &err));
    ck_assert(!is_there("new"));
    ck_assert(file_replace("file", write_text, (void *)"x", &err));
    ck_assert(file_replaceable("file", &err));
    ck_assert(!file_replaceable("nowhere/new", &err));
    ck_assert_str_eq(err.text, "can't write nowhere/new: No such file or directory: make its "
                               "directory first");
    ck_assert(!file_replaceable("/tmp", &err));
    ck_assert_str_eq(err.text, "can't write /tmp: Is a directory");
}
END_TEST

static const TTest *const tests[] = {names_of_one_letter_are_made_one_by_one,
                                     a_new_directory_has_the_rights_that_the_user_wants,
                                     the_longest_directory_is_made_and_a_longer_one_is_refused,
                                     who_asks_for_a_held_directory_gets_nothing_but_the_news,
                                     a_hold_is_one_without_a_stdin_too,
                                     what_is_no_directory_is_not_held_by_anybody,
                                     each_reason_of_a_failed_write_has_its_remedy,
                                     a_write_that_fails_without_a_reason_failed_halfway,
                                     a_file_with_a_hole_is_no_file,
                                     what_has_the_temporary_name_is_not_taken_for_the_file,
                                     a_path_longer_than_any_is_refused_by_its_beginning,
                                     the_longest_path_with_room_for_the_temporary_name_is_written,
                                     only_what_is_there_and_protected_can_not_be_replaced,
                                     NULL};

RUN_TESTS("files", tests)
