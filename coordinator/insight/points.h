/* points: the cases of a sweep that differ in one parameter, in the order of its values, with a
 * metric of each. */
#ifndef MILLRACE_POINTS_H
#define MILLRACE_POINTS_H

#include "result.h"

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

/* Is it the first of a set of measured cases that have the same target, variant and other
 * parameters, and differ in key? */
bool points_begin(const struct result *result, const struct result_case *of, const char *key);

/* The points of a set, by its first case: those that have the metric in enough trials. Returns how
 * many. */
uint32_t points_collect(const struct result *result, const struct result_case *first,
                        const char *key, const char *phase, const char *metric, struct points *ret);

/* NULL if the case has no such figure. */
const struct result_figure *figure_find(const struct result_case *of, const char *phase,
                                        const char *metric);

#endif
