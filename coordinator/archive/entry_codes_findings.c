/* The findings of a CLOSE entry: flat lists, field by field. */
#include "entry_codes.h"

#include <math.h>

#define FINDINGS_MAX 65536 /* Of one kind. */

static const char *const check_statuses[] = {
    [CHECK_OK] = "ok",
    [CHECK_SUSPECT] = "suspect",
    [CHECK_INVALID] = "invalid",
    [CHECK_NOT_MEASURED] = "not measured",
};

static const char *const comparison_verdicts[] = {
    [COMPARISON_SAME] = "same",
    [COMPARISON_BETTER] = "better",
    [COMPARISON_WORSE] = "worse",
    [COMPARISON_INCONCLUSIVE] = "inconclusive",
    [COMPARISON_NOT_AVAILABLE] = "not available",
};

static const char *const step_outcomes[] = {
    [STEP_GOOD] = "good",
    [STEP_BAD] = "bad",
    [STEP_VOID] = "void",
};

static void code_check(struct fields *fields, void *item)
{
    struct result_check *check = item;

    field_text(fields, "check", check->check, sizeof check->check);
    field_text(fields, "agent", check->agent, sizeof check->agent);
    field_text(fields, "case", check->case_name, sizeof check->case_name);
    check->status =
        field_enum(fields, "status", check->status, check_statuses, CHECK_NOT_MEASURED + 1);
    field_double(fields, "observed", &check->observed);
    check->observed = check->status == CHECK_NOT_MEASURED ? NAN : check->observed;
    field_double(fields, "limit", &check->limit);
    field_text(fields, "unit", check->unit, sizeof check->unit);
    field_text(fields, "text", check->text, sizeof check->text);
}

static void code_comparison(struct fields *fields, void *item)
{
    struct result_comparison *comparison = item;

    field_text(fields, "case", comparison->case_name, sizeof comparison->case_name);
    field_text(fields, "baseline", comparison->baseline, sizeof comparison->baseline);
    field_text(fields, "phase", comparison->phase, sizeof comparison->phase);
    field_text(fields, "flow", comparison->flow, sizeof comparison->flow);
    field_text(fields, "metric", comparison->metric, sizeof comparison->metric);
    field_double(fields, "ratio", &comparison->ratio);
    field_double(fields, "low", &comparison->low);
    field_double(fields, "high", &comparison->high);
    field_double(fields, "threshold", &comparison->threshold);
    field_double(fields, "p_value", &comparison->p_value);
    field_u32(fields, "pairs", &comparison->pairs, ANY_U32);
    field_u32(fields, "pairs_more", &comparison->pairs_more, ANY_U32);
    field_bool(fields, "gates", &comparison->gates);
    comparison->verdict = field_enum(fields, "verdict", comparison->verdict, comparison_verdicts,
                                     COMPARISON_NOT_AVAILABLE + 1);
    field_text(fields, "reason", comparison->reason, sizeof comparison->reason);
    /* What is not finite is not written: 0 must not stand for it. */
    comparison->ratio = comparison->pairs < 1 ? NAN : comparison->ratio;
    comparison->low = comparison->pairs < 2 ? NAN : comparison->low;
    comparison->high = comparison->pairs < 2 ? NAN : comparison->high;
}

static void code_search(struct fields *fields, void *item)
{
    struct result_search *search = item;

    field_text(fields, "case", search->case_name, sizeof search->case_name);
    field_bool(fields, "found", &search->found);
    field_double(fields, "lower_per_s", &search->lower_per_s);
    field_double(fields, "upper_per_s", &search->upper_per_s);
    field_double(fields, "width", &search->width);
    field_text(fields, "limit", search->limit, sizeof search->limit);
}

