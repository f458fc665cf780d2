#include "fleet_inner.h"

#include "fleet_words_inner.h"
#include "mono.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an agent gets that was declared lost and asks all the same: it cleans up and ends. */
static struct command farewell(const struct fleet_member *member)
{
    return (struct command){.kind = COMMAND_GOODBYE, .sequence = member->poll_taken + 1};
}

/* The command that waits does not fit into a frame. Without an answer the agent would ask for it
 * again and again, and seem to be silent. */
static void lose_unspeakable(struct fleet *fleet, struct fleet_member *member, int code)
{
    char reason[REASON_BYTES];

    if (code == -EMSGSIZE) {
        (void)snprintf(reason, sizeof reason,
                       "its share of the trial is larger than a message may be (%d MiB): fewer "
                       "topics or clients, or more agents",
                       FRAME_BYTES_MAX / 1024 / 1024);
    } else {
        (void)snprintf(reason, sizeof reason, "its command can't be written: %s", strerror(-code));
    }
    fleet_lose(fleet, (uint32_t)(member - fleet->members), reason);
}

/* With the clocks as they are now: a command may have waited, and be told again. */
static int encode_command(struct fleet *fleet, struct fleet_member *member,
                          const struct command *command, struct text *frame)
{
    struct clock_line lines[AGENTS_MAX];
    struct command told = *command;

    told.lines = lines;
    told.lines_count = fleet_clocks_lines(fleet, member, command->kind == COMMAND_START, lines);
    return wire_encode_command(&told, frame);
}

void fleet_answer_poll(struct fleet *fleet, struct fleet_member *member, bool anyway)
{
    static const struct command none = {.kind = COMMAND_NONE};
    const struct command *next = &none;
    struct command last = farewell(member);
    struct text frame = {.secret = true}; /* Targets have passwords. */
    bool lost = fleet_is_lost(fleet, (uint32_t)(member - fleet->members));
    int encoded;

    if (member->poll == NULL) {
        return;
    }
    while (member->commands_count > 0 && member->commands[0].sequence <= member->poll_taken) {
        command_done(&member->commands[0]);
        member->commands_count--;
        memmove(member->commands, member->commands + 1,
                member->commands_count * sizeof *member->commands);
    }
    if (lost) {
        next = &last;
    } else if (member->commands_count > 0) {
        next = &member->commands[0];
    } else if (!anyway) {
        return;
    }
    encoded = encode_command(fleet, member, next, &frame);
    if (encoded < 0 && !lost) {
        lose_unspeakable(fleet, member, encoded);
        encoded = wire_encode_command(&last, &frame);
    }
    fleet_reply(member->poll, encoded, &frame);
    member->poll = NULL;
}

/* Who asks for the next command has the last one. */
static void measure_reach(struct fleet_member *member, uint64_t taken)
{
    int64_t reach_ns = mono_ns() - member->told_ns;

    if (member->told_ns == 0 || taken < member->last_command) {
        return;
    }
    member->told_ns = 0;
    member->reach_ns = reach_ns > member->reach_ns ? reach_ns : member->reach_ns;
}

static void take_poll(struct fleet *fleet, struct fleet_member *member,
                      struct channel_request *request, int64_t poll_until_ns)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    struct poll poll;

    if (wire_decode_poll(bytes, bytes_count, &poll, NULL) < 0) {
        fleet_drop(fleet, request);
        return;
    }
    if (member->poll != NULL) {
        channel_request_drop(member->poll); /* The agent gave up on it and asks again. */
    }
    member->poll = request;
    member->poll_taken = poll.taken;
    member->poll_until_ns = poll_until_ns;
    measure_reach(member, poll.taken);
    fleet_answer_poll(fleet, member, false);
}

/* Whoever asked about targets takes a result for each for granted. */
static void check_results(const struct fleet_member *member, struct status *status)
{
    uint32_t asked = member->targets_asked[status->command % FLEET_ANSWERS];

    if (status->code == 0 && status->command + FLEET_ANSWERS > member->last_command &&
        status->results_count != asked) {
        status->code = -EBADMSG;
        (void)snprintf(status->text, sizeof status->text, "it answered for %u of %u targets",
                       status->results_count, asked);
    }
}

