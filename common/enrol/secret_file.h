/*
 * secret_file: reads and writes files that only their owner may read: keys, tokens, join files, the
 * coordinator's store of hosts. Refuses one that group or others can read, as whoever read it
 * already can come in. Leaves no copy in memory but the one it returns. Blocks on the disk, or on
 * stdin.
 */
#ifndef MILLRACE_SECRET_FILE_H
#define MILLRACE_SECRET_FILE_H

#include "errinfo.h"

#include <stddef.h>

#define SECRET_FILE_BYTES_MAX ((size_t)64 * 1024)

/*
 * All of a file, "-": of stdin, with a NUL beyond *ret_bytes. 0, or -EPERM: others can read it;
 * -EFBIG: larger than SECRET_FILE_BYTES_MAX; -ENODATA: empty; what open(2) and read(2) fail with;
 * -ENOMEM. Each sentence names the path. Pipes have no permissions to look at; what systemd keeps
 * in $CREDENTIALS_DIRECTORY is its business. On success the caller owns *ret, for
 * secret_file_free().
 */
int secret_file_read(const char *path, char **ret, size_t *ret_bytes, struct errinfo *reterr);

/* The first line of stdin, likewise, and nothing beyond it: what comes later is for others. Blocks
 * until its end comes. */
int secret_file_read_line(char **ret, size_t *ret_bytes, struct errinfo *reterr);

/*
 * Writes a file that only its owner can read: whole, and on the disk, or not at all; over one that
 * is there. First as PATH.part, so one process at a time. 0, or what open(2), write(2), fsync(2)
 * and rename(2) fail with.
 */
int secret_file_write(const char *path, const void *bytes, size_t bytes_count,
                      struct errinfo *reterr);

/* Likewise in two steps, for two files that belong together: PATH.part is written, and then comes
 * to its place, or is taken away. */
int secret_file_write_part(const char *path, const void *bytes, size_t bytes_count,
                           struct errinfo *reterr);
int secret_file_publish(const char *path, struct errinfo *reterr);
void secret_file_discard(const char *path);

/* Removes it for good: it does not come back with the power. 0, or what unlink(2) fails with. */
int secret_file_remove(const char *path, struct errinfo *reterr);

/* Wipes and frees; NULL is allowed. */
void secret_file_free(char *bytes, size_t bytes_count);

#endif
