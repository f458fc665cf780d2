/* Agents that were lost: what of a case their share is missing in. */
#include "selfcheck_inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool selfcheck_lacks_agent(const struct result_trial *trial)
{
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        if (trial->phases[p].lacks_agent) {
            return true;
        }
    }
    return false;
}

/* How a lost agent took part in a case. */
struct part {
    const struct result_trial *within; /* It was lost in that one. NULL: in none. */
    uint32_t without;                  /* Trials that were made without it. */
};

static struct part part_of(const struct result_agent *agent, const struct result_case *of)
{
    struct part part = {NULL, 0};

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        bool lacks = selfcheck_lacks_agent(trial);

        /* Earlier journals don't tell which trial it was. */
        if (lacks && (agent->lost_ns < 0 || trial->number == agent->lost_trial)) {
            part.within = trial;
        } else if (agent->lost_ns >= 0 &&
                   (trial->number > agent->lost_trial ||
                    (trial->number == agent->lost_trial && agent->lost_ns == 0))) {
            part.without++;
        }
    }
    return part;
}

static int add_row(struct result *result, const struct result_case *of,
                   const struct result_agent *agent, const struct part *part,
                   struct errinfo *reterr)
{
    struct result_check *row = selfcheck_row(result, "agent_lost", agent->name, of, reterr);
    char trial[32] = "";
    char when[32] = "";

    if (row == NULL) {
        return -ENOMEM;
    }
    row->status = part->within != NULL ? CHECK_INVALID : CHECK_SUSPECT;
    if (part->within == NULL) {
        selfcheck_say(row, "lost before; %u %s made without it, by the others", part->without,
                      part->without == 1 ? "trial was" : "trials were");
        return 0;
    }
    if (of->trials_count > 1) {
        (void)snprintf(trial, sizeof trial, " in trial %u", part->within->repetition + 1);
    }
    if (agent->lost_ns > 0) {
        (void)snprintf(when, sizeof when, " at %.1f s", (double)agent->lost_ns / 1e9);
    }
    selfcheck_say(row, "lost%s%s", trial, when); /* What that means is said where it is told. */
    return 0;
}

int selfcheck_lost(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < result->agents_count; i++) {
        struct part part = {NULL, 0};

        if (result->agents[i].lost) {
            part = part_of(&result->agents[i], of);
        }
        if (part.within != NULL || part.without > 0) {
            r = add_row(result, of, &result->agents[i], &part, reterr);
        }
    }
    return r;
}
