#include "check.h"
#include "search.h"

#include <math.h>
#include <string.h>

static const struct search_config usual = {.from_per_s = 100.0, .to_per_s = 10000.0, .width = 0.02};

/* A broker that holds up to a rate, and what was asked of it. */
struct made_up {
    double holds_per_s;
    double holds_confirming_per_s; /* In longer trials. */
    struct search_trial asked[SEARCH_TRIALS_MAX];
    uint32_t count;
};

static void drive(const struct search_config *config, struct made_up *broker,
                  struct result_search *ret)
{
    struct search search;
    struct search_trial trial;

    search_init(&search, config);
    while (search_next(&search, &trial)) {
        bool good = trial.rate_per_s <=
                    (trial.confirms ? broker->holds_confirming_per_s : broker->holds_per_s);

        assert_true(broker->count < SEARCH_TRIALS_MAX);
        broker->asked[broker->count++] = trial;
        search_tell(&search, good ? STEP_GOOD : STEP_BAD, good ? "" : "the backlog grew");
    }
    search_answer(&search, ret);
}

static void rates_double_from_the_first_and_then_the_gap_is_halved(void **state)
{
    struct made_up broker = {.holds_per_s = 1000.0, .holds_confirming_per_s = 1000.0};
    struct result_search answer;

    (void)state;
    drive(&usual, &broker, &answer);
    assert_true(answer.found);
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(broker.asked[i].rate_per_s == 100.0 * (1 << i));
        assert_false(broker.asked[i].confirms);
    }
    assert_true(fabs(broker.asked[5].rate_per_s - sqrt(800.0 * 1600.0)) < 1.0);
    assert_true(answer.lower_per_s <= 1000.0 && answer.upper_per_s > 1000.0);
    assert_true(answer.upper_per_s <= answer.lower_per_s * 1.02);
    assert_string_equal(answer.limit, "the backlog grew");
}

static void both_bounds_are_confirmed_by_trials_that_agree(void **state)
{
    struct made_up broker = {.holds_per_s = 1000.0, .holds_confirming_per_s = 1000.0};
    struct result_search answer;

    (void)state;
    drive(&usual, &broker, &answer);
    for (uint32_t i = 0; i < 4; i++) {
        const struct search_trial *trial = &broker.asked[broker.count - 4 + i];

        assert_true(trial->confirms);
        assert_true(trial->rate_per_s == (i < 2 ? answer.lower_per_s : answer.upper_per_s));
    }
    assert_false(broker.asked[broker.count - 5].confirms);
    assert_true(broker.count <= search_estimate(&usual));
}

static void a_lower_bound_that_longer_trials_refute_becomes_the_upper_one(void **state)
{
    struct made_up broker = {.holds_per_s = 1000.0, .holds_confirming_per_s = 900.0};
    struct result_search answer;

    (void)state;
    drive(&usual, &broker, &answer);
    assert_true(answer.found);
    assert_true(answer.lower_per_s <= 900.0 && answer.upper_per_s > 900.0);
    assert_true(answer.upper_per_s <= answer.lower_per_s * 1.02);
}

static void an_upper_bound_that_longer_trials_refute_becomes_the_lower_one(void **state)
{
    struct made_up broker = {.holds_per_s = 1000.0, .holds_confirming_per_s = 1100.0};
    struct result_search answer;

    (void)state;
    drive(&usual, &broker, &answer);
    assert_true(answer.lower_per_s > 1000.0);
    assert_true(answer.upper_per_s <= answer.lower_per_s * 1.02);
}

static void one_bad_trial_of_three_leaves_a_bound_standing(void **state)
{
    struct search search;
    struct search_trial trial;
    struct result_search answer;
    bool spoilt = false;
    bool good;

    (void)state;
    search_init(&search, &usual);
    while (search_next(&search, &trial)) {
        good = trial.rate_per_s <= 1000.0;
        if (trial.confirms && good && !spoilt) {
            spoilt = true;
            good = false;
        }
        search_tell(&search, good ? STEP_GOOD : STEP_BAD, "it was so");
    }
    search_answer(&search, &answer);
    assert_true(spoilt && answer.found);
    assert_true(answer.lower_per_s <= 1000.0 && answer.upper_per_s > 1000.0);
}

static void a_range_whose_end_holds_has_no_upper_bound(void **state)
{
    struct made_up broker = {.holds_per_s = 1e9, .holds_confirming_per_s = 1e9};
    struct result_search answer;

    (void)state;
    drive(&usual, &broker, &answer);
    assert_false(answer.found);
    assert_true(answer.lower_per_s == 10000.0 && answer.upper_per_s == 0.0);
    assert_non_null(strstr(answer.limit, "10,000/s, its highest rate, held"));
    assert_true(broker.asked[broker.count - 1].confirms);
}

static void a_range_whose_beginning_does_not_hold_has_no_lower_bound(void **state)
{
    struct made_up broker = {.holds_per_s = 50.0, .holds_confirming_per_s = 50.0};
    struct result_search answer;

    (void)state;
    drive(&usual, &broker, &answer);
    assert_false(answer.found);
    assert_true(answer.lower_per_s == 0.0 && answer.upper_per_s == 100.0);
    assert_non_null(strstr(answer.limit, "did not hold: the backlog grew"));
}

static void a_third_void_trial_in_a_row_ends_the_search_as_limited_by_the_generator(void **state)
{
    struct search search;
    struct search_trial first;
    struct search_trial again;
    struct result_search answer;

    (void)state;
    search_init(&search, &usual);
    search_tell(&search, STEP_GOOD, "");
    assert_true(search_next(&search, &first));
    for (int i = 0; i < 2; i++) {
        search_tell(&search, STEP_VOID, "it was busy");
        assert_true(search_next(&search, &again));
        assert_true(again.rate_per_s == first.rate_per_s);
    }
    search_tell(&search, STEP_VOID, "it was busy");
    assert_false(search_next(&search, &again));
    search_answer(&search, &answer);
    assert_false(answer.found);
    assert_true(answer.lower_per_s == 100.0 && answer.upper_per_s == 0.0);
    assert_string_equal(answer.limit, "generator-limited at 200/s: it was busy");
}

static void trials_that_contradict_each_other_come_to_an_end(void **state)
{
    struct search search;
    struct search_trial trial;
    struct result_search answer;
    uint32_t count = 0;

    (void)state;
    search_init(&search, &usual);
    while (search_next(&search, &trial)) {
        /* Whatever is to be confirmed turns out to be otherwise. */
        bool good = trial.confirms ? trial.rate_per_s != search.lower_per_s : count % 2 == 0;

        assert_true(count++ < SEARCH_TRIALS_MAX);
        search_tell(&search, good ? STEP_GOOD : STEP_BAD, "it was so");
    }
    search_answer(&search, &answer);
    assert_false(answer.found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_double_from_the_first_and_then_the_gap_is_halved),
        cmocka_unit_test(both_bounds_are_confirmed_by_trials_that_agree),
        cmocka_unit_test(a_lower_bound_that_longer_trials_refute_becomes_the_upper_one),
        cmocka_unit_test(an_upper_bound_that_longer_trials_refute_becomes_the_lower_one),
        cmocka_unit_test(one_bad_trial_of_three_leaves_a_bound_standing),
        cmocka_unit_test(a_range_whose_end_holds_has_no_upper_bound),
        cmocka_unit_test(a_range_whose_beginning_does_not_hold_has_no_lower_bound),
        cmocka_unit_test(a_third_void_trial_in_a_row_ends_the_search_as_limited_by_the_generator),
        cmocka_unit_test(trials_that_contradict_each_other_come_to_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
