#include "session.h"

#include "deadlines.h"
#include "session_words_inner.h"
#include "stop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_BOUND_NS (2 * NS_PER_MS) /* Good enough to start with; it goes on improving. */
/* Until there is a slope the bound is wider, and the widest one of a phase is its own. Where bursts
 * are a second apart it takes longer: not waited for. */
#define CLOCK_SETTLE_NS (3 * NS_PER_S)

/* After the first agent of other hosts that will not come: others may fail as well, and whoever
 * mends a list of hosts wants to hear of all of them. */
#define GATHER_NS (10 * NS_PER_S)

/* Of those that ended, within a sentence; of more each has a line before it. */
#define ENDED_BYTES_MAX 300

/* Of a small fleet each agent that joins is told, of a large one some twenty times how many. */
#define TOLD_PARTS 20

/* What was told of the waiting. */
struct waiting {
    uint32_t told; /* How many were there. */
    int64_t again_ns;
    int64_t ended_ns; /* When the first one was found that will not come; 0: none. */
};

int64_t session_now_ns(const struct session *session)
{
    return mono_ns() - (session->fleet == NULL ? 0 : fleet_stood_ns(session->fleet));
}

static bool interrupted(const struct session *session)
{
    return session->config->interrupts != NULL && atomic_load(session->config->interrupts) > 0;
}

static bool is_on_own_host(const struct session_config *config)
{
    return config->launch != NULL && config->launch->plan->launcher->own_host;
}

static void look_for_refusal(struct session *session)
{
    const struct session_config *config = session->config;
    const char *refusal;

    while ((refusal = fleet_refusal(session->fleet))[0] != '\0') {
        (void)snprintf(session->refusal, sizeof session->refusal, "%s", refusal);
        if (config->on_refused != NULL) {
            config->on_refused(config->context, session->refusal);
        }
    }
    while ((refusal = fleet_bystander(session->fleet))[0] != '\0') {
        if (config->on_told != NULL) {
            config->on_told(config->context, refusal);
        }
    }
}

/* "ssh:load2: ...": who was asked to start it stands in front, where that is another host's. */
static void tell_ended(struct session *session, const struct launch_end *end)
{
    const struct session_config *config = session->config;

    text_addf(&session->ended, "%s%s%s%s: %s", session->ended.bytes == NULL ? "" : "\n ",
              is_on_own_host(config) ? "" : config->launch->plan->launcher->name,
              is_on_own_host(config) ? "" : ":", end->name, end->reason);
}

void session_turn(struct session *session, int timeout_ms)
{
    struct launch_end end;

    fleet_turn(session->fleet, timeout_ms);
    if (interrupted(session)) {
        stop_taken(); /* Whoever turns comes to it in time. */
    }
    look_for_refusal(session);
    while (session->launch != NULL && launch_reap(session->launch, &end)) {
        tell_ended(session, &end);
        for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
            if (fleet_agent(session->fleet, i)->hello.instance == end.enrolment) {
                fleet_lose(session->fleet, i, end.reason);
            }
        }
    }
}

/* Those that ended, one after the other; a line each, told before, if they are many. */
static const char *list_ended(struct session *session)
{
    const struct session_config *config = session->config;
    char *line = session->ended.bytes;

    if (line == NULL) {
        return "";
    }
    if (session->ended.bytes_count <= ENDED_BYTES_MAX || config->on_told == NULL) {
        for (char *end = strchr(line, '\n'); end != NULL; end = strchr(end, '\n')) {
            *end = ';';
        }
        return line;
    }
    while (line != NULL) {
        char *end = strchr(line, '\n');

        if (end != NULL) {
            *end = '\0';
        }
        config->on_told(config->context, line);
        line = end == NULL ? NULL : end + 2; /* And the blank. */
    }
    return "each is told above";
}

/* An agent ended that was launched. */
static int tell_missing(struct session *session, struct errinfo *reterr)
{
    const char *more = launch_describe(session->launch);
    const char *ended = list_ended(session);

    return errinfo_set(reterr, -ECONNRESET, "only %u of %u agents came up%s%.300s%s%.100s%s%.100s",
                       fleet_agents(session->fleet), session->config->agents_count,
                       ended[0] == '\0' ? "" : ": ", ended, more[0] == '\0' ? "" : "; ", more,
                       session->refusal[0] == '\0' ? "" : "; refused: ", session->refusal);
}

static bool has_changed(const struct waiting *waiting, uint32_t joined, uint32_t wanted)
{
    uint32_t apart = joined > waiting->told ? joined - waiting->told : waiting->told - joined;

    return apart > wanted / TOLD_PARTS;
}

