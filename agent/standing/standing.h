/*
 * standing: an agent that outlives runs: it waits for a coordinator at one of its addresses, serves
 * a run of it, and waits again. Nothing but its stop_fd ends it, unless it is there for one run.
 *
 * Says each thing once: where it waits, why it was refused, what became of a run. Refuses to judge:
 * a coordinator that is wrong, of another version or gone is left alone for a while and asked
 * again. It logs, as duty does. One per process, on the thread that calls it.
 */
#ifndef MILLRACE_STANDING_H
#define MILLRACE_STANDING_H

#include "duty.h"
#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

#define STANDING_URLS_MAX 8

struct standing_config {     /* All borrowed. */
    struct duty_config duty; /* Its url and callbacks are set here. */
    const char *const *urls; /* Tried in turn. */
    uint32_t urls_count;     /* 1 .. STANDING_URLS_MAX. */
    /* Before each turn, after which what stands here may be other: 0, or why nobody can be joined
     * now. NULL: there is nothing to ask. */
    int (*refresh)(void *context, struct standing_config *config, struct errinfo *reterr);
    void *context;
    bool once; /* Until it has served a run, or was refused: 0, or why the run ended. */
    /* With once: -ETIMEDOUT if it has joined nobody for so long; 0: it waits for ever. */
    int64_t join_ns;
};

/* Blocks until stop_fd of the duty: -EINTR. */
int standing_run(struct standing_config *config, struct errinfo *reterr);

#endif
