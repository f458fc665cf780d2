#include "launch.h"

#include "invariant.h"
#include "launchers_inner.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

struct launch {
    const struct launcher_ops *launcher;
    void *started; /* The launcher's; NULL: start() failed. */
    struct launch_member *members;
    bool *ended; /* By member. */
    uint32_t members_count;
};

static void name_members(struct launch *launch, const struct launch_plan *plan)
{
    uint64_t first = (random_entropy() >> 1) | 1; /* None of them is 0. */

    for (uint32_t i = 0; i < launch->members_count; i++) {
        struct launch_member *member = &launch->members[i];

        memcpy(member->name, plan->places[i].name, sizeof member->name);
        member->enrolment = first + i;
    }
}

int launch_check(const struct launch_config *config, struct errinfo *reterr)
{
    const struct launcher_ops *launcher = config->plan->launcher;

    return launcher->check == NULL ? 0 : launcher->check(config, reterr);
}

int launch_show(const struct launch_config *config, struct text *out, struct errinfo *reterr)
{
    const struct launcher_ops *launcher = config->plan->launcher;

    return launcher->show == NULL ? 0 : launcher->show(config, out, reterr);
}

int launch_start(const struct launch_config *config, struct launch **ret, struct errinfo *reterr)
{
    const struct launch_plan *plan = config->plan;
    struct launch *launch = calloc(1, sizeof *launch);
    int r;

    if (launch == NULL) {
        return errinfo_nomem(reterr);
    }
    launch->launcher = plan->launcher;
    launch->members_count = plan->count;
    launch->members = calloc(plan->count, sizeof *launch->members);
    launch->ended = calloc(plan->count, sizeof *launch->ended);
    if (launch->members == NULL || launch->ended == NULL) {
        r = errinfo_nomem(reterr);
        goto out;
    }
    name_members(launch, plan);
    r = plan->launcher->start(config, launch->members, &launch->started, reterr);
    if (r < 0) {
        goto out;
    }
    *ret = launch;
    launch = NULL; /* The caller owns it now. */
out:
    launch_free(launch);
    return r;
}

void launch_free(struct launch *launch)
{
    if (launch == NULL) {
        return;
    }
    if (launch->started != NULL) {
        launch->launcher->stop(launch->started);
    }
    free(launch->members);
    free(launch->ended);
    free(launch);
}

bool launch_reap(struct launch *launch, struct launch_end *ret)
{
    uint32_t member = 0;

    if (!launch->launcher->reap(launch->started, &member, ret->reason)) {
        return false;
    }
    ASSERT(member < launch->members_count && !launch->ended[member]);
    launch->ended[member] = true;
    memcpy(ret->name, launch->members[member].name, sizeof ret->name);
    ret->enrolment = launch->members[member].enrolment;
    return true;
}

uint32_t launch_running(const struct launch *launch)
{
    uint32_t running = 0;

    for (uint32_t i = 0; i < launch->members_count; i++) {
        running += launch->ended[i] ? 0 : 1;
    }
    return running;
}

const char *launch_describe(const struct launch *launch)
{
    return launch->launcher->describe(launch->started);
}

int64_t launch_join_ns(const struct launch *launch)
{
    return launch->launcher->join_ns;
}
