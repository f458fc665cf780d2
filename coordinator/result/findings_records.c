/* The tables of findings, see record.h: as they stand in a journal's closing entry and in
 * result.json. */
#include "findings.h"

#include "invariant.h"

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

#define NAMES_COUNT(names) (sizeof(names) / sizeof(names)[0])

const char *check_status_name(enum check_status status)
{
    ASSERT((size_t)status < NAMES_COUNT(check_statuses));
    return check_statuses[status];
}

const char *comparison_verdict_name(enum comparison_verdict verdict)
{
    ASSERT((size_t)verdict < NAMES_COUNT(comparison_verdicts));
    return comparison_verdicts[verdict];
}

const char *step_outcome_name(enum step_outcome outcome)
{
    ASSERT((size_t)outcome < NAMES_COUNT(step_outcomes));
    return step_outcomes[outcome];
}

static const struct field result_check_fields[] = {
    FIELD(result_check, check),
    FIELD(result_check, agent, .shown = SHOWN_OR_NULL),
    FIELD_NAMED(result_check, case_name, "case", .shown = SHOWN_OR_NULL),
    FIELD_NAMES_OF(result_check, status, FIELD_ENUM, check_statuses),
    FIELD(result_check, observed, .or_nan = true),
    FIELD(result_check, limit),
    FIELD(result_check, unit),
    FIELD(result_check, text),
};

const struct record result_check_record = RECORD(result_check);

static const struct field result_comparison_fields[] = {
    FIELD_NAMED(result_comparison, case_name, "case"),
    FIELD(result_comparison, baseline),
    FIELD(result_comparison, phase),
    FIELD(result_comparison, flow, .shown = SHOWN_OR_NULL),
    FIELD(result_comparison, metric),
    FIELD(result_comparison, ratio, .or_nan = true),
    FIELD(result_comparison, low, .or_nan = true),
    FIELD(result_comparison, high, .or_nan = true),
    FIELD(result_comparison, threshold),
    FIELD(result_comparison, p_value),
    FIELD(result_comparison, pairs),
    FIELD(result_comparison, pairs_more),
    FIELD(result_comparison, gates),
    FIELD_NAMES_OF(result_comparison, verdict, FIELD_ENUM, comparison_verdicts),
    FIELD(result_comparison, reason, .shown = SHOWN_OR_NULL),
};

const struct record result_comparison_record = RECORD(result_comparison);

static const struct field result_search_fields[] = {
    FIELD_NAMED(result_search, case_name, "case"),
    FIELD(result_search, found),
    FIELD(result_search, lower_per_s, .shown = SHOWN_IF_SET),
    FIELD(result_search, upper_per_s, .shown = SHOWN_IF_SET),
    FIELD(result_search, width),
    FIELD(result_search, limit),
};

const struct record result_search_record = RECORD(result_search);

/* In result.json one object, and of it what holds. */
static const struct field step_at_least_fields[] = {
    FIELD_NAMED(result_search_step, at_least.e2e_p50, "e2e_p50_ns", .shown = SHOWN_IF_SET),
    FIELD_NAMED(result_search_step, at_least.e2e_p99, "e2e_p99_ns", .shown = SHOWN_IF_SET),
    FIELD_NAMED(result_search_step, at_least.publish_p99, "publish_p99_ns", .shown = SHOWN_IF_SET),
};

static const struct record step_at_least_record =
    RECORD_OF(result_search_step, "at_least", step_at_least_fields);

static const struct field result_search_step_fields[] = {
    FIELD_NAMED(result_search_step, case_name, "case",
                .only = ONLY_KEPT), /* Shown in its search. */
    FIELD(result_search_step, trial),
    FIELD(result_search_step, confirms),
    FIELD_NAMES_OF(result_search_step, outcome, FIELD_ENUM, step_outcomes),
    FIELD(result_search_step, asked_per_s),
    FIELD(result_search_step, sent_per_s),
    FIELD(result_search_step, received_per_s),
    FIELD(result_search_step, e2e_p50_ns, .shown = SHOWN_IF_SET),
    FIELD(result_search_step, e2e_p99_ns, .shown = SHOWN_IF_SET),
    FIELD(result_search_step, publish_p99_ns, .shown = SHOWN_IF_SET),
    FIELD_NAMED(result_search_step, at_least.e2e_p50, "e2e_p50_at_least", .since = 2,
                .only = ONLY_KEPT),
    FIELD_NAMED(result_search_step, at_least.e2e_p99, "e2e_p99_at_least", .since = 2,
                .only = ONLY_KEPT),
    FIELD_NAMED(result_search_step, at_least.publish_p99, "publish_p99_at_least", .since = 2,
                .only = ONLY_KEPT),
    FIELD_GROUP("at_least", step_at_least_record, .shown = SHOWN_IF_SET),
    FIELD(result_search_step, reason, .shown = SHOWN_OR_NULL),
};

const struct record result_search_step_record = RECORD(result_search_step);

static const struct field insight_figure_fields[] = {
    FIELD(insight_figure, name),
    FIELD(insight_figure, value),
    FIELD(insight_figure, unit),
};

static const struct record insight_figure_record = RECORD(insight_figure);

static const struct field result_insight_fields[] = {
    FIELD(result_insight, rule),
    FIELD_NAMED(result_insight, case_name, "case", .shown = SHOWN_OR_NULL),
    FIELD(result_insight, text),
    FIELD(result_insight, advice, .shown = SHOWN_OR_NULL),
    FIELD_ITEMS_OF(result_insight, figures, figures_count, insight_figure_record,
                   INSIGHT_FIGURES_MAX, .shown = SHOWN_BY_NAME),
};

const struct record result_insight_record = RECORD(result_insight);

static const struct field result_noise_fields[] = {
    FIELD(result_noise, objective),
    FIELD_NAMED(result_noise, case_name, "case"),
    FIELD(result_noise, phase, .shown = SHOWN_OR_NULL),
    FIELD(result_noise, trials),
    FIELD(result_noise, failed),
    FIELD(result_noise, spread),
    FIELD(result_noise, detectable),
};

const struct record result_noise_record = RECORD(result_noise);

static const struct field findings_fields[] = {
    FIELD_LIST_OF(findings, checks, checks_count, result_check_record, FINDINGS_MAX),
    FIELD_LIST_OF(findings, comparisons, comparisons_count, result_comparison_record, FINDINGS_MAX),
    FIELD_LIST_OF(findings, searches, searches_count, result_search_record, FINDINGS_MAX),
    FIELD_LIST_OF(findings, search_steps, search_steps_count, result_search_step_record,
                  FINDINGS_MAX),
    FIELD_LIST_OF(findings, insights, insights_count, result_insight_record, FINDINGS_MAX),
    FIELD_LIST_OF(findings, noise, noise_count, result_noise_record, FINDINGS_MAX),
};

const struct record findings_record = RECORD(findings);
