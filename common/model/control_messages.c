#include "control_messages.h"

#include <stdlib.h>
#include <string.h>

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
    FIELD_OF_TYPE(hello, instance, FIELD_ID),
    FIELD(hello, host),
    FIELD(hello, kernel),
    FIELD(hello, boot_id),
    FIELD(hello, time_namespace),
    FIELD(hello, pid),
    FIELD(hello, cpus),
    FIELD(hello, memory_bytes),
    FIELD(hello, open_files_max),
    FIELD(hello, ports_count),
    FIELD(hello, clock_source),
    FIELD_ITEMS_OF(hello, backends, backends_count, backend_version_record, BACKENDS_MAX),
};

const struct record hello_record = RECORD(hello);

static const char *const publish_ack_names[] = {
    [PUBLISH_ACK_NONE] = "none",
    [PUBLISH_ACK_LEADER] = "leader",
    [PUBLISH_ACK_ALL] = "all",
};

static const char *const consume_ack_names[] = {
    [CONSUME_ACK_NONE] = "none",
    [CONSUME_ACK_EACH] = "each",
    [CONSUME_ACK_BATCH] = "batch",
};

static const struct field look_request_fields[] = {
    FIELD(look_request, name),
    FIELD_OF_TYPE(look_request, publish_ack, FIELD_ENUM, .names = publish_ack_names,
                  .names_count = PUBLISH_ACK_ALL + 1),
    FIELD_OF_TYPE(look_request, consume_ack, FIELD_ENUM, .names = consume_ack_names,
                  .names_count = CONSUME_ACK_BATCH + 1),
    FIELD(look_request, message_bytes, .max = MESSAGE_BYTES_MAX),
};

const struct record look_request_record = RECORD(look_request);

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

void command_done(struct command *command)
{
    if (command->assignment != NULL) {
        assignment_done(command->assignment);
        free(command->assignment);
    }
    for (uint32_t i = 0; command->targets != NULL && i < command->targets_count; i++) {
        target_done(&command->targets[i]);
    }
    free(command->targets);
    free(command->segment.peers);
    free(command->lines);
    memset(command, 0, sizeof *command);
}

void status_done(struct status *status)
{
    free(status->results);
    memset(status, 0, sizeof *status);
}
