#include "findings_samples.h"

#include "entry_samples.h"
#include "wire_samples.h"

#define ITEMS 4

#define TEXT(field) sample_utf8(random, (field), sizeof(field))

static double any_double(struct random *random)
{
    return (double)sample_time(random) / 3;
}

static void sample_checks(struct random *random, struct findings *ret)
{
    ret->checks_count = sample_below(random, ITEMS);
    ret->checks = sample_zeros(ret->checks_count, sizeof *ret->checks);
    for (uint32_t i = 0; i < ret->checks_count; i++) {
        struct result_check *check = &ret->checks[i];

        TEXT(check->check);
        TEXT(check->agent);
        TEXT(check->case_name);
        check->status = (enum check_status)sample_below(random, CHECK_NOT_MEASURED + 1);
        check->observed = any_double(random);
        check->limit = any_double(random);
        TEXT(check->unit);
        TEXT(check->text);
    }
}

static void sample_comparisons(struct random *random, struct findings *ret)
{
    ret->comparisons_count = sample_below(random, ITEMS);
    ret->comparisons = sample_zeros(ret->comparisons_count, sizeof *ret->comparisons);
    for (uint32_t i = 0; i < ret->comparisons_count; i++) {
        struct result_comparison *comparison = &ret->comparisons[i];

        TEXT(comparison->case_name);
        TEXT(comparison->baseline);
        TEXT(comparison->phase);
        TEXT(comparison->flow);
        TEXT(comparison->metric);
        comparison->ratio = any_double(random);
        comparison->low = any_double(random);
        comparison->high = any_double(random);
        comparison->threshold = any_double(random);
        comparison->p_value = any_double(random);
        comparison->pairs = 2 + sample_below(random, 1000);
        comparison->pairs_more = (uint32_t)sample_number(random);
        comparison->gates = sample_below(random, 2) == 1;
        comparison->verdict =
            (enum comparison_verdict)sample_below(random, COMPARISON_INCONCLUSIVE + 1);
    }
}

static void sample_searches(struct random *random, struct findings *ret)
{
    ret->searches_count = sample_below(random, ITEMS);
    ret->searches = sample_zeros(ret->searches_count, sizeof *ret->searches);
    for (uint32_t i = 0; i < ret->searches_count; i++) {
        struct result_search *search = &ret->searches[i];

        TEXT(search->case_name);
        search->found = sample_below(random, 2) == 1;
        search->lower_per_s = any_double(random);
        search->upper_per_s = any_double(random);
        search->width = any_double(random);
        TEXT(search->limit);
    }
    ret->search_steps_count = sample_below(random, ITEMS);
    ret->search_steps = sample_zeros(ret->search_steps_count, sizeof *ret->search_steps);
    for (uint32_t i = 0; i < ret->search_steps_count; i++) {
        struct result_search_step *step = &ret->search_steps[i];

        TEXT(step->case_name);
        step->trial = (uint32_t)sample_number(random);
        step->confirms = sample_below(random, 2) == 1;
        step->outcome = (enum step_outcome)sample_below(random, STEP_VOID + 1);
        step->asked_per_s = any_double(random);
        step->sent_per_s = any_double(random);
        step->received_per_s = any_double(random);
        step->e2e_p50_ns = sample_time(random);
        step->e2e_p99_ns = sample_time(random);
        step->publish_p99_ns = sample_time(random);
        step->at_least.e2e_p50 = sample_below(random, 2) == 1;
        step->at_least.e2e_p99 = sample_below(random, 2) == 1;
        step->at_least.publish_p99 = sample_below(random, 2) == 1;
        TEXT(step->reason);
    }
}

static void sample_insights(struct random *random, struct findings *ret)
{
    ret->insights_count = sample_below(random, ITEMS);
    ret->insights = sample_zeros(ret->insights_count, sizeof *ret->insights);
    for (uint32_t i = 0; i < ret->insights_count; i++) {
        struct result_insight *insight = &ret->insights[i];

        TEXT(insight->rule);
        TEXT(insight->case_name);
        TEXT(insight->text);
        TEXT(insight->advice);
        insight->figures_count = sample_below(random, INSIGHT_FIGURES_MAX + 1);
        for (uint32_t f = 0; f < insight->figures_count; f++) {
            TEXT(insight->figures[f].name);
            insight->figures[f].value = any_double(random);
            TEXT(insight->figures[f].unit);
        }
    }
}

static void sample_noise(struct random *random, struct findings *ret)
{
    ret->noise_count = sample_below(random, ITEMS);
    ret->noise = sample_zeros(ret->noise_count, sizeof *ret->noise);
    for (uint32_t i = 0; i < ret->noise_count; i++) {
        struct result_noise *noise = &ret->noise[i];

        TEXT(noise->objective);
        TEXT(noise->case_name);
        TEXT(noise->phase);
        noise->trials = (uint32_t)sample_number(random);
        noise->failed = (uint32_t)sample_number(random);
        noise->spread = any_double(random);
        noise->detectable = any_double(random);
    }
}

void sample_findings(struct random *random, struct findings *ret)
{
    sample_checks(random, ret);
    sample_comparisons(random, ret);
    sample_searches(random, ret);
    sample_insights(random, ret);
    sample_noise(random, ret);
}

#define SAME(list)                                                                                 \
    (a->list##_count == b->list##_count &&                                                         \
     same_items(a->list, b->list, a->list##_count, sizeof *a->list))

bool same_findings(const struct findings *a, const struct findings *b)
{
    return SAME(checks) && SAME(comparisons) && SAME(searches) && SAME(search_steps) &&
           SAME(insights) && SAME(noise);
}
