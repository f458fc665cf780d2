/*
 * charts_lines_inner: charts over a trial's time, from the points of its lines. Calls come in the
 * order of this header.
 */
#ifndef MILLRACE_CHARTS_LINES_INNER_H
#define MILLRACE_CHARTS_LINES_INNER_H

#include "charts_inner.h"
#include "lines.h"

/* With the trial's phases and marks. */
void line_chart_begin(struct chart *chart, const struct result *result, const struct line *line,
                      const char *unit, bool log, const char *group);

/* What objectives allow of one latency in a case; in all of them, where that is NULL. Of any chart
 * whose y is a latency. */
void line_chart_limits(struct chart *chart, const struct result *result,
                       const struct result_case *only, bool e2e);

/* A table: a point in the middle of each bin, ... */
void line_chart_x(struct chart *chart, const struct line *line);

/* ... or the bin as a whole, for what is counted in it. */
void line_chart_bins(struct chart *chart, const struct line *line);

/* One value of the line; what is asked for has a colour of its own. */
void line_chart_series(struct chart *chart, const struct line *line, enum line_value value,
                       const char *label, const char *style);

#endif