/* Tells what has changed, and every JOIN_TOLD_NS who is missing. */
static void tell_waiting(struct session *session, struct waiting *waiting)
{
    const struct session_config *config = session->config;
    uint32_t joined = fleet_present(session->fleet);
    bool changed = has_changed(waiting, joined, config->agents_count);
    bool again = session_now_ns(session) >= waiting->again_ns && !is_on_own_host(config);
    struct text missing = {0};

    if (config->on_waiting == NULL || (!changed && !again)) {
        return;
    }
    /* Who was launched comes without anybody's help, unless it takes long. */
    if (session->launch == NULL || (again && !changed)) {
        session_missing(session, &missing);
    }
    waiting->told = joined;
    waiting->again_ns = session_now_ns(session) + JOIN_TOLD_NS;
    config->on_waiting(config->context, &(struct session_waiting){.joined = joined,
                                                                  .wanted = config->agents_count,
                                                                  .url = session->url,
                                                                  .missing = missing.bytes});
    text_done(&missing);
}

static int64_t join_ns(const struct session *session)
{
    const struct session_config *config = session->config;

    if (config->join_ns > 0 && !is_on_own_host(config)) {
        return config->join_ns;
    }
    return session->launch != NULL ? launch_join_ns(session->launch) : JOIN_REMOTE_NS;
}

/* All of them were launched: one that ended will not come, and one that ended after it joined is
 * missing. Said once nobody else can fail, or had the time to. */
static bool will_lack(const struct session *session, struct waiting *waiting)
{
    uint32_t running = session->launch == NULL ? 0 : launch_running(session->launch);

    if (session->launch == NULL || running == session->config->agents_count) {
        return false;
    }
    waiting->ended_ns = waiting->ended_ns == 0 ? session_now_ns(session) : waiting->ended_ns;
    return is_on_own_host(session->config) || running <= fleet_present(session->fleet) ||
           session_now_ns(session) >= waiting->ended_ns + GATHER_NS;
}

static int wait_for_agents(struct session *session, struct errinfo *reterr)
{
    const struct session_config *config = session->config;
    int64_t deadline_ns = session_now_ns(session) + join_ns(session);
    struct waiting waiting = {.told = UINT32_MAX};

    waiting.again_ns = session->launch == NULL ? 0 : session_now_ns(session) + JOIN_TOLD_NS;
    while (fleet_present(session->fleet) < config->agents_count) {
        session_turn(session, TURN_MS);
        tell_waiting(session, &waiting);
        if (interrupted(session)) {
            return errinfo_set(reterr, -EINTR, "interrupted while waiting for agents");
        }
        if (will_lack(session, &waiting)) {
            return tell_missing(session, reterr);
        }
        if (session_now_ns(session) > deadline_ns) {
            return session_too_late(session, join_ns(session), reterr);
        }
    }
    return 0;
}

static bool clocks_known(const struct session *session, bool settled)
{
    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        struct clock_estimate estimate = fleet_clock(session->fleet, i, mono_ns());

        if (!estimate.known || estimate.bound_ns > CLOCK_BOUND_NS ||
            (settled && !estimate.settled)) {
            return false;
        }
    }
    return true;
}

/* Of one that was lost before its clock was known nothing more will come. */
static bool waits_in_vain(const struct session *session)
{
    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        if (fleet_is_lost(session->fleet, i) && !fleet_clock(session->fleet, i, mono_ns()).known) {
            return true;
        }
    }
    return false;
}

static int wait_for_clocks(struct session *session, struct errinfo *reterr)
{
    int64_t deadline_ns = session_now_ns(session) + CLOCKS_NS;
    int64_t settle_ns = session_now_ns(session) + CLOCK_SETTLE_NS;

    while (!clocks_known(session, session_now_ns(session) < settle_ns) && !waits_in_vain(session) &&
           session_now_ns(session) < deadline_ns) {
        session_turn(session, TURN_MS);
        if (interrupted(session)) {
            return errinfo_set(reterr, -EINTR, "interrupted while relating clocks");
        }
    }
    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        if (!fleet_clock(session->fleet, i, mono_ns()).known) {
            return fleet_is_lost(session->fleet, i)
                       ? fleet_tell_lost(session->fleet, i, reterr)
                       : errinfo_set(
                             reterr, -ETIMEDOUT,
                             "%s did not answer in time: its clock could not be related to the "
                             "coordinator's",
                             fleet_agent(session->fleet, i)->name);
        }
    }
    return 0;
}

static int listen_and_launch(struct session *session, struct errinfo *reterr)
{
    const struct session_config *config = session->config;
    struct fleet_config fleet = {
        .url = config->listen, .agents_wanted = config->agents_count, .run_id = config->run_id};
    struct launch_config launch;
    char url[128];
    int r;

    if (is_on_own_host(config)) {
        r = socket_folder_make(&session->folder, reterr);
        if (r < 0) {
            return r;
        }
        (void)snprintf(url, sizeof url, "ipc://%s/" SOCKET_FOLDER_SOCKET, session->folder.path);
        fleet.url = url;
    }
    if (config->access != NULL) {
        fleet.access = *config->access;
    }
    r = fleet_new(&fleet, &session->fleet, &session->url, reterr);
    if (r == -EADDRINUSE && fleet.access.is_enrolled != NULL) { /* They dial that port alone. */
        r = errinfo_set(reterr, r,
                        "%.200s: another program listens there: end it, or give the hosts another "
                        "port: millrace hosts add NAME --again --at HOST:PORT",
                        config->listen);
    }
    if (r == 0 && config->launch != NULL) {
        launch = *config->launch;
        launch.url = session->url;
        launch.log_folder = config->log_folder;
        launch.trace_path = config->trace_path;
        launch.join_ns = config->join_ns;
        launch.on_told = config->on_told;
        launch.context = config->context;
        r = launch_start(&launch, &session->launch, reterr);
    }
    return r;
}

