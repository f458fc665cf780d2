#include "fleet_bench.h"
#include "proof.h"
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic int64_t passed_ns;

int64_t __real_mono_ns(void);
int64_t __wrap_mono_ns(void);

int64_t __wrap_mono_ns(void)
{
    return __real_mono_ns() + atomic_load(&passed_ns);
}

void bench_pass(int64_t ns)
{
    atomic_fetch_add(&passed_ns, ns);
}

void bench_live(struct bench *bench, int64_t ns)
{
    while (ns > 0) {
        bench_pass(ns < NS_PER_S ? ns : NS_PER_S);
        fleet_turn(bench->fleet, 0);
        ns -= NS_PER_S;
    }
}

void bench_dial(const struct bench *bench, struct channel_client **ret)
{
    const struct channel_client_config config = {.url = bench->url, .bytes_max = FRAME_BYTES_MAX};

    assert_int_equal(channel_client_new(&config, ret, NULL), 0);
}

void bench_begin(struct bench *bench, uint32_t agents_wanted)
{
    bench_begin_with(bench, &(struct fleet_config){.agents_wanted = agents_wanted});
}

void bench_begin_with(struct bench *bench, const struct fleet_config *config_wanted)
{
    struct fleet_config config = *config_wanted;
    struct errinfo error = {""};
    char url[128];

    memset(bench, 0, sizeof *bench);
    assert_non_null(mkdtemp(temp_name(bench->folder, "fleet")));
    (void)snprintf(url, sizeof url, "ipc://%s/control", bench->folder);
    config.url = url;
    config.run_id = "run-7";
    if (fleet_new(&config, &bench->fleet, &bench->url, &error) < 0) {
        fail_msg("%s", error.text);
    }
    bench_dial(bench, &bench->client);
}

void bench_end(struct bench *bench)
{
    channel_client_free(bench->client);
    fleet_free(bench->fleet);
    free(bench->url);
    (void)rmdir(bench->folder);
}

static void *call_main(void *argument)
{
    struct call *call = argument;

    call->r = channel_call(call->client, call->frame.bytes, call->frame.bytes_count,
                           call->timeout_ms, &call->reply, NULL);
    atomic_store(&call->done, true);
    return NULL;
}

void call_start(struct bench *bench, struct call *call, int timeout_ms)
{
    call->client = bench->client;
    call->timeout_ms = timeout_ms;
    atomic_store(&call->done, false);
    assert_int_equal(pthread_create(&call->thread, NULL, call_main, call), 0);
}

int call_finish(struct bench *bench, struct call *call)
{
    while (!atomic_load(&call->done)) {
        fleet_turn(bench->fleet, 5);
    }
    assert_int_equal(pthread_join(call->thread, NULL), 0);
    text_done(&call->frame);
    return call->r;
}

static void call_now(struct bench *bench, struct call *call)
{
    call_start(bench, call, CALL_MS);
    assert_int_equal(call_finish(bench, call), 0);
}

struct hello bench_hello(const char *name, uint64_t instance)
{
    struct hello hello = {.protocol = PROTOCOL_VERSION, .instance = instance, .cpus = 2};

    (void)snprintf(hello.version, sizeof hello.version, "%s", MILLRACE_VERSION);
    (void)snprintf(hello.name, sizeof hello.name, "%s", name);
    (void)snprintf(hello.boot_id, sizeof hello.boot_id, "another host");
    return hello;
}

struct welcome bench_say_hello(struct bench *bench, const struct hello *hello)
{
    struct call call = {0};
    struct welcome welcome;

    assert_int_equal(wire_encode_hello(hello, &call.frame), 0);
    call_now(bench, &call);
    assert_int_equal(wire_decode_welcome(call.reply.bytes, call.reply.bytes_count, &welcome, NULL),
                     0);
    free(call.reply.bytes);
    return welcome;
}

