#include "archive.h"
#include "archive_writer_inner.h"
#include "entry_codes_inner.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Why a run can't be written into this folder. */
static int refuse_folder(const char *folder, const char *path, struct errinfo *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool in_use = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

    if (fd >= 0) {
        (void)close(fd);
    }
    if (in_use) {
        return errinfo_set(reterr, -EEXIST, "%s: another run is writing into this folder now",
                           folder);
    }
    return errinfo_set(reterr, -EEXIST, "%s: the folder holds a run already (%s)", folder,
                       ARCHIVE_JOURNAL_NAME);
}

static int open_journal(struct archive_writer *writer, const char *folder, struct errinfo *reterr)
{
    writer->fd = open(writer->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (writer->fd < 0 && errno == EEXIST) {
        return refuse_folder(folder, writer->path, reterr);
    }
    if (writer->fd < 0) {
        return errinfo_set(reterr, -errno, "%s: %s", writer->path, strerror(errno));
    }
    if (flock(writer->fd, LOCK_EX | LOCK_NB) < 0) {
        return errinfo_set(reterr, -errno, "%s: can't be locked: %s", writer->path,
                           strerror(errno));
    }
    return 0;
}

static int reopen_journal(struct archive_writer *writer, const char *folder, struct errinfo *reterr)
{
    struct stat about;

    writer->fd = open(writer->path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (writer->fd < 0) {
        return errinfo_set(reterr, -errno, "%s: %s", writer->path, strerror(errno));
    }
    if (flock(writer->fd, LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK
                   ? errinfo_set(reterr, -EBUSY, "%s: the run still goes on", folder)
                   : errinfo_set(reterr, -errno, "%s: can't be locked: %s", writer->path,
                                 strerror(errno));
    }
    if (fstat(writer->fd, &about) < 0) {
        return errinfo_set(reterr, -errno, "%s: %s", writer->path, strerror(errno));
    }
    writer->whole_bytes = about.st_size;
    return 0;
}

static int open_writer(int (*open_it)(struct archive_writer *writer, const char *folder,
                                      struct errinfo *reterr),
                       const char *folder, struct archive_writer **ret, struct errinfo *reterr)
{
    struct archive_writer *writer = calloc(1, sizeof *writer);
    int r = 0;

    if (writer != NULL) {
        writer->fd = -1;
        writer->path = file_join(folder, ARCHIVE_JOURNAL_NAME);
    }
    if (writer == NULL || writer->path == NULL) {
        r = errinfo_nomem(reterr);
    } else {
        r = open_it(writer, folder, reterr);
    }
    if (r < 0) {
        (void)archive_writer_close(writer, NULL);
        return r;
    }
    *ret = writer;
    return 0;
}

int archive_writer_new(const char *folder, struct archive_writer **ret, struct errinfo *reterr)
{
    return open_writer(open_journal, folder, ret, reterr);
}

int archive_writer_reopen(const char *folder, struct archive_writer **ret, struct errinfo *reterr)
{
    return open_writer(reopen_journal, folder, ret, reterr);
}

static int write_whole(struct archive_writer *writer, const uint8_t *bytes, size_t bytes_count,
                       struct errinfo *reterr)
{
    size_t done = 0;

    while (done < bytes_count) {
        ssize_t written = write(writer->fd, bytes + done, bytes_count - done);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            int code = written < 0 ? errno : EIO;

            /* A reader passes over half a document at the end, but the next one would follow it. */
            if (done > 0 && ftruncate(writer->fd, writer->whole_bytes) < 0) {
                return errinfo_set(reterr, -code,
                                   "%s: %s, and it could not be cut after its last "
                                   "whole document: %s",
                                   writer->path, strerror(code), strerror(errno));
            }
            return errinfo_set(reterr, -code, "%s: %s", writer->path, strerror(code));
        }
        done += (size_t)written;
    }
    writer->whole_bytes += (off_t)bytes_count;
    return 0;
}

int archive_append_document(struct archive_writer *writer, const uint8_t *document,
                            uint32_t document_bytes, struct errinfo *reterr)
{
    return write_whole(writer, document, document_bytes, reterr);
}

int archive_encode(const struct journal_entry *entry, uint8_t **ret, uint32_t *ret_bytes,
                   struct errinfo *reterr)
{
    struct journal_entry borrowed = *entry; /* A writing coder changes nothing. */
    struct fields *fields = NULL;
    uint8_t *document;
    uint32_t document_bytes = 0;
    int r = fields_write_new(&fields, reterr);

    if (r < 0) {
        return r;
    }
    code_entry(fields, &borrowed);
    r = fields_failure(fields);
    document = r == 0 ? fields_take(fields, &document_bytes) : NULL;
    fields_free(fields);
    if (document_bytes > DOCUMENT_BYTES_MAX) {
        r = errinfo_set(reterr, -EMSGSIZE, "an entry of %u bytes is longer than BSON's %d",
                        document_bytes, DOCUMENT_BYTES_MAX);
    }
    if (r < 0) {
        free(document);
        return r;
    }
    *ret = document;
    *ret_bytes = document_bytes;
    return 0;
}

int archive_append(struct archive_writer *writer, const struct journal_entry *entry,
                   struct errinfo *reterr)
{
    uint8_t *document = NULL;
    uint32_t document_bytes = 0;
    int r = archive_encode(entry, &document, &document_bytes, reterr);

    if (r < 0) {
        return errinfo_prefix(reterr, r, "%s", writer->path);
    }
    r = archive_append_document(writer, document, document_bytes, reterr);
    free(document);
    return r;
}

/* What is written into a file without a name can be read by nobody, and no write ever fails. It
 * can't be given its name back either: linkat() refuses a file whose last name is gone. */
static int check_is_there(const struct archive_writer *writer, struct errinfo *reterr)
{
    struct stat own;
    struct stat named;

    if (fstat(writer->fd, &own) < 0) {
        return errinfo_set(reterr, -errno, "%s: %s", writer->path, strerror(errno));
    }
    if (stat(writer->path, &named) < 0 || named.st_dev != own.st_dev ||
        named.st_ino != own.st_ino) {
        return errinfo_set(reterr, -ESTALE,
                           "%s: the journal was deleted or moved away while it was written; what "
                           "comes after that would be lost",
                           writer->path);
    }
    return 0;
}

int archive_sync(struct archive_writer *writer, struct errinfo *reterr)
{
    if (fdatasync(writer->fd) < 0) {
        return errinfo_set(reterr, -errno, "%s: %s", writer->path, strerror(errno));
    }
    return check_is_there(writer, reterr);
}

int archive_writer_close(struct archive_writer *writer, struct errinfo *reterr)
{
    int r = 0;

    if (writer == NULL) {
        return 0;
    }
    if (writer->fd >= 0) {
        r = archive_sync(writer, reterr);
        if (close(writer->fd) < 0 && r == 0) {
            r = errinfo_set(reterr, -errno, "%s: %s", writer->path, strerror(errno));
        }
    }
    free(writer->path);
    free(writer);
    return r;
}
