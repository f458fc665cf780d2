/* Journals of any bytes: read and folded as `report` does it, and told as JSON. */
#include "archive.h"
#include "file.h"
#include "fold.h"
#include "fuzz_target.h"
#include "invariant.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[TEMP_BYTES];
static char *journal;

static void remove_folder(void)
{
    (void)unlink(journal);
    (void)rmdir(folder);
    free(journal);
}

/* The reader takes a folder, so every input becomes a file in the same place. */
static void put(const uint8_t *bytes, size_t bytes_count)
{
    FILE *file;

    if (journal == NULL) {
        ASSERT(mkdtemp(temp_name(folder, "fuzz-archive")) != NULL);
        journal = file_join(folder, ARCHIVE_JOURNAL_NAME);
        ASSERT(journal != NULL);
        ASSERT(atexit(remove_folder) == 0);
    }
    file = fopen(journal, "wb");
    ASSERT(file != NULL);
    ASSERT(fwrite(bytes, 1, bytes_count, file) == bytes_count);
    ASSERT(fclose(file) == 0);
}

static void tell(const struct fold *fold)
{
    struct result *result = NULL;
    struct text intervals = {0};
    char *json = NULL;

    ASSERT(fold_result(fold, &result, NULL) == 0);
    ASSERT(archive_result_json(result, &json, NULL) == 0);
    ASSERT(archive_intervals_jsonl(result, &intervals, NULL) == 0);
    free(json);
    text_done(&intervals);
    result_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count)
{
    struct archive_reader *reader = NULL;
    struct fold *fold = NULL;
    struct journal_entry entry;
    struct errinfo error = {""};
    int r;

    put(bytes, bytes_count);
    ASSERT(archive_reader_new(folder, &reader, NULL) == 0);
    ASSERT(fold_new(&fold, NULL) == 0);
    while ((r = archive_next(reader, &entry, &error)) == 1) {
        int folded = fold_add(fold, &entry, &error);

        ASSERT(folded == 0 || folded == -EBADMSG);
        journal_entry_done(&entry);
    }
    ASSERT(r == 0 || (r == -EBADMSG && error.text[0] != '\0'));
    tell(fold);
    fold_free(fold);
    archive_reader_free(reader);
    return 0;
}
