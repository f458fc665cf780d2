#include "clock_relation.h"

#include "invariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MAX 64
#define FIT_MIN 8 /* With fewer probes the slope is noise: 30 us over 100 ms are 300 ppm. */
/* Linux corrects a clock's pace by up to 500 ppm, so two of them part by up to 1000 ppm. A lower
 * limit would make every second probe a proof of a step, and the window would never fill. */
#define SLOPE_COLD 1000e-6
#define SLOPE_WANDER 1e-6
#define SLOPE_DEVIATIONS 3.5
#define TIME_NS_MAX (INT64_MAX / 8)     /* Differences of differences can't overflow. */
#define ESTIMATE_NS_MAX (INT64_MAX / 4) /* Nor can sums with what is told. */
#define ASKED_NS_MAX (INT64_MAX / 2)    /* Any reading of this clock, moved by an estimate. */
#define SLOPE_TOLD_MAX 1.0

/* One kept probe: at t_ns of the probing clock the offset lies within [lo_ns, hi_ns]. */
struct kept {
    int64_t t_ns;
    int64_t lo_ns;
    int64_t hi_ns;
};

/*
 * Straight line through the window, in coordinates relative to its newest probe: doubles hold those
 * exactly. The true slope lies within [slope_min, slope_max].
 */
struct fit {
    double offset_ns; /* At the newest probe, beyond its own middle. */
    double slope;
    double slope_min;
    double slope_max;
};

struct clock_relation {
    struct kept window[WINDOW_MAX]; /* Oldest first. */
    uint32_t window_count;
    struct kept suspect; /* A probe that the window contradicts; the next one decides. */
    bool suspected;
    struct clock_step step; /* The last one that was proven; its epoch is the relation's. */
    int64_t valid_from_ns;
    struct fit fit;
};

int clock_relation_new(struct clock_relation **ret, struct errinfo *reterr)
{
    struct clock_relation *relation = calloc(1, sizeof *relation);

    if (relation == NULL) {
        return errinfo_nomem(reterr);
    }
    relation->valid_from_ns = -ESTIMATE_NS_MAX;
    *ret = relation;
    return 0;
}

void clock_relation_free(struct clock_relation *relation)
{
    free(relation);
}

static bool time_is_possible(int64_t time_ns)
{
    return time_ns >= -TIME_NS_MAX && time_ns <= TIME_NS_MAX;
}

static bool probe_is_possible(const struct clock_probe *probe)
{
    return time_is_possible(probe->t1_ns) && time_is_possible(probe->t2_ns) &&
           time_is_possible(probe->t3_ns) && time_is_possible(probe->t4_ns) &&
           probe->t4_ns >= probe->t1_ns && probe->t3_ns >= probe->t2_ns &&
           probe->t4_ns - probe->t1_ns >= probe->t3_ns - probe->t2_ns;
}

static int64_t round_trip_ns(const struct clock_probe *probe)
{
    return (probe->t4_ns - probe->t1_ns) - (probe->t3_ns - probe->t2_ns);
}

/*
 * The request was sent before it arrived: at t2 the offset is at most t2 - t1. The answer arrived
 * after it was sent: at t3 it is at least t3 - t4. Both moments lie within [t1, t4], and from there
 * to its middle the clocks can part by a little.
 */
static struct kept kept_from(const struct clock_probe *probe)
{
    int64_t part_ns = 1 + (int64_t)(SLOPE_COLD * (double)(probe->t4_ns - probe->t1_ns));

    return (struct kept){
        .t_ns = probe->t1_ns + (probe->t4_ns - probe->t1_ns) / 2,
        .lo_ns = probe->t3_ns - probe->t4_ns - part_ns,
        .hi_ns = probe->t2_ns - probe->t1_ns + part_ns,
    };
}

static const struct kept *newest(const struct clock_relation *relation)
{
    return &relation->window[relation->window_count - 1];
}

static int64_t middle_ns(const struct kept *kept)
{
    return kept->lo_ns + (kept->hi_ns - kept->lo_ns) / 2;
}

/* Middles of the window's probes, how far they can be off, and when; relative to the newest. */
struct points {
    double x[WINDOW_MAX];
    double y[WINDOW_MAX];
    double half[WINDOW_MAX];
    double weight[WINDOW_MAX];
    uint32_t count;
};

