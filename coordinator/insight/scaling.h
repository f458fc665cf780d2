/*
 * scaling: throughput by the number of clients, with the Universal Scalability Law fitted to it
 * (see usl.h). The one place that decides which cases make a curve and whether a law is theirs: the
 * rule that tells of it and the chart that draws it can't differ. Pure.
 */
#ifndef MILLRACE_SCALING_H
#define MILLRACE_SCALING_H

#include "points.h"
#include "usl.h"

#define SCALING_POINTS_MIN 3

struct scaling {
    const struct result_case *first;  /* Of the cases that differ in key only. */
    const struct result_phase *phase; /* Of that case. */
    const char *key;                  /* "topology.producers" or "topology.consumers". */
    struct points points;             /* SCALING_POINTS_MIN or more. */
    bool follows;                     /* A law fits, and not worse than its points scatter. */
    struct usl law;                   /* Only where it follows. */
};

/* Keys with a number of clients: the first at index 0; NULL after the last. */
const char *scaling_key(uint32_t index);

/* The curve of key in a phase that sent as fast as it could; first is what points_begin() says it
 * is. False without enough points; then *ret is of no use. */
bool scaling_find(const struct result *result, const struct result_case *first,
                  const struct result_phase *phase, const char *key, struct scaling *ret);

#endif
