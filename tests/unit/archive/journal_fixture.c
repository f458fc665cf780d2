#include "journal_fixture.h"

#include "file.h"
#include "invariant.h"
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_BYTES_MAX ((size_t)64 * 1024 * 1024)

char *fixture_folder(void)
{
    char *folder = malloc(TEMP_BYTES);

    ASSERT(folder != NULL && mkdtemp(temp_name(folder, "archive")) != NULL);
    return folder;
}

static char *journal_path(const char *folder)
{
    char *path = file_join(folder, ARCHIVE_JOURNAL_NAME);

    ASSERT(path != NULL);
    return path;
}

void fixture_empty(const char *folder)
{
    char *path = journal_path(folder);

    (void)unlink(path);
    free(path);
}

void fixture_remove(char *folder)
{
    fixture_empty(folder);
    ASSERT(rmdir(folder) == 0);
    free(folder);
}

char *fixture_read(const char *folder, size_t *ret_bytes)
{
    char *path = journal_path(folder);
    char *bytes = NULL;

    ASSERT(file_read_all(path, JOURNAL_BYTES_MAX, &bytes, ret_bytes, NULL) == 0);
    free(path);
    return bytes;
}

void fixture_write(const char *folder, const void *bytes, size_t bytes_count)
{
    char *path = journal_path(folder);
    FILE *file = fopen(path, "wb");

    ASSERT(file != NULL);
    ASSERT(fwrite(bytes, 1, bytes_count, file) == bytes_count);
    ASSERT(fclose(file) == 0);
    free(path);
}

int fixture_count(const char *folder, uint32_t *ret_entries, bool *ret_was_cut,
                  struct errinfo *reterr)
{
    struct archive_reader *reader = NULL;
    struct journal_entry entry;
    int r = archive_reader_new(folder, &reader, reterr);

    ASSERT(r == 0);
    *ret_entries = 0;
    while ((r = archive_next(reader, &entry, reterr)) == 1) {
        journal_entry_done(&entry);
        ++*ret_entries;
    }
    *ret_was_cut = archive_reader_was_cut(reader);
    archive_reader_free(reader);
    return r;
}
