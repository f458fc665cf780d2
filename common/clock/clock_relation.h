/*
 * clock_relation: how one host's monotonic clock relates to another's, from probes; see
 * tests/accuracy/README.md, "Clocks".
 *
 * Pure: receives probes, gives offset, drift and a hard bound. Never assumes symmetric paths: each
 * probe proves theta within +/- rtt/2, aged intervals are widened and intersected. Weighted least
 * squares as in chrony's sourcestats (window of 64). A disjoint interval twice in a row is a step:
 * a new epoch starts.
 */
#ifndef MILLRACE_CLOCK_RELATION_H
#define MILLRACE_CLOCK_RELATION_H

#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

/* One exchange: t1 and t4 on the probing side's clock, t2 and t3 on the answering side's (RFC
 * 5905). */
struct clock_probe {
    int64_t t1_ns;
    int64_t t2_ns;
    int64_t t3_ns;
    int64_t t4_ns;
};

struct clock_estimate {
    bool known;
    int64_t offset_ns; /* Answering side's clock minus the probing side's, at the asked time. */
    int64_t bound_ns;  /* The truth lies within offset +/- bound. */
    double drift_ppb;
    uint32_t epoch; /* Rises by one with each proven step. */
};

struct clock_relation;

int clock_relation_new(struct clock_relation **ret, struct errinfo *reterr);
void clock_relation_free(struct clock_relation *relation);

/* Takes one burst; keeps the probe of least round trip. A repeated burst changes nothing. -EINVAL
 * for probes that can't be (t4 < t1, t3 < t2, answered before it was asked, beyond 36 years). */
int clock_relation_add(struct clock_relation *relation, const struct clock_probe *probes,
                       uint32_t probes_count, struct errinfo *reterr);

/* at_ns on the probing side's clock, within 146 years. known is false until the first probe. Offset
 * and bound stay within 73 years whatever the probes said, so that sums with them can't overflow.
 */
struct clock_estimate clock_relation_at(const struct clock_relation *relation, int64_t at_ns);

/* The relation of a process with itself or with another one on the same clock: offset 0, bound 0.
 */
struct clock_estimate clock_estimate_same(void);

#endif
