#include "archive.h"
#include "entry_codes_inner.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 4 /* A document begins with its length, little endian. */
#define DOCUMENT_BYTES_MIN 5

struct archive_reader {
    int fd;
    char *path;
    uint64_t at; /* Where the next document begins. */
    uint8_t *document;
    size_t capacity;
    bool was_cut;
    struct lacks lacks;
    bool has_limits;
    struct snapshot_limits limits;
};

int archive_reader_new(const char *folder, struct archive_reader **ret, struct errinfo *reterr)
{
    struct archive_reader *reader = calloc(1, sizeof *reader);
    int r = 0;

    if (reader != NULL) {
        reader->fd = -1;
        reader->path = file_join(folder, ARCHIVE_JOURNAL_NAME);
    }
    if (reader == NULL || reader->path == NULL) {
        r = errinfo_nomem(reterr);
    } else {
        reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC);
        if (reader->fd < 0) {
            r = errinfo_set(reterr, -errno, "%s: %s", reader->path, strerror(errno));
        }
    }
    if (r < 0) {
        archive_reader_free(reader);
        return r;
    }
    *ret = reader;
    return 0;
}

void archive_reader_free(struct archive_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    free(reader->path);
    free(reader->document);
    free(reader);
}

uint64_t archive_reader_bytes(const struct archive_reader *reader)
{
    return reader->at;
}

bool archive_reader_was_cut(const struct archive_reader *reader)
{
    return reader->was_cut;
}

void archive_reader_lacks(const struct archive_reader *reader, struct text *out)
{
    for (uint32_t i = 0; i < reader->lacks.count; i++) {
        text_addf(out, "%s%s.%s", i == 0 ? "" : ", ", reader->lacks.of[i].record->name,
                  reader->lacks.of[i].field->name);
    }
}

/* As many of the bytes as the file has. */
static int read_some(struct archive_reader *reader, uint8_t *bytes, size_t bytes_count,
                     size_t *ret_count, struct errinfo *reterr)
{
    size_t done = 0;

    while (done < bytes_count) {
        ssize_t got =
            pread(reader->fd, bytes + done, bytes_count - done, (off_t)(reader->at + done));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errinfo_set(reterr, -errno, "%s: %s", reader->path, strerror(errno));
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *ret_count = done;
    return 0;
}

/* Room grows with what the file has, not with what the document claims. */
static int reserve(struct archive_reader *reader, size_t bytes_count, struct errinfo *reterr)
{
    if (bytes_count > reader->capacity) {
        uint8_t *grown = realloc(reader->document, bytes_count);

        if (grown == NULL) {
            return errinfo_nomem(reterr);
        }
        reader->document = grown;
        reader->capacity = bytes_count;
    }
    return 0;
}

/* After a crash of the machine a file can end in zeros that nobody wrote. */
static int rest_is_zeros(struct archive_reader *reader, bool *ret, struct errinfo *reterr)
{
    uint8_t bytes[4096];
    size_t count = 0;
    uint64_t began = reader->at;
    int r;

    *ret = true;
    while ((r = read_some(reader, bytes, sizeof bytes, &count, reterr)) == 0 && count > 0 && *ret) {
        for (size_t i = 0; i < count; i++) {
            *ret = *ret && bytes[i] == 0;
        }
        reader->at += count;
    }
    reader->at = began;
    return r;
}

/* 1 with the document in the reader, 0 at the end. */
static int next_document(struct archive_reader *reader, uint32_t *ret_bytes, struct errinfo *reterr)
{
    uint8_t head[HEAD_BYTES];
    struct stat status;
    size_t got = 0;
    uint32_t length;
    bool zeros;
    int r = read_some(reader, head, sizeof head, &got, reterr);

    if (r < 0 || got == 0) {
        return r;
    }
    if (got < sizeof head) {
        reader->was_cut = true;
        return 0;
    }
    length = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
             (uint32_t)head[3] << 24;
    if (length == 0) {
        r = rest_is_zeros(reader, &zeros, reterr);
        if (r < 0) {
            return r;
        }
        if (zeros) {
            reader->was_cut = true;
            return 0;
        }
    }
    if (length < DOCUMENT_BYTES_MIN || length > DOCUMENT_BYTES_MAX) {
        return errinfo_set(reterr, -EBADMSG, "a document of %u bytes can't be", length);
    }
    if (fstat(reader->fd, &status) < 0) {
        return errinfo_set(reterr, -errno, "%s", strerror(errno));
    }
    if ((uint64_t)status.st_size < reader->at + length) {
        reader->was_cut = true;
        return 0;
    }
    r = reserve(reader, length, reterr);
    if (r == 0) {
        r = read_some(reader, reader->document, length, &got, reterr);
    }
    *ret_bytes = length;
    return r < 0 ? r : 1;
}

/* For a reader: with what it knows of the journal, which it adds to. */
static int decode(const uint8_t *document, uint32_t document_bytes, struct archive_reader *reader,
                  struct journal_entry *ret, struct errinfo *reterr)
{
    struct fields_context context = {0};
    struct journal_entry entry;
    struct fields *fields = NULL;
    int r;

    memset(&entry, 0, sizeof entry);
    if (reader != NULL) {
        context.lacks = &reader->lacks;
        context.limits = reader->has_limits ? &reader->limits : NULL;
    }
    r = fields_read_new(document, document_bytes, &context, &fields, reterr);
    if (r < 0) {
        return r;
    }
    code_entry(fields, &entry);
    r = fields_failure(fields);
    fields_free(fields);
    if (r < 0) {
        journal_entry_done(&entry);
        return r;
    }
    *ret = entry;
    return 0;
}

int archive_decode(const uint8_t *document, uint32_t document_bytes, struct journal_entry *ret,
                   struct errinfo *reterr)
{
    return decode(document, document_bytes, NULL, ret, reterr);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void archive_reader_allow(struct archive_reader *reader, const struct snapshot_limits *limits)
{
    reader->has_limits = true;
    reader->limits.streams = larger(reader->limits.streams, limits->streams);
    reader->limits.ranges = larger(reader->limits.ranges, limits->ranges);
    reader->limits.readings = larger(reader->limits.readings, limits->readings);
}

int archive_next(struct archive_reader *reader, struct journal_entry *ret, struct errinfo *reterr)
{
    uint32_t length = 0;
    int r = next_document(reader, &length, reterr);

    if (r == 1) {
        int decoded = decode(reader->document, length, reader, ret, reterr);

        r = decoded < 0 ? decoded : 1;
    }
    if (r < 0) {
        return errinfo_prefix(reterr, r, "%s, at byte %llu", reader->path,
                              (unsigned long long)reader->at);
    }
    reader->at += r == 1 ? length : 0;
    return r;
}
