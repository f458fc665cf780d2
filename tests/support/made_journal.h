/* made_journal: the journal of a run of made-up trials, entry by entry, as `run` would make it. */
#ifndef MILLRACE_TEST_MADE_JOURNAL_H
#define MILLRACE_TEST_MADE_JOURNAL_H

#include "made_trial.h"

struct made_journal {
    struct made_trial *const *trials; /* All of one case, with the same options but the seed. */
    uint32_t trials_count;
    bool cut_off;      /* Ends before the last trial's end. */
    bool searched;     /* Each trial is a step of a search. */
    bool calibrated;   /* The generator's ceiling was measured before the first trial. */
    bool resumed;      /* After each trial but the last one. */
    bool judged;       /* Each trial has a mark of each kind, and the end a finding of each. */
    bool twice;        /* Every snapshot comes twice, as after a lost answer. */
    uint32_t cut_last; /* With cut_off: so many of the last snapshots are missing too. */
};

/* Hands each entry to take(), which borrows it. */
void made_journal_each(const struct made_journal *journal,
                       void (*take)(void *context, const struct journal_entry *entry),
                       void *context);

#endif
