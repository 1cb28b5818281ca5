/* faults.c: makes what seldom fails fail. A library that stands in front of the C library's
 * (LD_PRELOAD) in one program, not in those that it starts. FAULT says what happens:
 *
 *   kill:N   SIGKILL at the N-th step of writing files: before and after each fopen for writing,
 *            fsync and rename
 *   full:N   the N-th of these, and all after it, fail: no space left on the device
 *   sync:N   every fsync fails with the error number N
 *   memory   at each new place that asks for memory (a new stack of callers) the program is split:
 *            a child gets none there and goes on alone; a line "status signal said" in the file
 *            FAULT_REPORT tells how it ended and whether it had said anything on stderr
 *   peak     FAULT_REPORT gets the most bytes of memory that were in use at once
 *
 * Linux with glibc, whose __libc_malloc and the like are what stands behind. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static enum { NOTHING, KILL, FULL, SYNC, MEMORY, PEAK } fault;
static long number, reached;
static int report = -1;
static bool is_child; /* of a split: what it writes goes nowhere, the files are its parent's */

static void say(const char *text)
{
    if (report >= 0 && write(report, text, strlen(text)) < 0) _exit(125);
}

__attribute__((constructor)) static void begin(void)
{
    const char *what = getenv("FAULT"), *to = getenv("FAULT_REPORT");
    if (!what) return;
    void *frames[4];
    backtrace(frames, 4); /* the first call loads a library */
    if (to) report = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (sscanf(what, "kill:%ld", &number) == 1) fault = KILL;
    if (sscanf(what, "full:%ld", &number) == 1) fault = FULL;
    if (sscanf(what, "sync:%ld", &number) == 1) fault = SYNC;
    if (strcmp(what, "memory") == 0) fault = MEMORY;
    if (strcmp(what, "peak") == 0) fault = PEAK;
    unsetenv("LD_PRELOAD");
}

/* ---- files -------------------------------------------------------------------------------- */

/* A step of writing a file. True if it has to fail. */
static bool step_fails(void)
{
    reached++;
    if (fault == KILL && reached == number) kill(getpid(), SIGKILL);
    if (fault != FULL || reached < number) return false;
    errno = ENOSPC;
    return true;
}

#define BEHIND(function) (__extension__(__typeof__(&function)) dlsym(RTLD_NEXT, #function))

FILE *fopen(const char *path, const char *mode)
{
    bool writes = mode[0] != 'r';
    if (writes && step_fails()) return NULL;
    FILE *file = BEHIND(fopen)(writes && is_child ? "/dev/null" : path, mode);
    if (writes && fault == KILL) step_fails();
    return file;
}

int fsync(int file)
{
    if (step_fails()) return -1;
    if (fault != SYNC) return is_child ? 0 : BEHIND(fsync)(file);
    errno = (int)number;
    return -1;
}

int rename(const char *from, const char *to)
{
    if (step_fails()) return -1;
    int result = is_child ? 0 : BEHIND(rename)(from, to);
    if (fault == KILL) step_fails();
    return result;
}

int unlink(const char *path)
{
    return is_child ? 0 : BEHIND(unlink)(path);
}

/* From now on this process writes nothing into files that are open, but for these two, and reads
 * the others from a place of its own. */
static void leave_files(int said)
{
    struct stat info;
    is_child = true;
    for (int file = 0; file < 64; file++) {
        if (file == report || file == said || fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
            continue;
        bool reads = (fcntl(file, F_GETFL) & O_ACCMODE) == O_RDONLY;
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        int own = open(reads ? path : "/dev/null", reads ? O_RDONLY : O_WRONLY);
        if (reads) lseek(own, lseek(file, 0, SEEK_CUR), SEEK_SET);
        dup2(own, file);
        close(own);
    }
}

/* ---- memory ------------------------------------------------------------------------------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static size_t in_use, most_in_use;
static bool inside; /* the faults' own calls are left alone */

enum { DEPTH = 12, PLACES = 1 << 16 };
static uint64_t places[PLACES]; /* a hash table of stacks of callers; 0: free */

static bool is_new_place(void)
{
    void *frames[DEPTH];
    int n = backtrace(frames, DEPTH);
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = 2; i < n; i++) hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 0x100000001b3u;
    uint64_t at = (hash ^ hash >> 29) % PLACES;
    for (; places[at]; at = (at + 1) % PLACES)
        if (places[at] == hash) return false;
    if (++reached == PLACES / 2) _exit(124);
    places[at] = hash;
    return true;
}

/* Splits the program: true in the child, whose output nobody needs, but for whether there was any.
 */
static bool split(void)
{
    char line[64];
    int status, said = memfd_create("said", MFD_CLOEXEC);
    pid_t child = fork();
    if (child == 0) {
        fault = NOTHING;
        alarm(120);
        leave_files(said);
        dup2(said, STDERR_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        return true;
    }
    waitpid(child, &status, 0);
    off_t length = lseek(said, 0, SEEK_END);
    if (length > 0 && WIFSIGNALED(status)) { /* what it said may tell why */
        char text[400] = "";
        if (pread(said, text, sizeof text - 1, 0) > 0) say(text);
    }
    close(said);
    snprintf(line, sizeof line, "%d %d %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
             WIFSIGNALED(status) ? WTERMSIG(status) : 0, length > 0);
    if (WIFSIGNALED(status) || (WEXITSTATUS(status) && length == 0)) {
        void *frames[DEPTH];
        backtrace_symbols_fd(frames, backtrace(frames, DEPTH), report);
    }
    say(line);
    return false;
}

/* LLVM's OpenMP, refused memory for itself, waits for ever: that is beyond our programs. */
static bool is_llvm_openmp(const void *caller)
{
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libomp");
}

static bool memory_fails(const void *caller)
{
    if (fault != MEMORY || inside || is_llvm_openmp(caller)) return false;
    inside = true;
    bool fails = is_new_place() && split();
    inside = false;
    if (fails) errno = ENOMEM;
    return fails;
}

static void *count(void *memory)
{
    if (fault != PEAK || !memory) return memory;
    size_t now = __atomic_add_fetch(&in_use, malloc_usable_size(memory), __ATOMIC_RELAXED);
    if (now > most_in_use) most_in_use = now;
    return memory;
}

static void discount(void *memory)
{
    if (fault != PEAK || !memory) return;
    size_t size = malloc_usable_size(memory);
    if (size <= in_use) __atomic_sub_fetch(&in_use, size, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *memory, size_t size)
{
    if (memory_fails(__builtin_return_address(0))) return NULL;
    discount(memory);
    return count(__libc_realloc(memory, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL
                                                     : count(__libc_memalign(alignment, size));
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (memory_fails(__builtin_return_address(0))) return ENOMEM;
    *memory = count(__libc_memalign(alignment, size));
    return *memory ? 0 : ENOMEM;
}

void free(void *memory)
{
    discount(memory);
    __libc_free(memory);
}

__attribute__((destructor)) static void end(void)
{
    char line[32];
    if (fault != PEAK) return;
    snprintf(line, sizeof line, "%zu\n", most_in_use);
    say(line);
}
