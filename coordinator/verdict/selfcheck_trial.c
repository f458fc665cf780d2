/* The self-check of a single trial, for those who decide while a run goes on. */
#include "selfcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int selfcheck_trial(const struct result_trial *trial, const struct result_agent *agents,
                    uint32_t agents_count, const struct result_case *like, struct findings *ret,
                    struct errinfo *reterr)
{
    struct result_trial only = *trial; /* Borrowed throughout: it is looked at. */
    struct result_case of = {.status = CASE_MEASURED,
                             .trials = &only,
                             .trials_count = 1,
                             .calibration = like->calibration,
                             .phases = trial->phases,
                             .phases_count = trial->phases_count};
    struct result result = {.cases = &of, .cases_count = 1, .agents_count = agents_count};
    struct result_agent *copy = calloc((size_t)agents_count + 1, sizeof *copy);
    int r;

    if (copy == NULL) {
        return errinfo_nomem(reterr);
    }
    if (agents_count > 0) {
        memcpy(copy, agents, agents_count * sizeof *copy);
    }
    memcpy(of.name, like->name, sizeof of.name);
    result.agents = copy;
    r = selfcheck_find(&result, reterr);
    free(copy);
    if (r < 0) {
        free(result.findings.checks);
        return r;
    }
    free(ret->checks);
    ret->checks = result.findings.checks;
    ret->checks_count = result.findings.checks_count;
    return 0;
}
