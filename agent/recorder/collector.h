/*
 * collector: makes an agent's snapshots from its workers' recorders, and the sets of what it has
 * seen.
 *
 * Runs in one thread beside the workers; may allocate. collector_drain() often (each 20 ms: the
 * rings are bounded), collector_snapshots() when an interval is over.
 */
#ifndef MILLRACE_COLLECTOR_H
#define MILLRACE_COLLECTOR_H

#include "recorder.h"

struct collector;

/* Borrows assignment and recorders (workers_count of them) until free. 0 or -ENOMEM. */
int collector_new(const struct assignment *assignment, struct recorder *const *recorders,
                  uint32_t recorders_count, struct collector **ret, struct errinfo *reterr);
void collector_free(struct collector *collector);

/* Takes the runs that wait in the rings and the halves that were handed over (one of each worker,
 * and none of a later interval than the collector's). 0 or -ENOMEM. */
int collector_drain(struct collector *collector, struct errinfo *reterr);

/* Has every worker handed over the collector's current interval? */
bool collector_interval_ready(const struct collector *collector);

/* Have all workers settled since that offset from T0, and is there something of theirs that was not
 * handed in yet? Then collector_settled() makes parts of it, of the interval that goes on; they say
 * that they are settled, and have no health. As collector_snapshots(). */
bool collector_has_settled(const struct collector *collector, int64_t since_ns);
int collector_settled(struct collector *collector, struct snapshot ***ret, uint32_t *ret_count,
                      struct errinfo *reterr);

/* Does a worker's next interval wait already, because the current one was not closed yet? */
bool collector_behind(const struct collector *collector);

/*
 * What was drained since the last call, as one or more parts of an interval in *ret (the caller
 * frees each with snapshot_free() and the array). health is copied into the first part, with the
 * workers' states added. With `final` the last part says so. Without `final` the next interval
 * begins. 0 or -ENOMEM: then what was drained is lost and the audit incomplete.
 */
int collector_snapshots(struct collector *collector, const struct health *health, bool final,
                        struct snapshot ***ret, uint32_t *ret_count, struct errinfo *reterr);

#endif
