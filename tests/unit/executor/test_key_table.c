#include "executor_fixture.h"
#include "key_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 100
#define DRAWS 200000

/* The tables of an assignment whose flow has these keys. */
struct bench {
    struct fixture fixture;
    struct key_tables tables;
    struct key_place place;
};

static void begin(struct bench *bench, struct message_keys keys)
{
    fixture_init(&bench->fixture);
    bench->fixture.flows[0].message.keys = keys;
    bench->fixture.flows[0].partitions = 5;
    fixture_producer(&bench->fixture);
    assert_int_equal(key_tables_init(&bench->tables, &bench->fixture.assignment, NULL), 0);
    if (keys.count > 0) {
        bench->place = key_table_begin(bench->tables.flows[0], 11, 0, 1);
    }
}

static uint32_t draw(struct bench *bench)
{
    const struct key_row *row = key_table_draw(bench->tables.flows[0], &bench->place);
    char text[MESSAGE_KEY_BYTES + 1] = {0};
    uint32_t key;

    memcpy(text, row->text, sizeof row->text);
    assert_int_equal(text[0], 'k');
    key = (uint32_t)strtoul(text + 1, NULL, 10);
    assert_int_equal(row->partition, message_key_partition(key, 5));
    return key;
}

/* Each key's draws within six standard deviations of its share. */
static void assert_draws(struct message_keys keys)
{
    struct bench bench;
    uint32_t counts[KEYS] = {0};
    double sum = 0.0;

    begin(&bench, keys);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t key = draw(&bench);

        assert_true(key < KEYS);
        counts[key]++;
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        sum += message_key_weight(&keys, i);
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        double share = message_key_weight(&keys, i) / sum;

        assert_true(fabs(counts[i] - DRAWS * share) < 6 * sqrt(DRAWS * share * (1.0 - share)));
    }
    key_tables_done(&bench.tables);
}

static void zipf_draws_keys_by_their_rank(void **state)
{
    (void)state;
    assert_draws((struct message_keys){KEYS, KEYS_ZIPF, 990});
    assert_draws((struct message_keys){KEYS, KEYS_ZIPF, 2000});
}

static void uniform_draws_all_keys_alike(void **state)
{
    (void)state;
    assert_draws((struct message_keys){KEYS, KEYS_UNIFORM, 0});
}

static void sequential_keys_come_in_their_order_and_begin_again(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, (struct message_keys){KEYS, KEYS_SEQUENTIAL, 0});
    bench.place = key_table_begin(bench.tables.flows[0], 11, 3, 4);
    for (uint32_t i = 0; i < 3 * KEYS; i++) {
        assert_int_equal(draw(&bench), (75 + i) % KEYS);
    }
    key_tables_done(&bench.tables);
}

static void producers_begin_spread_over_sequential_keys(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, (struct message_keys){KEYS_MAX, KEYS_SEQUENTIAL, 0});
    bench.place = key_table_begin(bench.tables.flows[0], 11, 0, CLIENTS_MAX);
    assert_int_equal(draw(&bench), 0);
    bench.place = key_table_begin(bench.tables.flows[0], 11, CLIENTS_MAX - 1, CLIENTS_MAX);
    assert_int_equal(draw(&bench), KEYS_MAX - KEYS_MAX / CLIENTS_MAX);
    key_tables_done(&bench.tables);
}

static void flows_without_keys_have_no_table(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, (struct message_keys){0});
    for (uint32_t i = 0; i < FLOWS_MAX; i++) {
        assert_null(bench.tables.flows[i]);
    }
    key_tables_done(&bench.tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zipf_draws_keys_by_their_rank),
        cmocka_unit_test(uniform_draws_all_keys_alike),
        cmocka_unit_test(sequential_keys_come_in_their_order_and_begin_again),
        cmocka_unit_test(producers_begin_spread_over_sequential_keys),
        cmocka_unit_test(flows_without_keys_have_no_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
