/*
 * copies_inner: messages that came a third time or more often, with how often. A message that is
 * rejected and delivered again and again takes one entry, however many copies come: memory follows
 * the messages that this happens to. The counts are exact. Not thread-safe.
 */
#ifndef MILLRACE_COPIES_INNER_H
#define MILLRACE_COPIES_INNER_H

#include <stdint.h>

struct copied {
    uint64_t first; /* Sequence numbers; both are in it. */
    uint64_t last;
    uint64_t times; /* That each of them came. */
};

/* Zeros are an empty list. */
struct copies {
    struct copied *runs; /* In no order, and may overlap. */
    uint32_t runs_count;
    uint32_t runs_capacity;
};

/* Another copy of each of first to last, of which last is below SEQ_MAX. 0 or -ENOMEM. */
int copies_add(struct copies *copies, uint64_t first, uint64_t last);

/* Copies of those in [first, end). */
uint64_t copies_count(const struct copies *copies, uint64_t first, uint64_t end);

void copies_done(struct copies *copies);

#endif