struct welcome bench_prove(struct bench *bench, struct hello *hello, uint8_t secret)
{
    uint8_t key[HMAC_BYTES];
    struct proof_facts facts = {
        .agent_nonce = hello->nonce, .instance = hello->instance, .host_name = hello->name};
    struct welcome welcome;
    struct welcome answer;

    memset(key, secret, sizeof key);
    memset(hello->proof, 0, sizeof hello->proof);
    welcome = bench_say_hello(bench, hello);
    if (welcome.accepted || welcome.reason[0] != '\0') {
        return welcome;
    }
    facts.coordinator_nonce = welcome.nonce;
    facts.run_id = welcome.run_id;
    assert_int_equal(proof_make(key, PROOF_HELLO, &facts, hello->proof), 0);
    answer = bench_say_hello(bench, hello);
    assert_int_equal(proof_holds(key, PROOF_WELCOME, &facts, answer.proof), answer.accepted);
    return answer;
}

uint32_t bench_join(struct bench *bench, uint64_t instance)
{
    struct hello hello = bench_hello("agent", instance);
    struct welcome welcome = bench_say_hello(bench, &hello);

    assert_true(welcome.accepted);
    return welcome.agent;
}

static struct receipt read_receipt(struct call *call)
{
    struct receipt receipt;

    assert_int_equal(
        wire_decode_receipt(call->reply.bytes, call->reply.bytes_count, &receipt, NULL), 0);
    free(call->reply.bytes);
    return receipt;
}

struct request_head bench_head(struct bench *bench, uint32_t agent, uint64_t instance)
{
    return (struct request_head){
        .run_id = "run-7", .agent = agent, .instance = instance, .sequence = ++bench->sequence};
}

uint64_t bench_give(struct bench *bench, uint32_t agent, enum command_kind kind,
                    int64_t deadline_ns)
{
    struct command command = {.kind = kind, .deadline_ns = deadline_ns};

    return fleet_command(bench->fleet, agent, &command);
}

struct receipt bench_say_status(struct bench *bench, const struct status *status)
{
    struct call call = {0};
    struct status copy = *status;

    copy.head = bench_head(bench, status->head.agent, status->head.instance);
    assert_int_equal(wire_encode_status(&copy, &call.frame), 0);
    call_now(bench, &call);
    return read_receipt(&call);
}

struct receipt bench_say_snapshot(struct bench *bench, uint64_t instance,
                                  const struct snapshot *snapshot)
{
    struct call call = {0};
    struct snapshot copy = *snapshot;

    copy.head = bench_head(bench, snapshot->agent, instance);
    assert_int_equal(wire_encode_snapshot(&copy, &call.frame), 0);
    call_now(bench, &call);
    return read_receipt(&call);
}

struct receipt bench_say_goodbye(struct bench *bench, uint32_t agent, uint64_t instance)
{
    struct call call = {0};
    struct poll poll = {.head = bench_head(bench, agent, instance)};

    assert_int_equal(wire_encode_goodbye(&poll, &call.frame), 0);
    call_now(bench, &call);
    return read_receipt(&call);
}

void bench_poll_start(struct bench *bench, struct call *call, uint32_t agent, uint64_t instance,
                      uint64_t taken)
{
    struct poll poll = {.head = bench_head(bench, agent, instance), .taken = taken};

    memset(call, 0, sizeof *call);
    assert_int_equal(wire_encode_poll(&poll, &call->frame), 0);
    call_start(bench, call, CALL_MS);
}

struct command bench_poll_finish(struct bench *bench, struct call *call)
{
    struct command command;

    assert_int_equal(call_finish(bench, call), 0);
    assert_int_equal(
        wire_decode_command(call->reply.bytes, call->reply.bytes_count, &command, NULL), 0);
    free(call->reply.bytes);
    return command;
}

struct command bench_poll(struct bench *bench, uint32_t agent, uint64_t instance, uint64_t taken)
{
    struct call call;

    bench_poll_start(bench, &call, agent, instance, taken);
    return bench_poll_finish(bench, &call);
}
