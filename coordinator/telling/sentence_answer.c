#include "sentence_answer_inner.h"

#include "facts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LISTED_MAX 4

static void add_search(const struct result *result, const struct result_search *search,
                       struct text *out)
{
    const struct result_case *result_case = facts_case(result, search->case_name);
    const char *name = result_case == NULL ? search->case_name : facts_label(result, result_case);
    char rate[UNITS_TEXT_BYTES];

    if (search->lower_per_s <= 0.0) {
        text_addf(out, "no rate held on %s", name);
    } else if (search->found) {
        text_addf(out, "%s is the highest rate %s sustains",
                  units_format_rate(search->lower_per_s, rate), name);
    } else {
        text_addf(out, "%s sustains at least %s", name,
                  units_format_rate(search->lower_per_s, rate));
    }
    if (search->limit[0] != '\0') {
        text_addf(out, " (%s%s)", search->found ? "limited by: " : "", search->limit);
    }
}

static bool is_rate(const char *metric)
{
    const char *end = strstr(metric, "_rate");

    return end != NULL && strcmp(end, "_rate") == 0;
}

bool sentence_tells_difference(const struct result_comparison *comparison)
{
    bool asked = comparison->gates || (comparison->flow[0] == '\0' &&
                                       (strcmp(comparison->metric, "received_rate") == 0 ||
                                        strcmp(comparison->metric, "e2e.p99") == 0));

    return asked && isfinite(comparison->ratio) &&
           (comparison->verdict == COMPARISON_WORSE || comparison->verdict == COMPARISON_BETTER);
}

/* "ordered costs 12.0 % (9.0 to 15.0 %) throughput" */
static void add_difference(const struct result_comparison *comparison, struct text *out)
{
    bool rate = is_rate(comparison->metric);
    bool more = comparison->ratio > 1.0;
    const char *name =
        strcmp(comparison->metric, "received_rate") == 0 ? "throughput" : comparison->metric;
    double sign = more ? 100.0 : -100.0;
    double near = sign * ((more ? comparison->low : comparison->high) - 1.0);
    double far = sign * ((more ? comparison->high : comparison->low) - 1.0);
    char low[FACTS_TEXT_BYTES];
    char high[FACTS_TEXT_BYTES];
    char times[FACTS_TEXT_BYTES];
    const char *verb = rate ? (more ? "gains" : "costs") : (more ? "adds" : "saves");

    if (comparison->ratio >= FACTS_TIMES_FROM) {
        text_addf(out, "%s has %s times the %s (%s to %s)", comparison->case_name,
                  facts_times(comparison->ratio, times), name, facts_times(comparison->low, low),
                  facts_times(comparison->high, high));
        return;
    }
    text_addf(out, "%s %s %.1f %% (%.1f to %.1f %%) %s%s", comparison->case_name, verb,
              sign * (comparison->ratio - 1.0), near, far, rate ? "" : (more ? "to " : "of "),
              name);
}

static void add_comparisons(const struct result *result, struct text *out)
{
    const struct findings *findings = &result->findings;
    uint32_t inconclusive = 0;
    uint32_t listed = 0;
    uint32_t left = 0;

    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        const struct result_comparison *comparison = &findings->comparisons[i];

        inconclusive += comparison->verdict == COMPARISON_INCONCLUSIVE ? 1 : 0;
        if (!sentence_tells_difference(comparison)) {
            continue;
        }
        if (listed == LISTED_MAX) {
            left++;
            continue;
        }
        text_add(out, listed++ == 0 ? "" : ", ");
        add_difference(comparison, out);
    }
    if (left > 0) {
        text_addf(out, " and %u more", left);
    }
    if (listed == 0) {
        text_addf(out, "no clear difference in throughput or p99 against %s",
                  findings->comparisons[0].baseline);
    }
    if (inconclusive > 0) {
        text_addf(out, "; %u of %u comparisons are inconclusive", inconclusive,
                  findings->comparisons_count);
    }
}

bool sentence_answer(const struct result *result, struct text *out)
{
    const struct findings *findings = &result->findings;

    for (uint32_t i = 0; i < findings->searches_count && i < LISTED_MAX; i++) {
        text_add(out, i == 0 ? "" : ", ");
        add_search(result, &findings->searches[i], out);
    }
    if (findings->searches_count > LISTED_MAX) {
        text_addf(out, " and %u more", findings->searches_count - LISTED_MAX);
    }
    if (findings->searches_count > 0) {
        return true;
    }
    if (findings->comparisons_count > 0) {
        add_comparisons(result, out);
        return true;
    }
    return false;
}
