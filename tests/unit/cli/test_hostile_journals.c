/*
 * Journals with numbers that nobody measured: 2^21 and 2^56, or the most that the type holds, in
 * every place of every entry that has a number; histograms of 2^21 buckets and of 2^56 samples.
 * Reports are made of them, or refused, within 1 s of CPU and 50 MiB more than of the journal as it
 * was.
 */
#include "check.h"

#include "archive.h"
#include "child_cost.h"
#include "cli.h"
#include "cli_fixture.h"
#include "hostile.h"
#include "made_journal.h"
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct made_options options = {.agents_count = 1,
                                            .flows_count = 1,
                                            .topics_count = 1,
                                            .partitions = 1,
                                            .producers_count = 1,
                                            .subscriptions_count = 1,
                                            .consumers_count = 1,
                                            .phases_count = 2,
                                            .messages = 5,
                                            .agent_lost = UINT32_MAX,
                                            .latency_ns_max = 1000000,
                                            .seed = 3};

struct bench {
    char folder[64];
    struct made_trial *made;
};

struct writing {
    struct archive_writer *writer;
    enum entry_kind kind; /* Of the entry that is changed, the first one. */
    uint32_t number;      /* Which of its numbers. */
    bool found;
    bool written; /* The writer has not refused it itself. */
    char place[HOSTILE_PLACE_BYTES];
};

static void write_changed(void *context, const struct journal_entry *entry)
{
    struct writing *writing = context;
    struct journal_entry changed = *entry;
    struct hostile hostile;
    uint32_t number = 0;

    if (entry->kind != writing->kind || writing->found) {
        (void)archive_append(writing->writer, entry, NULL);
        return;
    }
    hostile_begin(&hostile, entry_record(entry->kind), entry_held(&changed));
    while (hostile_next(&hostile)) {
        if (number++ == writing->number) {
            writing->found = true;
            writing->written = archive_append(writing->writer, &changed, NULL) == 0;
            memcpy(writing->place, hostile.place, sizeof writing->place);
        }
    }
}

/* Writes a journal of which the entry's number was changed. */
static void write_journal(const struct bench *bench, struct writing *ret)
{
    const struct made_journal journal = {.trials = &bench->made,
                                         .trials_count = 1,
                                         .judged = true,
                                         .searched = true,
                                         .calibrated = true};

    assert_int_equal(archive_writer_new(bench->folder, &ret->writer, NULL), 0);
    made_journal_each(&journal, write_changed, ret);
    assert_int_equal(archive_writer_close(ret->writer, NULL), 0);
}

struct reporting {
    const char *folder;
    bool as_it_was; /* Then it is not refused. */
};

static void report(void *context)
{
    static struct cli_outcome outcome;
    const struct reporting *reporting = context;

    /* Whatever it says of it: what ends by a signal, or by an ASSERT, has ended the child. */
    CALL(command_report, &outcome, "report", reporting->folder);
    assert_true(!reporting->as_it_was || outcome.code != 2);
}

/* Of ENTRY_COUNT: of the journal as it was. False: the entry has no such number. */
static bool cost_of(const struct bench *bench, enum entry_kind kind, uint32_t number,
                    struct child_cost *ret, struct writing *ret_writing)
{
    struct reporting reporting = {.folder = bench->folder, .as_it_was = kind == ENTRY_COUNT};
    char journal[128];

    (void)snprintf(journal, sizeof journal, "%s/run.bson", bench->folder);
    *ret_writing = (struct writing){.kind = kind, .number = number};
    write_journal(bench, ret_writing);
    *ret = (struct child_cost){0};
    if (ret_writing->written || reporting.as_it_was) {
        child_cost_of(report, &reporting, ret);
    }
    assert_int_equal(unlink(journal), 0);
    return ret_writing->found;
}

static void bench_new(struct bench *bench)
{
    strcpy(bench->folder, "/dev/shm/millrace-test-hostile-XXXXXX"); /* A disk takes longer. */
    if (mkdtemp(temp_name(bench->folder, "hostile")) == NULL) {
        assert_non_null(mkdtemp(temp_name(bench->folder, "hostile")));
    }
    bench->made = made_trial_new(&options);
}

static void bench_done(struct bench *bench)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    assert_int_equal(system(command), 0);
    made_trial_free(bench->made);
}

static void no_number_takes_more_than_a_second_or_50_mib(void **state)
{
    struct bench bench;
    struct child_cost as_it_was;
    struct child_cost most = {0};
    struct writing writing;
    uint32_t written = 0;

    (void)state;
    bench_new(&bench);
    assert_false(cost_of(&bench, ENTRY_COUNT, 0, &as_it_was, &writing));
    for (int kind = 0; kind < ENTRY_COUNT; kind++) {
        struct child_cost cost;

        for (uint32_t i = 0; cost_of(&bench, (enum entry_kind)kind, i, &cost, &writing); i++) {
            written += writing.written ? 1 : 0;
            if (!child_cost_is_small(&cost)) {
                fail_msg("%s: %.3f s, %lld KiB more", writing.place, (double)cost.cpu_ns / 1e9,
                         (long long)cost.more_kib);
            }
            most.cpu_ns = cost.cpu_ns > most.cpu_ns ? cost.cpu_ns : most.cpu_ns;
            most.more_kib = cost.more_kib > most.more_kib ? cost.more_kib : most.more_kib;
        }
    }
    bench_done(&bench);
    assert_true(written > 100);
    print_message(
        "%u journals: at most %.3f s of CPU, %lld KiB more (as it was %.3f s, %lld KiB more)\n",
        written, (double)most.cpu_ns / 1e9, (long long)most.more_kib,
        (double)as_it_was.cpu_ns / 1e9, (long long)as_it_was.more_kib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_number_takes_more_than_a_second_or_50_mib),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
