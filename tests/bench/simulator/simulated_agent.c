#include "simulated_agent.h"
#include "simulated_duty_inner.h"

#include "deadlines.h"
#include "host_inner.h"
#include "introduction_inner.h"
#include "invariant.h"
#include "mono.h"
#include "random.h"
#include "sync.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void simulated_agent_fail(struct simulated_agent *agent, const struct errinfo *error)
{
    struct simulation *simulation = agent->simulation;

    sync_lock(&simulation->lock);
    if (simulation->failures++ == 0) {
        (void)errinfo_set(&simulation->failure, 0, "agent %u: %.400s", agent->number, error->text);
    }
    sync_unlock(&simulation->lock);
}

int simulated_agent_answer(struct simulated_agent *agent, struct status *status,
                           struct errinfo *reterr)
{
    struct text frame = {0};
    int r;

    sync_lock(&agent->order);
    status->head = coordinator_link_head(agent->link);
    r = wire_encode_status(status, &frame);
    r = r == 0 ? coordinator_link_post(agent->link, frame.bytes, frame.bytes_count, reterr) : r;
    sync_unlock(&agent->order);
    text_done(&frame);
    return r;
}

static int take_assignment(struct simulated_agent *agent, struct command *command,
                           struct errinfo *reterr)
{
    int r;

    sync_lock(&agent->lock);
    if (agent->assignment != NULL) {
        assignment_done(agent->assignment);
        free(agent->assignment);
    }
    agent->assignment = command->assignment;
    command->assignment = NULL;
    agent->started_ns = 0;
    r = simulated_load_begin(&agent->load, agent->assignment, reterr);
    sync_unlock(&agent->lock);
    return r;
}

static void take_segment(struct simulated_agent *agent, struct command *command)
{
    const struct segment *segment = &command->segment;
    int64_t length_ns = segment->start_ns;

    sync_lock(&agent->lock);
    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        length_ns += agent->assignment->phases[i].duration_ns;
    }
    simulated_load_start(&agent->load, segment);
    agent->t0_ns = simulated_clock_mono_ns(&agent->clock, segment->t0_ns);
    agent->has_t0 = true;
    agent->segment_runs = true;
    agent->segment_command = command->sequence;
    agent->segment_end_ns = agent->t0_ns + length_ns;
    (void)pthread_cond_broadcast(&agent->changed);
    sync_unlock(&agent->lock);
}

static void take_stop(struct simulated_agent *agent, const struct command *command)
{
    sync_lock(&agent->lock);
    if (!command->sending_only && agent->segment_runs) {
        agent->segment_end_ns = mono_ns();
        (void)pthread_cond_broadcast(&agent->changed);
    }
    sync_unlock(&agent->lock);
}

static void take_release(struct simulated_agent *agent, const struct command *command)
{
    sync_lock(&agent->lock);
    agent->release_command = command->sequence;
    (void)pthread_cond_broadcast(&agent->changed);
    sync_unlock(&agent->lock);
}

/* Every target is there. */
static int answer_probe(const struct command *command, struct status *status)
{
    status->results = calloc((size_t)command->targets_count + 1, sizeof *status->results);
    if (status->results == NULL) {
        return -ENOMEM;
    }
    status->results_count = command->targets_count;
    for (uint32_t i = 0; i < command->targets_count; i++) {
        (void)snprintf(status->results[i].broker_version, NAME_BYTES, "simulated");
        status->results[i].took_ns = NS_PER_MS;
    }
    return 0;
}

/* START and RELEASE are answered by the thread that reports. */
static int obey(struct simulated_agent *agent, struct command *command, struct errinfo *reterr)
{
    struct status status = {.command = command->sequence};
    int r = 0;

    switch (command->kind) {
    case COMMAND_START:
        take_segment(agent, command);
        return 0;
    case COMMAND_RELEASE:
        take_release(agent, command);
        return 0;
    case COMMAND_STOP:
        take_stop(agent, command);
        break;
    case COMMAND_PROBE:
    case COMMAND_CLEAN:
        r = answer_probe(command, &status);
        break;
    case COMMAND_PREPARE:
        r = command->step == PREPARE_TOPICS ? take_assignment(agent, command, reterr) : 0;
        break;
    default:
        break;
    }
    r = r == 0 ? simulated_agent_answer(agent, &status, reterr) : r;
    status_done(&status);
    return r;
}

/* How far the coordinator's idea of two clocks is from the truth. */
static void look_at_lines(struct simulated_agent *agent, const struct command *command)
{
    struct simulation *simulation = agent->simulation;

    if (command->lines_count == 0) {
        return;
    }
    sync_lock(&simulation->lock);
    for (uint32_t i = 0; i < command->lines_count; i++) {
        const struct clock_line *line = &command->lines[i];
        uint32_t number = atomic_load(&simulation->numbers[line->agent]) - 1;
        const struct simulated_clock peer = simulated_clock_of(number, simulation->base_ns);
        int64_t error_ns = llabs(simulated_clock_mono_ns(&agent->clock, line->own_ns) -
                                 simulated_clock_mono_ns(&peer, line->peer_ns));

        simulation->lines++;
        simulation->lines_wrong += error_ns > line->bound_ns ? 1 : 0;
        simulation->line_error_ns_max =
            error_ns > simulation->line_error_ns_max ? error_ns : simulation->line_error_ns_max;
        hist_record(simulation->bound, line->bound_ns);
    }
    sync_unlock(&simulation->lock);
}

