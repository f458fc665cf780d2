#include "wire_samples.h"

#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t sample_below(struct random *random, uint32_t end)
{
    return (uint32_t)(random_next(random) % end);
}

uint64_t sample_number(struct random *random)
{
    return random_next(random) >> sample_below(random, 64);
}

int64_t sample_time(struct random *random)
{
    int64_t time = (int64_t)(sample_number(random) >> 1);

    return sample_bool(random) ? -time - 1 : time;
}

bool sample_bool(struct random *random)
{
    return sample_below(random, 2) == 1;
}

/* Any length that fits, of any bytes but zero. */
void sample_text(struct random *random, char *text, size_t text_bytes)
{
    size_t length = sample_below(random, (uint32_t)text_bytes);

    memset(text, 0, text_bytes);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)(1 + sample_below(random, 255));
    }
}

void *sample_zeros(uint32_t count, size_t item_bytes)
{
    void *list = count > 0 ? calloc(count, item_bytes) : NULL;

    ASSERT(count == 0 || list != NULL);
    return list;
}

bool same_items(const void *a, const void *b, uint32_t count, size_t item_bytes)
{
    return count == 0 || memcmp(a, b, count * item_bytes) == 0;
}

void sample_hello(struct random *random, struct hello *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->protocol = (uint32_t)sample_number(random);
    sample_text(random, ret->version, sizeof ret->version);
    sample_text(random, ret->name, sizeof ret->name);
    ret->instance = sample_number(random);
    sample_text(random, ret->host, sizeof ret->host);
    sample_text(random, ret->kernel, sizeof ret->kernel);
    sample_text(random, ret->boot_id, sizeof ret->boot_id);
    sample_text(random, ret->time_namespace, sizeof ret->time_namespace);
    ret->pid = (uint32_t)sample_number(random);
    ret->cpus = (uint32_t)sample_number(random);
    ret->memory_bytes = sample_number(random);
    ret->open_files_max = sample_number(random);
    ret->ports_count = (uint32_t)random_next(random);
    sample_text(random, ret->clock_source, sizeof ret->clock_source);
    ret->backends_count = sample_below(random, BACKENDS_MAX + 1);
    for (uint32_t i = 0; i < ret->backends_count; i++) {
        sample_text(random, ret->backends[i].name, sizeof ret->backends[i].name);
        sample_text(random, ret->backends[i].library, sizeof ret->backends[i].library);
    }
}

void sample_welcome(struct random *random, struct welcome *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->accepted = sample_bool(random);
    sample_text(random, ret->reason, sizeof ret->reason);
    ret->agent = sample_below(random, AGENTS_MAX);
    sample_text(random, ret->name, sizeof ret->name);
    sample_text(random, ret->run_id, sizeof ret->run_id);
}

void sample_head(struct random *random, struct request_head *ret)
{
    memset(ret, 0, sizeof *ret);
    sample_text(random, ret->run_id, sizeof ret->run_id);
    ret->agent = sample_below(random, AGENTS_MAX);
    ret->instance = sample_number(random);
    ret->sequence = sample_number(random);
}

void sample_poll(struct random *random, struct poll *ret)
{
    memset(ret, 0, sizeof *ret);
    sample_head(random, &ret->head);
    ret->taken = sample_number(random);
}

void sample_receipt(struct random *random, struct receipt *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->accepted = sample_bool(random);
    sample_text(random, ret->reason, sizeof ret->reason);
}

void sample_clock_report(struct random *random, struct clock_report *ret)
{
    memset(ret, 0, sizeof *ret);
    sample_head(random, &ret->head);
    ret->exchanges_count = sample_below(random, CLOCK_BURST_MAX + 1);
    for (uint32_t i = 0; i < ret->exchanges_count; i++) {
        ret->exchanges[i] = (struct clock_exchange){sample_time(random), sample_time(random),
                                                    sample_time(random), sample_time(random)};
    }
}

void sample_clock_answer(struct random *random, struct clock_answer *ret)
{
    ret->t2_ns = sample_time(random);
    ret->t3_ns = sample_time(random);
    ret->pause_ns = sample_time(random);
}

static void sample_segment(struct random *random, struct segment *ret)
{
    ret->phase_first = sample_below(random, PHASES_MAX);
    ret->phase_last = ret->phase_first + sample_below(random, PHASES_MAX - ret->phase_first);
    ret->t0_ns = sample_time(random);
    ret->start_ns = sample_time(random);
    ret->peers_count = sample_below(random, 4);
    ret->peers = sample_zeros(ret->peers_count, sizeof *ret->peers);
    for (uint32_t i = 0; i < ret->peers_count; i++) {
        ret->peers[i].agent = sample_below(random, AGENTS_MAX);
        ret->peers[i].t0_ns = sample_time(random);
    }
}

