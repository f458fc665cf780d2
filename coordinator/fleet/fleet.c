#include "fleet.h"

#include "channel.h"
#include "deadlines.h"
#include "fleet_inner.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUESTS_PER_AGENT 8
static void own_clock(char *boot_id, char *time_namespace)
{
    file_first_line("/proc/sys/kernel/random/boot_id", boot_id, NAME_BYTES);
    if (readlink("/proc/self/ns/time", time_namespace, NAME_BYTES - 1) < 0) {
        time_namespace[0] = '\0';
    }
}

static int listen_for(struct fleet *fleet, const struct fleet_config *config, char **ret_url,
                      struct errinfo *reterr)
{
    const struct channel_server_config server = {
        .url = config->url,
        .requests_max = 16 + fleet->wanted * REQUESTS_PER_AGENT,
        .request_bytes_max = REQUEST_BYTES_MAX,
        .reply_bytes_max = FRAME_BYTES_MAX,
        .connections_max = fleet_connections_max(fleet->wanted),
        .security = config->access.security};

    return channel_server_new(&server, &fleet->server, ret_url, reterr);
}

int fleet_new(const struct fleet_config *config, struct fleet **ret, char **ret_url,
              struct errinfo *reterr)
{
    struct fleet *fleet;
    int r = fleet_may_listen(config->url,
                             config->access.security != NULL || config->access.insecure, reterr);

    if (r < 0) {
        return r;
    }
    fleet = calloc(1, sizeof *fleet);
    if (fleet == NULL) {
        return errinfo_nomem(reterr);
    }
    fleet->wanted = config->agents_wanted;
    fleet->secured = config->access.security != NULL;
    (void)snprintf(fleet->run_id, sizeof fleet->run_id, "%s", config->run_id);
    own_clock(fleet->boot_id, fleet->time_namespace);
    fleet->members = calloc(fleet->wanted, sizeof *fleet->members);
    if (fleet->members == NULL) {
        free(fleet);
        return errinfo_nomem(reterr);
    }
    r = fleet_hosts_init(&fleet->hosts, &config->access, reterr);
    if (r == 0) {
        r = listen_for(fleet, config, ret_url, reterr);
    }
    if (r < 0) {
        fleet_free(fleet);
        return r;
    }
    *ret = fleet;
    return 0;
}

void fleet_free(struct fleet *fleet)
{
    struct snapshot *snapshot;

    if (fleet == NULL) {
        return;
    }
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        fleet_member_done(&fleet->members[i]);
    }
    while ((snapshot = fleet_next_snapshot(fleet)) != NULL) {
        snapshot_free(snapshot);
    }
    channel_server_free(fleet->server);
    fleet_hosts_done(&fleet->hosts);
    free(fleet->members);
    free(fleet);
}

const char *fleet_refusal(struct fleet *fleet)
{
    return fleet_refusals_take(&fleet->refusals);
}

const char *fleet_host_refusal(const struct fleet *fleet, uint32_t host)
{
    return host < fleet->hosts.count ? fleet->hosts.refused[host] : "";
}

const char *fleet_bystander(struct fleet *fleet)
{
    return fleet_hosts_passed_by(&fleet->hosts);
}

const char *fleet_drop_words(enum fleet_drop reason)
{
    static const char *const words[FLEET_DROP_COUNT] = {
        [FLEET_DROP_GARBAGE] = "made no sense",
        [FLEET_DROP_OTHER_RUN] = "came from agents of another run",
        [FLEET_DROP_STRANGER] = "came from agents that this run does not have",
        [FLEET_DROP_LOST] = "came from agents that had been declared lost",
        [FLEET_DROP_LATE] = "came late, after later ones",
        [FLEET_DROP_REMOVED] = "came from hosts that had been removed",
    };

    return words[reason];
}

uint64_t fleet_dropped(const struct fleet *fleet, enum fleet_drop reason)
{
    return fleet->dropped[reason];
}

