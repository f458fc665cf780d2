#include "key_table.h"

#include "alias_inner.h"

#include <stdlib.h>

struct key_table {
    uint32_t count;
    enum key_distribution distribution;
    struct key_row *rows;
    struct alias_row *shares; /* With zipf; else NULL. */
};

static void key_table_free(struct key_table *table)
{
    if (table != NULL) {
        free(table->rows);
        free(table->shares);
        free(table);
    }
}

static int fill_shares(struct key_table *table, const struct message_keys *keys,
                       struct errinfo *reterr)
{
    double *weights = calloc(keys->count, sizeof *weights);
    int r;

    table->shares = calloc(keys->count, sizeof *table->shares);
    if (weights == NULL || table->shares == NULL) {
        free(weights);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < keys->count; i++) {
        weights[i] = message_key_weight(keys, i);
    }
    r = alias_fill(table->shares, weights, keys->count, reterr);
    free(weights);
    return r;
}

static int key_table_new(const struct assigned_flow *flow, struct key_table **ret,
                         struct errinfo *reterr)
{
    const struct message_keys *keys = &flow->message.keys;
    struct key_table *table = calloc(1, sizeof *table);
    int r = 0;

    if (table == NULL) {
        return errinfo_nomem(reterr);
    }
    table->count = keys->count;
    table->distribution = keys->distribution;
    table->rows = calloc(keys->count, sizeof *table->rows);
    if (table->rows == NULL) {
        r = errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; r == 0 && i < keys->count; i++) {
        message_key_text(i, table->rows[i].text);
        table->rows[i].partition = message_key_partition(i, flow->partitions);
    }
    if (r == 0 && keys->distribution == KEYS_ZIPF) {
        r = fill_shares(table, keys, reterr);
    }
    if (r < 0) {
        key_table_free(table);
        return r;
    }
    *ret = table;
    return 0;
}

int key_tables_init(struct key_tables *tables, const struct assignment *assignment,
                    struct errinfo *reterr)
{
    int r = 0;

    *tables = (struct key_tables){0};
    for (uint32_t i = 0; r == 0 && i < assignment->producers_count; i++) {
        uint32_t index = assignment->producers[i].flow;
        const struct assigned_flow *flow = &assignment->flows[index];

        if (flow->message.keys.count > 0 && tables->flows[index] == NULL) {
            r = key_table_new(flow, &tables->flows[index], reterr);
        }
    }
    return r;
}

void key_tables_done(struct key_tables *tables)
{
    for (uint32_t i = 0; i < FLOWS_MAX; i++) {
        key_table_free(tables->flows[i]);
    }
    *tables = (struct key_tables){0};
}

static void step(const struct key_table *table, struct key_place *place)
{
    if (table->shares == NULL) {
        place->next = alias_row(table->count, place->bits);
        place->bits = random_next(&place->random);
    } else {
        place->next = alias_draw(table->shares, table->count, place->bits);
        place->bits = random_next(&place->random);
        __builtin_prefetch(&table->shares[alias_row(table->count, place->bits)]);
    }
    __builtin_prefetch(&table->rows[place->next]);
}

struct key_place key_table_begin(const struct key_table *table, uint64_t seed, uint32_t index,
                                 uint32_t producers_count)
{
    struct key_place place = {0};

    if (table->distribution == KEYS_SEQUENTIAL) {
        place.next = (uint32_t)((uint64_t)table->count * index / producers_count);
    } else {
        random_seed(&place.random, seed);
        place.bits = random_next(&place.random);
        step(table, &place);
    }
    return place;
}

const struct key_row *key_table_draw(const struct key_table *table, struct key_place *place)
{
    const struct key_row *row = &table->rows[place->next];

    if (table->distribution == KEYS_SEQUENTIAL) {
        place->next = place->next + 1 == table->count ? 0 : place->next + 1;
    } else {
        step(table, place);
    }
    return row;
}