static int poll_on(struct simulated_agent *agent, struct errinfo *reterr)
{
    uint64_t taken = 0;

    for (;;) {
        struct command command = {0};
        bool ends;
        int r = coordinator_link_poll(agent->link, taken, &command, reterr);

        if (r < 0) {
            return r;
        }
        look_at_lines(agent, &command);
        ends = command.kind == COMMAND_GOODBYE;
        if (command.kind != COMMAND_NONE && command.sequence > taken && !ends) {
            taken = command.sequence;
            r = obey(agent, &command, reterr);
        }
        command_done(&command);
        if (ends || r < 0) {
            return r;
        }
    }
}

static int join_in(struct simulated_agent *agent, struct errinfo *reterr)
{
    struct simulation *simulation = agent->simulation;
    int r;

    do {
        r = introduction_make(agent->link, &agent->hello, &simulation->host, NULL, &agent->welcome,
                              reterr);
    } while (r == -ETIMEDOUT || r == -ECONNREFUSED || r == -ECONNRESET);
    if (r == 0 && !agent->welcome.accepted) {
        r = errinfo_set(reterr, -EPERM, "refused: %s", agent->welcome.reason);
    }
    if (r == 0) {
        atomic_store(&simulation->numbers[agent->welcome.agent], agent->number + 1);
        atomic_fetch_add(&simulation->joined, 1);
        sync_lock(&simulation->lock);
        hist_record(simulation->join, mono_ns() - simulation->base_ns);
        sync_unlock(&simulation->lock);
    }
    return r;
}

static void quit(struct simulated_agent *agent)
{
    sync_lock(&agent->lock);
    agent->quit = true;
    (void)pthread_cond_broadcast(&agent->changed);
    sync_unlock(&agent->lock);
    (void)pthread_join(agent->threads[1], NULL);
    (void)pthread_join(agent->threads[2], NULL);
}

static void *agent_main(void *argument)
{
    struct simulated_agent *agent = argument;
    struct errinfo error = {""};
    int r = join_in(agent, &error);

    if (r == 0) {
        r = -pthread_create(&agent->threads[1], NULL, simulated_probing_main, agent);
    }
    if (r == 0) {
        r = -pthread_create(&agent->threads[2], NULL, simulated_reports_main, agent);
        ASSERT(r == 0); /* As many others were made before it. */
        r = poll_on(agent, &error);
        quit(agent);
    }
    if (r < 0) {
        simulated_agent_fail(agent, &error);
    } else {
        coordinator_link_goodbye(agent->link);
    }
    atomic_fetch_sub(&agent->simulation->running, 1);
    return NULL;
}

/* Each is of a host of its own. */
static void make_hello(const struct simulated_agent *agent, struct hello *hello)
{
    host_hello(hello);
    hello->instance = random_entropy();
    (void)snprintf(hello->name, sizeof hello->name, "sim-%04u", agent->number);
    (void)snprintf(hello->host, sizeof hello->host, "host-%04u", agent->number);
    (void)snprintf(hello->boot_id, sizeof hello->boot_id, "simulated %u", agent->number);
    (void)snprintf(hello->host_name, sizeof hello->host_name, "%s", agent->simulation->host.name);
}

int simulated_agent_start(struct simulated_agent *agent, struct simulation *simulation,
                          uint32_t number, struct errinfo *reterr)
{
    const struct coordinator_link_config link = {
        .url = simulation->url, .security = &simulation->security, .stop_fd = -1};
    int r;

    agent->simulation = simulation;
    agent->number = number;
    agent->clock = simulated_clock_of(number, simulation->base_ns);
    make_hello(agent, &agent->hello);
    (void)pthread_mutex_init(&agent->order, NULL);
    (void)pthread_mutex_init(&agent->lock, NULL);
    sync_condition_init(&agent->changed);
    r = coordinator_link_new(&link, &agent->link, reterr);
    if (r < 0) {
        return r;
    }
    atomic_fetch_add(&simulation->running, 1);
    r = -pthread_create(&agent->threads[0], NULL, agent_main, agent);
    return r == 0 ? 0 : errinfo_set(reterr, r, "a thread can't be started: %s", strerror(-r));
}

void simulated_agent_finish(struct simulated_agent *agent)
{
    (void)pthread_join(agent->threads[0], NULL);
    if (agent->assignment != NULL) {
        assignment_done(agent->assignment);
        free(agent->assignment);
    }
}

uint64_t simulated_agent_owes(const struct simulated_agent *agent, int64_t now_ns)
{
    int64_t t0_ns = atomic_load(&agent->first_t0_ns);
    uint64_t due = t0_ns == 0 || now_ns < t0_ns ? 0 : (uint64_t)((now_ns - t0_ns) / INTERVAL_NS);
    uint64_t receipts = atomic_load(&agent->receipts);

    return due > receipts ? due - receipts : 0;
}
