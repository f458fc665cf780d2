#include "cli_agent_inner.h"

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "millrace-agent"
#define DESCRIPTION_BYTES_MAX 4096

extern char **environ;

int cli_agent_path(char *ret, uint32_t ret_bytes, struct errinfo *reterr)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;
    const char *path = getenv("PATH");

    if (length > 0) {
        self[length] = '\0';
        slash = strrchr(self, '/');
        if (slash != NULL &&
            snprintf(ret, ret_bytes, "%.*s/" PROGRAM, (int)(slash - self), self) < (int)ret_bytes &&
            access(ret, X_OK) == 0) {
            return 0;
        }
    }
    while (path != NULL && *path != '\0') {
        int bytes = (int)strcspn(path, ":");

        if (bytes > 0 && snprintf(ret, ret_bytes, "%.*s/" PROGRAM, bytes, path) < (int)ret_bytes &&
            access(ret, X_OK) == 0) {
            return 0;
        }
        path += bytes + (path[bytes] == ':' ? 1 : 0);
    }
    ret[0] = '\0';
    return errinfo_set(reterr, -ENOENT,
                       PROGRAM " is neither beside this program nor in PATH (build it, or install "
                               "both)");
}

/* Starts the program with its stdout on the writing end of a pipe. */
static int spawn_describe(const char *path, const int ends[2], pid_t *ret)
{
    char name[] = PROGRAM;
    char option[] = "--describe";
    char *argv[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);

    if (r != 0) {
        return -r;
    }
    r = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    r = r != 0 ? r : posix_spawn(ret, path, &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static size_t read_all(int fd, char *bytes, size_t bytes_max)
{
    size_t used = 0;

    while (used < bytes_max) {
        ssize_t got = read(fd, bytes + used, bytes_max - used);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    return used;
}

static int parse_description(char *text, struct backend_version *ret)
{
    char *rest = NULL;
    int count = 0;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < BACKENDS_MAX;
         line = strtok_r(NULL, "\n", &rest)) {
        char *tab = strchr(line, '\t');

        if (tab == NULL) {
            continue;
        }
        *tab = '\0';
        (void)snprintf(ret[count].name, sizeof ret[count].name, "%.63s", line);
        (void)snprintf(ret[count].library, sizeof ret[count].library, "%.63s", tab + 1);
        count++;
    }
    return count;
}

int cli_agent_describe(struct backend_version *ret, struct errinfo *reterr)
{
    char path[PATH_MAX];
    char text[DESCRIPTION_BYTES_MAX + 1];
    int ends[2];
    pid_t pid = -1;
    int status = 0;
    int r = cli_agent_path(path, sizeof path, reterr);

    if (r < 0) {
        return r;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        r = -errno;
        return errinfo_set(reterr, r, "pipe: %s", strerror(-r));
    }
    r = spawn_describe(path, ends, &pid);
    (void)close(ends[1]);
    text[r == 0 ? read_all(ends[0], text, DESCRIPTION_BYTES_MAX) : 0] = '\0';
    (void)close(ends[0]);
    if (r < 0) {
        return errinfo_set(reterr, r, "%s: %s", path, strerror(-r));
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return errinfo_set(reterr, -EIO, "%s --describe failed", path);
    }
    return parse_description(text, ret);
}

int cli_version(void)
{
    struct backend_version backends[BACKENDS_MAX];
    struct errinfo error = {""};
    int count = cli_agent_describe(backends, &error);

    (void)printf("millrace %s\n", MILLRACE_VERSION);
    if (count < 0) {
        (void)fprintf(stderr, "millrace: %s\n", error.text);
        return EXIT_FAILED;
    }
    for (int i = 0; i < count; i++) {
        (void)printf("%s\t%s\n", backends[i].name, backends[i].library);
    }
    return 0;
}
