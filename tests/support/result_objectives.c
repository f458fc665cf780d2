/* The objectives of the made-up result, and the choice of one of its cases with them. */
#include "result_fixture.h"

#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_objective(struct result *result, const struct result_objective *like)
{
    result->objectives =
        realloc(result->objectives, (result->objectives_count + 1) * sizeof *result->objectives);
    ASSERT(result->objectives != NULL);
    result->objectives[result->objectives_count++] = *like;
}

void result_fixture_objectives(struct result *result, bool faults)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];
        bool measured = result_case->status == CASE_MEASURED;
        struct result_objective e2e = {.text = "e2e.p99 < 10ms",
                                       .phase = "steady",
                                       .limit = 1e7,
                                       .unit = "ns",
                                       .samples = measured ? 30000 : 0};
        struct result_objective lost = {
            .text = "lost == 0", .unit = "messages", .samples = measured ? 1200000 : 0};
        struct result_objective corrupted = lost;

        (void)snprintf(corrupted.text, sizeof corrupted.text, "%s", "corrupted == 0");
        (void)snprintf(e2e.case_name, sizeof e2e.case_name, "%s", result_case->name);
        (void)snprintf(lost.case_name, sizeof lost.case_name, "%s", result_case->name);
        (void)snprintf(corrupted.case_name, sizeof corrupted.case_name, "%s", result_case->name);
        if (measured) {
            e2e.observed =
                (double)hist_percentile(result_case->phases[3].latency[SERIES_E2E], 99.0);
            e2e.met = e2e.observed < e2e.limit ? MET_YES : MET_NO;
            lost.observed = faults && i == 1 ? 42.0 : 0.0;
            lost.met = lost.observed > 0.0 ? MET_NO : MET_YES;
            corrupted.met = MET_YES;
        } else {
            e2e.met = lost.met = corrupted.met = MET_NOT_AVAILABLE;
            (void)snprintf(e2e.reason, sizeof e2e.reason, "%s", "the target was skipped");
        }
        add_objective(result, &e2e);
        add_objective(result, &lost);
        add_objective(result, &corrupted);
    }
}

void result_fixture_keep(struct result *result, uint32_t kept)
{
    struct result *rest = calloc(1, sizeof *rest);
    uint32_t objectives = 0;

    ASSERT(rest != NULL && kept < result->cases_count);
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (strcmp(result->objectives[i].case_name, result->cases[kept].name) == 0) {
            result->objectives[objectives++] = result->objectives[i];
        }
    }
    result->objectives_count = objectives;
    /* The others go the way of every result. */
    rest->cases = result->cases;
    rest->cases_count = result->cases_count;
    result->cases = calloc(1, sizeof *result->cases);
    ASSERT(result->cases != NULL);
    result->cases[0] = rest->cases[kept];
    result->cases_count = 1;
    memset(&rest->cases[kept], 0, sizeof rest->cases[kept]);
    result_free(rest);
}
