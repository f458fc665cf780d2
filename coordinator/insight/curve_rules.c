/* curve_rules: what a sweep's parameter does to latency or rate. */
#include "rules.h"

#include "points.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIZE_KEY "message.size"

/* Two points are spent on the line; with one more, half of its error is chance. */
#define SIZE_POINTS_MIN 4

/* A line that is further from its points says that something else than the size decides. */
#define SIZE_FIT_ERROR_MAX 0.2

/* Times its standard error that the price of a byte must be above 0: 95 % of Student's t with the
 * two or three degrees of freedom that a usual sweep of sizes has. */
#define SIZE_ERRORS 4.3

#define CLIENTS_POINTS_MIN 3

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
    bool counts = line->per_byte_ns > SIZE_ERRORS * line->per_byte_error;
    double knee = counts ? line->fixed_ns / line->per_byte_ns : INFINITY;
    struct result_insight *insight = insight_new(insights, first->name, largest / knee);
    char fixed[UNITS_TEXT_BYTES];
    char per_kib[UNITS_TEXT_BYTES];
    char size[UNITS_TEXT_BYTES];

    (void)units_format_ns(line->fixed_ns, fixed);
    (void)units_format_ns(line->per_byte_ns * 1024.0, per_kib);
    insight_say(insight->text, "%s, %s: ", first->target, phase->name);
    if (!counts) {
        insight_say(insight->text, "no effect of the size up to %s can be told from chance on %s",
                    units_format_bytes(largest, size), metric);
    } else if (knee > largest) {
        insight_say(insight->text,
                    "%s follows %s + %s a KiB: up to %s, the largest size measured, what every "
                    "message costs outweighs its bytes",
                    metric, fixed, per_kib, units_format_bytes(largest, size));
    } else {
        insight_say(insight->text,
                    "%s follows %s + %s a KiB: from %s on its bytes outweigh what every message "
                    "costs",
                    metric, fixed, per_kib, units_format_bytes(knee, size));
        insight_say(
            insight->advice,
            "Many messages far below that size, joined into one of it, cost as much as two.");
        insight_figure(insight, "knee", knee, "bytes");
    }
    insight_figure(insight, "fixed", line->fixed_ns, "ns");
    insight_figure(insight, "per_byte", line->per_byte_ns, "ns");
    insight_figure(insight, "per_byte_error", line->per_byte_error, "ns");
    insight_figure(insight, "fit_error", line->fit_error * 100.0, "%");
}

static void look_at_sizes(struct insights *insights, const struct result_case *first,
                          const struct result_phase *phase, const char *key)
{
    static const char *const latencies[] = {"publish.p50", "e2e.p50", NULL};
    static const char *const rates[] = {"acked_rate", "received_rate", NULL};

    /* At a rate that was asked for, the rate says nothing; at `max` latency is that of the window.
     */
    for (const char *const *metric = phase->is_max ? rates : latencies; *metric != NULL; metric++) {
        struct points points;
        struct size_line line;

        if (points_collect(insights, first, key, phase->name, *metric, SIZE_POINTS_MIN, &points)) {
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
    points_each(insights, SIZE_KEY, look_at_sizes);
}

/* What a step brings of what it costs, at most, as their intervals go: 1 is in proportion. */
static double step_exponent_max(const struct case_point *from, const struct case_point *to)
{
    if (!(from->figure->low > 0.0)) {
        return INFINITY;
    }
    return log(to->figure->high / from->figure->low) / log(to->x / from->x);
}

static double step_exponent(const struct case_point *from, const struct case_point *to)
{
    return log(to->figure->median / from->figure->median) / log(to->x / from->x);
}

/* The last point before the curve is flat: the step from it is flat for sure, and none behind it
 * rises again. */
static bool find_knee(const struct points *points, uint32_t *ret)
{
    for (uint32_t i = 0; i + 1 < points->count; i++) {
        bool flat = step_exponent_max(&points->list[i], &points->list[i + 1]) < CLIENTS_EXPONENT;

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

static void add_scaling(struct insights *insights, const struct result_case *first,
                        const struct result_phase *phase, const char *key,
                        const struct points *points)
{
    const struct case_point *last = &points->list[points->count - 1];
    const struct case_point *knee = last;
    struct result_insight *insight = insight_new(insights, first->name, 0.0);
    uint32_t index = 0;
    bool found = find_knee(points, &index);
    char reached[UNITS_TEXT_BYTES];

    if (found) {
        knee = &points->list[index];
    }
    (void)units_format_rate(knee->figure->median, reached);
    insight_say(insight->text, "%s, %s: ", first->target, phase->name);
    insight_figure(insight, "clients", knee->x, "");
    insight_figure(insight, "rate", knee->figure->median, "/s");
    if (!found) {
        insight_say(insight->text,
                    "%s still grows at %s = %.0f, the most that was measured (%s): the knee lies "
                    "beyond",
                    last->figure->metric, key, last->x, reached);
        return;
    }
    insight_say(insight->text,
                "%s grows up to %s = %.0f (%s); %.0f, %.1f times as many, bring %+.0f %%",
                knee->figure->metric, key, knee->x, reached, knee[1].x, knee[1].x / knee->x,
                (knee[1].figure->median / knee->figure->median - 1.0) * 100.0);
    insight_say(insight->advice, "Beyond %.0f clients more of them bring waiting, not throughput.",
                knee->x);
    insight_figure(insight, "next_clients", knee[1].x, "");
    insight_figure(insight, "next_rate", knee[1].figure->median, "/s");
}

static const char *const rates_of_clients[] = {"received_rate", "acked_rate", NULL};

static void look_at_clients(struct insights *insights, const struct result_case *first,
                            const struct result_phase *phase, const char *key)
{
    /* At a rate that was asked for, more clients can't bring more. */
    for (const char *const *metric = rates_of_clients; phase->is_max && *metric != NULL; metric++) {
        struct points points;

        if (points_collect(insights, first, key, phase->name, *metric, CLIENTS_POINTS_MIN,
                           &points)) {
            add_scaling(insights, first, phase, key, &points);
            return;
        }
    }
}

void rule_scaling_knee(struct insights *insights)
{
    points_each(insights, "topology.producers", look_at_clients);
    points_each(insights, "topology.consumers", look_at_clients);
}
