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
    int64_t window_ns;       /* Judged in windows of that many whole seconds; 0: it is not. */
    int64_t after_ns;        /* Windows that begin earlier in the phase don't count. */
    double within;           /* Share of the windows in which it must hold, in (0, 1]. */
    bool abort;              /* Ends the trial as soon as it is missed. */
};

/* METRIC RELATION VALUE; what else an objective may say is left empty. 0, or -EINVAL with what is
 * wrong and what would be right. */
int objective_parse(const char *text, struct objective *ret, struct errinfo *reterr);

/* Judges it in windows: says so in its text, too. -EINVAL with why this one can't be. */
int objective_set_window(struct objective *objective, int64_t window_ns, double within,
                         int64_t after_ns, struct errinfo *reterr);

/* Lets it end a trial. -EINVAL with why this one can't: what is known at the end only. */
int objective_set_abort(struct objective *objective, struct errinfo *reterr);

bool objective_holds(const struct objective *objective, double observed);

#endif
