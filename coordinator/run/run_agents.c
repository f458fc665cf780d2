/* run_agents: says and marks when an agent is not heard of, is back, or is given up. */
#include "run_inner.h"

#include <stdio.h>

static enum mark_kind mark_of(enum fleet_state state)
{
    switch (state) {
    case FLEET_SUSPECT:
        return MARK_AGENT_SUSPECT;
    case FLEET_JOINED:
        return MARK_AGENT_BACK;
    case FLEET_FENCED:
        return MARK_AGENT_FENCED;
    default:
        return MARK_AGENT_LOST;
    }
}

static void describe(const struct fleet_agent *agent, const struct fleet_change *change,
                     char text[REASON_BYTES])
{
    double silent_s = (double)change->silent_ns / 1e9;

    switch (change->state) {
    case FLEET_SUSPECT:
        (void)snprintf(text, REASON_BYTES, "%s has not been heard of for %.1f s", agent->name,
                       silent_s);
        break;
    case FLEET_JOINED:
        (void)snprintf(text, REASON_BYTES, "%s is back after %.1f s", agent->name, silent_s);
        break;
    case FLEET_FENCED:
        (void)snprintf(text, REASON_BYTES,
                       "%s is back after %.1f s, but counts as lost in this run: it is told to go",
                       agent->name, silent_s);
        break;
    default:
        (void)snprintf(text, REASON_BYTES, "%s was lost: %.150s", agent->name, agent->lost_reason);
        break;
    }
}

/* For the list of agents at the run's end. */
static void remember(struct run *run, const struct fleet_change *change)
{
    struct run *whole = run->whole == NULL ? run : run->whole;
    bool running = whole->trial != NULL && whole->t0_ns != 0 && change->at_ns > whole->t0_ns;

    if (change->state == FLEET_LOST) {
        whole->losses[change->agent] = (struct run_loss){
            .trial = whole->trial != NULL ? whole->trial->number : whole->trial_next,
            .at_ns = running ? change->at_ns - whole->t0_ns : 0};
    }
}

/* Between trials there is no time to mark it at. */
static int mark(struct run *run, const struct fleet_change *change, const char *text,
                struct errinfo *reterr)
{
    struct result_mark mark = {.kind = mark_of(change->state),
                               .at_ns = change->at_ns - run->t0_ns,
                               .from_ns = change->at_ns - run->t0_ns - change->silent_ns};

    if (run->trial == NULL || run->t0_ns == 0 || mark.at_ns < 0) {
        return 0;
    }
    mark.from_ns = mark.from_ns > 0 ? mark.from_ns : 0;
    (void)snprintf(mark.text, sizeof mark.text, "%s", text);
    return run_journal_mark_of(run, &mark, reterr);
}

int run_look_at_agents(struct run *run, struct errinfo *reterr)
{
    struct fleet_change change;
    int r = 0;

    while (r == 0 && fleet_next_change(run->session->fleet, &change)) {
        char text[REASON_BYTES];

        if (change.state == FLEET_LEFT) {
            continue; /* It was told to. */
        }
        describe(fleet_agent(run->session->fleet, change.agent), &change, text);
        run_notice(run, "%s", text);
        remember(run, &change);
        r = mark(run, &change, text, reterr);
    }
    return r;
}
