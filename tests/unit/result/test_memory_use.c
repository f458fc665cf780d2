#include "check.h"

#include "memory_use.h"

#include <math.h>

static struct result_agent_interval rows[] = {
    {.agent = 0,
     .clients = 4,
     .rss_before_bytes = 1000,
     .rss_opened_bytes = 9000,
     .rss_bytes = 10000,
     .outstanding = 50},
    {.agent = 1,
     .clients = 1,
     .rss_before_bytes = 1000,
     .rss_opened_bytes = 900,
     .rss_bytes = 5000,
     .outstanding = 99},
    {.agent = 0,
     .clients = 4,
     .rss_before_bytes = 1000,
     .rss_opened_bytes = 9000,
     .rss_bytes = 29000,
     .outstanding = 200},
    {.agent = 0,
     .clients = 4,
     .rss_before_bytes = 1000,
     .rss_opened_bytes = 9000,
     .rss_bytes = 25000,
     .outstanding = 10},
    {.agent = 2, .rss_bytes = 25000, .outstanding = 1000},
    {.agent = 3,
     .rss_before_bytes = 1000,
     .rss_opened_bytes = 1000,
     .rss_bytes = 1000,
     .outstanding = 1000},
};

static const struct result_trial trial = {.agent_intervals = rows,
                                          .agent_intervals_count = sizeof rows / sizeof rows[0]};

static void clients_share_what_opening_them_took(void **state)
{
    struct memory_use use;

    (void)state;
    assert_true(memory_use_of(&trial, 0, &use));
    assert_int_equal(use.clients, 4);
    assert_int_equal(use.bytes_max, 29000);
    assert_true(use.per_client_bytes == 2000.0);
}

static void messages_in_flight_share_what_load_took_at_the_most(void **state)
{
    struct memory_use use;

    (void)state;
    assert_true(memory_use_of(&trial, 0, &use));
    assert_int_equal(use.in_flight_max, 200);
    assert_true(use.per_in_flight_bytes == 100.0);
}

static void what_did_not_grow_or_has_too_few_messages_has_no_figure(void **state)
{
    struct memory_use use;

    (void)state;
    assert_true(memory_use_of(&trial, 1, &use));
    assert_true(isnan(use.per_client_bytes));
    assert_true(isnan(use.per_in_flight_bytes));
    assert_true(memory_use_of(&trial, 3, &use)); /* It has no clients. */
    assert_true(isnan(use.per_client_bytes));
    assert_true(isnan(use.per_in_flight_bytes));
}

static void an_agent_that_did_not_tell_is_unknown(void **state)
{
    struct memory_use use;

    (void)state;
    assert_false(memory_use_of(&trial, 2, &use));
    assert_false(memory_use_of(&trial, 7, &use));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_share_what_opening_them_took),
        cmocka_unit_test(messages_in_flight_share_what_load_took_at_the_most),
        cmocka_unit_test(what_did_not_grow_or_has_too_few_messages_has_no_figure),
        cmocka_unit_test(an_agent_that_did_not_tell_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