static void points_from(const struct clock_relation *relation, struct points *points)
{
    const struct kept *origin = newest(relation);
    double half_min = INFINITY;
    double half_sum = 0.0;
    double spread;

    points->count = relation->window_count;
    for (uint32_t i = 0; i < points->count; i++) {
        const struct kept *kept = &relation->window[i];

        points->x[i] = (double)(kept->t_ns - origin->t_ns);
        points->y[i] = (double)(middle_ns(kept) - middle_ns(origin));
        points->half[i] = (double)(kept->hi_ns - kept->lo_ns) / 2.0 + 1.0;
        half_min = fmin(half_min, points->half[i]);
        half_sum += points->half[i];
    }
    /* As chrony's sourcestats: a probe's deviation grows with how much longer than the quickest one
     * it took. */
    spread = fmax(half_sum / points->count - half_min, 1.0);
    for (uint32_t i = 0; i < points->count; i++) {
        double deviation = 1.0 + (points->half[i] - half_min) / spread;

        points->weight[i] = 1.0 / (deviation * deviation);
    }
}

/* Weighted least squares; sets offset and slope and returns the slope's standard deviation. */
static double fit_line(const struct points *points, struct fit *fit)
{
    double w = 0.0;
    double wx = 0.0;
    double wy = 0.0;
    double wxx = 0.0;
    double wxy = 0.0;
    double wrr = 0.0;

    for (uint32_t i = 0; i < points->count; i++) {
        w += points->weight[i];
        wx += points->weight[i] * points->x[i];
        wy += points->weight[i] * points->y[i];
    }
    for (uint32_t i = 0; i < points->count; i++) {
        double x = points->x[i] - wx / w;

        wxx += points->weight[i] * x * x;
        wxy += points->weight[i] * x * (points->y[i] - wy / w);
    }
    fit->slope = wxy / wxx; /* Times in the window differ, so wxx is above 0. */
    fit->offset_ns = wy / w - fit->slope * wx / w;
    for (uint32_t i = 0; i < points->count; i++) {
        double rest = points->y[i] - fit->offset_ns - fit->slope * points->x[i];

        wrr += points->weight[i] * rest * rest;
    }
    return sqrt(wrr / (points->count - 2) / wxx);
}

/*
 * Widens the slope's range to every slope that passes through all intervals. Least squares alone
 * takes a path whose delay grows evenly on one side for a drift, with a small deviation, and would
 * move old intervals past the truth.
 */
static void widen_to_possible(const struct points *points, struct fit *fit)
{
    double least = -INFINITY;
    double most = INFINITY;

    for (uint32_t i = 0; i < points->count; i++) {
        for (uint32_t j = i + 1; j < points->count; j++) {
            double dx = points->x[j] - points->x[i];
            double dy = points->y[j] - points->y[i];
            double halves = points->half[i] + points->half[j];

            least = fmax(least, (dy - halves) / dx);
            most = fmin(most, (dy + halves) / dx);
        }
    }
    if (least <= most) {
        fit->slope_min = fmin(fit->slope_min, least - SLOPE_WANDER);
        fit->slope_max = fmax(fit->slope_max, most + SLOPE_WANDER);
    }
}

static void fit_window(struct clock_relation *relation)
{
    struct fit *fit = &relation->fit;
    struct points points;
    double deviation;

    *fit = (struct fit){.slope_min = -SLOPE_COLD, .slope_max = SLOPE_COLD};
    if (relation->window_count < FIT_MIN) {
        return;
    }
    points_from(relation, &points);
    deviation = fit_line(&points, fit);
    fit->slope_min = fit->slope - SLOPE_DEVIATIONS * deviation - SLOPE_WANDER;
    fit->slope_max = fit->slope + SLOPE_DEVIATIONS * deviation + SLOPE_WANDER;
    widen_to_possible(&points, fit);
    if (fabs(fit->slope) < SLOPE_COLD) {
        /* What was taken for granted with no knowledge at all holds with little knowledge. */
        fit->slope_min = fmax(fit->slope_min, -SLOPE_COLD);
        fit->slope_max = fmin(fit->slope_max, SLOPE_COLD);
    }
}

/* An interval relative to the newest probe's middle. */
struct interval {
    double lo;
    double hi;
};

