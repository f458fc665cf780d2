/* Taking the end out of a journal, so that a run can go on behind its last whole trial. */
#include "archive.h"
#include "archive_writer_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CUTS_MAX 10000 /* Files of them in a folder. */
#define PIECE_BYTES (256 * 1024)

/* A file that is not there yet: what earlier cuts have left stays. */
static int make_file(const struct archive_writer *writer, char **ret_path, struct errinfo *reterr)
{
    size_t stem_bytes = strlen(writer->path) - strlen(".bson");

    for (int i = 1; i <= CUTS_MAX; i++) {
        int fd;

        if (asprintf(ret_path, "%.*s.cut-%d.bson", (int)stem_bytes, writer->path, i) < 0) {
            *ret_path = NULL;
            return errinfo_nomem(reterr);
        }
        fd = open(*ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd >= 0) {
            return fd;
        }
        if (errno != EEXIST) {
            return errinfo_set(reterr, -errno, "%s: %s", *ret_path, strerror(errno));
        }
        free(*ret_path);
        *ret_path = NULL;
    }
    return errinfo_set(reterr, -EEXIST, "%s: there are %d files of cuts already", writer->path,
                       CUTS_MAX);
}

static int write_piece(int fd, const char *piece, size_t bytes)
{
    size_t done = 0;

    while (done < bytes) {
        ssize_t written = write(fd, piece + done, bytes - done);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? -errno : -EIO;
        }
        done += (size_t)written;
    }
    return 0;
}

/* Negative errno of either side. */
static int copy_rest(const struct archive_writer *writer, off_t from, int to)
{
    char *piece = malloc(PIECE_BYTES);
    int r = piece == NULL ? -ENOMEM : 0;

    while (r == 0) {
        ssize_t got = pread(writer->fd, piece, PIECE_BYTES, from);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            r = got < 0 ? -errno : 0;
            break;
        }
        r = write_piece(to, piece, (size_t)got);
        from += got;
    }
    free(piece);
    return r < 0 ? r : fsync(to) < 0 ? -errno : 0;
}

int archive_writer_cut(struct archive_writer *writer, uint64_t whole_bytes, struct errinfo *reterr)
{
    char *path = NULL;
    int fd;
    int r;

    if ((uint64_t)writer->whole_bytes <= whole_bytes) {
        return 0;
    }
    fd = make_file(writer, &path, reterr);
    if (fd < 0) {
        free(path);
        return fd;
    }
    r = copy_rest(writer, (off_t)whole_bytes, fd);
    if (close(fd) < 0 && r == 0) {
        r = -errno;
    }
    if (r < 0) {
        (void)unlink(path);
        r = errinfo_set(reterr, r, "%s: %s", path, strerror(-r));
    } else if (ftruncate(writer->fd, (off_t)whole_bytes) < 0 || fdatasync(writer->fd) < 0) {
        r = errinfo_set(reterr, -errno, "%s: %s", writer->path, strerror(errno));
    } else {
        writer->whole_bytes = (off_t)whole_bytes;
    }
    free(path);
    return r;
}
