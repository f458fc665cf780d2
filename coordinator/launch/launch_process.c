/* launch_process: what launchers that start processes of this host share. */
#include "launchers_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_WORDS_AT 33 /* Of a line of a log, after the time and the level. */

extern char **environ;

int launch_spawn(const char *const *arguments, int in_fd, int out_fd, pid_t *ret,
                 struct errinfo *reterr)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int code;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in_fd, STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out_fd, STDERR_FILENO);
    (void)posix_spawnattr_init(&attributes);
    (void)sigemptyset(&none); /* Those that wait here for one thread alone are blocked. */
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    /* posix_spawn takes its argv without const and leaves it alone. */
    code = posix_spawnp(ret, arguments[0], &actions, &attributes,
                        (char *const *)(uintptr_t)arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    if (code != 0) {
        *ret = 0;
        return errinfo_set(reterr, -code, "%s can't be started: %s", arguments[0], strerror(code));
    }
    return 0;
}

/* After fork(): only what a signal handler may do. Returns if the program can't be run. */
static void become(const char *const *arguments, int in_fd, int out_fd, pid_t parent)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGUSR2);
    if (getppid() == parent && dup2(in_fd, STDIN_FILENO) >= 0 && dup2(out_fd, STDOUT_FILENO) >= 0 &&
        dup2(out_fd, STDERR_FILENO) >= 0) {
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    }
}

/* Why the child could not become what it should; 0: it did. */
static int read_code(int fd)
{
    int code = 0;

    return read(fd, &code, sizeof code) == (ssize_t)sizeof code ? code : 0;
}

int launch_spawn_bound(const char *const *arguments, int in_fd, int out_fd, pid_t *ret,
                       struct errinfo *reterr)
{
    pid_t parent = getpid();
    int ends[2];
    int code;

    *ret = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errinfo_set(reterr, -errno, "pipe: %s", strerror(errno));
    }
    *ret = fork();
    code = *ret < 0 ? errno : 0;
    if (*ret == 0) {
        become(arguments, in_fd, out_fd, parent);
        code = errno;
        (void)!write(ends[1], &code, sizeof code);
        _exit(EXIT_FAILURE);
    }
    (void)close(ends[1]);
    code = code == 0 ? read_code(ends[0]) : code;
    (void)close(ends[0]);
    if (code == 0) {
        return 0;
    }
    if (*ret > 0) {
        (void)waitpid(*ret, NULL, 0);
    }
    *ret = 0;
    return errinfo_set(reterr, -code, "%s can't be started: %s", arguments[0], strerror(code));
}

const char *launch_last_line(int fd, char ret[LAUNCH_LINE_BYTES])
{
    char tail[LAUNCH_LINE_BYTES];
    struct stat found;
    ssize_t bytes = -1;
    const char *line;

    ret[0] = '\0';
    if (fstat(fd, &found) == 0) {
        off_t from = found.st_size < (off_t)sizeof tail ? 0 : found.st_size - (off_t)sizeof tail;

        bytes = pread(fd, tail, sizeof tail - 1, from + (from > 0 ? 1 : 0));
    }
    while (bytes > 0 && (tail[bytes - 1] == '\n' || tail[bytes - 1] == '\r')) {
        bytes--;
    }
    if (bytes <= 0) {
        return ret;
    }
    tail[bytes] = '\0';
    line = strrchr(tail, '\n');
    (void)snprintf(ret, LAUNCH_LINE_BYTES, "%s", line == NULL ? tail : line + 1);
    return ret;
}

/* "2026-11-30T02:29:38.981Z info    joined" */
bool launch_is_log(const char *line)
{
    return strlen(line) > LOG_WORDS_AT && line[4] == '-' && line[10] == 'T' &&
           line[LOG_WORDS_AT - 10] == 'Z';
}

const char *launch_log_error(const char *line)
{
    return launch_is_log(line) && strncmp(line + LOG_WORDS_AT - 8, "error ", 6) == 0
               ? line + LOG_WORDS_AT
               : NULL;
}

const char *launch_log_words(const char *line)
{
    return launch_is_log(line) ? line + LOG_WORDS_AT : line;
}