static struct interval moved(const struct clock_relation *relation, const struct kept *kept,
                             int64_t at_ns)
{
    const struct kept *origin = newest(relation);
    double dx = (double)(at_ns - kept->t_ns);
    double a = relation->fit.slope_min * dx;
    double b = relation->fit.slope_max * dx;

    return (struct interval){
        .lo = (double)(kept->lo_ns - middle_ns(origin)) + fmin(a, b),
        .hi = (double)(kept->hi_ns - middle_ns(origin)) + fmax(a, b),
    };
}

/*
 * Where the truth lies at at_ns: what all intervals have in common. From the newest back, as an old
 * one that contradicts the newer is what the clocks no longer do (an oscillator that warmed up).
 * *ret_used is how many agreed.
 */
static struct interval common_interval(const struct clock_relation *relation, int64_t at_ns,
                                       uint32_t *ret_used)
{
    struct interval common = {.lo = -INFINITY, .hi = INFINITY};
    uint32_t used = 0;

    while (used < relation->window_count) {
        const struct kept *kept = &relation->window[relation->window_count - 1 - used];
        struct interval interval = moved(relation, kept, at_ns);
        double lo = fmax(common.lo, interval.lo);
        double hi = fmin(common.hi, interval.hi);

        if (lo > hi) {
            break;
        }
        common = (struct interval){.lo = lo, .hi = hi};
        used++;
    }
    *ret_used = used;
    return common;
}

static void drop_oldest(struct clock_relation *relation, uint32_t count)
{
    relation->window_count -= count;
    memmove(relation->window, &relation->window[count],
            sizeof *relation->window * relation->window_count);
}

static void keep(struct clock_relation *relation, const struct kept *kept)
{
    uint32_t used;

    if (relation->window_count == WINDOW_MAX) {
        drop_oldest(relation, 1);
    }
    relation->window[relation->window_count++] = *kept;
    fit_window(relation);
    (void)common_interval(relation, kept->t_ns, &used);
    if (used < relation->window_count) {
        drop_oldest(relation, relation->window_count - used);
        fit_window(relation);
    }
}

/* Is it impossible that the clocks went on as before and the probe is right? */
static bool contradicts(const struct clock_relation *relation, const struct kept *kept)
{
    struct interval common;
    double middle = (double)middle_ns(newest(relation));
    uint32_t used;

    if (kept->t_ns < newest(relation)->t_ns) {
        return true; /* The probing side's own clock went back. */
    }
    common = common_interval(relation, kept->t_ns, &used);
    return (double)kept->hi_ns < middle + common.lo || (double)kept->lo_ns > middle + common.hi;
}

/* Probes that nobody measured can stand for any line: times without end, or none. */
static double within(double ns)
{
    return fmax(fmin(ns, (double)ESTIMATE_NS_MAX), -(double)ESTIMATE_NS_MAX);
}

static int64_t told(int64_t ns)
{
    return ns > ESTIMATE_NS_MAX ? ESTIMATE_NS_MAX : ns < -ESTIMATE_NS_MAX ? -ESTIMATE_NS_MAX : ns;
}

/* How far from the estimate the truth can be, if the probe is right and the window is not. */
static int64_t distance_ns(const struct clock_estimate *estimate, const struct kept *kept)
{
    int64_t above_ns = told(kept->hi_ns - estimate->offset_ns);
    int64_t below_ns = told(estimate->offset_ns - kept->lo_ns);

    return above_ns > below_ns ? above_ns : below_ns;
}

/* What was told since the last probe that agreed was wrong by up to the step's size. Told on the
 * answering side's clock, which goes on where this side's may have stepped. */
static void begin_epoch(struct clock_relation *relation, const struct kept *kept)
{
    const struct kept *last = newest(relation);
    const struct kept *first = relation->suspect.t_ns < kept->t_ns ? &relation->suspect : kept;
    struct clock_estimate estimate;

    relation->suspected = false;
    estimate = clock_relation_at(relation, kept->t_ns);
    relation->step = (struct clock_step){.epoch = relation->step.epoch + 1,
                                         .from_ns = told(last->t_ns + middle_ns(last)),
                                         .until_ns = told(kept->t_ns + middle_ns(kept)),
                                         .size_ns = distance_ns(&estimate, kept)};
    relation->valid_from_ns = first->t_ns;
    relation->window_count = 0;
    if (first != kept) {
        keep(relation, first);
    }
    keep(relation, kept);
}

