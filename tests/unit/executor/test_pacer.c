#include "check.h"

#include "bounds.h"
#include "pacer_inner.h"
#include "random.h"

#include <string.h>

typedef unsigned __int128 wide;

#define S INT64_C(1000000000)

/* When message number of the flow is due, straight from the definition. */
static int64_t due_by_definition(const struct rate *rate, int64_t start_ns, uint64_t number)
{
    return start_ns + (int64_t)((wide)number * rate->per_ns / rate->messages);
}

static const struct rate rates[] = {
    {.messages = 1, .per_ns = 30 * S},            /* 1/30s */
    {.messages = 3, .per_ns = 7 * S},             /* Nothing divides anything. */
    {.messages = 7, .per_ns = 3},                 /* More than one in a nanosecond. */
    {.messages = 100000000, .per_ns = S},         /* The highest rate. */
    {.messages = 99999989, .per_ns = S},          /* A prime below it. */
    {.messages = 20000, .per_ns = S},             /* The usual kind. */
    {.messages = 1, .per_ns = 1},                 /* Each nanosecond. */
    {.messages = 1000003, .per_ns = 3600 * S},    /* Primes over an hour. */
    {.messages = 333333333, .per_ns = 1000000007} /* Coprime and large. */
};

#define RATES (sizeof rates / sizeof rates[0])

static void producers_together_send_exactly_the_schedule_of_their_flow(void **state)
{
    static const uint32_t producers[] = {1, 2, 3, 7, 64};

    (void)state;
    for (size_t r = 0; r < RATES; r++) {
        for (size_t n = 0; n < sizeof producers / sizeof producers[0]; n++) {
            struct pacer pacers[64];

            for (uint32_t k = 0; k < producers[n]; k++) {
                struct pacer_config config = {.start_ns = 5 * S,
                                              .rate = rates[r],
                                              .producers_count = producers[n],
                                              .producer = k};

                pacer_init(&pacers[k], &config);
            }
            for (uint64_t number = 0; number < 20000; number++) {
                struct pacer *pacer = &pacers[number % producers[n]];

                assert_int_equal(pacer_due_ns(pacer), due_by_definition(&rates[r], 5 * S, number));
                pacer_step(pacer);
            }
        }
    }
}

/* A step covers the messages of all producers, so with enough of them 1e8/s is walked for a day. */
static void a_pacer_does_not_drift_over_hours(void **state)
{
    static const uint32_t producers[] = {1, 3, 65536, UINT32_MAX};

    (void)state;
    for (size_t r = 0; r < RATES; r++) {
        for (size_t n = 0; n < sizeof producers / sizeof producers[0]; n++) {
            struct pacer_config config = {
                .rate = rates[r], .producers_count = producers[n], .producer = producers[n] - 1};
            uint64_t number = config.producer;
            struct pacer pacer;

            if (producers[n] > CLIENTS_MAX && rates[r].per_ns / rates[r].messages > 1000) {
                continue; /* One step would take centuries. */
            }
            pacer_init(&pacer, &config);
            for (uint32_t i = 0; i < 200000 && pacer_due_ns(&pacer) < 24 * 3600 * S; i++) {
                assert_int_equal(pacer_due_ns(&pacer), due_by_definition(&rates[r], 0, number));
                pacer_step(&pacer);
                number += config.producers_count;
            }
            assert_int_equal(pacer_due_ns(&pacer), due_by_definition(&rates[r], 0, number));
            assert_int_equal(pacer.rest,
                             (uint64_t)((wide)number * rates[r].per_ns % rates[r].messages));
        }
    }
}

static void a_pacer_keeps_the_schedule_when_it_is_called_late(void **state)
{
    struct pacer_config config = {
        .start_ns = 100, .rate = {.messages = 10, .per_ns = S}, .producers_count = 1};
    struct pacer pacer;

    (void)state;
    pacer_init(&pacer, &config);
    /* It has no argument by which it could learn that it was: what is due stays due. */
    for (int64_t number = 0; number < 50; number++) {
        assert_int_equal(pacer_due_ns(&pacer), 100 + number * (S / 10));
        assert_int_equal(pacer_due_ns(&pacer), 100 + number * (S / 10));
        pacer_step(&pacer);
    }
}

static void count_before_equals_counting(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 7);
    for (uint32_t round = 0; round < RATES * 20; round++) {
        uint32_t n = 1 + (uint32_t)(random_next(&random) % 5);
        struct pacer_config config = {.start_ns = 1000,
                                      .rate = rates[round % RATES],
                                      .producers_count = n,
                                      .producer = (uint32_t)(random_next(&random) % n)};
        uint64_t counted = 0;
        int64_t at_ns = 0;
        struct pacer pacer;

        pacer_init(&pacer, &config);
        for (int i = 0; i < 500; i++) {
            /* Just before, at and just after the next due time, where an error of one would show.
             */
            int64_t wanted_ns = pacer_due_ns(&pacer) - 1 + (int64_t)(random_next(&random) % 3);

            at_ns = wanted_ns > at_ns ? wanted_ns : at_ns;
            while (pacer_due_ns(&pacer) < at_ns) {
                pacer_step(&pacer);
                counted++;
            }
            assert_int_equal(pacer_count_before(&config, at_ns), counted);
        }
    }
}

static void nothing_is_due_before_the_start(void **state)
{
    struct pacer_config config = {
        .start_ns = 1000, .rate = {.messages = 1, .per_ns = 10}, .producers_count = 2};

    (void)state;
    assert_int_equal(pacer_count_before(&config, INT64_MIN), 0);
    assert_int_equal(pacer_count_before(&config, 999), 0);
    assert_int_equal(pacer_count_before(&config, 1000), 0);
    assert_int_equal(pacer_count_before(&config, 1001), 1);
    config.producer = 1;
    assert_int_equal(pacer_count_before(&config, 1010), 0);
    assert_int_equal(pacer_count_before(&config, 1011), 1);
}

/* 65536 producers at 1/100h: the last one's first message is due beyond what 64 bits hold, and was
 * due at once. */
static void what_is_due_after_a_life_time_is_not_due_now(void **state)
{
    struct pacer_config config = {.start_ns = 1000 * S,
                                  .rate = {.messages = 1, .per_ns = 360000 * S},
                                  .producers_count = CLIENTS_MAX,
                                  .producer = CLIENTS_MAX - 1};
    struct pacer pacer;

    (void)state;
    pacer_init(&pacer, &config);
    assert_true(pacer_due_ns(&pacer) > INT64_MAX / 4);
    config.producer = 0;
    pacer_init(&pacer, &config);
    assert_int_equal(pacer_due_ns(&pacer), 1000 * S);
    pacer_step(&pacer);
    assert_true(pacer_due_ns(&pacer) > INT64_MAX / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(producers_together_send_exactly_the_schedule_of_their_flow),
        cmocka_unit_test(a_pacer_does_not_drift_over_hours),
        cmocka_unit_test(a_pacer_keeps_the_schedule_when_it_is_called_late),
        cmocka_unit_test(count_before_equals_counting),
        cmocka_unit_test(nothing_is_due_before_the_start),
        cmocka_unit_test(what_is_due_after_a_life_time_is_not_due_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
