/*
 * rest: how a worker rests until it has something to do: on its descriptors, on the clock alone,
 * or not at all.
 *
 * To wake for an answer of the broker costs more than to read it. So what arrives shortly before a
 * message is to be sent is read after it was sent, in the same wake: until then the worker sleeps
 * on the clock alone. Near that moment it spins, because a sleep ends some tens of microseconds
 * late; on the clock alone, too, as to look at descriptors all the while takes a CPU that the
 * broker may need.
 *
 * Pure: no clock, no input or output.
 */
#ifndef MILLRACE_REST_INNER_H
#define MILLRACE_REST_INNER_H

#include <stdbool.h>
#include <stdint.h>

#define REST_NEVER_NS INT64_MAX

enum rest_how {
    REST_NOT,    /* There is something to do. */
    REST_EVENTS, /* Until then, or until a descriptor is ready. */
    REST_CLOCK,  /* Until then, whatever arrives. */
    REST_SPIN    /* Likewise, without a sleep. */
};

struct rest {
    enum rest_how how;
    int64_t until_ns; /* When to end it. */
    bool is_exact;    /* A message is due right after it: how late a sleep ends is to be learned. */
};

/* All times are mono_ns(). */
struct rest_ask {
    int64_t now_ns;
    int64_t send_ns;     /* When to send next; REST_NEVER_NS: nobody knows. */
    bool is_exact;       /* That is one message's own time; else several are sent together. */
    int64_t other_ns;    /* When there is something else to do, that need not be exact. */
    int64_t lead_ns;     /* How long before a message a sleep is to end. */
    int64_t together_ns; /* What arrives may wait that long for the next send. */
    int64_t gather_ns;   /* Until then it may wait in any case; in the past: it may not. */
};

struct rest rest_choose(const struct rest_ask *ask);

/* How long before a message a sleep is to end: as long as sleeps end late, so that 98 % of the
 * messages are sent in time, but no longer than what may be spun away allows. */
struct rest_lead {
    int64_t late_ns; /* Running estimate of the 98th percentile of how late sleeps end. */
    int64_t most_ns; /* With that lead as much is spun away as may be. */
    int64_t spun_ns; /* Running mean of what was spun away for a message. */
};

void rest_lead_init(struct rest_lead *lead);
int64_t rest_lead_ns(const struct rest_lead *lead);

/* A sleep ended so late. */
void rest_lead_slept(struct rest_lead *lead, int64_t late_ns);

/* For a message so much was spun away, 0 too; on average it may be most_ns. */
void rest_lead_spun(struct rest_lead *lead, int64_t spun_ns, int64_t most_ns);

#endif
