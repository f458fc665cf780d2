/*
 * heat: how many messages had which latency when, of a whole trial and coarsely: a picture, never a
 * figure that is quoted. Columns of equal seconds, rows of equal ratio. It does not grow beyond its
 * columns: where a trial lasts longer, neighbours become one, and each stands for twice the time.
 */
#ifndef MILLRACE_HEAT_H
#define MILLRACE_HEAT_H

#include "errinfo.h"
#include "hist.h"

#define HEAT_COLUMNS_MAX 120u
#define HEAT_ROWS_PER_DECADE 5u
#define HEAT_DECADES 8u
#define HEAT_ROWS (HEAT_ROWS_PER_DECADE * HEAT_DECADES)
/* Below it is in the first row, and beyond the last decade in the last one. */
#define HEAT_LOWEST_NS 1000.0

/* All zeros is an empty one. */
struct heat {
    uint32_t (*cells)[HEAT_ROWS]; /* Owned; by column. A count that is too large stays at the most
                                     that fits. */
    uint32_t columns_count;
    uint32_t columns_capacity;
    uint32_t column_seconds; /* That one column stands for; a power of two. */
};

/* Adds the latencies of a second (or, after the first hour, of the ten that begin with it) in any
 * order of seconds. 0 or -ENOMEM, with the heat as it was. */
int heat_add(struct heat *heat, uint32_t second, const struct hist *hist, struct errinfo *reterr);

/* An independent copy into *ret, which is not read before. 0 or -ENOMEM. */
int heat_copy(const struct heat *heat, struct heat *ret, struct errinfo *reterr);

/* Frees it and leaves an empty one. */
void heat_done(struct heat *heat);

/* Where a row begins; the first one begins at zero. */
double heat_row_ns(uint32_t row);

#endif
