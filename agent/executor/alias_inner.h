/*
 * alias_inner: draws from a discrete distribution with one look-up, however many outcomes it has
 * (Walker 1977; the tables are made as in Vose, "A linear algorithm for generating random numbers
 * with a given distribution", IEEE Transactions on Software Engineering 17(9), 1991). Probabilities
 * are kept to 2^-32 of a row. Pure; a filled table is only read: any thread.
 */
#ifndef MILLRACE_ALIAS_INNER_H
#define MILLRACE_ALIAS_INNER_H

#include "errinfo.h"

#include <stdint.h>

struct alias_row {
    uint32_t threshold; /* Below it the row's own outcome, else the alias. */
    uint32_t alias;
};

/* Fills rows[count] from weights[count] (finite, none negative, some positive), which it uses up as
 * room to work in. 0 or -ENOMEM. */
int alias_fill(struct alias_row *rows, double *weights, uint32_t count, struct errinfo *reterr);

/* The row that 64 random bits choose, each alike often. */
static inline uint32_t alias_row(uint32_t count, uint64_t bits)
{
    return (uint32_t)(((bits >> 32) * count) >> 32);
}

/* Outcome of 64 random bits. */
static inline uint32_t alias_draw(const struct alias_row *rows, uint32_t count, uint64_t bits)
{
    uint32_t row = alias_row(count, bits);
    uint32_t own = -(uint32_t)((uint32_t)bits < rows[row].threshold); /* All bits set, or none. */

    /* Without a branch, as nobody can predict which way it goes. */
    return (row & own) | (rows[row].alias & ~own);
}

#endif
