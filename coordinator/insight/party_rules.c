/* party_rules: one of several that do the same work is behind the rest, which totals hide. */
#include "rules_inner.h"

#include "units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With two, which of them is the odd one can't be told. */
#define PARTIES_MIN 3

/* A mean of fewer is decided by a few slow ones. */
#define MESSAGES_MIN 100

/* Means of that many messages of equal work differ by far less; in queues' exponential latencies
 * the mean of 100 is within 30 % of the true one in 99.7 % of the cases. */
#define BEHIND_RATIO_MIN 2.0
#define BEHIND_NS_MIN 1e6

/* An even spread gives shares that differ by one message in a round. */
#define SKEW_RATIO_MIN 2.0
#define SKEW_MESSAGES_MIN 1000

static bool is_of_group(const struct result_party *party, const struct result_party *like)
{
    return party->kind == like->kind && party->subscription == like->subscription &&
           strcmp(party->flow, like->flow) == 0;
}

static int rising(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median_of(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, rising);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2.0;
}

/* The median of the mean latencies of a party's group, or of their messages; 0 without
 * PARTIES_MIN that have enough to tell. */
static double group_median(struct insights *insights, const struct result_trial *trial,
                           const struct result_party *like, bool latency)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < trial->parties_count; i++) {
        const struct result_party *party = &trial->parties[i];

        if (!is_of_group(party, like)) {
            continue;
        }
        if (!latency) {
            insights->y[count++] = (double)party->messages;
        } else if (party->messages >= MESSAGES_MIN && party->latency_ns_mean > 0.0) {
            insights->y[count++] = party->latency_ns_mean;
        }
    }
    return count >= PARTIES_MIN ? median_of(insights->y, count) : 0.0;
}

static void add_behind(struct insights *insights, const struct result_case *of,
                       const struct result_party *party, double median_ns)
{
    struct result_insight *insight =
        insight_new(insights, of->name, party->latency_ns_mean / median_ns);
    char mean[UNITS_TEXT_BYTES];
    char rest[UNITS_TEXT_BYTES];

    insight_say(insight->text,
                "%s: %s is slower than the others. Its mean latency is %s, theirs %s.", of->name,
                party->name, units_format_ns(party->latency_ns_mean, mean),
                units_format_ns(median_ns, rest));
    insight_figure(insight, "mean", party->latency_ns_mean, "ns");
    insight_figure(insight, "median_of_all", median_ns, "ns");
    insight_figure(insight, "messages", (double)party->messages, "messages");
}

static void look_behind(struct insights *insights, const struct result_case *of,
                        enum party_kind kind)
{
    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];
        const struct result_party *worst = NULL;
        double worst_median_ns = 1.0;

        for (uint32_t i = 0; i < trial->parties_count; i++) {
            const struct result_party *party = &trial->parties[i];
            double median_ns;

            if (party->kind != kind || party->messages < MESSAGES_MIN ||
                (worst != NULL && party->latency_ns_mean <= worst->latency_ns_mean)) {
                continue;
            }
            median_ns = group_median(insights, trial, party, true);
            if (median_ns > 0.0 && party->latency_ns_mean >= BEHIND_RATIO_MIN * median_ns &&
                party->latency_ns_mean - median_ns >= BEHIND_NS_MIN) {
                worst = party;
                worst_median_ns = median_ns;
            }
        }
        if (worst != NULL) {
            add_behind(insights, of, worst, worst_median_ns);
            return;
        }
    }
}

void rule_consumer_behind(struct insights *insights, const struct result_case *of)
{
    look_behind(insights, of, PARTY_CONSUMER);
}

void rule_producer_behind(struct insights *insights, const struct result_case *of)
{
    look_behind(insights, of, PARTY_PRODUCER);
}

void rule_partition_skew(struct insights *insights, const struct result_case *of)
{
    const struct result_trial *trial = &of->trials[0]; /* Keys and places are those of all. */
    const struct result_party *most = NULL;
    struct result_insight *insight;
    double median;

    for (uint32_t i = 0; i < trial->parties_count; i++) {
        const struct result_party *party = &trial->parties[i];

        if (party->kind == PARTY_PARTITION && (most == NULL || party->messages > most->messages)) {
            most = party;
        }
    }
    if (most == NULL || most->messages < SKEW_MESSAGES_MIN) {
        return;
    }
    median = group_median(insights, trial, most, false);
    if (median <= 0.0 || (double)most->messages < SKEW_RATIO_MIN * median) {
        return;
    }
    insight = insight_new(insights, of->name, (double)most->messages / median);
    insight_say(insight->text, "%s: %s carried %.1f times the messages of the median partition",
                of->name, most->name, (double)most->messages / median);
    insight_say(
        insight->advice,
        "It reaches its limit first, and more partitions do not change the share of its keys. "
        "Plan the size for this one, or spread the keys more evenly.");
    insight_figure(insight, "messages", (double)most->messages, "messages");
    insight_figure(insight, "median", median, "messages");
}
