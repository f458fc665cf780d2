/* A journal that is taken over to go on with it, and what is taken out of it before. */
#include "check.h"

#include "archive.h"
#include "entry_samples.h"
#include "journal_fixture.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES 6

static struct archive_writer *reopen(const char *folder)
{
    struct archive_writer *writer = NULL;
    struct errinfo error = {""};

    if (archive_writer_reopen(folder, &writer, &error) < 0) {
        fail_msg("%s", error.text);
    }
    return writer;
}

static void append(struct archive_writer *writer, enum entry_kind kind)
{
    struct journal_entry entry;
    struct random random;

    random_seed(&random, kind);
    sample_entry(&random, kind, &entry);
    assert_int_equal(archive_append(writer, &entry, NULL), 0);
    journal_entry_done(&entry);
}

/* A journal of some entries, and where they end. */
static void write_entries(const char *folder, uint64_t ends[ENTRIES])
{
    struct archive_writer *writer = NULL;

    assert_int_equal(archive_writer_new(folder, &writer, NULL), 0);
    for (int i = 0; i < ENTRIES; i++) {
        size_t bytes = 0;

        append(writer, (enum entry_kind)i);
        free(fixture_read(folder, &bytes));
        ends[i] = bytes;
    }
    assert_int_equal(archive_writer_close(writer, NULL), 0);
}

static char *read_cut(const char *folder, int number, size_t *ret_bytes)
{
    char path[PATH_MAX];
    char *bytes = malloc(1 << 24);
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/run.cut-%d.bson", folder, number);
    file = fopen(path, "rbe");
    assert_non_null(file);
    assert_non_null(bytes);
    *ret_bytes = fread(bytes, 1, 1 << 24, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(unlink(path), 0);
    return bytes;
}

static void a_reader_tells_where_an_entry_ends(void **state)
{
    char *folder = fixture_folder();
    struct archive_reader *reader = NULL;
    struct journal_entry entry;
    uint64_t ends[ENTRIES];

    (void)state;
    write_entries(folder, ends);
    assert_int_equal(archive_reader_new(folder, &reader, NULL), 0);
    for (int i = 0; i < ENTRIES; i++) {
        assert_int_equal(archive_next(reader, &entry, NULL), 1);
        journal_entry_done(&entry);
        assert_int_equal(archive_reader_bytes(reader), ends[i]);
    }
    archive_reader_free(reader);
    fixture_remove(folder);
}

static void what_is_cut_stands_beside_the_journal_which_goes_on(void **state)
{
    char *folder = fixture_folder();
    struct archive_writer *writer;
    uint64_t ends[ENTRIES];
    uint32_t entries = 0;
    bool was_cut = true;
    size_t cut_bytes = 0;
    size_t bytes = 0;
    char *before;
    char *cut;

    (void)state;
    write_entries(folder, ends);
    before = fixture_read(folder, &bytes);
    writer = reopen(folder);
    assert_int_equal(archive_writer_cut(writer, ends[2], NULL), 0);
    append(writer, ENTRY_RESUMED);
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    cut = read_cut(folder, 1, &cut_bytes);
    assert_int_equal(cut_bytes, bytes - ends[2]);
    assert_memory_equal(cut, before + ends[2], cut_bytes);
    assert_int_equal(fixture_count(folder, &entries, &was_cut, NULL), 0);
    assert_int_equal(entries, 4);
    assert_false(was_cut);
    free(cut);
    free(before);
    fixture_remove(folder);
}

static void a_half_entry_is_cut_and_one_file_does_not_replace_another(void **state)
{
    char *folder = fixture_folder();
    struct archive_writer *writer;
    uint64_t ends[ENTRIES];
    uint32_t entries = 0;
    bool was_cut = true;
    size_t bytes = 0;
    char *journal;

    (void)state;
    write_entries(folder, ends);
    journal = fixture_read(folder, &bytes);
    fixture_write(folder, journal, bytes - 1);
    writer = reopen(folder);
    assert_int_equal(archive_writer_cut(writer, ends[ENTRIES - 2], NULL), 0);
    assert_int_equal(archive_writer_cut(writer, ends[ENTRIES - 2], NULL), 0); /* Nothing is left. */
    assert_int_equal(archive_writer_cut(writer, ends[ENTRIES - 3], NULL), 0);
    append(writer, ENTRY_RESUMED);
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    free(read_cut(folder, 1, &bytes));
    assert_int_equal(bytes, ends[ENTRIES - 1] - ends[ENTRIES - 2] - 1);
    free(read_cut(folder, 2, &bytes));
    assert_int_equal(bytes, ends[ENTRIES - 2] - ends[ENTRIES - 3]);
    assert_int_equal(fixture_count(folder, &entries, &was_cut, NULL), 0);
    assert_int_equal(entries, ENTRIES - 1);
    assert_false(was_cut);
    free(journal);
    fixture_remove(folder);
}

static void a_journal_is_taken_over_by_one_writer_and_only_if_it_is_there(void **state)
{
    char *folder = fixture_folder();
    struct archive_writer *writer = NULL;
    struct archive_writer *second = NULL;
    struct errinfo error = {""};
    uint64_t ends[ENTRIES];

    (void)state;
    assert_int_equal(archive_writer_reopen(folder, &writer, &error), -ENOENT);
    write_entries(folder, ends);
    writer = reopen(folder);
    assert_int_equal(archive_writer_reopen(folder, &second, &error), -EBUSY);
    assert_non_null(strstr(error.text, "the run still goes on"));
    assert_int_equal(archive_writer_new(folder, &second, &error), -EEXIST);
    assert_non_null(strstr(error.text, "another run is writing into this folder now"));
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_tells_where_an_entry_ends),
        cmocka_unit_test(what_is_cut_stands_beside_the_journal_which_goes_on),
        cmocka_unit_test(a_half_entry_is_cut_and_one_file_does_not_replace_another),
        cmocka_unit_test(a_journal_is_taken_over_by_one_writer_and_only_if_it_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
