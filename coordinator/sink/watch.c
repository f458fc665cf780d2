#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void watch_init(struct watch *watch, const struct objective *objectives, uint32_t objectives_count)
{
    *watch = (struct watch){.objectives = objectives, .objectives_count = objectives_count};
}

void watch_done(struct watch *watch)
{
    windows_free(watch->windows);
    free(watch->targets);
    free(watch->counts);
    memset(watch, 0, sizeof *watch);
}

static int take_cases(struct watch *watch, const struct entry_cases *cases, struct errinfo *reterr)
{
    char(*targets)[NAME_BYTES] = calloc((size_t)cases->cases_count + 1, sizeof *targets);

    if (targets == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < cases->cases_count; i++) {
        memcpy(targets[i], cases->cases[i].target, sizeof targets[i]);
    }
    free(watch->targets);
    watch->targets = targets;
    watch->cases_count = cases->cases_count;
    return 0;
}

static int begin_trial(struct watch *watch, const struct entry_trial *trial, struct errinfo *reterr)
{
    if (trial->case_index >= watch->cases_count) {
        return errinfo_set(reterr, -EINVAL, "a trial of a case that is not there");
    }
    return windows_new(watch->objectives, watch->objectives_count, trial,
                       watch->targets[trial->case_index], &watch->windows, reterr);
}

int watch_finish(struct watch *watch, struct errinfo *reterr)
{
    int r = watch->windows == NULL
                ? 0
                : windows_finish(watch->windows, &watch->counts, &watch->counts_count, reterr);

    windows_free(watch->windows);
    watch->windows = NULL;
    return r;
}

static int take(void *self, const struct journal_entry *entry, struct errinfo *reterr)
{
    struct watch *watch = self;

    switch (entry->kind) {
    case ENTRY_CASES:
        return take_cases(watch, &entry->as.cases, reterr);
    case ENTRY_TRIAL:
        return begin_trial(watch, &entry->as.trial, reterr);
    case ENTRY_SEGMENT:
        windows_segment(watch->windows, &entry->as.segment);
        return 0;
    case ENTRY_TRIAL_END:
        return watch_finish(watch, reterr);
    default:
        return 0;
    }
}

const struct sink_ops watch_sink = {.name = "watch", .take = take};

int watch_restore(struct watch *watch, const struct window_count *counts, uint32_t counts_count,
                  struct errinfo *reterr)
{
    struct window_count *grown =
        realloc(watch->counts, ((size_t)watch->counts_count + counts_count + 1) * sizeof *grown);

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    watch->counts = grown;
    if (counts_count > 0) {
        memcpy(grown + watch->counts_count, counts, counts_count * sizeof *grown);
    }
    watch->counts_count += counts_count;
    return 0;
}

int watch_snapshot(struct watch *watch, const struct snapshot *snapshot, struct errinfo *reterr)
{
    return watch->windows == NULL ? 0 : windows_snapshot(watch->windows, snapshot, reterr);
}

void watch_advance(struct watch *watch, uint32_t intervals)
{
    if (watch->windows != NULL) {
        windows_advance(watch->windows, intervals);
    }
}

bool watch_missed(const struct watch *watch, char *text)
{
    return watch->windows != NULL && windows_missed(watch->windows, text);
}
