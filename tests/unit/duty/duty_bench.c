#include "duty_bench.h"

#include "duty.h"
#include "mono.h"
#include "temp.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURN_MS 5
#define PATIENCE_NS (60 * NS_PER_S)

static void *agent_main(void *argument)
{
    struct duty_bench *bench = argument;
    struct duty_config config = {.url = bench->url, .name = "agent", .stop_fd = -1};

    bench->r = duty_run(&config, &bench->error);
    atomic_store(&bench->ended, true);
    return NULL;
}

static void reply_frame(struct channel_request *request, struct text *frame)
{
    channel_request_reply(request, frame->bytes, frame->bytes_count);
    text_done(frame);
}

static void reply_receipt(struct channel_request *request)
{
    struct receipt receipt = {.accepted = true};
    struct text frame = {0};

    assert_int_equal(wire_encode_receipt(&receipt, &frame), 0);
    reply_frame(request, &frame);
}

static void take_status(struct duty_bench *bench, const void *bytes, size_t bytes_count)
{
    struct status status = {0};

    assert_int_equal(wire_decode_status(bytes, bytes_count, &status, NULL), 0);
    assert_true(status.command > 0 && status.command < BENCH_ANSWERS);
    assert_int_equal(bench->answers[status.command].command, 0); /* One answer to each. */
    bench->answers[status.command] = status;
}

static void take_snapshot(struct duty_bench *bench, const void *bytes, size_t bytes_count)
{
    struct snapshot *snapshot = NULL;

    assert_int_equal(wire_decode_snapshot(bytes, bytes_count, &snapshot, NULL), 0);
    bench->finals += snapshot->final ? 1 : 0;
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        bench->received += snapshot->rows[i].counters.received;
    }
    snapshot_free(snapshot);
}

static void answer_clock(struct channel_request *request)
{
    struct clock_answer answer = {
        .t2_ns = channel_request_received_ns(request), .t3_ns = mono_ns(), .pause_ns = NS_PER_S};
    struct text frame = {0};

    assert_int_equal(wire_encode_clock_answer(&answer, &frame), 0);
    channel_request_reply(request, frame.bytes, frame.bytes_count);
    text_done(&frame);
}

/* Takes one request, if there is one. */
static void turn(struct duty_bench *bench)
{
    struct channel_request *request = NULL;
    enum request_kind kind = REQUEST_COUNT;
    uint32_t protocol = 0;
    const void *bytes;
    size_t bytes_count = 0;

    if (channel_server_next(bench->server, TURN_MS, &request) < 0) {
        return;
    }
    bytes = channel_request_bytes(request, &bytes_count);
    assert_int_equal(wire_request_kind(bytes, bytes_count, &protocol, &kind, NULL), 0);
    switch (kind) {
    case REQUEST_HELLO:
    case REQUEST_POLL:
        if (bench->poll != NULL) {
            channel_request_drop(bench->poll);
        }
        bench->poll = request;
        return;
    case REQUEST_STATUS:
        take_status(bench, bytes, bytes_count);
        break;
    case REQUEST_SNAPSHOT:
        take_snapshot(bench, bytes, bytes_count);
        break;
    case REQUEST_CLOCK:
        answer_clock(request);
        return;
    default:
        assert_int_equal(kind, REQUEST_GOODBYE);
        break;
    }
    reply_receipt(request);
}

void duty_bench_wait(struct duty_bench *bench)
{
    int64_t deadline_ns = mono_ns() + PATIENCE_NS;

    while (bench->poll == NULL) {
        turn(bench);
        assert_true(mono_ns() < deadline_ns);
    }
}

void duty_bench_reply(struct duty_bench *bench, const void *bytes, size_t bytes_count)
{
    duty_bench_wait(bench);
    channel_request_reply(bench->poll, bytes, bytes_count);
    bench->poll = NULL;
}

void duty_bench_begin(struct duty_bench *bench, bool welcomed)
{
    struct welcome welcome = {.accepted = true, .name = "agent", .run_id = "run"};
    struct errinfo error = {""};
    struct text frame = {0};
    char url[128];
    const struct channel_server_config config = {.url = url,
                                                 .requests_max = 8,
                                                 .request_bytes_max = REQUEST_BYTES_MAX,
                                                 .reply_bytes_max = FRAME_BYTES_MAX,
                                                 .connections_max = 8};

    memset(bench, 0, sizeof *bench);
    assert_non_null(mkdtemp(temp_name(bench->folder, "duty")));
    (void)snprintf(url, sizeof url, "ipc://%s/control", bench->folder);
    if (channel_server_new(&config, &bench->server, &bench->url, &error) < 0) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(pthread_create(&bench->thread, NULL, agent_main, bench), 0);
    duty_bench_wait(bench);
    if (welcomed) {
        assert_int_equal(wire_encode_welcome(&welcome, &frame), 0);
        duty_bench_reply(bench, frame.bytes, frame.bytes_count);
        text_done(&frame);
    }
}

int duty_bench_end(struct duty_bench *bench)
{
    int64_t deadline_ns = mono_ns() + PATIENCE_NS;

    while (!atomic_load(&bench->ended)) {
        turn(bench);
        assert_true(mono_ns() < deadline_ns);
    }
    assert_int_equal(pthread_join(bench->thread, NULL), 0);
    if (bench->poll != NULL) {
        channel_request_drop(bench->poll);
    }
    channel_server_free(bench->server);
    for (uint32_t i = 0; i < BENCH_ANSWERS; i++) {
        status_done(&bench->answers[i]);
    }
    free(bench->url);
    (void)rmdir(bench->folder);
    return bench->r;
}

uint64_t duty_bench_send(struct duty_bench *bench, struct command *command)
{
    struct text frame = {0};

    command->sequence = ++bench->sequence;
    assert_true(bench->sequence < BENCH_ANSWERS);
    assert_int_equal(wire_encode_command(command, &frame), 0);
    duty_bench_reply(bench, frame.bytes, frame.bytes_count);
    text_done(&frame);
    command_done(command);
    return bench->sequence;
}

const struct status *duty_bench_answer(struct duty_bench *bench, uint64_t sequence)
{
    int64_t deadline_ns = mono_ns() + PATIENCE_NS;

    while (bench->answers[sequence].command == 0) {
        turn(bench);
        assert_true(mono_ns() < deadline_ns);
    }
    return &bench->answers[sequence];
}
