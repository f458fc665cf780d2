/* What agents and coordinator say to each other around assignments and snapshots. */
#include "control_messages.h"
#include "wire_fields.h"
#include "wire_record.h"

#include <errno.h>
#include <stdlib.h>

void code_hello(struct coder *coder, void *item)
{
    code_record(coder, &hello_record, item);
}

void code_welcome(struct coder *coder, void *item)
{
    struct welcome *welcome = item;

    code_begin(coder, "welcome", 5);
    code_bool(coder, "accepted", &welcome->accepted);
    code_text(coder, "reason", welcome->reason, sizeof welcome->reason);
    code_u32(coder, "agent", &welcome->agent, AGENTS_MAX - 1);
    code_text(coder, "name", welcome->name, sizeof welcome->name);
    code_text(coder, "run_id", welcome->run_id, sizeof welcome->run_id);
    code_end(coder);
}

void code_poll(struct coder *coder, void *item)
{
    struct poll *poll = item;

    code_begin(coder, "poll", 1);
    code_u64(coder, "taken", &poll->taken);
    code_end(coder);
}

static void code_segment(struct coder *coder, struct segment *segment)
{
    code_begin(coder, "segment", 5);
    code_u32(coder, "phase_first", &segment->phase_first, PHASES_MAX - 1);
    code_u32(coder, "phase_last", &segment->phase_last, PHASES_MAX - 1);
    code_i64(coder, "t0_ns", &segment->t0_ns);
    code_i64(coder, "start_ns", &segment->start_ns);
    segment->peers = code_records(coder, "peers", segment->peers, &segment->peers_count,
                                  &peer_start_record, AGENTS_MAX);
    if (segment->phase_first > segment->phase_last) {
        coder_bad(coder, "phase_last", "is before phase_first");
    }
    code_end(coder);
}

static const struct list_kind targets_kind = {.item_bytes = sizeof(struct target),
                                              .items_max = TARGETS_MAX,
                                              .item_bytes_min = 12,
                                              .code = code_target};

/* Optional: a list of one or none. */
static void code_one_assignment(struct coder *coder, struct assignment **assignment)
{
    static const struct list_kind kind = {.item_bytes = sizeof(struct assignment),
                                          .items_max = 1,
                                          .item_bytes_min = 15,
                                          .code = code_assignment};
    uint32_t count = *assignment != NULL ? 1 : 0;

    *assignment = code_list(coder, "assignment", *assignment, &count, &kind);
}

static void code_command_parts(struct coder *coder, struct command *command)
{
    bool topics = command->kind == COMMAND_PREPARE && command->step == PREPARE_TOPICS;

    code_one_assignment(coder, &command->assignment);
    if (topics != (command->assignment != NULL)) {
        coder_bad(coder, "assignment", topics ? "is missing" : "is where none belongs");
    }
    code_segment(coder, &command->segment);
    code_bool(coder, "as_owner", &command->as_owner);
    code_bool(coder, "sending_only", &command->sending_only);
    code_i64(coder, "stop_ns", &command->stop_ns);
    command->targets =
        code_list(coder, "targets", command->targets, &command->targets_count, &targets_kind);
    code_record(coder, &look_request_record, &command->look);
    code_i64(coder, "deadline_ns", &command->deadline_ns);
    command->lines = code_records(coder, "lines", command->lines, &command->lines_count,
                                  &clock_line_record, AGENTS_MAX);
}

void code_command(struct coder *coder, void *item)
{
    struct command *command = item;

    code_begin(coder, "command", 13);
    code_u64(coder, "sequence", &command->sequence);
    command->kind = (enum command_kind)code_enum(coder, "kind", command->kind, COMMAND_COUNT - 1);
    code_u32(coder, "trial", &command->trial, ANY_U32);
    command->step = (enum prepare_step)code_enum(coder, "step", command->step, PREPARE_PRODUCERS);
    code_command_parts(coder, command);
    code_end(coder);
}

void code_status(struct coder *coder, void *item)
{
    struct status *status = item;
    int64_t code = status->code;

    code_begin(coder, "status", 8);
    code_u64(coder, "command", &status->command);
    code_i64(coder, "code", &code);
    if (code > 0 || code < INT16_MIN) {
        coder_bad(coder, "code", "is no negative errno");
    } else {
        status->code = (int32_t)code;
    }
    code_text(coder, "text", status->text, sizeof status->text);
    code_i64(coder, "start_skew_ns", &status->start_skew_ns);
    code_i64(coder, "ended_ns", &status->ended_ns);
    code_i64(coder, "last_ns", &status->last_ns);
    code_text(coder, "broker_version", status->broker_version, sizeof status->broker_version);
    status->results = code_records(coder, "results", status->results, &status->results_count,
                                   &probe_result_record, TARGETS_MAX);
    code_end(coder);
}

void code_receipt(struct coder *coder, void *item)
{
    struct receipt *receipt = item;

    code_begin(coder, "receipt", 2);
    code_bool(coder, "accepted", &receipt->accepted);
    code_text(coder, "reason", receipt->reason, sizeof receipt->reason);
    code_end(coder);
}

static void code_exchange(struct coder *coder, void *item)
{
    struct clock_exchange *exchange = item;

    code_begin(coder, "exchange", 4);
    code_i64(coder, "t1_ns", &exchange->t1_ns);
    code_i64(coder, "t2_ns", &exchange->t2_ns);
    code_i64(coder, "t3_ns", &exchange->t3_ns);
    code_i64(coder, "t4_ns", &exchange->t4_ns);
    code_end(coder);
}

static const struct list_kind exchanges_kind = {.item_bytes = sizeof(struct clock_exchange),
                                                .items_max = CLOCK_BURST_MAX,
                                                .item_bytes_min = 5,
                                                .code = code_exchange};

void code_clock_report(struct coder *coder, void *item)
{
    struct clock_report *report = item;

    code_begin(coder, "clock_report", 1);
    code_items(coder, "exchanges", report->exchanges, &report->exchanges_count, &exchanges_kind);
    code_end(coder);
}

void code_clock_answer(struct coder *coder, void *item)
{
    code_record(coder, &clock_answer_record, item);
}
