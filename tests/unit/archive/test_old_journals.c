/*
 * Journals that earlier builds wrote, kept as they were: a user's runs outlive the build that made
 * them. What a journal lacks has a value that says so. journals/first-*: made-up trials, from
 * before there were times of ranges, clock bounds of phases and signs of brokers.
 */
#include "check.h"

#include "archive.h"
#include "file.h"

#include <stdlib.h>

/* What of a journal is to be looked at. */
struct found {
    uint32_t entries;
    uint32_t ranges;
    uint32_t timed_ranges;
    uint32_t objectives;
    uint32_t steps;
    uint32_t lower_bounds;
};

static void look_at(const struct journal_entry *entry, struct found *found)
{
    found->entries++;
    for (uint32_t i = 0; entry->kind == ENTRY_SNAPSHOT && i < entry->as.snapshot->ranges_count;
         i++) {
        found->ranges++;
        found->timed_ranges += entry->as.snapshot->ranges[i].intended_ns != RANGE_TIME_UNKNOWN;
    }
    for (uint32_t i = 0; entry->kind == ENTRY_CLOSE && i < entry->as.close.objectives_count; i++) {
        found->objectives++;
        found->lower_bounds += entry->as.close.objectives[i].at_least;
    }
    if (entry->kind == ENTRY_SEARCH) {
        found->steps++;
        found->lower_bounds += entry->as.search.step.at_least.e2e_p99;
    }
}

static struct found read_journal(const char *name)
{
    struct archive_reader *reader = NULL;
    struct journal_entry entry;
    struct found found = {0};
    struct errinfo error = {""};
    char *folder = file_join(JOURNALS, name);
    int r = archive_reader_new(folder, &reader, &error);

    while (r >= 0 && (r = archive_next(reader, &entry, &error)) == 1) {
        look_at(&entry, &found);
        journal_entry_done(&entry);
    }
    if (r < 0) {
        fail_msg("%s: %s", name, error.text);
    }
    assert_false(archive_reader_was_cut(reader));
    assert_true(found.entries > 5 && found.ranges > 0);
    assert_int_equal(found.timed_ranges, 0);
    assert_int_equal(found.lower_bounds, 0);
    archive_reader_free(reader);
    free(folder);
    return found;
}

static void journals_of_before_are_read(void **state)
{
    (void)state;
    (void)read_journal("first-faults");
    assert_true(read_journal("first-judged").objectives > 0);
    assert_true(read_journal("first-searched").steps > 0);
}

/* journals/with-curves: of when each phase had its curve's points. How many there are is what a
 * report needs: where a rate changes it is not held against one of the whole phase. */
static void curves_of_before_are_known_by_their_length(void **state)
{
    static const uint32_t lengths[] = {2, 3, 0, 0};
    struct archive_reader *reader = NULL;
    struct journal_entry entry;
    struct errinfo error = {""};
    uint32_t phases = 0;
    char *folder = file_join(JOURNALS, "with-curves");
    int r = archive_reader_new(folder, &reader, &error);

    (void)state;
    while (r >= 0 && (r = archive_next(reader, &entry, &error)) == 1) {
        for (uint32_t i = 0; entry.kind == ENTRY_TRIAL && i < entry.as.trial.phases_count; i++) {
            assert_int_equal(entry.as.trial.phases[i].curve_count, lengths[i]);
            phases++;
        }
        journal_entry_done(&entry);
    }
    assert_string_equal(error.text, "");
    assert_int_equal(phases, 4);
    archive_reader_free(reader);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journals_of_before_are_read),
        cmocka_unit_test(curves_of_before_are_known_by_their_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
