#include "secret_file.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *path, int code, struct errinfo *reterr)
{
    return errinfo_set(reterr, -code, "%s: can't be read: %s", path, strerror(code));
}

/* There access is by an entry of the file's list, which stat(2) shows as that of a group. */
static bool is_systemds(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t length = folder == NULL ? 0 : strlen(folder);

    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/' &&
           strstr(path, "/../") == NULL;
}

static int check_access(const char *path, int fd, struct errinfo *reterr)
{
    struct stat found;

    if (fstat(fd, &found) != 0) {
        return failed(path, errno, reterr);
    }
    if (S_ISDIR(found.st_mode)) {
        return failed(path, EISDIR, reterr);
    }
    if (S_ISREG(found.st_mode) && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0 &&
        !is_systemds(path)) {
        return errinfo_set(reterr, -EPERM,
                           "%s: others than its owner can read it (mode %04o): chmod 600 %s", path,
                           (unsigned int)found.st_mode & 07777U, path);
    }
    return 0;
}

/* bytes has room for SECRET_FILE_BYTES_MAX + 1. */
static int read_all(const char *path, int fd, char *bytes, size_t *ret_bytes,
                    struct errinfo *reterr)
{
    size_t used = 0;

    while (used <= SECRET_FILE_BYTES_MAX) {
        ssize_t got = read(fd, bytes + used, SECRET_FILE_BYTES_MAX + 1 - used);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return failed(path, errno, reterr);
        }
        if (got == 0) {
            break;
        }
        used += (size_t)got;
    }
    if (used > SECRET_FILE_BYTES_MAX) {
        return errinfo_set(reterr, -EFBIG, "%s: larger than %zu bytes", path,
                           SECRET_FILE_BYTES_MAX);
    }
    if (used == 0) {
        return errinfo_set(reterr, -ENODATA, "%s: is empty", path);
    }
    bytes[used] = '\0';
    *ret_bytes = used;
    return 0;
}

int secret_file_read_line(char **ret, size_t *ret_bytes, struct errinfo *reterr)
{
    char *bytes = malloc(SECRET_FILE_BYTES_MAX + 1);
    size_t used = 0;
    ssize_t got = 1;
    int r = 0;

    if (bytes == NULL) {
        return errinfo_nomem(reterr);
    }
    while (got > 0 && used < SECRET_FILE_BYTES_MAX && (used == 0 || bytes[used - 1] != '\n')) {
        got = read(STDIN_FILENO, bytes + used, 1);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        used += got > 0 ? 1 : 0;
    }
    bytes[used] = '\0';
    if (got < 0) {
        r = failed("stdin", errno, reterr);
    } else if (used == 0) {
        r = errinfo_set(reterr, -ENODATA, "stdin: is empty");
    }
    if (r < 0) {
        secret_file_free(bytes, SECRET_FILE_BYTES_MAX);
        return r;
    }
    *ret = bytes;
    *ret_bytes = used;
    return 0;
}

int secret_file_read(const char *path, char **ret, size_t *ret_bytes, struct errinfo *reterr)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "stdin" : path;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *bytes = NULL;
    size_t bytes_count = 0;
    int r;

    if (fd < 0) {
        return failed(name, errno, reterr);
    }
    r = is_stdin ? 0 : check_access(name, fd, reterr);
    if (r == 0) {
        /* Of one size from the start: growing would leave copies behind. */
        bytes = malloc(SECRET_FILE_BYTES_MAX + 1);
        r = bytes == NULL ? errinfo_nomem(reterr) : read_all(name, fd, bytes, &bytes_count, reterr);
    }
    if (!is_stdin) {
        (void)close(fd);
    }
    if (r < 0) {
        secret_file_free(bytes, bytes == NULL ? 0 : SECRET_FILE_BYTES_MAX);
        return r;
    }
    *ret = bytes;
    *ret_bytes = bytes_count;
    return 0;
}

void secret_file_free(char *bytes, size_t bytes_count)
{
    secret_wipe(bytes, bytes_count);
    free(bytes);
}
