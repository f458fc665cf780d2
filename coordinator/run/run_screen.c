/* run_screen: what whoever started the run gets to see of it, and its log. */
#include "run_inner.h"

#include "log.h"
#include "mono.h"
#include "stop.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>

#define SHOW_NS (200 * NS_PER_MS)

static enum progress_agent_state state_of(const struct run *run, uint32_t agent)
{
    if (fleet_is_lost(run->session->fleet, agent)) {
        return PROGRESS_AGENT_LOST;
    }
    return fleet_agent(run->session->fleet, agent)->state == FLEET_SUSPECT ? PROGRESS_AGENT_SUSPECT
                                                                           : PROGRESS_AGENT_THERE;
}

/* One alone is the run itself. */
static void show_agents(struct run *run, int64_t now_ns)
{
    struct fold_live_agent live[AGENTS_MAX];
    uint32_t count = run->session_open ? fleet_agents(run->session->fleet) : 0;

    run->progress.agents = run->shown_agents;
    run->progress.agents_count = count > 1 && run->trial != NULL ? count : 0;
    fold_live_agents(run->fold, run->progress.agents_count, live);
    for (uint32_t i = 0; i < run->progress.agents_count; i++) {
        const struct fleet_agent *agent = fleet_agent(run->session->fleet, i);

        run->shown_agents[i] = (struct progress_agent){
            .name = agent->name,
            .state = state_of(run, i),
            .reason = agent->lost_reason,
            .silent_ns = fleet_silent_ns(run->session->fleet, i, now_ns),
            .messages = live[i].messages,
            .late_ns = live[i].send_lag_p99_ns,
            .clock_bound_ns = fleet_clock(run->session->fleet, i, now_ns).bound_ns};
    }
}

void run_show(struct run *run, int64_t now_ns)
{
    struct run_progress *progress = &run->progress;

    /* A run that ends before its first stage has nothing to show. */
    if (now_ns - run->shown_ns < SHOW_NS || run->config->on_progress == NULL ||
        progress->stage == NULL) {
        return;
    }
    run->shown_ns = now_ns;
    progress->agents_joined = run->session_open ? fleet_agents(run->session->fleet) -
                                                      fleet_lost_count(run->session->fleet)
                                                : progress->agents_joined;
    if (run->trial != NULL && run->t0_ns != 0) {
        progress->trial_ns = now_ns - run->t0_ns;
    }
    show_agents(run, now_ns);
    run->config->on_progress(run->config->context, progress);
}

void run_notice(const struct run *run, const char *format, ...)
{
    char text[ERRINFO_BYTES];
    va_list args;

    va_start(args, format);
    (void)text_fit_args(text, sizeof text, format, args);
    va_end(args);
    log_info("%s", text);
    if (run->config->on_notice != NULL) {
        run->config->on_notice(run->config->context, text);
    }
}

void run_stage(struct run *run, const char *stage, const char *detail)
{
    run->progress.stage = stage;
    run->progress.detail = detail;
    run->shown_ns = 0;
    log_info("%s%s%s", stage, detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
    run_show(run, mono_ns());
}

bool run_interrupted(const struct run *run)
{
    if (atomic_load(run->config->interrupts) == 0) {
        return false;
    }
    stop_taken();
    return true;
}
