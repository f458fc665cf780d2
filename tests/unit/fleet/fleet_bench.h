/*
 * fleet_bench: a fleet and a raw client that speaks for any number of agents. Calls are made by a
 * thread while the test turns the fleet; the fleet's time can be moved on.
 */
#ifndef MILLRACE_TEST_FLEET_BENCH_H
#define MILLRACE_TEST_FLEET_BENCH_H

#include "check.h"

#include "channel.h"
#include "fleet.h"
#include "mono.h"
#include "wire.h"

#include <pthread.h>
#include <stdatomic.h>

#define CALL_MS 20000 /* Only a failing test waits this long. */
#define DROPPED_MS 300

struct bench {
    struct fleet *fleet;
    char *url;
    char folder[64];
    struct channel_client *client;
    uint64_t sequence; /* Of the last request of all agents. */
};

struct call {
    pthread_t thread;
    struct channel_client *client;
    struct text frame;
    int timeout_ms;
    int r;
    struct channel_reply reply;
    _Atomic bool done;
};

void bench_begin(struct bench *bench, uint32_t agents_wanted);
/* With the rest of the configuration as it is given. */
void bench_begin_with(struct bench *bench, const struct fleet_config *config);
void bench_end(struct bench *bench);

/* Another client of the fleet; the caller frees it. */
void bench_dial(const struct bench *bench, struct channel_client **ret);

/* Moves on the time that the fleet sees. */
void bench_pass(int64_t ns);

/* Likewise, while the fleet looks around once a second. */
void bench_live(struct bench *bench, int64_t ns);

/* A call on its way; its frame was filled by the caller, and is freed. */
void call_start(struct bench *bench, struct call *call, int timeout_ms);
/* Turns the fleet until it is back. The caller frees reply.bytes. */
int call_finish(struct bench *bench, struct call *call);

/* The head of the next request of that agent. */
struct request_head bench_head(struct bench *bench, uint32_t agent, uint64_t instance);

/* What a well-behaved agent says, with run and sequence filled in; each asserts that it was
 * answered. */
struct hello bench_hello(const char *name, uint64_t instance);
struct welcome bench_say_hello(struct bench *bench, const struct hello *hello);
/* Says hello as "agent" with this instance; asserts that it is let in; its index. */
uint32_t bench_join(struct bench *bench, uint64_t instance);
/* Gives it a command of that kind; its number, or 0 if the agent is lost. */
uint64_t bench_give(struct bench *bench, uint32_t agent, enum command_kind kind,
                    int64_t deadline_ns);
/* Says hello as a host of that secret does: with its proof, once it has the coordinator's nonce.
 * The welcome's proof is asserted to hold, if it was accepted. */
struct welcome bench_prove(struct bench *bench, struct hello *hello, uint8_t secret);
struct receipt bench_say_status(struct bench *bench, const struct status *status);
/* Of the agent with that instance. */
struct receipt bench_say_snapshot(struct bench *bench, uint64_t instance,
                                  const struct snapshot *snapshot);
struct receipt bench_say_goodbye(struct bench *bench, uint32_t agent, uint64_t instance);
void bench_poll_start(struct bench *bench, struct call *call, uint32_t agent, uint64_t instance,
                      uint64_t taken);
/* The caller ends it with command_done(). */
struct command bench_poll_finish(struct bench *bench, struct call *call);
struct command bench_poll(struct bench *bench, uint32_t agent, uint64_t instance, uint64_t taken);

#endif
