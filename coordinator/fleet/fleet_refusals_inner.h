/*
 * fleet_refusals_inner: sentences about who was refused, until they are taken out. An agent that
 * stays comes again and again: the same sentence is told anew only after a while. Whoever chooses
 * other words each time can't fill the output either: of many different ones within that while only
 * the first are told. Private to this module.
 */
#ifndef MILLRACE_FLEET_REFUSALS_INNER_H
#define MILLRACE_FLEET_REFUSALS_INNER_H

#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

#define REFUSALS_TOLD 16                  /* Different ones within REFUSED_AGAIN_NS. */
#define REFUSALS_KEPT (REFUSALS_TOLD + 1) /* And that there are more. */

struct fleet_refusals {
    struct {
        char text[ERRINFO_BYTES];
        int64_t at_ns;
        bool waits; /* To be taken out. */
    } items[REFUSALS_KEPT];
    uint32_t next;       /* Where the next one goes: a ring. */
    int64_t since_ns;    /* When the first of those that are counted came. */
    uint32_t news_count; /* Since then; REFUSALS_TOLD of them are told. */
    char told[ERRINFO_BYTES];
};

void fleet_refusals_add(struct fleet_refusals *refusals, int64_t now_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The oldest that waits, "" if none does; valid until the next call. */
const char *fleet_refusals_take(struct fleet_refusals *refusals);

#endif
