/*
 * seqset: a set of message sequence numbers. The only door to CRoaring.
 *
 * A 64-bit base (everything below it is in the set) plus 32-bit bitmaps above it: contiguous
 * prefixes collapse, so memory follows the disorder, not the length of a run. On the wire a set is
 * a list of runs, never Roaring's own format (0.2.66 can't check one). Not thread-safe. May
 * allocate; keep it off the data plane.
 */
#ifndef MILLRACE_SEQSET_H
#define MILLRACE_SEQSET_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQ_MAX                                                                                    \
    (UINT64_C(1) << 48) /* Sequence numbers are below this: the stamp has 6 bytes for them. */

/* first <= last < SEQ_MAX; both are in the run. */
struct seqrun {
    uint64_t first;
    uint64_t last;
};

/* A growing list of runs. Zeros are an empty list. Runs may touch or repeat; order is the order of
 * arrival. */
struct seqruns {
    struct seqrun *runs;
    uint32_t runs_count;
    uint32_t runs_capacity;
};

int seqruns_add(struct seqruns *list, uint64_t first,
                uint64_t last); /* Joins it to the last run if it follows. 0 or -ENOMEM. */
void seqruns_clear(struct seqruns *list); /* Keeps the memory. */
void seqruns_done(struct seqruns *list);
uint64_t seqruns_count(const struct seqruns *list); /* Sum of the runs' lengths. */

struct seqset;

int seqset_new(struct seqset **ret, struct errinfo *reterr);
void seqset_free(struct seqset *set);

/*
 * Adds [first, last]. What was new is appended to added, what was in the set already to again
 * (either may be NULL), in rising order. 0, or -ENOMEM with a part of it in the set. Where it
 * follows on what is there it takes nothing, else 65536 numbers take some 20 bytes: hold a run from
 * outside against the stream's end before.
 */
int seqset_add(struct seqset *set, uint64_t first, uint64_t last, struct seqruns *added,
               struct seqruns *again);

bool seqset_has(const struct seqset *set, uint64_t seq);
uint64_t seqset_count(const struct seqset *set);

/* Members within [first, end). */
uint64_t seqset_count_range(const struct seqset *set, uint64_t first, uint64_t end);

/* |a and not b| and |a and b| within [first, end). */
uint64_t seqset_count_without(const struct seqset *a, const struct seqset *b, uint64_t first,
                              uint64_t end);
uint64_t seqset_count_both(const struct seqset *a, const struct seqset *b, uint64_t first,
                           uint64_t end);

/* Appends the runs of (a and not b) within [first, end) to list, at most runs_max of them; 0 or
 * -ENOMEM. */
int seqset_list_without(const struct seqset *a, const struct seqset *b, uint64_t first,
                        uint64_t end, uint32_t runs_max, struct seqruns *list);

/* Bytes it takes in memory, roughly. */
size_t seqset_bytes(const struct seqset *set);

#endif
