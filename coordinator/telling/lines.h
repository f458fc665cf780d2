/*
 * lines: the trials that are drawn over time, as points, with one factor of thinning for all of
 * them, so that their points stand above each other. Pure.
 */
#ifndef MILLRACE_LINES_H
#define MILLRACE_LINES_H

#include "thin.h"

#include <math.h>

/* A case's points, and what the charts say of them. */
struct line {
    const struct result_case *result_case;
    const struct result_trial *trial;
    uint32_t colour;
    struct thin_point *points;
    uint32_t points_count;
    bool any_latency;
    bool any_publish;
};

struct lines {
    struct line *list;
    uint32_t count;
    double step_s;
    bool failed; /* Memory ran out. */
};

enum line_value {
    VALUE_ASKED,
    VALUE_SENT,
    VALUE_ACKED,
    VALUE_RECEIVED,
    VALUE_FAILED,
    VALUE_BACKLOG,
    VALUE_E2E_P50,
    VALUE_E2E_P99,
    VALUE_E2E_MAX,
    VALUE_PUBLISH_P50,
    VALUE_PUBLISH_P99,
    VALUE_PUBLISH_MAX
};

/* Cases that are drawn over time. More of them nobody looks through: of a sweep's they are spread
 * evenly over all. */
#define LINES_MAX 12

/* Is the case number one of those? Of cases that have intervals. */
bool lines_drawn(const struct result *result, uint32_t number);

/* Does the trial last long enough to be seen in seconds? Two points are a line that says nothing,
 * and a rate for a second of which most was over already is none that was ever reached. */
bool lines_last(const struct result_trial *trial);

/* One line per case that is drawn: of its trial of that number, from 1, if it has that; else, and
 * with 0, of that which facts_trial() gives. Each of at most points_max points. lines_done() it in
 * any case; ask lines->failed. */
void lines_find(const struct result *result, uint32_t number, uint32_t points_max,
                struct lines *lines);
void lines_done(struct lines *lines);

/* Nothing was measured. */
#define LINE_NONE ((double)NAN)

/* LINE_NONE where nothing was measured. Rates in messages a second, latencies in ns. */
double line_value(const struct thin_point *point, enum line_value value);

/* Highest value of a line, and the time of it; LINE_NONE if it has no value. */
double line_max(const struct line *line, enum line_value value, double *at_s);

/* The line that goes highest, and where; NULL if all of them stay at zero. */
const struct line *lines_highest(const struct lines *lines, enum line_value value, double *highest,
                                 double *at_s);

#endif