static void sample_lines(struct random *random, struct command *ret)
{
    ret->lines_count = sample_below(random, 4);
    ret->lines = sample_zeros(ret->lines_count, sizeof *ret->lines);
    for (uint32_t i = 0; i < ret->lines_count; i++) {
        ret->lines[i].agent = sample_below(random, AGENTS_MAX);
        ret->lines[i].own_ns = sample_time(random);
        ret->lines[i].peer_ns = sample_time(random);
        ret->lines[i].skew_ppb = (double)sample_time(random);
        ret->lines[i].bound_ns = sample_time(random);
        ret->lines[i].growth_ppb = (double)sample_time(random);
        ret->lines[i].valid_from_ns = sample_time(random);
        ret->lines[i].before_ns = sample_time(random);
    }
}

void sample_command(struct random *random, enum command_kind kind, struct command *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->sequence = sample_number(random);
    ret->kind = kind;
    ret->trial = (uint32_t)sample_number(random);
    ret->step = (enum prepare_step)sample_below(random, PREPARE_PRODUCERS + 1);
    if (kind == COMMAND_PREPARE && ret->step == PREPARE_TOPICS) {
        ret->assignment = sample_zeros(1, sizeof *ret->assignment);
        sample_assignment(random, ret->assignment);
    }
    sample_segment(random, &ret->segment);
    ret->as_owner = sample_bool(random);
    ret->sending_only = sample_bool(random);
    ret->stop_ns = sample_time(random);
    ret->targets_count = sample_below(random, 4);
    ret->targets = sample_zeros(ret->targets_count, sizeof *ret->targets);
    for (uint32_t i = 0; i < ret->targets_count; i++) {
        sample_target(random, &ret->targets[i]);
    }
    sample_text(random, ret->look.name, sizeof ret->look.name);
    ret->look.publish_ack = (enum publish_ack)sample_below(random, PUBLISH_ACK_ALL + 1);
    ret->look.consume_ack = (enum consume_ack)sample_below(random, CONSUME_ACK_BATCH + 1);
    ret->look.message_bytes = sample_below(random, MESSAGE_BYTES_MAX + 1);
    ret->deadline_ns = sample_time(random);
    sample_lines(random, ret);
}

void sample_status(struct random *random, struct status *ret)
{
    memset(ret, 0, sizeof *ret);
    sample_head(random, &ret->head);
    ret->command = sample_number(random);
    ret->code = -(int32_t)sample_below(random, 134);
    sample_text(random, ret->text, sizeof ret->text);
    ret->start_skew_ns = sample_time(random);
    ret->ended_ns = sample_time(random);
    ret->last_ns = sample_time(random);
    sample_text(random, ret->broker_version, sizeof ret->broker_version);
    ret->results_count = sample_below(random, 5);
    ret->results = sample_zeros(ret->results_count, sizeof *ret->results);
    for (uint32_t i = 0; i < ret->results_count; i++) {
        struct probe_result *result = &ret->results[i];

        result->failure = (enum probe_failure)sample_below(random, PROBE_OTHER + 1);
        sample_text(random, result->reason, sizeof result->reason);
        sample_text(random, result->broker_version, sizeof result->broker_version);
        result->took_ns = sample_time(random);
        result->removed = (uint32_t)sample_number(random);
        result->limits.count = sample_below(random, BROKER_LIMITS_MAX + 1);
        for (uint32_t j = 0; j < result->limits.count; j++) {
            struct broker_limit *limit = &result->limits.items[j];

            limit->kind = (enum broker_limit_kind)sample_below(random, LIMIT_OTHER + 1);
            sample_text(random, limit->name, sizeof limit->name);
            limit->value = sample_number(random);
        }
    }
}

bool same_status(const struct status *a, const struct status *b)
{
    struct status flat[2] = {*a, *b};

    flat[0].results = NULL;
    flat[1].results = NULL;
    return memcmp(&flat[0], &flat[1], sizeof flat[0]) == 0 &&
           same_items(a->results, b->results, a->results_count, sizeof *a->results);
}

bool same_command(const struct command *a, const struct command *b)
{
    struct command flat[2] = {*a, *b};

    for (int i = 0; i < 2; i++) {
        flat[i].assignment = NULL;
        flat[i].targets = NULL;
        flat[i].segment.peers = NULL;
        flat[i].lines = NULL;
    }
    if (memcmp(&flat[0], &flat[1], sizeof flat[0]) != 0 ||
        (a->assignment == NULL) != (b->assignment == NULL) ||
        (a->assignment != NULL && !same_assignment(a->assignment, b->assignment)) ||
        !same_items(a->segment.peers, b->segment.peers, a->segment.peers_count,
                    sizeof *a->segment.peers) ||
        !same_items(a->lines, b->lines, a->lines_count, sizeof *a->lines)) {
        return false;
    }
    for (uint32_t i = 0; i < a->targets_count; i++) {
        if (!same_target(&a->targets[i], &b->targets[i])) {
            return false;
        }
    }
    return true;
}
