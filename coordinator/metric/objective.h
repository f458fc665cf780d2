/*
 * objective: what must hold of a metric, as a scenario writes it: "e2e.p99 < 10ms", "lost == 0",
 * "attained >= 99%". Pure.
 */
#ifndef MILLRACE_OBJECTIVE_H
#define MILLRACE_OBJECTIVE_H

#include "metric.h"

enum objective_relation {
    RELATION_LESS,
    RELATION_LESS_OR_EQUAL,
    RELATION_GREATER,
    RELATION_GREATER_OR_EQUAL,
    RELATION_EQUAL
};

#define OBJECTIVE_BYTES (NAME_BYTES * 2)

struct objective {
    char text[OBJECTIVE_BYTES]; /* As written, spaces evened out. */
    struct metric metric;
    enum objective_relation relation;
    double limit;            /* In the metric's unit. */
    char phase[NAME_BYTES];  /* "": every measured phase. */
    char flow[NAME_BYTES];   /* "": all flows together. */
    char target[NAME_BYTES]; /* "": every target. */
};

/* METRIC RELATION VALUE; phase, flow and target are left empty. 0, or -EINVAL with what is wrong
 * and what would be right. */
int objective_parse(const char *text, struct objective *ret, struct errinfo *reterr);

bool objective_holds(const struct objective *objective, double observed);

#endif
