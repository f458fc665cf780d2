/* What can't be judged as an agent was lost: its share is missing from what was measured, and fewer
 * messages than were asked for made it. */
#include "judge_inner.h"

#include "selfcheck.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

static bool is_asked(const struct result_phase *phase, const char *name, const char *flow)
{
    return (name[0] == '\0' || strcmp(phase->name, name) == 0) && strcmp(phase->flow, flow) == 0;
}

static bool lacks_agent(const struct result_case *of, const char *phase, const char *flow)
{
    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        for (uint32_t p = 0; p < trial->phases_count; p++) {
            if (trial->phases[p].lacks_agent && is_asked(&trial->phases[p], phase, flow)) {
                return true;
            }
        }
    }
    return false;
}

bool judge_is_of_lost(const struct result_check *check)
{
    return strcmp(check->check, "agent_lost") == 0;
}

const struct result_check *judge_lost(const struct result *result, const struct result_case *of,
                                      const char *phase, const char *flow)
{
    if (!lacks_agent(of, phase, flow)) {
        return NULL;
    }
    for (uint32_t i = 0; i < of->checks_count; i++) {
        const struct result_check *check = &result->findings.checks[of->checks_first + i];

        if (judge_is_of_lost(check) && check->status == CHECK_INVALID) {
            return check;
        }
    }
    return NULL;
}

bool judge_stands(const struct objective *objective, const struct result_objective *row)
{
    enum metric_which which = objective->metric.which;
    bool least =
        objective->relation == RELATION_GREATER || objective->relation == RELATION_GREATER_OR_EQUAL;

    return row->met == MET_NO && objective->metric.kind == METRIC_COUNT && !least &&
           objective->window_ns == 0 &&
           (which == WHICH_LOST || which == WHICH_DUPLICATED || which == WHICH_REORDERED ||
            which == WHICH_CORRUPTED || which == WHICH_REFUSED);
}

void judge_doubt_lost(const struct result *result, const struct judge_terms *terms,
                      const struct result_case *of, struct result_objective *row)
{
    const struct result_check *lost = judge_lost(result, of, "", "");
    bool lacks_samples = row->met == MET_NO && !row->has_observed;
    size_t used = strlen(row->reason);

    if (lost == NULL || (row->met != MET_YES && !lacks_samples)) {
        return;
    }
    if (terms->selfcheck_warns) {
        (void)snprintf(row->reason + used, sizeof row->reason - used,
                       "%sjudged all the same, despite self-check agent_lost of %.40s",
                       used > 0 ? "; " : "", lost->agent);
        return;
    }
    row->met = MET_NOT_AVAILABLE;
    row->has_observed = true;
    (void)text_fitf(row->reason, sizeof row->reason, "self-check agent_lost of %.40s", lost->agent);
}
