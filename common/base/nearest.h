/*
 * nearest: the known word that somebody probably meant. Offer all known words; the one with the
 * least edit distance wins, if it is near enough to be a typing error. Pure.
 */
#ifndef MILLRACE_NEAREST_H
#define MILLRACE_NEAREST_H

#include <stdint.h>

struct nearest {
    const char *word; /* What was written. Borrowed. */
    const char *best; /* NULL: nothing near enough was offered. Borrowed. */
    uint32_t distance;
};

void nearest_init(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *known);

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b (Damerau 1964,
 * restricted); words beyond 64 bytes are infinitely far from everything. */
uint32_t nearest_distance(const char *a, const char *b);

#endif
