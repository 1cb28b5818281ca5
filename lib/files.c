/* files.c: see files.h. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utf8.h"

/* --- directories ------------------------------------------------------------------------------ */

bool is_directory(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool same_file(const char *a, const char *b)
{
    struct stat s, t;
    return stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* mkdir -p */
bool directory_make(const char *dir, Error *err)
{
    char part[DIRECTORY_MAX + 1];
    if (strlen(dir) > DIRECTORY_MAX)
        return error_set(err, "the directory %.60s... has a name of %zu bytes: %d are the most",
                         dir, strlen(dir), DIRECTORY_MAX);
    for (size_t i = 1;; i++) {
        if (dir[i] != '/' && dir[i] != '\0') continue;
        memcpy(part, dir, i);
        part[i] = '\0';
        int why = mkdir(part, 0777) == 0 ? 0 : errno;
        if (why && !is_directory(part)) {
            if (why == EEXIST || why == ENOTDIR)
                error_set(err,
                          "can't make the directory %s: %s is a file: choose another directory",
                          dir, part);
            else
                error_set(err, "can't make the directory %s: %s: choose another --out", part,
                          strerror(why));
            errno = why == EEXIST ? ENOTDIR : why;
            return false;
        }
        if (dir[i] == '\0') return true;
    }
}

/* A lock on the directory itself leaves no file behind. Programs that we start don't inherit it. */
int directory_hold(const char *dir, bool *busy)
{
    int held = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *busy = held >= 0 && flock(held, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!*busy) return held;
    close(held);
    return -1;
}

void directory_release(int held)
{
    if (held >= 0) close(held);
}

/* --- files ------------------------------------------------------------------------------------ */

/* Writes and forces to the disk, so that a full one is noticed before the rename. errno says why
 * it failed, 0 if write() itself said no without a reason. */
static bool write_whole(const char *path, bool (*write)(FILE *out, void *arg), void *arg)
{
    errno = 0;
    FILE *out = fopen(path, "wb");
    if (!out) return false;
    bool ok = write(out, arg) && !ferror(out) && fflush(out) == 0;
    if (ok && fsync(fileno(out)) != 0)
        ok = errno == EINVAL || errno == ENOTSUP; /* not on this disk */
    int why = errno;
    if (fclose(out) != 0 && ok) return false;
    errno = why;
    return ok;
}

static const char *remedy(int why)
{
    if (why == ENOSPC || why == EDQUOT || why == EFBIG) return ": free some space and run again";
    if (why == ENOENT) return ": make its directory first";
    if (why == EACCES || why == EPERM || why == EROFS) return ": choose another place";
    return "";
}

static bool cant_write(const char *path, int why, Error *err)
{
    return error_set(err, "can't write %s: %s%s", path, why ? strerror(why) : "it failed halfway",
                     remedy(why));
}

static bool is_special(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && !S_ISREG(s.st_mode);
}

/* A file that its owner has protected is not to be renamed over, although the directory's rights
 * would allow it. */
bool file_replaceable(const char *path, Error *err)
{
    char target[PATH_MAX];
    if (!*path) return error_set(err, "a file that is to be written has no name: give one");
    if (is_directory(path)) return cant_write(path, EISDIR, err);
    if (access(path, F_OK) == 0 && access(path, W_OK) != 0) return cant_write(path, errno, err);
    if (is_special(path)) return true;
    if (!realpath(path, target)) snprintf(target, sizeof target, "%s", path); /* it is new */
    return access(dirname(target), W_OK) == 0 || cant_write(path, errno, err);
}

bool file_spares(const char *flag, const char *path, const char *const inputs[], int count,
                 Error *err)
{
    struct stat to;
    if (!path || stat(path, &to) != 0 || !S_ISREG(to.st_mode)) return true;
    for (int i = 0; i < count; i++)
        if (inputs[i] && same_file(inputs[i], path))
            return error_set(err, "%s would write over %s, which is read: choose another place",
                             flag, inputs[i]);
    return true;
}

bool file_replace(const char *path, bool (*write)(FILE *out, void *arg), void *arg, Error *err)
{
    char target[PATH_MAX], temporary[PATH_MAX + 8];
    if (strlen(path) >= sizeof target)
        return error_set(err, "can't write %.200s...: the path is too long", path);
    if (!file_replaceable(path, err)) return false;
    if (is_special(path)) return write_whole(path, write, arg) || cant_write(path, errno, err);
    if (!realpath(path, target)) strcpy(target, path); /* it is new */
    snprintf(temporary, sizeof temporary, "%s.tmp", target);
    if (write_whole(temporary, write, arg) && rename(temporary, target) == 0) return true;
    int why = errno;
    unlink(temporary);
    return cant_write(path, why, err);
}

static bool write_text(FILE *out, void *text)
{
    return fputs(*(const char **)text, out) >= 0;
}

bool file_replace_text(const char *path, const char *text, Error *err)
{
    return file_replace(path, write_text, &text, err);
}

static bool write_line(FILE *out, void *text)
{
    return fputs(text, out) >= 0 && putc('\n', out) != EOF;
}

bool file_replace_json(const char *path, const cJSON *json, Error *err)
{
    char *text = cJSON_Print(json);
    REQUIRE(text, "no memory for what %s is to hold", path);
    utf8_repair(text);
    bool ok = file_replace(path, write_line, text, err);
    cJSON_free(text);
    return ok;
}

cJSON *file_read_json(const char *path, Error *err)
{
    char *text;
    size_t size;
    cJSON *json = NULL;
    if (!utf8_load(path, &text, &size, err)) return NULL;
    if (utf8_check(text, size, path, err)) {
        const char *stop = text;
        json = cJSON_ParseWithOpts(text, &stop, true);
        if (!json)
            error_set(err, "%s is not JSON near byte offset %zu; train again to write it anew",
                      path, (size_t)(stop - text));
    }
    free(text);
    return json;
}
