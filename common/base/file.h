/*
 * file: whole files and folders, with errors that name the path. Blocks on the disk; no threads of
 * its own.
 */
#ifndef MILLRACE_FILE_H
#define MILLRACE_FILE_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads at most bytes_max; larger files are -EFBIG. The text is NUL-terminated beyond *ret_bytes;
 * the caller frees. */
int file_read_all(const char *path, size_t bytes_max, char **ret, size_t *ret_bytes,
                  struct errinfo *reterr);

/* Writes a new file beside the old one and renames it over: a reader sees the old or the new, never
 * half. */
int file_write_all(const char *path, const void *bytes, size_t bytes_count, struct errinfo *reterr);

/* mkdir -p. */
int file_mkdirs(const char *path, struct errinfo *reterr);

bool file_exists(const char *path);

/* "folder/name", newly allocated; NULL if memory ran out. */
char *file_join(const char *folder, const char *name);

/* Reads the first line of a small file such as /proc/sys/kernel/osrelease into line; "" if it can't
 * be read. */
void file_first_line(const char *path, char *line, size_t line_bytes);

#endif
