/* launch_process: what launchers that start processes of this host share. */
#include "launchers_inner.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
