/*
 * clock_relation: how one host's monotonic clock relates to another's, from probes; see
 * tests/accuracy/README.md, "Clocks".
 *
 * Pure: receives probes, gives offset, drift and a hard bound. Never assumes symmetric paths: each
 * probe proves theta within +/- rtt/2, aged intervals are widened and intersected. Weighted least
 * squares as in chrony's sourcestats (window of 64). A disjoint interval widens the bound by what
 * it says; a second one in a row proves a step: a new epoch starts.
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
    bool settled;      /* Enough probes for a slope: bound and growth are what they will be. */
    int64_t offset_ns; /* Answering side's clock minus the probing side's, at the asked time. */
    int64_t bound_ns;  /* The truth lies within offset +/- bound. */
    double drift_ppb;
    double growth_ppb;     /* What the bound grows by, away from the asked time, along the drift. */
    uint32_t epoch;        /* Rises by one with each proven step. */
    int64_t valid_from_ns; /* Probing side's clock: where the epoch begins. */
    int64_t before_ns;     /* What the bound grows by, at once, for times before it. */
};

/* A step of one of the clocks, or a jump of its pace. What was told between from and until can be
 * wrong by size_ns. */
struct clock_step {
    uint32_t epoch;   /* That it began; 0: there was none. */
    int64_t from_ns;  /* Answering side's clock: the last probe before it, */
    int64_t until_ns; /* and the one that proved it. */
    int64_t size_ns;
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

/* The last step that was proven. */
struct clock_step clock_relation_step(const struct clock_relation *relation);

/* Can the probe be of a clock with this relation? Without a relation (NULL): of the answering
 * side's own clock, with offset 0. False for probes that can't be. */
bool clock_relation_allows(const struct clock_relation *relation, const struct clock_probe *probe);

/* The relation of a process with itself or with another one on the same clock: offset 0, bound 0.
 */
struct clock_estimate clock_estimate_same(void);

#endif
