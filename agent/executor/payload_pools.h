/*
 * payload_pools: what messages contain, made ahead: a pool for each flow that this agent sends.
 *
 * The same for all workers and only read, as each message's stamp is written beside its payload:
 * one per agent and flow, any thread.
 */
#ifndef MILLRACE_PAYLOAD_POOLS_H
#define MILLRACE_PAYLOAD_POOLS_H

#include "assignment.h"
#include "errinfo.h"

struct payload_pool;

/* Of the flows that this agent sends; NULL for the others. */
struct payload_pools {
    struct payload_pool *flows[FLOWS_MAX];
};

/* 0 or -ENOMEM; what was made until then is the caller's too. */
int payload_pools_init(struct payload_pools *pools, const struct assignment *assignment,
                       struct errinfo *reterr);
void payload_pools_done(struct payload_pools *pools);

#endif
