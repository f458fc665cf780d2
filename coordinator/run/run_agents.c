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
        (void)snprintf(text, REASON_BYTES, "%s has not reported for %.1f s", agent->name, silent_s);
        break;
    case FLEET_JOINED:
        (void)snprintf(text, REASON_BYTES, "%s is back after %.1f s", agent->name, silent_s);
        break;
    case FLEET_FENCED:
        (void)snprintf(text, REASON_BYTES,
                       "%s is back after %.1f s, but it is lost for this run and is sent away",
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

/* Before T0 there is no time to mark it at; but who is lost is not waited for from then on. */
static int mark(struct run *run, const struct fleet_change *change, const char *text,
                struct errinfo *reterr)
{
    struct result_mark mark = {.kind = mark_of(change->state), .agent = change->agent};
    bool running = run->trial != NULL && run->t0_ns != 0 && change->at_ns >= run->t0_ns;

    if (running) {
        mark.at_ns = change->at_ns - run->t0_ns;
        mark.from_ns = mark.at_ns > change->silent_ns ? mark.at_ns - change->silent_ns : 0;
    } else if (change->state != FLEET_LOST) {
        return 0;
    }
    (void)snprintf(mark.text, sizeof mark.text, "%s", text);
    return run_journal_mark_of(run, &mark, reterr);
}

int run_journal_lost(struct run *run, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < fleet_agents(run->session->fleet); i++) {
        struct result_mark mark = {.kind = MARK_AGENT_LOST, .agent = i};

        if (fleet_is_lost(run->session->fleet, i)) {
            r = run_journal_mark_of(run, &mark, reterr);
        }
    }
    return r;
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
        if (r == 0 && run->whole != NULL) {
            r = mark(run->whole, &change, text, reterr);
        }
    }
    return r;
}
