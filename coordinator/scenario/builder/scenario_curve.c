#include "scenario_curve_inner.h"

#include <stdlib.h>

/* Room for so many points more; they are put behind those of the phases before. */
static bool make_room(struct loading *loading, struct node *rate, uint32_t count)
{
    struct scenario_setup *setup = loading->setup;
    uint64_t sum = (uint64_t)setup->points_count + count;
    struct curve_point *grown;

    if (sum > CURVES_POINTS_MAX) {
        problems_node(&loading->tree.problems, rate,
                      "makes %llu points of all phases' curves together (at most %d)",
                      (unsigned long long)sum, CURVES_POINTS_MAX);
        return false;
    }
    grown = reallocarray(setup->points, sum, sizeof *grown);
    if (grown == NULL) {
        loading->tree.problems.failed = true;
        return false;
    }
    setup->points = grown;
    return true;
}

static struct curve_point *points_of(const struct loading *loading,
                                     const struct scenario_phase *phase)
{
    return loading->setup->points + phase->curve_first;
}

static void add_point(struct loading *loading, struct scenario_phase *phase, int64_t at_ns,
                      struct rate rate)
{
    points_of(loading, phase)[phase->curve_count++] =
        (struct curve_point){.at_ns = at_ns, .messages_per_1e6_s = curve_rate(rate)};
    loading->setup->points_count++;
    if (rate_per_s(rate) > rate_per_s(phase->rate)) {
        phase->rate = rate;
    }
}

static void build_ramp(struct loading *loading, struct node *rate, struct scenario_phase *phase)
{
    const struct node *from = node_child(rate, "from");
    const struct node *to = node_child(rate, "to");

    if (from == NULL || to == NULL) {
        problems_node(&loading->tree.problems, rate, "has no %s (a ramp has both, from and to)",
                      from == NULL ? "from" : "to");
    } else if (node_child(rate->parent, "for") == NULL) {
        problems_node(&loading->tree.problems, rate, "needs to know how long (for: 60s)");
    } else if (!from->bad && !to->bad && make_room(loading, rate, 2)) {
        add_point(loading, phase, 0, from->rate);
        add_point(loading, phase, phase->duration_ns, to->rate);
    }
}

static int compare_points(const void *left, const void *right)
{
    const struct curve_point *a = left;
    const struct curve_point *b = right;

    return a->at_ns < b->at_ns ? -1 : a->at_ns > b->at_ns;
}

/* Written as a mapping, so in any order. */
static void put_in_order(struct loading *loading, struct node *curve, struct scenario_phase *phase)
{
    struct curve_point *points = points_of(loading, phase);

    if (phase->curve_count == 0) {
        return;
    }
    qsort(points, phase->curve_count, sizeof points[0], compare_points);
    if (points[0].at_ns != 0) {
        problems_node(&loading->tree.problems, curve, "has no rate at its beginning (0h: 1k/s)");
    }
    for (uint32_t i = 1; i < phase->curve_count; i++) {
        if (points[i].at_ns == points[i - 1].at_ns) {
            problems_node(&loading->tree.problems, curve, "has two rates at the same time");
            return;
        }
    }
}

static void build_day(struct loading *loading, struct node *rate, struct scenario_phase *phase)
{
    struct node *curve = node_child(rate, "curve");
    const struct node *speed = node_child(rate, "speed");
    int64_t speed_times =
        usable_number(speed != NULL && !speed->bad ? speed : NULL, "phases.*.rate.speed");
    uint32_t count = 0;

    for (const struct node *point = curve->first; point != NULL; point = point->next) {
        count++;
    }
    if (curve->bad || !make_room(loading, curve, count)) {
        return;
    }
    for (struct node *point = curve->first; point != NULL; point = point->next) {
        int64_t at_ns = 0;

        if (point->bad) {
            continue;
        }
        if (units_parse_duration_ns(point->key, &at_ns) < 0) {
            problems_node_key(&loading->tree.problems, point,
                              "is not a time of day (0h, 90m, 13h)");
        } else if (phase->curve_count < CURVE_POINTS_MAX) {
            add_point(loading, phase, at_ns / speed_times, point->rate);
        }
    }
    put_in_order(loading, curve, phase);
}

void build_curve(struct loading *loading, struct node *rate, struct scenario_phase *phase)
{
    struct node *curve = node_child(rate, "curve");
    struct node *other = node_child(rate, curve != NULL ? "from" : "speed");

    if (curve != NULL && other == NULL) {
        other = node_child(rate, "to");
    }
    phase->kind = PHASE_RATE;
    phase->curve_first = loading->setup->points_count;
    if (other != NULL) {
        problems_node_key(&loading->tree.problems, other,
                          "is not for this form (from and to, or curve "
                          "and speed)");
    } else if (curve != NULL) {
        build_day(loading, rate, phase);
    } else {
        build_ramp(loading, rate, phase);
    }
    if (phase->curve_count > 0 && phase->rate.messages == 0) {
        problems_node(&loading->tree.problems, rate, "is never above 0");
    }
}
