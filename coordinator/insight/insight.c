#include "insight.h"

#include "rules_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One rule: it looks at each case that was measured, or once at the whole result. */
struct rule {
    const char *name;
    void (*look_at_case)(struct insights *insights, const struct result_case *of);
    void (*look_at_result)(struct insights *insights);
    uint32_t keep_max; /* Its heaviest insights are shown; the rest is counted. */
    bool of_searches;  /* The others look at trials of one load, which a search has not. */
};

/* Of what may fire in every case of a sweep the worst few are worth a sentence. */
#define KEEP_FEW 3

/* One for each case of a usual set of variants or targets: they are what was asked. */
#define KEEP_MANY 24

static const struct rule rules[] = {
    {"size_knee", NULL, rule_size_knee, KEEP_MANY, false},
    {"scaling_knee", NULL, rule_scaling_knee, KEEP_MANY, false},
    {"scaling_law", NULL, rule_scaling_law, KEEP_MANY, false},
    {"search_unsteady", NULL, rule_search_unsteady, KEEP_MANY, true},
    {"feature_cost", rule_feature_cost, NULL, KEEP_MANY, false},
    {"ramp_knee", rule_ramp_knee, NULL, KEEP_MANY, false},
    {"peak_recovery", rule_peak_recovery, NULL, KEEP_MANY, false},
    {"backlog_emptied", rule_backlog_emptied, NULL, KEEP_MANY, false},
    {"tail_far_from_median", rule_tail, NULL, KEEP_FEW, false},
    {"late_skipped", rule_late_skipped, NULL, KEEP_FEW, false},
    {"coordinated_omission", rule_coordinated_omission, NULL, KEEP_FEW, false},
    {"in_flight_limits", rule_in_flight_limits, NULL, KEEP_FEW, false},
    {"latency_drift", rule_latency_drift, NULL, KEEP_FEW, false},
    {"backlog_growing", rule_backlog_growing, NULL, KEEP_FEW, false},
    {"consumer_behind", rule_consumer_behind, NULL, KEEP_FEW, false},
    {"producer_behind", rule_producer_behind, NULL, KEEP_FEW, false},
    {"partition_skew", rule_partition_skew, NULL, KEEP_FEW, false},
    {"generator_is_limit", rule_generator_is_limit, NULL, KEEP_FEW, false},
    {"calls_block", rule_calls_block, NULL, KEEP_FEW, false},
    {"generator_near_ceiling", rule_generator_near_ceiling, NULL, KEEP_FEW, false},
    {"acknowledgement_cost", rule_acknowledgement_cost, NULL, KEEP_FEW, false},
    {"memory_growing", rule_memory_growing, NULL, KEEP_FEW, false},
};
#define RULES_COUNT (sizeof rules / sizeof rules[0])

static int heavier_first(const void *a, const void *b)
{
    const struct weighed_insight *left = a;
    const struct weighed_insight *right = b;

    return (left->weight < right->weight) - (left->weight > right->weight);
}

/* Drops the lighter ones of those that the rule added, and says so in the last that stays. */
static void keep_heaviest(struct insights *insights, uint32_t first, uint32_t keep_max)
{
    uint32_t added = insights->count - first;

    if (added > keep_max) {
        qsort(insights->items + first, added, sizeof *insights->items, heavier_first);
        insights->count = first + keep_max;
        insight_say(insights->items[insights->count - 1].insight.text, " (and %u more)",
                    added - keep_max);
    }
}

static void apply(struct insights *insights, const struct rule *rule)
{
    const struct result *result = insights->result;
    uint32_t first = insights->count;

    insights->rule = rule->name;
    if (rule->look_at_result != NULL) {
        rule->look_at_result(insights);
    }
    for (uint32_t i = 0; rule->look_at_case != NULL && i < result->cases_count; i++) {
        if (result->cases[i].status == CASE_MEASURED && result->cases[i].trials_count > 0) {
            rule->look_at_case(insights, &result->cases[i]);
        }
    }
    keep_heaviest(insights, first, rule->keep_max);
}

/* Points that a series of any rule can have. */
static size_t points_max(const struct result *result)
{
    size_t points = result->cases_count;

    for (uint32_t c = 0; c < result->cases_count; c++) {
        for (uint32_t t = 0; t < result->cases[c].trials_count; t++) {
            const struct result_trial *trial = &result->cases[c].trials[t];

            points = trial->intervals_count > points ? trial->intervals_count : points;
            points = trial->agent_intervals_count > points ? trial->agent_intervals_count : points;
            points = trial->parties_count > points ? trial->parties_count : points;
        }
    }
    return points;
}

int insight_find(struct result *result, struct errinfo *reterr)
{
    struct insights insights = {.result = result};
    size_t points = points_max(result) + 1;
    struct result_insight *list = NULL;

    insights.x = calloc(points, sizeof *insights.x);
    insights.y = calloc(points, sizeof *insights.y);
    insights.out_of_memory = insights.x == NULL || insights.y == NULL;
    for (size_t i = 0; !insights.out_of_memory && i < RULES_COUNT; i++) {
        if (rules[i].of_searches == (result->findings.searches_count > 0)) {
            apply(&insights, &rules[i]);
        }
    }
    if (!insights.out_of_memory) {
        list = calloc((size_t)insights.count + 1, sizeof *list);
    }
    for (uint32_t i = 0; list != NULL && i < insights.count; i++) {
        list[i] = insights.items[i].insight;
    }
    free(insights.x);
    free(insights.y);
    free(insights.items);
    if (list == NULL) {
        return errinfo_nomem(reterr);
    }
    free(result->findings.insights);
    result->findings.insights = list;
    result->findings.insights_count = insights.count;
    return 0;
}
