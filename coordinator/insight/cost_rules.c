/* cost_rules: what a guarantee costs. */
#include "rules_inner.h"

#include "metric.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The usual level; the comparison has corrected it for the number of metrics (Holm). */
#define P_MAX 0.05

/* A consumer has an acknowledgement under way a quarter of the time: below that its cost is within
 * what one run differs from the next. */
#define ACK_SHARE_MIN 0.25
#define ACK_SAMPLES_MIN 100

static const struct result_case *case_named(const struct result *result, const char *name)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (strcmp(result->cases[i].name, name) == 0) {
            return &result->cases[i];
        }
    }
    return NULL;
}

/* Latencies cost by growing, rates by falling. */
static bool is_rate(const char *name)
{
    struct metric metric;

    return metric_parse(name, &metric, NULL) == 0 && metric.higher_is_better;
}

/* How much worse, as a factor above 1; 0 if it is not, or may be chance. */
static double cost_of(const struct result_comparison *comparison)
{
    bool rate = is_rate(comparison->metric);
    bool worse = rate ? comparison->high < 1.0 : comparison->low > 1.0;

    if (!worse || !(comparison->p_value < P_MAX) || comparison->flow[0] != '\0') {
        return 0.0;
    }
    return rate ? 1.0 / comparison->ratio : comparison->ratio;
}

/* The costliest comparison of the case that is neither of the kind of taken nor it; NULL if none.
 */
static const struct result_comparison *costliest(const struct result *result, const char *case_name,
                                                 const struct result_comparison *taken)
{
    const struct result_comparison *most = NULL;

    for (uint32_t i = 0; i < result->findings.comparisons_count; i++) {
        const struct result_comparison *comparison = &result->findings.comparisons[i];

        if (strcmp(comparison->case_name, case_name) == 0 && cost_of(comparison) > 0.0 &&
            (taken == NULL || is_rate(comparison->metric) != is_rate(taken->metric)) &&
            (most == NULL || cost_of(comparison) > cost_of(most))) {
            most = comparison;
        }
    }
    return most;
}

static void say_cost(struct result_insight *insight, const struct result_comparison *comparison)
{
    char name[METRIC_BYTES];

    insight_say(insight->text, "%s %+.0f %% in %s (95 %%: %+.0f to %+.0f %%)", comparison->metric,
                (comparison->ratio - 1.0) * 100.0, comparison->phase,
                (comparison->low - 1.0) * 100.0, (comparison->high - 1.0) * 100.0);
    insight_figure(insight, comparison->metric, (comparison->ratio - 1.0) * 100.0, "%");
    (void)snprintf(name, sizeof name, "%.26s.low", comparison->metric);
    insight_figure(insight, name, (comparison->low - 1.0) * 100.0, "%");
    (void)snprintf(name, sizeof name, "%.26s.high", comparison->metric);
    insight_figure(insight, name, (comparison->high - 1.0) * 100.0, "%");
}

/* Of a variant against the one it is compared with: the costliest latency and the costliest rate.
 */
void rule_feature_cost(struct insights *insights, const struct result_case *of)
{
    const struct result *result = insights->result;
    const struct result_comparison *first = costliest(result, of->name, NULL);
    const struct result_comparison *second;
    const struct result_case *baseline;
    struct result_insight *insight;

    if (first == NULL) {
        return;
    }
    baseline = case_named(result, first->baseline);
    /* Against another target it is no feature that costs. */
    if (baseline == NULL || strcmp(baseline->target, of->target) != 0 ||
        strcmp(baseline->variant, of->variant) == 0) {
        return;
    }
    second = costliest(result, of->name, first);
    insight = insight_new(insights, of->name, cost_of(first));
    insight_say(insight->text, "%s: %s compared with %s: ", of->target, of->variant,
                baseline->variant);
    say_cost(insight, first);
    if (second != NULL) {
        insight_say(insight->text, ", ");
        say_cost(insight, second);
    }
    insight_figure(insight, "pairs", first->pairs, "");
}

static uint32_t consumers_of(const struct result_case *of, const char *flow)
{
    const struct result_trial *trial = &of->trials[0];
    uint32_t count = 0;

    for (uint32_t i = 0; i < trial->parties_count; i++) {
        count += trial->parties[i].kind == PARTY_CONSUMER &&
                         (flow[0] == '\0' || strcmp(trial->parties[i].flow, flow) == 0)
                     ? 1
                     : 0;
    }
    return count;
}

static void look_at_acks(struct insights *insights, const struct result_case *of,
                         const struct result_phase *phase)
{
    const struct hist *acks = phase->latency[SERIES_CONSUME_ACK];
    double consumer_ns = (double)consumers_of(of, phase->flow) * (double)phase->duration_ns;
    double under_way;
    double messages;
    struct result_insight *insight;
    char mean[UNITS_TEXT_BYTES];

    if (acks == NULL || hist_count(acks) < ACK_SAMPLES_MIN || consumer_ns <= 0.0) {
        return;
    }
    under_way = hist_sum(acks) / consumer_ns;
    messages = phase->received_per_s * (double)phase->duration_ns / 1e9 / (double)hist_count(acks);
    if (under_way < ACK_SHARE_MIN) {
        return;
    }
    insight = insight_new(insights, of->name, under_way);
    insight_place(insight, of, phase->name, phase->flow);
    insight_say(insight->text,
                "a consumer waits for %.2f acknowledgements on average. One takes %s, and there "
                "is one for every %.1f messages.",
                under_way, units_format_ns(hist_mean(acks), mean), messages);
    if (messages < 2.0) {
        insight_say(insight->advice,
                    "Acknowledge several messages at once (delivery.consume_ack: { batch: N }). "
                    "The scenario acknowledgement.yaml measures the effect.");
    }
    insight_figure(insight, "under_way", under_way, "");
    insight_figure(insight, "mean", hist_mean(acks), "ns");
    insight_figure(insight, "messages_per_ack", messages, "messages");
    insight_figure(insight, "samples", (double)hist_count(acks), "");
}

void rule_acknowledgement_cost(struct insights *insights, const struct result_case *of)
{
    for (uint32_t i = 0; i < of->phases_count; i++) {
        if (insight_row(of, &of->phases[i])) {
            look_at_acks(insights, of, &of->phases[i]);
        }
    }
}