static void take(struct clock_relation *relation, const struct kept *kept)
{
    if (relation->window_count == 0) {
        keep(relation, kept);
        return;
    }
    if (kept->t_ns == newest(relation)->t_ns ||
        (relation->suspected && kept->t_ns == relation->suspect.t_ns)) {
        return; /* The same burst once more. */
    }
    if (!contradicts(relation, kept)) {
        relation->suspected = false;
        keep(relation, kept);
        return;
    }
    if (!relation->suspected) {
        relation->suspected = true;
        relation->suspect = *kept;
        return;
    }
    begin_epoch(relation, kept);
}

int clock_relation_add(struct clock_relation *relation, const struct clock_probe *probes,
                       uint32_t probes_count, struct errinfo *reterr)
{
    const struct clock_probe *best = NULL;
    struct kept kept;

    for (uint32_t i = 0; i < probes_count; i++) {
        if (!probe_is_possible(&probes[i])) {
            return errinfo_set(reterr, -EINVAL, "clock probe %u can't be: its times run backwards",
                               i);
        }
        if (best == NULL || round_trip_ns(&probes[i]) < round_trip_ns(best)) {
            best = &probes[i];
        }
    }
    if (best == NULL) {
        return errinfo_set(reterr, -EINVAL, "a burst without clock probes");
    }
    kept = kept_from(best);
    take(relation, &kept);
    return 0;
}

/* The steepest and the flattest line that is possible part from the told one by that much. */
static double growth_of(const struct fit *fit)
{
    double growth = fmax(fit->slope_max - fit->slope, fit->slope - fit->slope_min);

    return fmin(growth, SLOPE_TOLD_MAX);
}

struct clock_estimate clock_relation_at(const struct clock_relation *relation, int64_t at_ns)
{
    struct clock_estimate estimate = {.epoch = relation->step.epoch,
                                      .valid_from_ns = relation->valid_from_ns,
                                      .before_ns = relation->step.size_ns};
    struct interval common;
    double offset;
    uint32_t used;

    if (relation->window_count == 0) {
        return estimate;
    }
    ASSERT(at_ns >= -ASKED_NS_MAX && at_ns <= ASKED_NS_MAX);
    common = common_interval(relation, at_ns, &used);
    if (relation->window_count < FIT_MIN) {
        offset = (common.lo + common.hi) / 2.0;
    } else {
        offset = relation->fit.offset_ns +
                 relation->fit.slope * (double)(at_ns - newest(relation)->t_ns);
        offset = fmin(fmax(offset, common.lo), common.hi);
    }
    estimate.known = true;
    estimate.settled = relation->window_count >= FIT_MIN;
    estimate.offset_ns = told(middle_ns(newest(relation)) + told(llround(within(offset))));
    estimate.bound_ns =
        told(1 + (int64_t)ceil(within(fmax(common.hi - offset, offset - common.lo))));
    if (relation->suspected && distance_ns(&estimate, &relation->suspect) > estimate.bound_ns) {
        estimate.bound_ns = distance_ns(&estimate, &relation->suspect);
    }
    estimate.drift_ppb = fmin(fmax(relation->fit.slope, -SLOPE_TOLD_MAX), SLOPE_TOLD_MAX) * 1e9;
    estimate.growth_ppb = growth_of(&relation->fit) * 1e9;
    return estimate;
}

struct clock_step clock_relation_step(const struct clock_relation *relation)
{
    return relation->step;
}

bool clock_relation_allows(const struct clock_relation *relation, const struct clock_probe *probe)
{
    struct kept kept;
    struct interval common;
    double middle;
    uint32_t used;

    if (!probe_is_possible(probe)) {
        return false;
    }
    kept = kept_from(probe);
    if (relation == NULL) {
        return kept.lo_ns <= 0 && kept.hi_ns >= 0;
    }
    if (relation->window_count == 0) {
        return true;
    }
    common = common_interval(relation, kept.t_ns, &used);
    middle = (double)middle_ns(newest(relation));
    return (double)kept.hi_ns >= middle + common.lo && (double)kept.lo_ns <= middle + common.hi;
}

struct clock_estimate clock_estimate_same(void)
{
    return (struct clock_estimate){
        .known = true, .settled = true, .valid_from_ns = -ESTIMATE_NS_MAX};
}
