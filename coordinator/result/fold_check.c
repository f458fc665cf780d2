/* fold_check: whether an entry can be folded at all. Journals come from disk: whatever the fold
 * relies on is looked at here, once. */
#include "fold_trial_inner.h"

#include <errno.h>

/* Offsets from T0 beyond this are damage; below it, sums of a few can't overflow. */
#define TIME_NS_MAX (INT64_MAX / 8)

int fold_check_time(int64_t at_ns, const char *what, struct errinfo *reterr)
{
    return at_ns < -TIME_NS_MAX || at_ns > TIME_NS_MAX
               ? errinfo_set(reterr, -EBADMSG, "%s at an impossible time", what)
               : 0;
}

int fold_check_unix_time(int64_t at_unix_ns, const char *what, struct errinfo *reterr)
{
    return at_unix_ns < 0 || at_unix_ns > INT64_MAX / 2
               ? errinfo_set(reterr, -EBADMSG, "%s at an impossible time", what)
               : 0;
}

/* The tables as one assignment that has all clients: what agents check before they run it. */
static int check_tables(const struct entry_trial *entry, struct errinfo *reterr)
{
    static char nobody[] = "";
    const struct assignment assignment = {.run_id = "run",
                                          .workers_count = WORKERS_MAX,
                                          .target = {.label = nobody, .backend = nobody},
                                          .flows = entry->flows,
                                          .flows_count = entry->flows_count,
                                          .topics = entry->topics,
                                          .topics_count = entry->topics_count,
                                          .phases = entry->phases,
                                          .phases_count = entry->phases_count,
                                          .producers = entry->producers,
                                          .producers_count = entry->producers_count,
                                          .consumers = entry->consumers,
                                          .consumers_count = entry->consumers_count};

    return assignment_check_tables(&assignment, reterr);
}

static int check_clients(const struct entry_trial *entry, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < entry->producers_count; i++) {
        if (entry->producer_agents[i] >= entry->agents_count ||
            entry->producers[i].client >= entry->producers_count + entry->consumers_count) {
            return errinfo_set(reterr, -EBADMSG, "producer %u is not of this trial", i);
        }
    }
    for (uint32_t i = 0; i < entry->consumers_count; i++) {
        if (entry->consumer_agents[i] >= entry->agents_count ||
            entry->consumers[i].client >= entry->producers_count + entry->consumers_count) {
            return errinfo_set(reterr, -EBADMSG, "consumer %u is not of this trial", i);
        }
    }
    return 0;
}

int fold_check_trial(const struct entry_trial *entry, struct errinfo *reterr)
{
    int r = fold_check_unix_time(entry->started_unix_ns, "its start", reterr);

    if (r == 0) {
        r = check_tables(entry, reterr);
    }
    if (r == 0) {
        r = check_clients(entry, reterr);
    }
    return r < 0 ? errinfo_prefix(reterr, r, "trial %u", entry->number) : 0;
}
