#include "noise.h"

#include "invariant.h"
#include "metric_value.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POWER 0.8

double noise_detectable(double spread, uint32_t n)
{
    double degrees = 2.0 * n - 2.0;

    ASSERT(n >= 2);
    return (stats_t_quantile(0.5 + STATS_CONFIDENCE / 2.0, degrees) +
            stats_t_quantile(POWER, degrees)) *
           spread * sqrt(2.0 / n);
}

static struct result_noise *new_row(struct findings *findings, struct errinfo *reterr)
{
    struct result_noise *grown =
        realloc(findings->noise, ((size_t)findings->noise_count + 1) * sizeof *grown);

    if (grown == NULL) {
        (void)errinfo_nomem(reterr);
        return NULL;
    }
    findings->noise = grown;
    memset(&grown[findings->noise_count], 0, sizeof *grown);
    return &grown[findings->noise_count++];
}

/* phase: "" for a count over all of them. values has room for the case's trials. */
static int add_row(struct result *result, const struct result_case *of,
                   const struct objective *objective, const char *phase, double *values,
                   struct errinfo *reterr)
{
    struct result_noise *row;
    uint32_t failed = 0;
    uint32_t n = 0;
    double mean;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        struct metric_value value =
            metric_over_trial(&objective->metric, &of->trials[t], phase, objective->flow);

        if (value.missing == NULL) {
            failed += metric_holds(objective, value.value, value.most) ? 0 : 1;
            values[n++] = value.value;
        }
    }
    if (n < 2) {
        return 0;
    }
    row = new_row(&result->findings, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    (void)snprintf(row->objective, sizeof row->objective, "%s", objective->text);
    memcpy(row->case_name, of->name, sizeof row->case_name);
    (void)snprintf(row->phase, sizeof row->phase, "%s", phase);
    mean = stats_mean(values, n);
    row->trials = n;
    row->failed = failed;
    row->spread = mean > 0.0 ? stats_sd(values, n) / mean : 0.0;
    row->detectable = noise_detectable(row->spread, n);
    return 0;
}

static int add_case(struct result *result, const struct result_case *of,
                    const struct objective *objective, struct errinfo *reterr)
{
    bool by_phase = objective->metric.kind != METRIC_COUNT && objective->phase[0] == '\0';
    double *values = calloc((size_t)of->trials_count + 1, sizeof *values);
    int r = 0;

    if (values == NULL) {
        return errinfo_nomem(reterr);
    }
    if (!by_phase) {
        r = add_row(result, of, objective, objective->phase, values, reterr);
    }
    for (uint32_t p = 0; r == 0 && by_phase && p < of->phases_count; p++) {
        const struct result_phase *phase = &of->phases[p];

        if (phase->measured && phase->flow[0] == '\0') {
            r = add_row(result, of, objective, phase->name, values, reterr);
        }
    }
    free(values);
    return r;
}

int noise_find(struct result *result, const struct judge_terms *terms, struct errinfo *reterr)
{
    int r = 0;

    free(result->findings.noise);
    result->findings.noise = NULL;
    result->findings.noise_count = 0;
    for (uint32_t i = 0; r == 0 && i < terms->objectives_count; i++) {
        const struct objective *objective = &terms->objectives[i];

        for (uint32_t c = 0; r == 0 && c < result->cases_count; c++) {
            const struct result_case *of = &result->cases[c];

            if (of->status == CASE_MEASURED && of->trials_count >= 2 &&
                (objective->target[0] == '\0' || strcmp(objective->target, of->target) == 0)) {
                r = add_case(result, of, objective, reterr);
            }
        }
    }
    return r;
}
