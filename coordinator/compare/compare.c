#include "compare.h"

#include "invariant.h"
#include "metric_value.h"
#include "stats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is compared when nobody named it; those that a phase does not have are left out. */
static const char *const usual[] = {
    "e2e.p50",         "e2e.p99",         "publish.p50",         "publish.p99",
    "e2e_service.p50", "e2e_service.p99", "publish_service.p50", "publish_service.p99",
    "sent_rate",       "received_rate"};
#define USUAL_COUNT (sizeof usual / sizeof usual[0])
#define METRICS_MAX (USUAL_COUNT + COMPARE_WORSE_MAX)

/* One case against its baseline, while its rows are made. */
struct comparing {
    const struct compare_terms *terms;
    const struct result_case *of;
    const struct result_case *baseline;
    double *a; /* Room for one value of each trial. */
    double *b;
    struct result_comparison *rows;
    double *deviations; /* Of the logarithms, by row. */
    bool *higher_is_better;
    uint32_t rows_count;
};

static bool same_parameters(const struct result_case *a, const struct result_case *b)
{
    if (a->parameters_count != b->parameters_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->parameters_count; i++) {
        if (strcmp(a->parameters[i].key, b->parameters[i].key) != 0 ||
            strcmp(a->parameters[i].value, b->parameters[i].value) != 0) {
            return false;
        }
    }
    return true;
}

/* The case that differs from this one in being the baseline, and in nothing else. */
static const struct result_case *baseline_of(const struct result *result,
                                             const struct compare_terms *terms,
                                             const struct result_case *of)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *other = &result->cases[i];
        const char *own = terms->by_target ? of->target : of->variant;
        const char *others = terms->by_target ? other->target : other->variant;
        bool rest = terms->by_target ? strcmp(other->variant, of->variant) == 0
                                     : strcmp(other->target, of->target) == 0;

        if (strcmp(others, terms->baseline) == 0 && strcmp(own, terms->baseline) != 0 && rest &&
            same_parameters(other, of)) {
            return other;
        }
    }
    return NULL;
}

static const struct result_phase *phase_of(const struct result_trial *trial, const char *name)
{
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        if (strcmp(trial->phases[p].name, name) == 0 && trial->phases[p].flow[0] == '\0') {
            return &trial->phases[p];
        }
    }
    return NULL;
}

static struct metric_value value_of(const struct metric *metric, const struct result_trial *trial,
                                    const char *phase)
{
    const struct result_phase *found = phase_of(trial, phase);

    if (found == NULL) {
        return (struct metric_value){.missing = "the trial has no such phase"};
    }
    if (found->lacks_agent) { /* It had another load. */
        return (struct metric_value){.missing = "an agent was lost in the trial"};
    }
    return metric_value(metric, trial, found);
}

/* Pairs of trials of one metric, or why there are none. */
struct pairs {
    uint32_t count;
    const char *missing;
    bool lacks_samples; /* The metric is there, with too little or nothing in it. */
};

/* Has the value a logarithm? */
static bool is_usable(const struct metric_value *value, struct pairs *pairs)
{
    if (value->missing == NULL && value->value > 0.0 && !value->at_least) {
        return true;
    }
    /* A ratio of lower bounds says nothing: it could be any. */
    pairs->missing = value->missing != NULL ? value->missing
                     : value->at_least
                         ? "messages never came, so it is only known to be at least so much"
                         : "it was 0, which has no ratio";
    pairs->lacks_samples = pairs->lacks_samples || value->samples > 0;
    return false;
}

/* Trials of the same repetition, both with a value that has a logarithm. */
static struct pairs find_pairs(struct comparing *comparing, const struct metric *metric,
                               const char *phase)
{
    struct pairs pairs = {.missing = "no trials of the same repetition were measured"};

    for (uint32_t i = 0; i < comparing->of->trials_count; i++) {
        const struct result_trial *trial = &comparing->of->trials[i];

        for (uint32_t k = 0; k < comparing->baseline->trials_count; k++) {
            const struct result_trial *other = &comparing->baseline->trials[k];

            if (other->repetition == trial->repetition) {
                struct metric_value own = value_of(metric, trial, phase);
                struct metric_value its = value_of(metric, other, phase);

                comparing->b[pairs.count] = own.value;
                comparing->a[pairs.count] = its.value;
                pairs.count += is_usable(&own, &pairs) && is_usable(&its, &pairs) ? 1 : 0;
                break;
            }
        }
    }
    return pairs;
}

/* A metric that gates has its row also where nothing can be compared: it must not look as if it
 * had held. */
static void add_row(struct comparing *comparing, const struct metric *metric, const char *phase,
                    double threshold, bool gates)
{
    uint32_t index = comparing->rows_count;
    struct result_comparison *row = &comparing->rows[index];
    struct pairs pairs = find_pairs(comparing, metric, phase);

    if (pairs.count == 0 && !gates) {
        return;
    }
    comparing->rows_count++;
    memcpy(row->case_name, comparing->of->name, sizeof row->case_name);
    memcpy(row->baseline, comparing->baseline->name, sizeof row->baseline);
    (void)snprintf(row->phase, sizeof row->phase, "%s", phase);
    memcpy(row->metric, metric->name, sizeof row->metric);
    row->threshold = threshold;
    row->gates = gates;
    comparing->higher_is_better[index] = metric->higher_is_better;
    if (pairs.count == 0) {
        row->ratio = row->low = row->high = (double)NAN;
        row->p_value = 1.0;
        row->verdict = pairs.lacks_samples ? COMPARISON_INCONCLUSIVE : COMPARISON_NOT_AVAILABLE;
        (void)snprintf(row->reason, sizeof row->reason, "%s", pairs.missing);
        return;
    }
    compare_pairs(comparing->a, comparing->b, pairs.count, row);
    for (uint32_t i = 0; i < pairs.count; i++) {
        comparing->a[i] = log(comparing->b[i] / comparing->a[i]);
    }
    comparing->deviations[index] = stats_sd(comparing->a, pairs.count);
}