uint64_t fleet_command(struct fleet *fleet, uint32_t agent, struct command *command)
{
    struct fleet_member *member = &fleet->members[agent];

    if (fleet_is_lost(fleet, agent) || member->commands_count == FLEET_COMMANDS) {
        command_done(command);
        return 0;
    }
    command->sequence = ++member->last_command;
    member->targets_asked[command->sequence % FLEET_ANSWERS] = command->targets_count;
    if (command->assignment != NULL) {
        fleet_clocks_prepare(member, command->assignment);
    }
    member->commands[member->commands_count++] = *command;
    member->told_ns = member->commands_count == 1 ? mono_ns() : 0;
    memset(command, 0, sizeof *command);
    fleet_answer_poll(fleet, member, false);
    return member->last_command;
}

const struct status *fleet_answer(const struct fleet *fleet, uint32_t agent, uint64_t command)
{
    const struct fleet_member *member = &fleet->members[agent];
    const struct status *answer = &member->answers[command % FLEET_ANSWERS];

    return command != 0 && answer->command == command ? answer : NULL;
}

void fleet_begin_trial(struct fleet *fleet, uint32_t trial, const struct snapshot_limits *limits)
{
    fleet->has_limits = limits != NULL;
    if (limits != NULL) {
        fleet->limits = *limits;
    }
    fleet->trial_begun = true;
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        fleet->members[i].snapshot_trial = trial;
        fleet->members[i].snapshot_next = 0;
        fleet->members[i].reach_ns = 0;
    }
}

int64_t fleet_reach_ns(const struct fleet *fleet)
{
    int64_t reach_ns = 0;

    for (uint32_t i = 0; i < fleet->members_count; i++) {
        const struct fleet_member *member = &fleet->members[i];

        reach_ns = member->reach_ns > reach_ns ? member->reach_ns : reach_ns;
    }
    return reach_ns;
}

struct snapshot *fleet_next_snapshot(struct fleet *fleet)
{
    struct queued_snapshot *first = fleet->snapshots_first;
    struct snapshot *snapshot;

    if (first == NULL) {
        return NULL;
    }
    fleet->snapshots_first = first->next;
    if (fleet->snapshots_first == NULL) {
        fleet->snapshots_last = NULL;
    }
    snapshot = first->snapshot;
    free(first);
    return snapshot;
}

/* What came meanwhile may lie in a queue that is not read yet. */
static void look_for_own_stall(struct fleet *fleet, int64_t now_ns)
{
    int64_t gap_ns = own_time_turn(&fleet->own, now_ns, STANDSTILL_NS);

    if (gap_ns > 0) {
        fleet->stall = (struct fleet_stall){.from_ns = now_ns - gap_ns, .until_ns = now_ns};
        for (uint32_t i = 0; i < fleet->members_count; i++) {
            int64_t *seen_ns = &fleet->members[i].seen_ns;

            *seen_ns = *seen_ns + gap_ns < now_ns ? *seen_ns + gap_ns : now_ns;
        }
    }
}

bool fleet_take_stall(struct fleet *fleet, struct fleet_stall *ret)
{
    *ret = fleet->stall;
    fleet->stall = (struct fleet_stall){0};
    return ret->until_ns != 0;
}

int64_t fleet_stood_ns(const struct fleet *fleet)
{
    return fleet->own.stood_ns;
}

static void look_for_silence(struct fleet *fleet, int64_t now_ns)
{
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        struct fleet_member *member = &fleet->members[i];

        if (member->poll != NULL && now_ns >= member->poll_until_ns) {
            fleet_answer_poll(fleet, member, true);
        }
        if (now_ns - member->seen_ns > SILENCE_NS) {
            fleet_member_take(member, MEMBER_SILENT, now_ns, "it has fallen silent");
        } else if (now_ns - member->seen_ns > SUSPECT_NS) {
            fleet_member_take(member, MEMBER_QUIET, now_ns, NULL);
        }
    }
}

static int64_t unknown_ns(const struct fleet *fleet)
{
    return UNKNOWN_NS + (fleet->wanted - fleet->members_count) * UNKNOWN_AGENT_NS;
}

void fleet_turn(struct fleet *fleet, int timeout_ms)
{
    struct channel_request *request = NULL;

    while (channel_server_next(fleet->server, timeout_ms, &request) == 0) {
        fleet_take_request(fleet, request, mono_ns() + POLL_ANSWER_NS);
        timeout_ms = 0;
    }
    channel_server_close_unknown(fleet->server, unknown_ns(fleet));
    fleet_look_at_door(fleet, mono_ns());
    look_for_own_stall(fleet, mono_ns());
    look_for_silence(fleet, mono_ns());
}
