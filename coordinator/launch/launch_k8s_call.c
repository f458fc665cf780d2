/* launch_k8s_call: a command of kubectl's, which is not waited for beyond a deadline. */
#include "launch_k8s_inner.h"

#include "launchers_inner.h"
#include "mono.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMED_CHARACTERS_MAX 128

/* A piece of a join line, or of the base64 that a server makes of it: nothing else that has a name
 * is as long as that. */
static bool shows_secret(const char *line)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
    size_t run = 0;

    for (; *line != '\0' && run <= NAMED_CHARACTERS_MAX; line++) {
        run = strchr(digits, *line) == NULL ? 0 : run + 1;
    }
    return run > NAMED_CHARACTERS_MAX;
}

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

enum k8s_words k8s_take_words(const char *line, char *ret)
{
    if (line[0] == '\0' || begins(line, "See '")) { /* "See 'kubectl get --help' for usage." */
        return K8S_WORDS_NONE;
    }
    (void)snprintf(ret, LAUNCH_LINE_BYTES, "%s",
                   shows_secret(line) ? "(a line with a secret in it)" : line);
    text_tame(ret, false);
    return begins(line, "error: ") || begins(line, "Error ") ? K8S_WORDS_ERROR : K8S_WORDS_OTHER;
}

const char *k8s_read_words(int fd, char *ret)
{
    char lines[4 * LAUNCH_LINE_BYTES];
    ssize_t bytes = pread(fd, lines, sizeof lines - 1, 0);
    char *rest = NULL;

    ret[0] = '\0';
    lines[bytes > 0 ? bytes : 0] = '\0';
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (k8s_take_words(line, ret) == K8S_WORDS_ERROR) {
            break;
        }
    }
    return ret;
}

int k8s_spawn(const char *kubectl, const char *const *arguments, int in_fd, int out_fd, pid_t *ret,
              struct errinfo *reterr)
{
    struct k8s_command command;
    int r = k8s_command_make(kubectl, arguments, false, &command, reterr);

    if (r < 0) {
        return r;
    }
    r = launch_spawn_bound(command.argv, in_fd, out_fd, ret, reterr);
    if (r == -ENOENT) {
        (void)errinfo_set(reterr, r,
                          "%.100s is not there: --launch k8s wants kubectl on this host (--kubectl "
                          "COMMAND), or --dry-run, which prints what it would be given",
                          command.argv[0]);
    }
    k8s_command_done(&command);
    return r;
}

int k8s_wait(pid_t pid, int64_t deadline_ns)
{
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (mono_ns() >= deadline_ns) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            break;
        }
        mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
    }
    return status;
}

static int memory_file(const struct text *content)
{
    int fd = memfd_create("k8s", MFD_CLOEXEC);

    if (fd < 0) {
        return -errno;
    }
    if (content != NULL &&
        (write(fd, content->bytes, content->bytes_count) != (ssize_t)content->bytes_count ||
         lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        return -EIO; /* Of memory: whole, or not at all. */
    }
    return fd;
}

int k8s_call(const char *kubectl, const char *const *arguments, const struct text *input,
             int64_t within_ns, char *ret, struct errinfo *reterr)
{
    int in_fd = memory_file(input);
    int out_fd = memory_file(NULL);
    pid_t pid = 0;
    int status;
    int r = in_fd < 0 || out_fd < 0 ? errinfo_nomem(reterr) : 0;

    ret[0] = '\0';
    if (r == 0) {
        r = k8s_spawn(kubectl, arguments, in_fd, out_fd, &pid, reterr);
    }
    if (r == 0) {
        status = k8s_wait(pid, mono_ns() + within_ns);
        (void)k8s_read_words(out_fd, ret);
        if (WIFSIGNALED(status)) {
            r = errinfo_set(reterr, -EAGAIN, "kubectl %s: no answer within %lld s", arguments[0],
                            (long long)(within_ns / NS_PER_S));
        } else if (WEXITSTATUS(status) != 0) {
            r = errinfo_set(reterr, -EREMOTEIO, "kubectl: %.300s",
                            ret[0] == '\0' ? "it failed, and says nothing" : ret);
        }
    }
    if (in_fd >= 0) {
        (void)close(in_fd);
    }
    if (out_fd >= 0) {
        (void)close(out_fd);
    }
    return r;
}
