/* simulated_reports: the thread of a simulated agent that reports each second of its trial. */
#include "simulated_duty_inner.h"

#include "mono.h"
#include "sync.h"
#include "wire.h"

static int post_report(struct simulated_agent *agent, int64_t due_ns, int64_t until_ns, bool final)
{
    struct simulation *simulation = agent->simulation;
    struct request_head head = coordinator_link_head(agent->link);
    struct text frame = {0};
    struct errinfo error = {""};
    int r =
        simulated_load_report(&agent->load, &simulation->latency, &head, until_ns, final, &frame);

    if (r == 0) {
        r = coordinator_link_post(agent->link, frame.bytes, frame.bytes_count, &error);
    }
    text_done(&frame);
    if (r < 0) {
        simulated_agent_fail(agent, &error);
        return r;
    }
    atomic_fetch_add(&agent->receipts, 1);
    sync_lock(&simulation->lock);
    simulation->reports++;
    hist_record(simulation->receipt, mono_ns() - due_ns);
    sync_unlock(&simulation->lock);
    return 0;
}

/* The segment is over: by its time, or as it was stopped. */
static int end_segment(struct simulated_agent *agent, int64_t now_ns)
{
    struct status status = {.command = agent->segment_command,
                            .start_skew_ns = agent->started_ns - agent->t0_ns,
                            .ended_ns = now_ns - agent->t0_ns,
                            .last_ns = now_ns - agent->t0_ns};
    struct errinfo error = {""};
    int r;

    status.start_skew_ns = status.start_skew_ns > 0 ? status.start_skew_ns : 0;
    agent->segment_runs = false;
    sync_unlock(&agent->lock);
    r = simulated_agent_answer(agent, &status, &error);
    sync_lock(&agent->lock);
    return r;
}

static int release(struct simulated_agent *agent)
{
    struct status status = {.command = agent->release_command};
    int64_t now_ns = mono_ns();
    bool has_trial = agent->assignment != NULL;
    int64_t until_ns = agent->has_t0 ? now_ns - agent->t0_ns : 0;
    struct errinfo error = {""};
    int r = 0;

    agent->release_command = 0;
    agent->segment_runs = false;
    agent->has_t0 = false;
    sync_unlock(&agent->lock);
    if (has_trial) {
        r = post_report(agent, now_ns, until_ns, true);
    }
    if (r == 0) {
        r = simulated_agent_answer(agent, &status, &error);
    }
    sync_lock(&agent->lock);
    return r;
}

/* When there is something to do next; by mono_ns(). */
static int64_t next_ns(const struct simulated_agent *agent)
{
    int64_t at_ns = INT64_MAX;

    if (agent->release_command != 0) {
        return 0;
    }
    if (agent->has_t0 && agent->started_ns == 0) {
        return agent->t0_ns;
    }
    if (agent->has_t0) {
        at_ns = agent->t0_ns + (agent->load.interval + INT64_C(1)) * INTERVAL_NS;
    }
    return agent->segment_runs && agent->segment_end_ns < at_ns ? agent->segment_end_ns : at_ns;
}

/* What is due, with the lock held, which it gives back meanwhile. */
static int do_next(struct simulated_agent *agent, int64_t due_ns)
{
    int64_t now_ns = mono_ns();
    int64_t until_ns = due_ns - agent->t0_ns;
    int r;

    if (agent->release_command != 0) {
        return release(agent);
    }
    if (agent->started_ns == 0) {
        agent->started_ns = now_ns;
        atomic_store(&agent->first_t0_ns, agent->t0_ns);
        return 0;
    }
    if (agent->segment_runs && due_ns == agent->segment_end_ns) {
        return end_segment(agent, now_ns);
    }
    sync_unlock(&agent->lock);
    r = post_report(agent, due_ns, until_ns, false);
    sync_lock(&agent->lock);
    return r;
}

void *simulated_reports_main(void *argument)
{
    struct simulated_agent *agent = argument;
    int r = 0;

    sync_lock(&agent->lock);
    while (r == 0 && !agent->quit) {
        int64_t due_ns = next_ns(agent);

        if (due_ns == INT64_MAX) {
            (void)pthread_cond_wait(&agent->changed, &agent->lock);
        } else if (!sync_condition_wait(&agent->changed, &agent->lock, due_ns)) {
            r = do_next(agent, due_ns);
        }
    }
    sync_unlock(&agent->lock);
    return NULL;
}
