/*
 * gather: how long what arrives may gather before the worker looks at it.
 *
 * A broker that is busy sends message by message, and to wake for each costs several times what it
 * takes to read and record it. Where messages are under way for long anyhow, because they queue up
 * before the broker or in it, nobody reads their latencies so finely that a look a little later
 * shows: by a 64th of the least that any took of late. Fast ones are looked at at once, whatever
 * their rate. By how long they may have waited the worker tells, as after any sleep.
 *
 * Pure: no clock, no input or output. All times are mono_ns().
 */
#ifndef MILLRACE_GATHER_INNER_H
#define MILLRACE_GATHER_INNER_H

#include <stdbool.h>
#include <stdint.h>

#define GATHER_SHARE 64
#define GATHER_NS_MAX 2000000
/* A wait on the clock costs as much as a wake for a message: below these it does not pay. */
#define GATHER_NS_MIN 50000
#define GATHER_EVENTS_MIN 4
/* No more is to come than one poll takes, and than sockets have room for. */
#define GATHER_EVENTS_MAX 128
#define GATHER_BYTES_MAX 32768

/* What one endpoint gave lately. Zeroed: nothing yet, and nothing may wait. */
struct gather {
    int64_t youngest_ns; /* The least that anything took; falls at once, rises slowly. */
    int64_t last_ns;     /* When it gave something last. */
    bool has_more;       /* It did not give all. */
    double span_ns;      /* Running means of polls that gave something: the time between two, */
    double events;       /* and what came in one. */
    double bytes;
    struct {
        uint32_t events;
        uint64_t bytes;
        int64_t youngest_ns;
    } here; /* Of the poll at work. */
};

/* Something came that took so long on its way; negative where clocks disagree. */
static inline void gather_note(struct gather *gather, int64_t took_ns, uint32_t bytes)
{
    if (gather->here.events == 0 || took_ns < gather->here.youngest_ns) {
        gather->here.youngest_ns = took_ns;
    }
    gather->here.events++;
    gather->here.bytes += bytes;
}

/* That was all that a poll gave, or all that it had room for. */
void gather_polled(struct gather *gather, int64_t now_ns, bool has_more);

/* Of all endpoints of a worker. */
struct gather_sum {
    int64_t from_ns; /* When any of them gave something last. */
    int64_t wait_ns; /* What is right for each of them. */
    double events_per_ns;
};

void gather_sum_init(struct gather_sum *sum);
void gather_sum_add(struct gather_sum *sum, const struct gather *gather);

/* Until when nobody is to look; 0: it is right to look at once. */
int64_t gather_sum_until_ns(const struct gather_sum *sum);

#endif
