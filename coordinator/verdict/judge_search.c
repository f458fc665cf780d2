/* A search has objectives of its own trials; what is judged of it is whether it found an answer. */
#include "judge_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct result_search *search_of(const struct result *result, const char *case_name)
{
    for (uint32_t i = 0; i < result->findings.searches_count; i++) {
        if (strcmp(result->findings.searches[i].case_name, case_name) == 0) {
            return &result->findings.searches[i];
        }
    }
    return NULL;
}

static const struct result_search_step *last_step(const struct result *result,
                                                  const char *case_name)
{
    const struct result_search_step *last = NULL;

    for (uint32_t i = 0; i < result->findings.search_steps_count; i++) {
        if (strcmp(result->findings.search_steps[i].case_name, case_name) == 0) {
            last = &result->findings.search_steps[i];
        }
    }
    return last;
}

/* The range's highest rate held: no answer to "how much", and nothing that was missed. */
static bool is_at_top(const struct result_search *search)
{
    return search->lower_per_s > 0.0 && search->upper_per_s <= 0.0;
}

static int judge_one(struct result *result, const struct result_case *of,
                     struct result_objective *row, struct tally *tally, struct errinfo *reterr)
{
    const struct result_search *search = search_of(result, of->name);
    const struct result_search_step *last = last_step(result, of->name);
    bool is_void = last != NULL && last->outcome == STEP_VOID;

    row->met = MET_NOT_AVAILABLE;
    if (of->status != CASE_MEASURED || search == NULL || last == NULL) {
        (void)snprintf(row->reason, sizeof row->reason, "the case is %s",
                       of->status != CASE_MEASURED ? case_status_name(of->status)
                                                   : "not measured to its end");
        return 0;
    }
    row->observed = search->lower_per_s;
    row->has_observed = search->lower_per_s > 0.0;
    row->samples = 0;
    for (uint32_t i = 0; i < of->phases_count; i++) {
        row->samples += of->phases[i].flow[0] == '\0' ? of->phases[i].delivery.sent : 0;
    }
    (void)snprintf(row->reason, sizeof row->reason, "%s", search->limit);
    if (search->found || (is_at_top(search) && !is_void)) {
        row->met = MET_YES;
        tally->met++;
        return 0;
    }
    if (search->lower_per_s <= 0.0 && search->upper_per_s > 0.0 && !is_void) {
        row->met = MET_NO;
        tally->missed++;
        return judge_add_reason(result, "no_rate_held", of->name, search->limit, reterr);
    }
    tally->invalid++;
    return judge_add_reason(result, is_void ? "generator_limited" : "search_unsettled", of->name,
                            search->limit, reterr);
}

int judge_searches(struct result *result, struct tally *tally, struct errinfo *reterr)
{
    int r = 0;

    free(result->objectives);
    result->objectives_count = 0;
    result->objectives = calloc((size_t)result->cases_count + 1, sizeof *result->objectives);
    if (result->objectives == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; r == 0 && tally->came_to_end && i < result->cases_count; i++) {
        struct result_objective *row = &result->objectives[result->objectives_count++];

        (void)snprintf(row->text, sizeof row->text, "sustainable rate > 0/s");
        (void)snprintf(row->unit, sizeof row->unit, "/s");
        memcpy(row->case_name, result->cases[i].name, sizeof row->case_name);
        r = judge_one(result, &result->cases[i], row, tally, reterr);
    }
    return r;
}
