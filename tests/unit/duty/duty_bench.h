/* duty_bench: an agent's duty as it is, and a coordinator that says whatever a test wants. */
#ifndef MILLRACE_DUTY_BENCH_H
#define MILLRACE_DUTY_BENCH_H

#include "check.h"

#include "channel.h"
#include "control_messages.h"
#include "errinfo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define BENCH_ANSWERS 128

struct duty_bench {
    char folder[64];
    struct channel_server *server;
    char *url;
    struct channel_request *poll; /* That waits for a command. */
    uint64_t sequence;
    struct status answers[BENCH_ANSWERS]; /* By the command's sequence. */
    uint32_t finals;                      /* Final snapshots that came. */
    uint64_t received;                    /* Messages, as all snapshots tell. */
    /* The agent's thread. */
    pthread_t thread;
    int r;
    struct errinfo error;
    _Atomic bool ended;
};

/* Starts the agent; welcomed: until it has joined, else until its hello came, which is answered by
 * bench_reply(). */
void duty_bench_begin(struct duty_bench *bench, bool welcomed);

/* Waits until the agent has ended, however it does: duty's code, with its sentence in error. */
int duty_bench_end(struct duty_bench *bench);

/* Gives the command, whose assignment is the bench's from now on; returns its number. */
uint64_t duty_bench_send(struct duty_bench *bench, struct command *command);

/* Waits until a request, a hello or a poll, waits for its answer. */
void duty_bench_wait(struct duty_bench *bench);

/* Waits for the answer to it. */
const struct status *duty_bench_answer(struct duty_bench *bench, uint64_t sequence);

/* Answers the request that waits, a hello or a poll, with any bytes. */
void duty_bench_reply(struct duty_bench *bench, const void *bytes, size_t bytes_count);

#endif
