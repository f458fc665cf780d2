/*
 * hostile: numbers that nobody measured, one at a time, in every place that a table has for one.
 * For tests of what it costs to refuse them. Of lists the first item is taken; what a number was is
 * put back before the next.
 */
#ifndef MILLRACE_TEST_HOSTILE_H
#define MILLRACE_TEST_HOSTILE_H

#include "hist.h"
#include "record.h"
#include "seqset.h"

#define HOSTILE_PLACE_BYTES 256

enum hostile_number {
    HOSTILE_2_TO_21, /* Seconds, rows; buckets of a histogram; single messages of a stream. */
    HOSTILE_2_TO_56, /* A count, or the most that the type holds; samples of a histogram; of a
                        stream, all messages that there can be. */
    HOSTILE_COUNT
};

struct hostile {
    const struct record *record;
    void *item;
    uint32_t passed;                 /* Numbers that were set before this one. */
    char place[HOSTILE_PLACE_BYTES]; /* "counters.sent is 2^56". */
    void *at;                        /* What was there, and where; NULL: nothing. */
    size_t at_bytes;
    union {
        uint64_t number;
        struct hist_packed hist;
        struct seqruns runs;
    } was;
    union {
        struct hist_packed hist;
        struct seqruns runs;
    } made; /* Freed when it is put back. */
};

/* The item is changed in place: nothing else may look at it meanwhile, but between two numbers. */
void hostile_begin(struct hostile *hostile, const struct record *record, void *item);

/* Sets the next number. False: all were set, and the item is as it was. */
bool hostile_next(struct hostile *hostile);

/* What was there before it, also sooner than by the next number. */
void hostile_put_back(struct hostile *hostile);

#endif
