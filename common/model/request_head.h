/*
 * request_head: whose request it is; in front of every request but HELLO, which asks for what is in
 * it. Checked once by the fleet, before a body is read: an address may be another coordinator's by
 * now, and an agent's number another agent's.
 */
#ifndef MILLRACE_REQUEST_HEAD_H
#define MILLRACE_REQUEST_HEAD_H

#include "bounds.h"
#include "record.h"

#include <stdint.h>

struct request_head {
    char run_id[NAME_BYTES]; /* As the welcome said; likewise the agent. */
    uint32_t agent;
    uint64_t instance; /* Of the hello. */
    /* Of this instance's requests, rising; one that is sent again has it again. Requests of one
     * kind are sent in its order. */
    uint64_t sequence;
};

extern const struct record request_head_record;

#endif
