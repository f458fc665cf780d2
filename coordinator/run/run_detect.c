#include "run_inner.h"

#include "catalog.h"
#include "deadlines.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the targets that are asked about into the command, which owns them. */
static int make_probe(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr)
{
    const struct run *run = context;
    const struct scenario *scenario = run->config->scenario;

    ret->kind = COMMAND_PROBE;
    if (agent == 0) { /* Once a run and target: what a broker allows it allows to all agents. */
        ret->look = plan_look_of(scenario);
        (void)snprintf(ret->look.name, sizeof ret->look.name, "%s", run->part_id);
    }
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
        const struct probe_result *result =
            answers[a] == NULL ? NULL : &answers[a]->results[target];

        if (result != NULL && target < answers[a]->results_count && result->failure != PROBE_OK) {
            int used = snprintf(reason, REASON_BYTES,
                                "%s from %.40s: ", probe_failure_name(result->failure),
                                fleet_agent(run->session->fleet, a)->name);

            /* A broker's own words stand at the end: they get all the room that there is. */
            (void)snprintf(reason + used, REASON_BYTES - (size_t)used, "%s", result->reason);
            return;
        }
    }
}

/* Whether any case would be measured there. */
static bool is_wanted(const struct run *run, uint32_t target)
{
    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        if (run->plan->cases[i].target == target && run->cases[i].status == CASE_MEASURED) {
            return true;
        }
    }
    return false;
}

/* Gives up the cases that ask more of their broker than it takes. 0, or the first one's -EUSERS or
 * -EMSGSIZE, with its reason in error. */
static int judge_limits(struct run *run, const struct status *const *answers, struct errinfo *error)
{
    bool skips = run->config->scenario->unavailable_skip;
    int first = 0;

    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        struct entry_case *entry = &run->cases[i];
        char why[PLAN_DEMAND_BYTES];
        int r = entry->status == CASE_MEASURED ? run_check_limits(run, i, answers, why) : 0;

        if (r == 0) {
            continue;
        }
        entry->status = skips ? CASE_SKIPPED : CASE_FAILED;
        (void)snprintf(entry->reason, sizeof entry->reason, "%s", why);
        run_notice(run, "case %s cannot run: %s", entry->name, why);
        if (first == 0) {
            first = errinfo_set(error, r, "case %s cannot run: %s", entry->name, why);
        }
    }
    return first;
}

static void give_up_cases(struct run *run, uint32_t target, const char *reason)
{
    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        struct entry_case *entry = &run->cases[i];

        if (run->plan->cases[i].target == target && entry->status == CASE_MEASURED) {
            entry->status = run->config->scenario->unavailable_skip ? CASE_SKIPPED : CASE_FAILED;
            (void)snprintf(entry->reason, sizeof entry->reason, "%s", reason);
        }
    }
}

static void take_version(struct run *run, uint32_t target, const char *version)
{
    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        if (run->plan->cases[i].target == target) {
            memcpy(run->broker_versions[i], version, NAME_BYTES);
        }
    }
}

/* Of the first agent that is left. */
static const struct status *first_answer(const struct run *run, const struct status *const *answers)
{
    uint32_t a = 0;

    while (a + 1 < fleet_agents(run->session->fleet) && answers[a] == NULL) {
        a++;
    }
    return answers[a];
}

/* Names every target that can't be reached; error keeps the first one's reason and the others'
 * names. Returns how many there are. */
static uint32_t judge_targets(struct run *run, const struct status *const *answers,
                              struct errinfo *error)
{
    const struct scenario *scenario = run->config->scenario;
    uint32_t away = 0;

    for (uint32_t i = 0; i < scenario->targets_count; i++) {
        const char *label = scenario->targets[i].label;
        char reason[REASON_BYTES];
        size_t told = strlen(error->text);

        if (!is_wanted(run, i)) {
            continue;
        }
        judge_target(run, answers, i, reason);
        if (reason[0] == '\0') {
            take_version(run, i, first_answer(run, answers)->results[i].broker_version);
            continue;
        }
        run_notice(run, "target %s cannot be used: %s", label, reason);
        give_up_cases(run, i, reason);
        if (away++ == 0) {
            (void)errinfo_set(error, -EHOSTUNREACH, "target %s cannot be used: %s", label, reason);
        } else {
            (void)snprintf(error->text + told, sizeof error->text - told, "%s %s",
                           away == 2 ? "; nor can" : ",", label);
        }
    }
    return away;
}

static int make_release(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr)
{
    (void)context;
    (void)agent;
    (void)reterr;
    ret->kind = COMMAND_RELEASE;
    ret->deadline_ns = RELEASE_NS;
    return 0;
}

/* A look that nobody waits for takes its topic away again, unless the broker keeps it waiting. */
static void call_looks_back(struct run *run)
{
    struct session_order order = {.make = make_release,
                                  .turn = turn,
                                  .context = run,
                                  .deadline_ns = CALL_BACK_NS,
                                  .survivors = true};
    struct errinfo error = {""};

    run_take_interrupt(run);
    run_notice(run, "interrupted: closing (Ctrl-C again stops at once)");
    if (session_order_all(run->session, &order, NULL, &error) == -ETIMEDOUT) {
        run->session->given_up = true;
        run_notice(run,
                   "still looking at a target (%s): the agents are ended, a topic may be left "
                   "behind; `millrace clean` removes it",
                   error.text);
    }
}

/* Who was lost while it looked could not say whether it took its topic away again. */
static void tell_looks_left(struct run *run)
{
    const struct scenario *scenario = run->config->scenario;
    uint32_t lost = fleet_lost(run->session->fleet);
    bool local = true;

    for (size_t i = 0; i < scenario->targets_count; i++) {
        local = local && catalog_entry_of(&scenario->targets[i])->local;
    }
    if (lost != UINT32_MAX && !local) {
        run_notice(run,
                   "a topic may be left behind (%s was lost while it looked at its targets); "
                   "`millrace clean` removes it",
                   fleet_agent(run->session->fleet, lost)->name);
    }
}

int run_detect(struct run *run, struct errinfo *reterr)
{
    const struct status *answers[AGENTS_MAX];
    struct session_order order = {.make = make_probe,
                                  .turn = turn,
                                  .context = run,
                                  .deadline_ns = PROBE_ANSWER_NS,
                                  .interruptible = true,
                                  .survivors = run->config->scenario->agent_loss_continues};
    struct errinfo error = {""};
    uint32_t away;
    int r;

    run_stage(run, "detecting targets", NULL);
    r = session_order_all(run->session, &order, answers, reterr);
    if (r == -EINTR) {
        call_looks_back(run);
    }
    tell_looks_left(run);
    if (r == 0 && fleet_lost(run->session->fleet) != UINT32_MAX && !run_goes_on(run)) {
        r = fleet_tell_lost(run->session->fleet, fleet_lost(run->session->fleet), reterr);
    }
    if (r < 0) {
        return r;
    }
    away = judge_targets(run, answers, &error);
    if (away > 0 && !run->config->scenario->unavailable_skip) {
        return errinfo_set(reterr, -EHOSTUNREACH, "%s", error.text);
    }
    r = judge_limits(run, answers, &error);
    if (r < 0 && !run->config->scenario->unavailable_skip) {
        return errinfo_set(reterr, r, "%s", error.text);
    }
    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        if (run->cases[i].status == CASE_MEASURED) {
            return 0;
        }
    }
    return errinfo_set(reterr, -EHOSTUNREACH, "no target can be measured");
}
