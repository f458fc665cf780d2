/* journal_fixture: a folder of its own for a test's journal, and the journal's bytes. */
#ifndef MILLRACE_JOURNAL_FIXTURE_H
#define MILLRACE_JOURNAL_FIXTURE_H

#include "archive.h"

/* A new folder; its path, for fixture_remove(). */
char *fixture_folder(void);

/* Removes the journal, so that the folder can take another; or the folder with it, and frees its
 * path. */
void fixture_empty(const char *folder);
void fixture_remove(char *folder);

/* The journal's bytes; the caller frees. */
char *fixture_read(const char *folder, size_t *ret_bytes);

/* Writes them in place of whatever is there. */
void fixture_write(const char *folder, const void *bytes, size_t bytes_count);

/* Reads to the end; what the last archive_next() returned. */
int fixture_count(const char *folder, uint32_t *ret_entries, bool *ret_was_cut,
                  struct errinfo *reterr);

#endif
