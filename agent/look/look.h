/*
 * look: does once on a broker what a trial does, and says which step the broker does not allow:
 * makes a topic of one partition, opens a consumer and a producer, writes one message, waits for
 * its confirm, reads it, acknowledges it, and removes the topic. From backend_ops alone.
 *
 * It asks for the acknowledgements that the run's flows ask for, and its message is as large as
 * their largest: what a broker refuses of these, and what it need not be able to do, is known
 * before the load.
 *
 * For brokers only: a backend that lives within the agent has nothing that could forbid it. Leaves
 * nothing behind, also after a failure; what can't be removed is told. One thread, which it
 * blocks; no state.
 */
#ifndef MILLRACE_LOOK_H
#define MILLRACE_LOOK_H

#include "backend.h"

#include <stdatomic.h>

enum look_stage {
    LOOK_MAKE,
    LOOK_OPEN_CONSUMER,
    LOOK_OPEN_PRODUCER,
    LOOK_WRITE,
    LOOK_CONFIRM,
    LOOK_READ,
    LOOK_ACKNOWLEDGE,
    LOOK_REMOVE,
    LOOK_DONE
};

/* "make a topic", "open a consumer", ...: what can't be done, for a sentence. */
const char *look_stage_name(enum look_stage stage);

struct look_config {
    const struct backend_ops *ops;
    const struct target *target;
    const struct look_request *request; /* Its name tells the topic from those of others that look
                                           at the same time; 32 characters of it count. */
    int64_t deadline_ns;
    const atomic_bool *called_back; /* Set by another thread when nobody waits for the outcome any
                                       more: it is ended at the next step. NULL: never. */
};

/*
 * Blocks until the deadline, and then as long as removing the topic and closing take (about 5 s
 * each at most).
 *
 * 0; otherwise what the driver said, -ETIMEDOUT, -ECANCELED (called back) or -ENOMEM, with "can't
 * STAGE: REASON", and in *ret_stage the stage. The broker's own words while it waited (an alarm, a
 * closed connection) are in the reason.
 */
int look_at_target(const struct look_config *config, enum look_stage *ret_stage,
                   struct errinfo *reterr);

#endif
