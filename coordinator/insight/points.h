/* points: the cases of a sweep that differ in one parameter, in the order of its values, with a
 * metric of each. Private to this module. */
#ifndef MILLRACE_POINTS_H
#define MILLRACE_POINTS_H

#include "insight_parts.h"

#define POINTS_MAX 64

/* Trials of a case that a curve needs: one tells nothing of its own chance. */
#define POINT_TRIALS_MIN 2

struct case_point {
    const struct result_case *of;
    double x;                           /* Value of the parameter, in its own unit. */
    const struct result_figure *figure; /* With its interval. */
};

struct points {
    struct case_point list[POINTS_MAX]; /* x rises. */
    uint32_t count;
};

/* Calls visit for each set of measured cases that have the same target, variant and other
 * parameters, and differ in key; phase is one of the first case's, measured, of all flows. */
void points_each(struct insights *insights, const char *key,
                 void (*visit)(struct insights *insights, const struct result_case *first,
                               const struct result_phase *phase, const char *key));

/* The points of a set, by its first case: those that have the metric in enough trials. Returns how
 * many. */
uint32_t points_collect(const struct insights *insights, const struct result_case *first,
                        const char *key, const char *phase, const char *metric, struct points *ret);

/* NULL if the case has no such figure. */
const struct result_figure *figure_find(const struct result_case *of, const char *phase,
                                        const char *metric);

#endif