/* Takes status over. A late copy must not stand in a later answer's place. */
static void keep_answer(struct status *place, struct status *status)
{
    if (status->command < place->command) {
        status_done(status);
        return;
    }
    status_done(place);
    *place = *status;
}

static void take_status(struct fleet *fleet, struct fleet_member *member,
                        struct channel_request *request)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    struct status status = {0};

    if (wire_decode_status(bytes, bytes_count, &status, NULL) < 0) {
        fleet_drop(fleet, request);
        return;
    }
    if (status.command == 0 || status.command > member->last_command) {
        status_done(&status);
        fleet_drop(fleet, request);
        return;
    }
    fleet_tame_status(&status);
    check_results(member, &status);
    keep_answer(&member->answers[status.command % FLEET_ANSWERS], &status);
    fleet_reply_receipt(request, true, "");
}

static int queue_snapshot(struct fleet *fleet, struct snapshot *snapshot)
{
    struct queued_snapshot *queued = calloc(1, sizeof *queued);

    if (queued == NULL) {
        return -ENOMEM;
    }
    queued->snapshot = snapshot;
    if (fleet->snapshots_last == NULL) {
        fleet->snapshots_first = queued;
    } else {
        fleet->snapshots_last->next = queued;
    }
    fleet->snapshots_last = queued;
    return 0;
}

static void take_snapshot(struct fleet *fleet, struct fleet_member *member,
                          struct channel_request *request)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    struct snapshot *snapshot = NULL;
    const char *refusal = "";

    if (!fleet->trial_begun) {
        fleet->dropped[FLEET_DROP_GARBAGE]++;
        fleet_reply_receipt(request, false, "no trial has begun");
        return;
    }
    if (wire_decode_snapshot_of(bytes, bytes_count, fleet->has_limits ? &fleet->limits : NULL,
                                &snapshot, NULL) < 0) {
        fleet_drop(fleet, request);
        return;
    }
    fleet_tame_snapshot(snapshot);
    if (snapshot->trial != member->snapshot_trial || snapshot->sequence < member->snapshot_next) {
        snapshot_free(snapshot); /* Came a second time: its first receipt was lost. */
    } else if (snapshot->sequence > member->snapshot_next) {
        refusal = "a snapshot before it is missing";
        snapshot_free(snapshot);
    } else if (queue_snapshot(fleet, snapshot) < 0) {
        refusal = "the coordinator is out of memory";
        snapshot_free(snapshot);
    } else {
        member->snapshot_next++;
    }
    fleet_reply_receipt(request, refusal[0] == '\0', refusal);
}

static void take_clock(struct fleet *fleet, struct fleet_member *member,
                       struct channel_request *request)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    struct clock_answer answer = {.t2_ns = channel_request_received_ns(request)};
    struct clock_report report;
    struct text frame = {0};

    if (wire_decode_clock_report(bytes, bytes_count, &report, NULL) < 0) {
        fleet_drop(fleet, request);
        return;
    }
    fleet_clocks_take(fleet, member, &report);
    answer.pause_ns = fleet_clocks_pause_ns(fleet, member, &report);
    answer.t3_ns = mono_ns();
    fleet_reply(request, wire_encode_clock_answer(&answer, &frame), &frame);
}

static void take_goodbye(struct fleet *fleet, struct fleet_member *member,
                         struct channel_request *request)
{
    if (member->commands_count > 0 &&
        member->commands[member->commands_count - 1].kind == COMMAND_GOODBYE) {
        fleet_member_take(member, MEMBER_LEAVES, mono_ns(), NULL);
    } else {
        fleet_lose(fleet, (uint32_t)(member - fleet->members), "it was ended on its host");
    }
    fleet_reply_receipt(request, true, "");
}

/* Tells the agent, so that it goes: whatever it measures is nobody's. */
static void refuse(struct fleet *fleet, struct channel_request *request, enum fleet_drop reason,
                   const char *text)
{
    fleet->dropped[reason]++;
    fleet_reply_receipt(request, false, text);
}

