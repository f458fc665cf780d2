/* run_remove: topics that no agent has in its trial any more are taken away by one of those that
 * are there. */
#include "run_inner.h"

#include "deadlines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the agent `by` is to take away. */
struct removal {
    struct run *run;
    struct plan_trial trial;
    uint32_t by;
};

static int make_removal(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr)
{
    struct removal *removal = context;

    ret->deadline_ns = RELEASE_NS;
    ret->trial = removal->trial.number;
    if (agent != removal->by) {
        ret->kind = COMMAND_RELEASE; /* Of nothing. */
        return 0;
    }
    ret->kind = COMMAND_REMOVE;
    ret->assignment = calloc(1, sizeof *ret->assignment);
    if (ret->assignment == NULL) {
        return errinfo_nomem(reterr);
    }
    *ret->assignment = removal->trial.assignments[0];
    memset(&removal->trial.assignments[0], 0, sizeof removal->trial.assignments[0]);
    return 0;
}

static int turn(void *context, struct errinfo *reterr)
{
    const struct removal *removal = context;

    return run_turn(removal->run, 0, reterr);
}

static bool find_agent(const struct run *run, uint32_t *ret)
{
    const struct fleet *fleet = run->session->fleet;

    *ret = 0;
    while (*ret < fleet_agents(fleet) && fleet_is_lost(fleet, *ret)) {
        ++*ret;
    }
    return *ret < fleet_agents(fleet);
}

static int remove_once(struct removal *removal, const char *run_id, struct errinfo *reterr)
{
    struct run *run = removal->run;
    const struct session_order order = {.make = make_removal,
                                        .turn = turn,
                                        .context = removal,
                                        .deadline_ns = RELEASE_ANSWER_NS,
                                        .survivors = fleet_lost(run->session->fleet) != UINT32_MAX,
                                        .interruptible = run->trial == NULL};
    struct plan_request request = run->plan_request;
    int r;

    request.run_id = run_id;
    r = plan_trial_fill(&request, run->plan, NULL, &removal->trial, reterr);
    r = r < 0 ? r : session_order_all(run->session, &order, NULL, reterr);
    plan_trial_clear(&removal->trial);
    return r;
}

int run_remove_topics(struct run *run, const char *run_id, const struct plan_trial *of,
                      struct errinfo *reterr)
{
    struct removal removal = {.run = run,
                              .trial = {.number = of->number,
                                        .case_index = of->case_index,
                                        .repetition = of->repetition}};
    int r = 0;

    do {
        if (!find_agent(run, &removal.by)) {
            return errinfo_set(reterr, -ECONNRESET, "no agent is left to remove them");
        }
        r = remove_once(&removal, run_id, reterr);
    } while (r == 0 && fleet_is_lost(run->session->fleet, removal.by));
    return r;
}
