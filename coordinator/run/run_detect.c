#include "run_parts.h"

#include "mono.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_NS (5 * NS_PER_S)

/* Copies the targets that are asked about into the command, which owns them. */
static int make_probe(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr)
{
    const struct run *run = context;
    const struct scenario *scenario = run->config->scenario;

    (void)agent;
    ret->kind = COMMAND_PROBE;
    ret->deadline_ns = PROBE_NS;
    ret->targets = calloc((size_t)scenario->targets_count + 1, sizeof *ret->targets);
    if (ret->targets == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < scenario->targets_count; i++) {
        if (target_copy(&scenario->targets[i], &ret->targets[i]) < 0) {
            return errinfo_nomem(reterr);
        }
        ret->targets_count++;
    }
    return 0;
}

static int turn(void *context, struct errinfo *reterr)
{
    return run_turn(context, 0, reterr);
}

/* The first agent that can't reach a target decides: a trial needs all of them. */
static void judge_target(struct run *run, const struct status *const *answers, uint32_t target,
                         char *reason)
{
    reason[0] = '\0';
    for (uint32_t a = 0; a < fleet_agents(run->session->fleet); a++) {
        const struct probe_result *result = &answers[a]->results[target];

        if (target < answers[a]->results_count && result->failure != PROBE_OK) {
            (void)snprintf(reason, REASON_BYTES, "%s from %.40s: %.150s",
                           probe_failure_name(result->failure),
                           fleet_agent(run->session->fleet, a)->name, result->reason);
            return;
        }
    }
}

int run_detect(struct run *run, struct errinfo *reterr)
{
    const struct scenario *scenario = run->config->scenario;
    const struct status *answers[AGENTS_MAX];
    struct session_order order = {.make = make_probe,
                                  .turn = turn,
                                  .context = run,
                                  .deadline_ns =
                                      (PROBE_NS + NS_PER_S) * scenario->targets_count + PROBE_NS,
                                  .interruptible = true};
    bool any = false;
    int r;

    run_stage(run, "detecting targets", NULL);
    r = session_order_all(run->session, &order, answers, reterr);
    if (r < 0) {
        return r;
    }
    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        struct entry_case *entry = &run->cases[i];
        char reason[REASON_BYTES];

        if (entry->status != CASE_MEASURED) {
            continue;
        }
        judge_target(run, answers, run->plan->cases[i].target, reason);
        if (reason[0] == '\0') {
            any = true;
            memcpy(run->broker_versions[i],
                   answers[0]->results[run->plan->cases[i].target].broker_version, NAME_BYTES);
            continue;
        }
        run_notice(run, "target %s can't be reached: %s", entry->target, reason);
        if (!scenario->unavailable_skip) {
            entry->status = CASE_FAILED;
            (void)snprintf(entry->reason, sizeof entry->reason, "%s", reason);
            return errinfo_set(reterr, -EHOSTUNREACH, "target %s can't be reached: %s",
                               entry->target, reason);
        }
        entry->status = CASE_SKIPPED;
        (void)snprintf(entry->reason, sizeof entry->reason, "%s", reason);
    }
    return any ? 0 : errinfo_set(reterr, -EHOSTUNREACH, "no target can be measured");
}
