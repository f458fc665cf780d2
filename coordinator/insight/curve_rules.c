/* curve_rules: what a sweep's parameter does to latency or rate. */
#include "rules_inner.h"

#include "points.h"
#include "scaling.h"
#include "stats.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIZE_KEY "message.size"

/* Two points are spent on the line; with one more, half of its error is chance. */
#define SIZE_POINTS_MIN 4

/* A line that is further from its points says that something else than the size decides. */
#define SIZE_FIT_ERROR_MAX 0.2

/* Two-sided: 5 % of the sweeps of what does not depend on the size would be told otherwise. */
#define SIZE_P 0.975

/* A step of the curve counts as flat when it brings less than the square root of what it costs:
 * less than 41 % more for twice the clients. */
#define CLIENTS_EXPONENT 0.5

/* Time of a message = fixed + per_byte x size, fitted to relative errors: a size that takes ten
 * times as long may be off by ten times as much. */
struct size_line {
    double fixed_ns;
    double per_byte_ns;
    double per_byte_error;
    double fit_error; /* Relative, root mean square. */
};

/* Of a rate, the time is what there is for a message. */
static double time_of(const struct case_point *point, bool is_rate)
{
    return is_rate ? 1e9 / point->figure->median : point->figure->median;
}

static void fit_size(const struct points *points, bool is_rate, struct size_line *ret)
{
    double w = 0.0;
    double wx = 0.0;
    double wy = 0.0;
    double wxx = 0.0;
    double wxy = 0.0;
    double squares = 0.0;
    double determinant;

    for (uint32_t i = 0; i < points->count; i++) {
        double x = points->list[i].x;
        double y = time_of(&points->list[i], is_rate);
        double weight = 1.0 / (y * y);

        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    determinant = w * wxx - wx * wx;
    ret->per_byte_ns = (w * wxy - wx * wy) / determinant;
    ret->fixed_ns = (wxx * wy - wx * wxy) / determinant;
    for (uint32_t i = 0; i < points->count; i++) {
        double y = time_of(&points->list[i], is_rate);
        double off = (ret->fixed_ns + ret->per_byte_ns * points->list[i].x - y) / y;

        squares += off * off;
    }
    ret->fit_error = sqrt(squares / (points->count - 2));
    ret->per_byte_error = ret->fit_error * sqrt(w / determinant);
}

static void add_size(struct insights *insights, const struct result_case *first,
                     const struct result_phase *phase, const struct points *points,
                     const struct size_line *line)
{
    const char *metric = points->list[0].figure->metric;
    double largest = points->list[points->count - 1].x;
    bool counts =
        line->per_byte_ns > stats_t_quantile(SIZE_P, points->count - 2) * line->per_byte_error;
    double knee = counts ? line->fixed_ns / line->per_byte_ns : INFINITY;
    struct result_insight *insight = insight_new(insights, first->name, largest / knee);
    char fixed[UNITS_TEXT_BYTES];
    char per_kib[UNITS_TEXT_BYTES];
    char size[UNITS_TEXT_BYTES];

    (void)units_format_ns(line->fixed_ns, fixed);
    (void)units_format_ns(line->per_byte_ns * 1024.0, per_kib);
    insight_say(insight->text, "%s, %s: ", first->target, phase->name);
    if (!counts) {
        insight_say(insight->text, "no statistically significant effect of sizes up to %s on %s",
                    units_format_bytes(largest, size), metric);
    } else if (knee > largest) {
        insight_say(insight->text,
                    "%s follows %s + %s per KiB. Up to %s, the largest size measured, the fixed "
                    "cost of a message is larger than the cost of its bytes.",
                    metric, fixed, per_kib, units_format_bytes(largest, size));
    } else {
        insight_say(insight->text,
                    "%s follows %s + %s per KiB. From %s on the bytes cost more than the "
                    "fixed cost of a message.",
                    metric, fixed, per_kib, units_format_bytes(knee, size));
        insight_say(insight->advice,
                    "To save CPU, join many small messages into one of about that size.");
        insight_figure(insight, "knee", knee, "bytes");
    }
    insight_figure(insight, "fixed", line->fixed_ns, "ns");
    insight_figure(insight, "per_byte", line->per_byte_ns, "ns");
    insight_figure(insight, "per_byte_error", line->per_byte_error, "ns");
    insight_figure(insight, "fit_error", line->fit_error * 100.0, "%");
}

static void look_at_sizes(struct insights *insights, const struct result_case *first,
                          const struct result_phase *phase)
{
    static const char *const latencies[] = {"publish.p50", "e2e.p50", NULL};
    static const char *const rates[] = {"acked_rate", "received_rate", NULL};

    /* At a rate that was asked for, the rate says nothing; at `max` latency is that of the window.
     */
    for (const char *const *metric = phase->is_max ? rates : latencies; *metric != NULL; metric++) {
        struct points points;
        struct size_line line;

        if (points_collect(insights->result, first, SIZE_KEY, phase->name, *metric, &points) >=
            SIZE_POINTS_MIN) {
            fit_size(&points, phase->is_max, &line);
            if (line.fit_error <= SIZE_FIT_ERROR_MAX && line.fixed_ns > 0.0) {
                add_size(insights, first, phase, &points, &line);
            }
            return;
        }
    }
}

void rule_size_knee(struct insights *insights)
{
    const struct result *result = insights->result;

    for (uint32_t c = 0; c < result->cases_count; c++) {
        const struct result_case *of = &result->cases[c];

        for (uint32_t p = 0; points_begin(result, of, SIZE_KEY) && p < of->phases_count; p++) {
            if (insight_whole_row(&of->phases[p])) {
                look_at_sizes(insights, of, &of->phases[p]);
            }
        }
    }
}

/* What a step brings of what it costs: 1 is in proportion, 0 is nothing. */
static double step_exponent(const struct case_point *from, const struct case_point *to)
{
    return log(to->figure->median / from->figure->median) / log(to->x / from->x);
}

/* How far it may be off, by the intervals of both points; their errors are independent. */
static double step_error(const struct case_point *from, const struct case_point *to)
{
    double before = (from->figure->high - from->figure->low) / 2.0 / from->figure->median;
    double after = (to->figure->high - to->figure->low) / 2.0 / to->figure->median;

    return sqrt(before * before + after * after) / log(to->x / from->x);
}

/* The last point before the curve is flat: the step from it is flat for sure, and none behind it
 * rises again. */
static bool find_knee(const struct points *points, uint32_t *ret)
{
    for (uint32_t i = 0; i + 1 < points->count; i++) {
        const struct case_point *from = &points->list[i];
        bool flat = step_exponent(from, from + 1) + step_error(from, from + 1) < CLIENTS_EXPONENT;

        for (uint32_t j = i + 1; j + 1 < points->count; j++) {
            flat = flat && step_exponent(&points->list[j], &points->list[j + 1]) < CLIENTS_EXPONENT;
        }
        if (flat) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* Is the last step still worth it, beyond chance? */
static bool still_grows(const struct points *points)
{
    const struct case_point *from = &points->list[points->count - 2];

    return step_exponent(from, from + 1) >= CLIENTS_EXPONENT &&
           step_exponent(from, from + 1) > step_error(from, from + 1);
}

static void add_growing(struct insights *insights, const struct scaling *scaling)
{
    const struct case_point *last = &scaling->points.list[scaling->points.count - 1];
    struct result_insight *insight = insight_new(insights, scaling->first->name, 0.0);
    char reached[UNITS_TEXT_BYTES];

    insight_say(insight->text,
                "%s, %s: %s still grows at %s = %.0f, the largest value measured (%s). The knee "
                "is above it.",
                scaling->first->target, scaling->phase->name, last->figure->metric, scaling->key,
                last->x, units_format_rate(last->figure->median, reached));
    insight_figure(insight, "clients", last->x, "");
    insight_figure(insight, "rate", last->figure->median, "/s");
}

static void add_knee(struct insights *insights, const struct scaling *scaling,
                     const struct case_point *knee)
{
    struct result_insight *insight = insight_new(insights, scaling->first->name, 0.0);
    char reached[UNITS_TEXT_BYTES];

    insight_say(insight->text,
                "%s, %s: %s grows up to %s = %.0f (%s). With %.0f, %.1f times as many, it changes "
                "by %+.0f %%.",
                scaling->first->target, scaling->phase->name, knee->figure->metric, scaling->key,
                knee->x, units_format_rate(knee->figure->median, reached), knee[1].x,
                knee[1].x / knee->x, (knee[1].figure->median / knee->figure->median - 1.0) * 100.0);
    insight_say(insight->advice, "Above %.0f clients, more clients add latency, not throughput.",
                knee->x);
    insight_figure(insight, "clients", knee->x, "");
    insight_figure(insight, "rate", knee->figure->median, "/s");
    insight_figure(insight, "next_clients", knee[1].x, "");
    insight_figure(insight, "next_rate", knee[1].figure->median, "/s");
}

static void look_at_clients(struct insights *insights, const struct scaling *scaling)
{
    uint32_t knee;

    if (find_knee(&scaling->points, &knee)) {
        add_knee(insights, scaling, &scaling->points.list[knee]);
    } else if (still_grows(&scaling->points)) {
        add_growing(insights, scaling);
    }
}

static void look_for_law(struct insights *insights, const struct scaling *scaling)
{
    const struct usl *usl = &scaling->law;
    struct result_insight *insight;
    char lambda[UNITS_TEXT_BYTES];
    char peak[UNITS_TEXT_BYTES];

    if (!scaling->follows) {
        return;
    }
    insight = insight_new(insights, scaling->first->name, 0.0);
    insight_say(
        insight->text,
        "%s, %s: throughput follows the Universal Scalability Law within %.1f %%. One client "
        "reaches %s; contention is %.2g, coherency %.2g",
        scaling->first->target, scaling->phase->name, usl->fit_error * 100.0,
        units_format_rate(usl->lambda, lambda), usl->sigma, usl->kappa);
    if (isfinite(usl->peak_clients)) {
        insight_say(insight->text, ". Its peak is %s with %.0f clients.",
                    units_format_rate(usl->peak_rate, peak), usl->peak_clients);
        insight_figure(insight, "peak_clients", usl->peak_clients, "");
    } else if (isfinite(usl->peak_rate)) {
        insight_say(insight->text, ". It has no peak, but stays below %s.",
                    units_format_rate(usl->peak_rate, peak));
    } else {
        insight_say(insight->text, ". Up to there it has neither a peak nor a limit.");
    }
    if (isfinite(usl->peak_rate)) {
        insight_figure(insight, "peak_rate", usl->peak_rate, "/s");
    }
    insight_figure(insight, "lambda", usl->lambda, "/s");
    insight_figure(insight, "sigma", usl->sigma, "");
    insight_figure(insight, "kappa", usl->kappa, "");
    insight_figure(insight, "fit_error", usl->fit_error * 100.0, "%");
}

static void each_phase(struct insights *insights, const struct result_case *of, const char *key,
                       void (*look)(struct insights *insights, const struct scaling *scaling))
{
    struct scaling scaling;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        if (insight_whole_row(&of->phases[p]) &&
            scaling_find(insights->result, of, &of->phases[p], key, &scaling)) {
            look(insights, &scaling);
        }
    }
}

static void each_clients(struct insights *insights,
                         void (*look)(struct insights *insights, const struct scaling *scaling))
{
    const struct result *result = insights->result;
    const char *key;

    for (uint32_t k = 0; (key = scaling_key(k)) != NULL; k++) {
        for (uint32_t c = 0; c < result->cases_count; c++) {
            if (points_begin(result, &result->cases[c], key)) {
                each_phase(insights, &result->cases[c], key, look);
            }
        }
    }
}

void rule_scaling_knee(struct insights *insights)
{
    each_clients(insights, look_at_clients);
}

void rule_scaling_law(struct insights *insights)
{
    each_clients(insights, look_for_law);
}
