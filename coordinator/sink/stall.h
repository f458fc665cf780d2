/*
 * stall: whether what a queue writes to stands still, and when all that waited meanwhile is
 * written. Pure; one thread.
 *
 * A writer that moves again is not done: what piled up is written bit by bit, and may stall anew.
 */
#ifndef MILLRACE_STALL_H
#define MILLRACE_STALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_state;

/* Zeroes: nothing stands still. */
struct stall {
    int64_t since_ns;    /* This process's clock; 0: it does not. */
    int64_t moved_ns;    /* When it was seen to move again; 0: it has not. */
    uint64_t pieces_max; /* That waited. */
    size_t bytes_max;
};

enum stall_turn {
    STALL_NONE,
    STALL_BEGINS, /* Something waits for STANDSTILL_NS. */
    STALL_LASTS,
    STALL_IS_OVER /* All that waited when it moved again is written. */
};

/* What a look at the queue says at now_ns. With STALL_IS_OVER *ret is
 * the stall as it was, and the next one begins from nothing. */
enum stall_turn stall_follow(struct stall *stall, const struct queue_state *state, int64_t now_ns,
                             struct stall *ret);

#endif