/* Whose request it is, by its head alone; NULL: of nobody, and it is answered. */
static struct fleet_member *sender_of(struct fleet *fleet, struct channel_request *request,
                                      enum request_kind kind)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    struct fleet_member *member = NULL;
    struct request_head head;
    char text[REASON_BYTES];

    if (wire_request_head(bytes, bytes_count, &head, NULL) < 0) {
        fleet_drop(fleet, request);
        return NULL;
    }
    if (strcmp(head.run_id, fleet->run_id) != 0) {
        (void)snprintf(text, sizeof text, "this agent is of run %s, and run %s is here now",
                       head.run_id, fleet->run_id);
        if (fleet->hosts.count > 0) { /* One of this coordinator's, which says hello next. */
            fleet_reply_receipt(request, false, text);
        } else {
            refuse(fleet, request, FLEET_DROP_OTHER_RUN, text);
        }
        return NULL;
    }
    if (head.agent < fleet->members_count &&
        fleet->members[head.agent].agent.hello.instance == head.instance) {
        member = &fleet->members[head.agent];
    }
    if (member == NULL) {
        refuse(fleet, request, FLEET_DROP_STRANGER, "this agent is none of the run");
        return NULL;
    }
    if (member->host != NULL && fleet_hosts_removed(&fleet->hosts, member->host)) {
        (void)snprintf(text, sizeof text, "%s was removed from this coordinator's hosts",
                       member->host->name);
        fleet_lose(fleet, head.agent, "it was removed from this coordinator's hosts");
        fleet_refusals_add(&fleet->refusals, mono_ns(), "%s", text);
        if (member->poll != NULL) { /* What it asks may be that alone: the run ends with it. */
            fleet_reply_receipt(member->poll, false, text);
            member->poll = NULL;
        }
        refuse(fleet, request, FLEET_DROP_REMOVED, text);
        return NULL;
    }
    fleet_member_take(member, MEMBER_HEARD, mono_ns(), NULL);
    /* A poll is answered with a farewell; and whoever says goodbye may go. */
    if (fleet_is_lost(fleet, head.agent) && kind != REQUEST_POLL && kind != REQUEST_GOODBYE) {
        (void)snprintf(text, sizeof text, "this agent counts as lost: %.200s",
                       member->agent.lost_reason);
        refuse(fleet, request, FLEET_DROP_LOST, text);
        return NULL;
    }
    if (head.sequence < member->heard[kind]) {
        fleet->dropped[FLEET_DROP_LATE]++;
        channel_request_drop(request); /* Nobody waits for the answer any more. */
        return NULL;
    }
    channel_request_admit(request, head.agent);
    member->heard[kind] = head.sequence;
    return member;
}

static void take_from(struct fleet *fleet, struct channel_request *request, enum request_kind kind,
                      int64_t poll_until_ns)
{
    struct fleet_member *member = sender_of(fleet, request, kind);

    if (member == NULL) {
        return;
    }
    switch (kind) {
    case REQUEST_POLL:
        take_poll(fleet, member, request, poll_until_ns);
        break;
    case REQUEST_STATUS:
        take_status(fleet, member, request);
        break;
    case REQUEST_SNAPSHOT:
        take_snapshot(fleet, member, request);
        break;
    case REQUEST_CLOCK:
        take_clock(fleet, member, request);
        break;
    default:
        take_goodbye(fleet, member, request);
        break;
    }
}

void fleet_take_request(struct fleet *fleet, struct channel_request *request, int64_t poll_until_ns)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    enum request_kind kind;
    uint32_t protocol = 0;

    if (wire_request_kind(bytes, bytes_count, &protocol, &kind, NULL) < 0) {
        fleet_drop(fleet, request);
    } else if (protocol != PROTOCOL_VERSION) {
        fleet_refuse_protocol(fleet, request, protocol);
    } else if (kind == REQUEST_HELLO) {
        fleet_take_hello(fleet, request);
    } else {
        take_from(fleet, request, kind, poll_until_ns);
    }
}
