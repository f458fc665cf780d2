/*
 * charts_inner: the JSON that the scripts in assets/ draw, written piece by piece.
 *
 * A chart is one object:
 *   kind    "time" (x: seconds after T0), "percentile" (x: nines, -log10(1 - q)) or "xy"
 *   unit    "ns", "rate", "count", "cores", "bytes", "change" (percent, with sign)
 *   x       "xy" only: { name, unit, log, names: of the values 0, 1, 2 .., if they are no numbers }
 *   log     true: logarithmic y axis
 *   group   charts of one group share their y range, to be compared side by side
 *   step_s  seconds that one point stands for (time only)
 *   heat    { step_s, low_ns, per_decade, columns: [[first row, count, count ..] or []] }: below
 * the lines (time and log only); rows and counts as heat.h says limits  [{ value, text }]: lines
 * across tables  [{ x: [..], lengths: [..], incomplete: [..], series: [{ label, target, style,
 * values: [.. or null] }] }] lengths: seconds that each x, the middle of a bin, stands for, where
 * steps are drawn; incomplete: the numbers of those of which a part was not reported fill    [{
 * upper, lower, label }]: the area between two series of the same table (by number) phases  [{
 * name, from, to, measured }], marks [{ at, kind, text }] others  [a chart with its caption]: what
 * a reader may have shown in place of this Calls come in the order of this header; series belong to
 * the table opened last.
 */
#ifndef MILLRACE_CHARTS_INNER_H
#define MILLRACE_CHARTS_INNER_H

#include "heat.h"
#include "json.h"
#include "result.h"
#include "text.h"

#include <math.h>

#define CHART_NO_TARGET UINT32_MAX

struct chart {
    struct text json;
    struct json writer; /* Of it. */
    bool in_tables;
    bool in_series;
    bool in_others;
    bool in_limits;
};

/* NAN is written as null: nothing was measured there. */
#define CHART_NONE ((double)NAN)

void chart_begin(struct chart *chart, const char *kind, const char *unit, bool log,
                 const char *group);
void chart_step(struct chart *chart, double step_s);
void chart_phases(struct chart *chart, const struct result_trial *trial);
void chart_marks(struct chart *chart, const struct result *result,
                 const struct result_trial *trial);
/* names: of the values 0, 1, 2 ...; none where names_count is 0: then unit and log say how to write
 * the numbers. */
void chart_x(struct chart *chart, const char *name, const char *unit, bool log,
             const char *const *names, uint32_t names_count);
/* One mark on the x axis. */
void chart_mark(struct chart *chart, double at, const char *kind);
/* Marks at both bounds of a search; 0: there is none. */
void chart_bounds(struct chart *chart, double lower_per_s, double upper_per_s);
void chart_fill(struct chart *chart, uint32_t upper, uint32_t lower, const char *label);

/* The latencies of all messages, below the lines. */
void chart_heat(struct chart *chart, const struct heat *heat);

/* Lines across at what must not be passed; chart_limit() adds them, until the first table. */
void chart_limits(struct chart *chart);
void chart_limit(struct chart *chart, double value, const char *text);

/* Begins a table with its x values; chart_value() adds them. */
void chart_table(struct chart *chart);
/* After them: how long each is, and then which of them, by number from 0, are incomplete. */
void chart_lengths(struct chart *chart);
void chart_incomplete(struct chart *chart);
/* style: "step", "step-dash", "step-dot", "band": a level for each bin's length; "over",
 * "over-dash": lines on a heat; "ordered": the darker, the later it comes of its target; "solid",
 * "dash", "dot", "dashdot", "long", "sparse", "wide", "points"; "curve" and "beyond": a computed
 * line, which has no points of its own, where there are values and where there are none; "low" and
 * then "high": the intervals of the values of the series before. target: its colour, or
 * CHART_NO_TARGET. */
void chart_series(struct chart *chart, const char *label, uint32_t target, const char *style);
void chart_value(struct chart *chart, double value);

/* A chart that may be shown in place of this one; it is ended and taken over. */
void chart_other(struct chart *chart, const char *caption, struct chart *other);

/* Closes what is open; &chart->json is what doc_chart() takes. */
void chart_end(struct chart *chart);

#endif
