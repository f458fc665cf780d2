/*
 * key_table: the keys of a flow, made ahead: their text, the partition of each, and how they are
 * drawn, so that a message with a key costs a random number and two look-ups.
 *
 * The same for all producers of the flow and only read: one table per agent and flow, any thread.
 */
#ifndef MILLRACE_KEY_TABLE_H
#define MILLRACE_KEY_TABLE_H

#include "assignment.h"
#include "errinfo.h"
#include "random.h"

#include <stdint.h>

struct key_row {
    char text[MESSAGE_KEY_BYTES];
    uint32_t partition;
};

struct key_table;

/* Of the flows that have keys and that this agent sends; NULL for the others. */
struct key_tables {
    struct key_table *flows[FLOWS_MAX];
};

/* 0 or -ENOMEM; what was made until then is the caller's too. */
int key_tables_init(struct key_tables *tables, const struct assignment *assignment,
                    struct errinfo *reterr);
void key_tables_done(struct key_tables *tables);

/* Where a producer is in its keys. What it will need is known two draws before and fetched
 * meanwhile: a table of a million keys is in no cache. */
struct key_place {
    struct random random;
    uint32_t next; /* Its next key. */
    uint64_t bits; /* What says the key after that. */
};

/* For producer index of the flow's so many: sequential keys begin spread over all of them. Same
 * seed, same keys. */
struct key_place key_table_begin(const struct key_table *table, uint64_t seed, uint32_t index,
                                 uint32_t producers_count);

/* Draws the key of a producer's next message. */
const struct key_row *key_table_draw(const struct key_table *table, struct key_place *place);

#endif