static const struct compare_gate *gate_of(const struct compare_terms *terms, const char *metric)
{
    for (uint32_t i = 0; i < terms->worse_count; i++) {
        if (strcmp(terms->worse[i].metric.name, metric) == 0) {
            return &terms->worse[i];
        }
    }
    return NULL;
}

static void compare_phase(struct comparing *comparing, const char *phase)
{
    for (uint32_t i = 0; i < comparing->terms->worse_count; i++) {
        const struct compare_gate *gate = &comparing->terms->worse[i];

        add_row(comparing, &gate->metric, phase, gate->threshold, true);
    }
    for (size_t i = 0; i < USUAL_COUNT; i++) {
        struct metric metric;
        int r = metric_parse(usual[i], &metric, NULL);

        ASSERT(r == 0);
        if (gate_of(comparing->terms, usual[i]) == NULL) {
            add_row(comparing, &metric, phase,
                    metric.higher_is_better ? COMPARE_RATE_THRESHOLD : COMPARE_LATENCY_THRESHOLD,
                    false);
        }
    }
}

/* Holm's correction holds over all rows of the case that have pairs. */
static int judge_rows(struct comparing *comparing, struct errinfo *reterr)
{
    double *p_values = calloc((size_t)comparing->rows_count * 2 + 1, sizeof *p_values);
    double *corrected;
    uint32_t n = 0;

    if (p_values == NULL) {
        return errinfo_nomem(reterr);
    }
    corrected = p_values + comparing->rows_count;
    for (uint32_t i = 0; i < comparing->rows_count; i++) {
        p_values[n] = comparing->rows[i].p_value;
        n += comparing->rows[i].pairs > 0 ? 1 : 0;
    }
    stats_holm(p_values, n, corrected);
    n = 0;
    for (uint32_t i = 0; i < comparing->rows_count; i++) {
        struct result_comparison *row = &comparing->rows[i];

        if (row->pairs > 0) {
            row->p_value = corrected[n++];
            compare_judge(row, comparing->higher_is_better[i], comparing->deviations[i]);
        }
    }
    free(p_values);
    return 0;
}

static int keep_rows(struct findings *findings, const struct comparing *comparing,
                     struct errinfo *reterr)
{
    struct result_comparison *grown =
        realloc(findings->comparisons,
                ((size_t)findings->comparisons_count + comparing->rows_count + 1) * sizeof *grown);

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(grown + findings->comparisons_count, comparing->rows,
           comparing->rows_count * sizeof *grown);
    findings->comparisons = grown;
    findings->comparisons_count += comparing->rows_count;
    return 0;
}

static int compare_case(struct result *result, const struct compare_terms *terms,
                        const struct result_case *of, struct errinfo *reterr)
{
    size_t rows_max = of->phases_count * METRICS_MAX + 1;
    struct comparing comparing = {
        .terms = terms, .of = of, .baseline = baseline_of(result, terms, of)};
    int r = 0;

    if (comparing.baseline == NULL || of->trials_count == 0) {
        return 0;
    }
    comparing.a = calloc((size_t)of->trials_count + 1, sizeof *comparing.a);
    comparing.b = calloc((size_t)of->trials_count + 1, sizeof *comparing.b);
    comparing.rows = calloc(rows_max, sizeof *comparing.rows);
    comparing.deviations = calloc(rows_max, sizeof *comparing.deviations);
    comparing.higher_is_better = calloc(rows_max, sizeof *comparing.higher_is_better);
    if (comparing.a == NULL || comparing.b == NULL || comparing.rows == NULL ||
        comparing.deviations == NULL || comparing.higher_is_better == NULL) {
        r = errinfo_nomem(reterr);
        goto out;
    }
    for (uint32_t p = 0; p < of->phases_count; p++) {
        if (of->phases[p].measured && of->phases[p].flow[0] == '\0') {
            compare_phase(&comparing, of->phases[p].name);
        }
    }
    r = judge_rows(&comparing, reterr);
    r = r < 0 ? r : keep_rows(&result->findings, &comparing, reterr);
out:
    free(comparing.a);
    free(comparing.b);
    free(comparing.rows);
    free(comparing.deviations);
    free(comparing.higher_is_better);
    return r;
}

int compare_result(struct result *result, const struct compare_terms *terms, struct errinfo *reterr)
{
    int r = 0;

    free(result->findings.comparisons);
    result->findings.comparisons = NULL;
    result->findings.comparisons_count = 0;
    for (uint32_t i = 0; terms->baseline[0] != '\0' && r == 0 && i < result->cases_count; i++) {
        r = compare_case(result, terms, &result->cases[i], reterr);
    }
    return r;
}
