/*
 * The corpora are of this protocol and this journal, and have one of everything. A frame of another
 * version is refused at its head, so that a corpus that was forgotten looks like a fuzz test that
 * passes. argv[1] is the folder of corpora.
 */
#include "check.h"

#include "archive.h"
#include "control_messages.h"
#include "file.h"
#include "temp.h"
#include "wire.h"
#include "wire_frames.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)1024 * 1024)
#define KINDS_MAX 64

static const char *corpora;

/* Gives each file of a corpus to take(). */
static void each(const char *corpus, void (*take)(const char *name, const char *path))
{
    char *folder = file_join(corpora, corpus);
    const struct dirent *entry;
    uint32_t files = 0;
    DIR *list;

    assert_non_null(folder);
    list = opendir(folder);
    assert_non_null(list);
    while ((entry = readdir(list)) != NULL) {
        if (entry->d_name[0] != '.') {
            char *path = file_join(folder, entry->d_name);

            assert_non_null(path);
            take(entry->d_name, path);
            free(path);
            files++;
        }
    }
    (void)closedir(list);
    free(folder);
    assert_true(files > 0);
}

static bool frames_seen[KINDS_MAX];
static bool commands_seen[COMMAND_COUNT];
static bool steps_seen[PREPARE_PRODUCERS + 1];

/* Its kind by its name: the part before the last "_". */
static size_t kind_of(const char *name)
{
    for (size_t i = 0; i < frame_kinds_count; i++) {
        size_t bytes = strlen(frame_kinds[i].name);

        if (strncmp(name, frame_kinds[i].name, bytes) == 0 && name[bytes] == '_' &&
            strchr("0123456789", name[bytes + 1]) != NULL) {
            return i;
        }
    }
    fail_msg("%s is named after no kind of frame", name);
    return 0;
}

static void take_frame(const char *name, const char *path)
{
    size_t kind = kind_of(name);
    struct errinfo error = {""};
    struct command command = {0};
    char *bytes = NULL;
    size_t bytes_count = 0;

    assert_int_equal(file_read_all(path, FILE_BYTES_MAX, &bytes, &bytes_count, NULL), 0);
    if (frame_kinds[kind].read(bytes, bytes_count, &error) < 0) {
        fail_msg("%s: %s; write the corpus anew: write_wire_corpus", name, error.text);
    }
    frames_seen[kind] = true;
    if (wire_decode_command(bytes, bytes_count, &command, NULL) == 0) {
        commands_seen[command.kind] = true;
        if (command.kind == COMMAND_PREPARE) {
            steps_seen[command.step] = true;
        }
        command_done(&command);
    }
    free(bytes);
}

static void every_kind_of_frame_and_command_is_there(void **state)
{
    (void)state;
    assert_true(frame_kinds_count <= KINDS_MAX);
    each("wire", take_frame);
    for (size_t i = 0; i < frame_kinds_count; i++) {
        if (!frames_seen[i]) {
            fail_msg("there is no frame of %s", frame_kinds[i].name);
        }
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (!commands_seen[i]) {
            fail_msg("there is no command of kind %d", i);
        }
    }
    for (int i = 0; i <= PREPARE_PRODUCERS; i++) {
        assert_true(steps_seen[i]);
    }
}

static char folder[TEMP_BYTES];
static bool entries_seen[ENTRY_COUNT];
static bool marks_seen[MARK_COUNT];
static struct findings findings_seen; /* Only how many of each, of all journals. */

static void take_entry(const struct journal_entry *entry)
{
    const struct findings *findings = &entry->as.close.findings;

    entries_seen[entry->kind] = true;
    if (entry->kind == ENTRY_MARK) {
        marks_seen[entry->as.mark.kind] = true;
    } else if (entry->kind == ENTRY_CLOSE) {
        findings_seen.checks_count += findings->checks_count;
        findings_seen.comparisons_count += findings->comparisons_count;
        findings_seen.searches_count += findings->searches_count;
        findings_seen.search_steps_count += findings->search_steps_count;
        findings_seen.insights_count += findings->insights_count;
        findings_seen.noise_count += findings->noise_count;
    }
}

/* The reader takes a folder with a journal in it. */
static void take_journal(const char *name, const char *path)
{
    char *link = file_join(folder, ARCHIVE_JOURNAL_NAME);
    struct archive_reader *reader = NULL;
    struct journal_entry entry;
    struct errinfo error = {""};
    int r;

    assert_non_null(link);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(archive_reader_new(folder, &reader, &error), 0);
    while ((r = archive_next(reader, &entry, &error)) == 1) {
        take_entry(&entry);
        journal_entry_done(&entry);
    }
    if (r < 0) {
        fail_msg("%s: %s; write the corpus anew: write_archive_corpus", name, error.text);
    }
    archive_reader_free(reader);
    assert_int_equal(unlink(link), 0);
    free(link);
}

static void every_kind_of_journal_entry_is_there(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(temp_name(folder, "corpus")));
    each("archive", take_journal);
    (void)rmdir(folder);
    for (int i = 0; i < ENTRY_COUNT; i++) {
        if (!entries_seen[i]) {
            fail_msg("there is no entry of kind %d", i);
        }
    }
    for (int i = 0; i < MARK_COUNT; i++) {
        assert_true(marks_seen[i]);
    }
    assert_true(findings_seen.checks_count > 0 && findings_seen.comparisons_count > 0);
    assert_true(findings_seen.searches_count > 0 && findings_seen.search_steps_count > 0);
    assert_true(findings_seen.insights_count > 0 && findings_seen.noise_count > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_frame_and_command_is_there),
        cmocka_unit_test(every_kind_of_journal_entry_is_there),
    };

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER_OF_CORPORA\n", argv[0]);
        return EXIT_FAILURE;
    }
    corpora = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
