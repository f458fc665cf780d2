#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int part_path(const char *path, char part[PATH_MAX], struct errinfo *reterr)
{
    if (snprintf(part, PATH_MAX, "%s.part", path) >= PATH_MAX) {
        return errinfo_set(reterr, -ENAMETOOLONG, "%s: path too long", path);
    }
    return 0;
}

static int write_all(int fd, const char *bytes, size_t bytes_count)
{
    size_t written = 0;

    while (written < bytes_count) {
        ssize_t got = write(fd, bytes + written, bytes_count - written);

        if (got < 0 && errno != EINTR) {
            return -errno;
        }
        written += got > 0 ? (size_t)got : 0;
    }
    return fsync(fd) != 0 ? -errno : 0;
}

int secret_file_write_part(const char *path, const void *bytes, size_t bytes_count,
                           struct errinfo *reterr)
{
    char part[PATH_MAX];
    int r = part_path(path, part, reterr);
    int fd;

    if (r < 0) {
        return r;
    }
    /* What a killed process left, or somebody put there: never written into. */
    (void)unlink(part);
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    r = fd < 0 ? -errno : write_all(fd, bytes, bytes_count);
    if (fd >= 0 && close(fd) != 0 && r == 0) {
        r = -errno;
    }
    if (r < 0) {
        (void)unlink(part);
        return errinfo_set(reterr, r, "%s: can't be written: %s", path, strerror(-r));
    }
    return 0;
}

/* A name that a folder lost with the power would be a host that nobody can find; one that it has
 * again, a host that nobody wants. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    int fd;

    if (slash != NULL) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* The file itself is on the disk already. */
        (void)close(fd);
    }
}

int secret_file_publish(const char *path, struct errinfo *reterr)
{
    char part[PATH_MAX];
    int r = part_path(path, part, reterr);

    if (r < 0) {
        return r;
    }
    if (rename(part, path) != 0) {
        r = errinfo_set(reterr, -errno, "%s: can't be written: %s", path, strerror(errno));
        (void)unlink(part);
        return r;
    }
    sync_folder(path);
    return 0;
}

void secret_file_discard(const char *path)
{
    char part[PATH_MAX];

    if (part_path(path, part, NULL) == 0) {
        (void)unlink(part);
    }
}

int secret_file_remove(const char *path, struct errinfo *reterr)
{
    if (unlink(path) != 0) {
        return errinfo_set(reterr, -errno, "%s: can't be removed: %s", path, strerror(errno));
    }
    sync_folder(path);
    return 0;
}

int secret_file_write(const char *path, const void *bytes, size_t bytes_count,
                      struct errinfo *reterr)
{
    int r = secret_file_write_part(path, bytes, bytes_count, reterr);

    return r < 0 ? r : secret_file_publish(path, reterr);
}
