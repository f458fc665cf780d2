/* archive_writer_inner: what a writer of a journal knows. Private to this module. */
#ifndef MILLRACE_ARCHIVE_WRITER_INNER_H
#define MILLRACE_ARCHIVE_WRITER_INNER_H

#include <sys/types.h>

struct archive_writer {
    int fd;
    char *path;
    off_t whole_bytes; /* Length of the documents that are whole. */
};

#endif
