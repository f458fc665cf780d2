/*
 * link_state: which clients of an endpoint are down, since when, and when to try again. Shared by
 * sender and receiver.
 */
#ifndef MILLRACE_LINK_STATE_H
#define MILLRACE_LINK_STATE_H

#include "backend.h"
#include "recorder.h"

#include <stdbool.h>
#include <stdint.h>

struct link_state {
    bool *client_down;
    uint32_t clients_count;
    uint32_t down_count;
    int64_t down_since_ns; /* mono_ns() */
    int64_t retry_ns;
    uint32_t reconnects;
    uint32_t error; /* Of the last loss: recorder_error()'s number, until the interval's end. */
};

int link_state_init(struct link_state *link, uint32_t clients_count, struct errinfo *reterr);
void link_state_done(struct link_state *link);

/* Opens an endpoint and records how long each client took to connect; where clients share
 * connections, how long opening took. Blocks until config->open_deadline_ns at most. */
int link_state_open(const struct backend_ops *ops, struct endpoint_config *config,
                    struct recorder *recorder, uint32_t flow, struct endpoint **ret,
                    struct errinfo *reterr);

/* Takes EVENT_DOWN and EVENT_UP; counts an error with its text for each loss. */
void link_state_event(struct link_state *link, const struct event *event, struct recorder *recorder,
                      struct counters *counters);

/* Calls reopen if something is down and its time has come. May block for a second at most. */
void link_state_reopen(struct link_state *link, const struct backend_ops *ops,
                       struct endpoint *endpoint, int64_t now_ns, struct recorder *recorder);

/* Adds what is down to a worker's state; takes the reconnects. t0_ns makes the offset. */
void link_state_account(struct link_state *link, int64_t t0_ns, struct recorder_state *state);

#endif
