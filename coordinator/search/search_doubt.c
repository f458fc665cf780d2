#include "search_doubt_inner.h"

#include "invariant.h"
#include "selfcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every trial is judged by, whatever its objectives: rates, the backlog, what got through. */
static bool concerns_load(const struct result_check *check)
{
    struct metric metric;
    int r = metric_parse("received_rate", &metric, NULL);

    ASSERT(r == 0);
    return selfcheck_concerns(check, &metric);
}

static bool concerns_objectives(const struct result_check *check, const struct search_terms *terms)
{
    for (uint32_t i = 0; i < terms->objectives_count; i++) {
        const struct objective *objective = &terms->objectives[i];

        if ((objective->target[0] == '\0' || strcmp(objective->target, terms->target) == 0) &&
            selfcheck_concerns(check, &objective->metric)) {
            return true;
        }
    }
    return false;
}

/*
 * A generator that was late or had no CPU can make a rate fail that the broker would have held: a
 * bad trial is void. It can't make one hold that the broker would not have: what was sent in time,
 * came through and stayed within its limits did so in spite of it. So a good trial is void only by
 * what makes figures look better than they were.
 *
 * "attained" is left out: whether what was not sent was the generator's fault is told by
 * search_step() already, from the same figures.
 */
static bool is_in_doubt(const struct result_check *check, const struct search_terms *terms,
                        const struct objective *missed, enum step_outcome outcome)
{
    if (strcmp(check->check, "attained") == 0) {
        return false;
    }
    if (outcome == STEP_GOOD) {
        return selfcheck_flatters(check) &&
               (concerns_load(check) || concerns_objectives(check, terms));
    }
    return concerns_load(check) || (missed != NULL && selfcheck_concerns(check, &missed->metric));
}

static void make_void(const struct result_check *check, struct result_search_step *step)
{
    step->outcome = STEP_VOID;
    (void)snprintf(step->reason, sizeof step->reason, "self-check %.24s%s%.40s: %.160s",
                   check->check, check->agent[0] != '\0' ? " of " : "", check->agent, check->text);
}

int search_doubt(const struct result_trial *trial, const struct search_terms *terms,
                 const struct objective *missed, struct result_search_step *step,
                 struct errinfo *reterr)
{
    struct findings found = {0};
    struct result_case like = {.calibration = terms->calibration};
    int r;

    if (step->outcome == STEP_VOID || terms->selfcheck_warns) {
        return 0;
    }
    (void)snprintf(like.name, sizeof like.name, "%s", terms->case_name);
    r = selfcheck_trial(trial, terms->agents, terms->agents_count, &like, &found, reterr);
    if (r < 0) {
        return r;
    }
    for (uint32_t i = 0; i < found.checks_count; i++) {
        if (is_in_doubt(&found.checks[i], terms, missed, step->outcome)) {
            make_void(&found.checks[i], step);
            break;
        }
    }
    findings_done(&found);
    return 0;
}
