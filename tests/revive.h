/* revive: brings a client back as a worker does, but on the thread of the test. */
#ifndef MILLRACE_TEST_REVIVE_H
#define MILLRACE_TEST_REVIVE_H

#include "backend.h"
#include "mono.h"

#include <errno.h>

/* 0: adopted, EVENT_UP follows; -EAGAIN: not yet, with the reason. Where the library reconnects by
 * itself: 0. */
static inline int revive(const struct backend_ops *ops, struct endpoint *endpoint,
                         const struct endpoint_config *config, uint32_t client,
                         struct errinfo *reterr)
{
    struct link *link = NULL;

    if (ops->connect == NULL) {
        return 0;
    }
    if (ops->connect(config, client, mono_ns() + NS_PER_S, &link, reterr) < 0) {
        return -EAGAIN;
    }
    if (ops->adopt(endpoint, client, link) < 0) {
        ops->hang_up(link);
        return errinfo_set(reterr, -EAGAIN, "the link broke at once");
    }
    return 0;
}

#endif