int session_open(struct session *session, const struct session_config *config,
                 struct errinfo *reterr)
{
    int r;

    memset(session, 0, sizeof *session);
    session->config = config;
    r = listen_and_launch(session, reterr);
    if (r == 0) {
        r = wait_for_agents(session, reterr);
    }
    if (r == 0) {
        r = wait_for_clocks(session, reterr);
    }
    if (r < 0) {
        session_close(session);
    }
    return r;
}

static bool all_left(const struct session *session)
{
    if (session->launch != NULL) {
        /* Who never joined waits for no goodbye. */
        return launch_running(session->launch) == 0 || fleet_agents(session->fleet) == 0;
    }
    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        if (!fleet_is_lost(session->fleet, i) &&
            fleet_agent(session->fleet, i)->state != FLEET_LEFT) {
            return false;
        }
    }
    return true;
}

void session_close(struct session *session)
{
    int64_t deadline_ns = mono_ns() + HOME_NS;

    if (session->fleet != NULL) {
        deadline_ns += fleet_agents(session->fleet) * HOME_AGENT_NS;
        for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
            struct command command = {.kind = COMMAND_GOODBYE};

            (void)fleet_command(session->fleet, i, &command);
        }
        while (!session->given_up && !all_left(session) && mono_ns() < deadline_ns) {
            session_turn(session, TURN_MS);
        }
    }
    launch_free(session->launch);
    fleet_free(session->fleet);
    free(session->url);
    text_done(&session->ended);
    socket_folder_remove(&session->folder);
    memset(session, 0, sizeof *session);
}

/* The answer that is still missing, or how the waiting ended. */
static int look_at_answers(struct session *session, const struct session_order *order,
                           const uint64_t *commands, bool *ret_all, struct errinfo *reterr)
{
    *ret_all = true;
    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        const struct fleet_agent *agent = fleet_agent(session->fleet, i);
        const struct status *status = fleet_answer(session->fleet, i, commands[i]);

        if (fleet_is_lost(session->fleet, i) &&
            (order->survivors || (order->goes_on && commands[i] == 0))) {
            continue;
        }
        if (fleet_is_lost(session->fleet, i)) {
            return fleet_tell_lost(session->fleet, i, reterr);
        }
        if (status == NULL) {
            *ret_all = false;
        } else if (status->code < 0) {
            return errinfo_set(reterr, status->code, "%s: %s", agent->name, status->text);
        }
    }
    return 0;
}

/* The first agent that owes its answer. */
static int blame_silent(const struct session *session, const uint64_t *commands,
                        struct errinfo *reterr)
{
    uint32_t i = 0;

    while (i + 1 < fleet_agents(session->fleet) &&
           (fleet_is_lost(session->fleet, i) ||
            fleet_answer(session->fleet, i, commands[i]) != NULL)) {
        i++;
    }
    return errinfo_set(reterr, -ETIMEDOUT, "%s did not answer in time",
                       fleet_agent(session->fleet, i)->name);
}

int session_order_all(struct session *session, const struct session_order *order,
                      const struct status **answers, struct errinfo *reterr)
{
    uint64_t commands[AGENTS_MAX] = {0};
    int64_t deadline_ns = session_now_ns(session) + order->deadline_ns;
    bool all = false;
    int r = 0;

    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        struct command command = {0};

        r = order->make(order->context, i, &command, reterr);
        if (r < 0) {
            command_done(&command);
            return r;
        }
        commands[i] = fleet_command(session->fleet, i, &command); /* 0 of a lost one. */
    }
    while (r == 0) {
        session_turn(session, TURN_MS);
        r = order->turn == NULL ? 0 : order->turn(order->context, reterr);
        if (r == 0) {
            r = look_at_answers(session, order, commands, &all, reterr);
        }
        if (r < 0 || all) {
            break;
        }
        if (order->interruptible && interrupted(session)) {
            return errinfo_set(reterr, -EINTR, "interrupted");
        }
        if (session_now_ns(session) > deadline_ns) {
            return blame_silent(session, commands, reterr);
        }
    }
    for (uint32_t i = 0; r == 0 && answers != NULL && i < fleet_agents(session->fleet); i++) {
        answers[i] = fleet_answer(session->fleet, i, commands[i]);
    }
    return r;
}
