/* Writes corpus/archive anew, for when the journal has changed: small journals of made-up trials,
 * and one with anything that the tables of entries allow. */
#include "archive.h"
#include "entry_samples.h"
#include "file.h"
#include "made_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void take(void *context, const struct journal_entry *entry)
{
    if (archive_append(context, entry, NULL) < 0) {
        (void)fprintf(stderr, "an entry can't be written\n");
        exit(EXIT_FAILURE);
    }
}

/* Journals that fold. */
static void take_made(const void *journal, struct archive_writer *writer)
{
    made_journal_each(journal, take, writer);
}

/* An entry of each kind. */
static void take_samples(const void *seed, struct archive_writer *writer)
{
    struct random random;

    random_seed(&random, *(const uint64_t *)seed);
    for (int kind = 0; kind < ENTRY_COUNT; kind++) {
        struct journal_entry entry;

        sample_entry(&random, (enum entry_kind)kind, &entry);
        take(writer, &entry);
        journal_entry_done(&entry);
    }
}

static bool write_entries(const char *folder, const char *name,
                          void (*take_all)(const void *from, struct archive_writer *writer),
                          const void *made)
{
    struct archive_writer *writer = NULL;
    struct errinfo error = {"out of memory"};
    char *from = file_join(folder, ARCHIVE_JOURNAL_NAME);
    char *to = file_join(folder, name);
    bool done = from != NULL && to != NULL && archive_writer_new(folder, &writer, &error) == 0;

    if (done) {
        take_all(made, writer);
        done = archive_writer_close(writer, &error) == 0 && rename(from, to) == 0;
    }
    if (!done) {
        (void)fprintf(stderr, "%s: %s\n", name, error.text);
    }
    free(from);
    free(to);
    return done;
}

static bool write_journal(const char *folder, const char *name, const struct made_journal *journal)
{
    return write_entries(folder, name, take_made, journal);
}

int main(int argc, char **argv)
{
    struct made_options options = {.agents_count = 1,
                                   .flows_count = 1,
                                   .topics_count = 1,
                                   .partitions = 1,
                                   .producers_count = 1,
                                   .subscriptions_count = 1,
                                   .consumers_count = 1,
                                   .phases_count = 1,
                                   .messages = 2,
                                   .agent_lost = UINT32_MAX};
    struct made_trial *trials[2] = {made_trial_new(&options), made_trial_new(&options)};
    struct made_journal journal = {.trials = trials, .trials_count = 1};
    const uint64_t seeds[] = {1, 2};
    bool done = argc == 2 && write_journal(argv[1], "whole", &journal);

    journal.trials_count = 2;
    done = done && write_journal(argv[1], "two_trials", &journal);
    journal.searched = true;
    done = done && write_journal(argv[1], "searched", &journal);
    journal.searched = false;
    journal.calibrated = true;
    done = done && write_journal(argv[1], "calibrated", &journal);
    journal.calibrated = false;
    journal.resumed = true;
    done = done && write_journal(argv[1], "resumed", &journal);
    journal.resumed = false;
    journal.judged = true;
    done = done && write_journal(argv[1], "judged", &journal);
    journal.judged = false;
    made_trial_free(trials[0]);
    options.agents_count = 3;
    options.flows_count = 2;
    options.consumers_count = 2;
    options.again = 0.5;
    options.lost = 0.3;
    options.late = 0.5;
    options.unconfirmed = 0.2;
    options.ttl_ns = INTERVAL_NS;
    options.apart = true;
    options.agent_lost = 2;
    options.lost_after = 2;
    trials[0] = made_trial_new(&options);
    journal.trials_count = 1;
    done = done && write_journal(argv[1], "faults", &journal);
    done = done && write_entries(argv[1], "sampled_1", take_samples, &seeds[0]);
    done = done && write_entries(argv[1], "sampled_2", take_samples, &seeds[1]);
    made_trial_free(trials[0]);
    made_trial_free(trials[1]);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