static void code_search_step(struct fields *fields, void *item)
{
    struct result_search_step *step = item;

    field_text(fields, "case", step->case_name, sizeof step->case_name);
    field_u32(fields, "trial", &step->trial, ANY_U32);
    field_bool(fields, "confirms", &step->confirms);
    step->outcome = field_enum(fields, "outcome", step->outcome, step_outcomes, STEP_VOID + 1);
    field_double(fields, "asked_per_s", &step->asked_per_s);
    field_double(fields, "sent_per_s", &step->sent_per_s);
    field_double(fields, "received_per_s", &step->received_per_s);
    field_i64(fields, "e2e_p50_ns", &step->e2e_p50_ns);
    field_i64(fields, "e2e_p99_ns", &step->e2e_p99_ns);
    field_i64(fields, "publish_p99_ns", &step->publish_p99_ns);
    if (!fields->reads || !fields_lacks(fields, "e2e_p50_at_least")) { /* Older journals do. */
        field_bool(fields, "e2e_p50_at_least", &step->at_least.e2e_p50);
        field_bool(fields, "e2e_p99_at_least", &step->at_least.e2e_p99);
        field_bool(fields, "publish_p99_at_least", &step->at_least.publish_p99);
    }
    field_text(fields, "reason", step->reason, sizeof step->reason);
}

void code_search_entry(struct fields *fields, struct entry_search *entry)
{
    if (field_doc_begin(fields, "answer")) {
        code_search(fields, &entry->answer);
        field_doc_end(fields);
    }
    field_bool(fields, "has_step", &entry->has_step);
    if (entry->has_step && field_doc_begin(fields, "step")) {
        code_search_step(fields, &entry->step);
        field_doc_end(fields);
    }
}

static void code_figure(struct fields *fields, void *item)
{
    struct insight_figure *figure = item;

    field_text(fields, "name", figure->name, sizeof figure->name);
    field_double(fields, "value", &figure->value);
    field_text(fields, "unit", figure->unit, sizeof figure->unit);
}

static void code_insight(struct fields *fields, void *item)
{
    static const struct field_list figures = {.item_bytes = sizeof(struct insight_figure),
                                              .items_max = INSIGHT_FIGURES_MAX,
                                              .code = code_figure};
    struct result_insight *insight = item;

    field_text(fields, "rule", insight->rule, sizeof insight->rule);
    field_text(fields, "case", insight->case_name, sizeof insight->case_name);
    field_text(fields, "text", insight->text, sizeof insight->text);
    field_text(fields, "advice", insight->advice, sizeof insight->advice);
    field_items(fields, "figures", insight->figures, &insight->figures_count, &figures);
}

static void code_noise(struct fields *fields, void *item)
{
    struct result_noise *noise = item;

    field_text(fields, "objective", noise->objective, sizeof noise->objective);
    field_text(fields, "case", noise->case_name, sizeof noise->case_name);
    field_text(fields, "phase", noise->phase, sizeof noise->phase);
    field_u32(fields, "trials", &noise->trials, ANY_U32);
    field_u32(fields, "failed", &noise->failed, ANY_U32);
    field_double(fields, "spread", &noise->spread);
    field_double(fields, "detectable", &noise->detectable);
}

#define LIST_OF(type, coder)                                                                       \
    {                                                                                              \
        .item_bytes = sizeof(struct type), .items_max = FINDINGS_MAX, .code = (coder)              \
    }

void code_findings(struct fields *fields, struct findings *findings)
{
    static const struct field_list checks = LIST_OF(result_check, code_check);
    static const struct field_list comparisons = LIST_OF(result_comparison, code_comparison);
    static const struct field_list searches = LIST_OF(result_search, code_search);
    static const struct field_list steps = LIST_OF(result_search_step, code_search_step);
    static const struct field_list insights = LIST_OF(result_insight, code_insight);
    static const struct field_list noise = LIST_OF(result_noise, code_noise);

    findings->checks =
        field_list(fields, "checks", findings->checks, &findings->checks_count, &checks);
    findings->comparisons = field_list(fields, "comparisons", findings->comparisons,
                                       &findings->comparisons_count, &comparisons);
    findings->searches =
        field_list(fields, "searches", findings->searches, &findings->searches_count, &searches);
    findings->search_steps = field_list(fields, "search_steps", findings->search_steps,
                                        &findings->search_steps_count, &steps);
    findings->insights =
        field_list(fields, "insights", findings->insights, &findings->insights_count, &insights);
    findings->noise = field_list(fields, "noise", findings->noise, &findings->noise_count, &noise);
}
