/* The tables of what agents and coordinator say to each other; see record.h. Of clocks they are in
 * clock_records.c. */
#include "control_messages.h"

static const char *const probe_failure_names[] = {
    [PROBE_OK] = "ok",
    [PROBE_NAME] = "name",
    [PROBE_REFUSED] = "refused",
    [PROBE_TIMEOUT] = "timeout",
    [PROBE_TLS] = "tls",
    [PROBE_LOGIN] = "login",
    [PROBE_PROTOCOL] = "protocol",
    [PROBE_BACKEND] = "backend",
    [PROBE_LOOK] = "not allowed",
    [PROBE_OTHER] = "other",
};

const char *probe_failure_name(enum probe_failure failure)
{
    size_t index = (size_t)failure;

    return index < sizeof probe_failure_names / sizeof probe_failure_names[0]
               ? probe_failure_names[index]
               : "other";
}

static const struct field backend_version_fields[] = {
    FIELD(backend_version, name),
    FIELD(backend_version, library),
};

const struct record backend_version_record = RECORD(backend_version);

static const struct field hello_fields[] = {
    FIELD(hello, protocol),
    FIELD(hello, version),
    FIELD(hello, name),
    FIELD(hello, host_name, .only = ONLY_SENT),
    FIELD_OF_TYPE(hello, instance, FIELD_ID),
    FIELD(hello, host),
    FIELD(hello, kernel),
    FIELD(hello, boot_id),
    FIELD(hello, time_namespace),
    FIELD(hello, pid),
    FIELD(hello, cpus),
    FIELD(hello, cpus_milli),
    FIELD(hello, memory_bytes),
    FIELD(hello, open_files_max),
    FIELD(hello, ports_count),
    FIELD(hello, clock_source),
    FIELD_ITEMS_OF(hello, backends, backends_count, backend_version_record, BACKENDS_MAX),
    FIELD(hello, nonce, .only = ONLY_SENT),
    FIELD(hello, proof, .only = ONLY_SENT),
    FIELD(hello, busy, .only = ONLY_SENT),
};

const struct record hello_record = RECORD(hello);

static const struct field probe_result_fields[] = {
    FIELD_OF_TYPE(probe_result, failure, FIELD_ENUM, .names = probe_failure_names,
                  .names_count = PROBE_OTHER + 1),
    FIELD(probe_result, reason),
    FIELD(probe_result, broker_version),
    FIELD(probe_result, took_ns),
    FIELD(probe_result, removed),
    {.name = "limits",
     .type = FIELD_ITEMS,
     FIELD_PLACE(probe_result, limits.items),
     .count_offset = offsetof(struct probe_result, limits.count),
     .of = &broker_limit_record,
     .items_max = BROKER_LIMITS_MAX},
};

const struct record probe_result_record = RECORD(probe_result);

static const struct field welcome_fields[] = {
    FIELD(welcome, accepted), FIELD(welcome, reason), FIELD(welcome, agent, .max = AGENTS_MAX - 1),
    FIELD(welcome, name),     FIELD(welcome, run_id), FIELD(welcome, nonce),
    FIELD(welcome, proof),
};

const struct record welcome_record = RECORD(welcome);

static const struct field poll_fields[] = {
    FIELD(poll, taken),
};

const struct record poll_record = RECORD(poll);

static const struct field segment_fields[] = {
    FIELD(segment, phase_first, .max = PHASES_MAX - 1),
    FIELD(segment, phase_last, .max = PHASES_MAX - 1),
    FIELD(segment, t0_ns),
    FIELD(segment, start_ns),
    FIELD_LIST_OF(segment, peers, peers_count, peer_start_record, AGENTS_MAX),
};

static const char *segment_wrong(const void *item)
{
    const struct segment *segment = item;

    return segment->phase_first > segment->phase_last ? "phase_last is before phase_first" : NULL;
}

const struct record segment_record = RECORD(segment, .wrong = segment_wrong);

static const char *const command_kinds[COMMAND_COUNT] = {
    [COMMAND_NONE] = "none",     [COMMAND_PROBE] = "probe", [COMMAND_PREPARE] = "prepare",
    [COMMAND_START] = "start",   [COMMAND_STOP] = "stop",   [COMMAND_RELEASE] = "release",
    [COMMAND_REMOVE] = "remove", [COMMAND_CLEAN] = "clean", [COMMAND_GOODBYE] = "goodbye",
};

static const char *const prepare_steps[] = {
    [PREPARE_TOPICS] = "topics",
    [PREPARE_CONSUMERS] = "consumers",
    [PREPARE_PRODUCERS] = "producers",
    [PREPARE_ROOM] = "room",
};

static const struct field look_request_fields[] = {
    FIELD(look_request, name),
    FIELD_NAMES_OF(look_request, publish_ack, FIELD_ENUM, publish_ack_names),
    FIELD_NAMES_OF(look_request, consume_ack, FIELD_ENUM, consume_ack_names),
    FIELD(look_request, message_bytes, .max = MESSAGE_BYTES_MAX),
};

const struct record look_request_record = RECORD(look_request);

static const struct field command_fields[] = {
    FIELD(command, sequence),
    FIELD_NAMES_OF(command, kind, FIELD_ENUM, command_kinds),
    FIELD(command, trial),
    FIELD_NAMES_OF(command, step, FIELD_ENUM, prepare_steps),
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the member is a pointer. */
    FIELD_OF_TYPE(command, assignment, FIELD_ONE, .of = &assignment_record),
    FIELD_RECORD_OF(command, segment, segment_record),
    FIELD(command, as_owner),
    FIELD(command, sending_only),
    FIELD(command, stop_ns),
    FIELD_LIST_OF(command, targets, targets_count, target_record, TARGETS_MAX),
    FIELD_RECORD_OF(command, look, look_request_record),
    FIELD(command, deadline_ns),
    FIELD_LIST_OF(command, lines, lines_count, clock_line_record, AGENTS_MAX),
};

static const char *command_wrong(const void *item)
{
    const struct command *command = item;
    bool assigns = command->kind == COMMAND_PREPARE &&
                   (command->step == PREPARE_TOPICS || command->step == PREPARE_ROOM);

    if (assigns == (command->assignment != NULL) || command->kind == COMMAND_REMOVE) {
        return NULL;
    }
    return assigns ? "assignment is missing" : "assignment is where none belongs";
}

const struct record command_record = RECORD(command, .wrong = command_wrong);

static const struct field status_fields[] = {
    FIELD(status, command),
    FIELD(status, code, .min = INT16_MIN), /* To 0. */
    FIELD(status, text),
    FIELD(status, start_skew_ns),
    FIELD(status, ended_ns),
    FIELD(status, last_ns),
    FIELD(status, broker_version),
    FIELD(status, is_full),
    FIELD(status, clients_max),
    FIELD_LIST_OF(status, results, results_count, probe_result_record, TARGETS_MAX),
};

/* It is not sent either. */
static const char *status_wrong(const void *item)
{
    return ((const struct status *)item)->code > 0 ? "code is no errno" : NULL;
}

const struct record status_record = RECORD(status, .wrong = status_wrong);

static const struct field receipt_fields[] = {
    FIELD(receipt, accepted),
    FIELD(receipt, reason),
};

const struct record receipt_record = RECORD(receipt);
