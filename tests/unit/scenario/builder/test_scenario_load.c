/* Phases: what load they ask for, and when. */
#include "check.h"
#include "mono.h"
#include "scenario_fixture.h"

#include <stdio.h>
#include <string.h>

#define HOUR_NS (3600 * NS_PER_S)

/* The first phase of a scenario whose phases are those. */
static const struct scenario_phase *first_phase(struct fixture *fixture, const char *phases)
{
    char text[1024];

    (void)snprintf(text, sizeof text, "%sphases:\n%s", FIXTURE_TARGETS, phases);
    return &fixture_good(fixture, text, NULL)->setups[0].phases[0];
}

static const struct curve_point *curve_of(const struct fixture *fixture,
                                          const struct scenario_phase *phase)
{
    return fixture->scenario->setups[0].points + phase->curve_first;
}

static void a_ramp_is_a_curve_of_two_points(void **state)
{
    const struct scenario_phase *phase =
        first_phase(*state, "  - { name: up, rate: { from: 5k/s, to: 50k/s }, for: 60s }\n");

    assert_int_equal(phase->kind, PHASE_RATE);
    assert_int_equal(phase->curve_count, 2);
    assert_int_equal(curve_of(*state, phase)[0].at_ns, 0);
    assert_int_equal(curve_of(*state, phase)[0].messages_per_1e6_s, UINT64_C(5000000000));
    assert_int_equal(curve_of(*state, phase)[1].at_ns, 60 * NS_PER_S);
    assert_int_equal(curve_of(*state, phase)[1].messages_per_1e6_s, UINT64_C(50000000000));
    assert_true(rate_per_s(phase->rate) == 50000.0);
    assert_int_equal(phase->pacing.arrivals, ARRIVALS_CONSTANT);
    assert_int_equal(phase->pacing.skip_ns, 0);
}

static void a_ramp_may_begin_or_end_at_nothing(void **state)
{
    const struct scenario_phase *phase =
        first_phase(*state, "  - { name: down, rate: { from: 1k/s, to: 0/s }, for: 1s }\n");

    assert_int_equal(curve_of(*state, phase)[1].messages_per_1e6_s, 0);
    assert_true(rate_per_s(phase->rate) == 1000.0);
}

static void a_curve_is_played_faster_and_written_in_any_order(void **state)
{
    const struct scenario_phase *phase =
        first_phase(*state, "  - name: day\n"
                            "    rate: { curve: { 24h: 2k/s, 0h: 2k/s, 13h: 35k/s }, speed: 24 }\n"
                            "    for: 1h\n"
                            "    catch_up: 250ms\n"
                            "    arrivals: poisson\n");

    assert_int_equal(phase->pacing.skip_ns, 250 * NS_PER_MS);
    assert_int_equal(phase->curve_count, 3);
    assert_int_equal(curve_of(*state, phase)[0].at_ns, 0);
    assert_int_equal(curve_of(*state, phase)[1].at_ns, 13 * HOUR_NS / 24);
    assert_int_equal(curve_of(*state, phase)[1].messages_per_1e6_s, UINT64_C(35000000000));
    assert_int_equal(curve_of(*state, phase)[2].at_ns, HOUR_NS);
    assert_true(rate_per_s(phase->rate) == 35000.0);
    assert_int_equal(phase->pacing.arrivals, ARRIVALS_POISSON);
}

static void a_curve_without_speed_runs_by_the_clock(void **state)
{
    const struct scenario_phase *phase =
        first_phase(*state, "  - { name: a, rate: { curve: { 0s: 1/s, 90s: 2/s } }, for: 2m }\n");

    assert_int_equal(curve_of(*state, phase)[1].at_ns, 90 * NS_PER_S);
}

static void arrivals_hold_for_percents_of_flows_too(void **state)
{
    static const char text[] =
        FIXTURE_TARGETS "flows: { a: { rate: 1k/s }, b: { rate: 2k/s } }\n"
                        "phases: [ { name: peak, load: 150%, for: 1s, arrivals: aligned } ]\n";
    const struct scenario *s = fixture_good(*state, text, NULL);

    assert_int_equal(s->setups[0].phases[0].kind, PHASE_LOAD);
    assert_int_equal(s->setups[0].phases[0].pacing.arrivals, ARRIVALS_ALIGNED);
}

static void ticks_are_those_of_all_phases(void **state)
{
    static const char text[] =
        FIXTURE_TARGETS "pacing: { coalesce: 500us }\n"
                        "phases: [ { name: a, rate: 1k/s, for: 1s }, { name: b, rate: 2k/s, for: "
                        "1s } ]\n";
    const struct scenario *s = fixture_good(*state, text, NULL);

    assert_int_equal(s->setups[0].phases[0].pacing.coalesce_ns, 500 * NS_PER_US);
    assert_int_equal(s->setups[0].phases[1].pacing.coalesce_ns, 500 * NS_PER_US);
}

static void messages_have_their_own_times_unless_ticks_are_asked_for(void **state)
{
    static const char text[] = FIXTURE_TARGETS "pacing: exact\n"
                                               "phases: [ { name: a, rate: 1k/s, for: 1s } ]\n";
    const struct scenario *s = fixture_good(*state, text, NULL);

    assert_int_equal(s->setups[0].phases[0].pacing.coalesce_ns, 0);
}

static void a_point_of_a_curve_is_set_from_outside(void **state)
{
    static const char text[] = FIXTURE_TARGETS
        "phases: [ { name: day, rate: { curve: { 0h: 1k/s, 1h: 2k/s } }, for: 1h } ]\n";
    const struct fixture_extra extra = {.set = {"phases.day.rate.curve.1h=3k/s"}};
    const struct scenario *s = fixture_good(*state, text, &extra);

    assert_int_equal(s->setups[0].points[1].messages_per_1e6_s, UINT64_C(3000000000));
}

/* Rates at so many minutes, m at minute m, in each of so many phases. The caller frees it. */
static struct text days(uint32_t phases, uint32_t points)
{
    struct text text = {0};

    text_add(&text, FIXTURE_TARGETS "phases:\n");
    for (uint32_t phase = 0; phase < phases; phase++) {
        text_addf(&text, "  - name: day-%u\n    for: 24h\n    rate:\n      curve:\n", phase);
        for (uint32_t minute = 0; minute < points; minute++) {
            text_addf(&text, "        %um: %u/s\n", minute, minute);
        }
    }
    return text;
}

static void a_day_has_a_point_each_minute(void **state)
{
    struct text text = days(2, 24 * 60 + 1);
    const struct scenario *s = fixture_good(*state, text.bytes, NULL);
    const struct scenario_phase *phase = &s->setups[0].phases[1];

    assert_int_equal(phase->curve_count, 1441);
    assert_int_equal(phase->curve_first, 1441);
    assert_int_equal(curve_of(*state, phase)[1440].at_ns, 24 * HOUR_NS);
    assert_int_equal(curve_of(*state, phase)[1440].messages_per_1e6_s, UINT64_C(1440000000));
    text_done(&text);
}

static void curves_of_too_many_points_are_refused_with_their_sum(void **state)
{
    struct text text = days(1, CURVE_POINTS_MAX + 1);

    fixture_bad(*state, text.bytes, NULL, "at most 1441");
    text_done(&text);
    text = days(6, CURVE_POINTS_MAX);
    fixture_bad(*state, text.bytes, NULL,
                "phases.day-5.rate.curve: makes 8646 points of all phases' curves together (at "
                "most 8192)");
    text_done(&text);
}

static void a_phase_ends_by_count(void **state)
{
    const struct scenario_phase *phase =
        first_phase(*state, "  - { name: a, rate: max, messages: 5k }\n"
                            "  - { name: b, rate: 10/s, messages: 50, for: 5s }\n");

    assert_int_equal(phase->kind, PHASE_MAX);
    assert_int_equal(phase->messages, 5000);
    assert_int_equal(phase->duration_ns, HOUR_NS);
    assert_int_equal(phase[1].messages, 50);
    assert_int_equal(phase[1].duration_ns, 5 * NS_PER_S);
    assert_int_equal(phase[2].messages, 0); /* The drain. */
}

static void consumers_are_paused_limited_or_think(void **state)
{
    const struct scenario_phase *phase =
        first_phase(*state, "  - { name: a, rate: 1/s, for: 1s, consume: { paused: true } }\n"
                            "  - { name: b, rate: 1/s, for: 1s, consume: { rate: 500/s } }\n"
                            "  - { name: c, rate: 1/s, for: 1s, consume: { think: 5ms } }\n"
                            "  - { name: d, rate: 1/s, for: 1s, consume: { paused: false } }\n");

    assert_int_equal(phase[0].consume.pace, CONSUME_PAUSED);
    assert_int_equal(phase[1].consume.pace, CONSUME_RATE);
    assert_true(rate_per_s(phase[1].consume.rate) == 500.0);
    assert_int_equal(phase[2].consume.pace, CONSUME_THINK);
    assert_int_equal(phase[2].consume.think_ns, 5 * NS_PER_MS);
    assert_int_equal(phase[3].consume.pace, CONSUME_FREE);
    assert_int_equal(phase[4].consume.pace, CONSUME_FREE);
}

static void paced_consumers_are_not_available_everywhere(void **state)
{
    struct fixture *fixture = *state;

    fixture_load(fixture,
                 "millrace: 1\ntargets: [ { backend: mqtt, address: \"mqtt://127.0.0.1:1883\", "
                 "options: { client: paho } } ]\n"
                 "phases: [ { name: a, rate: 1/s, for: 1s, consume: { paused: true } } ]\n",
                 NULL);
    assert_int_equal(fixture->code, 0);
    assert_non_null(strstr(fixture->warnings.bytes, "not available: consume: "));
}

static void what_is_wrong_with_a_load_is_said(void **state)
{
    static const struct {
        const char *phase;
        const char *part;
    } wrong[] = {
        {"{ name: a, rate: { from: 5k/s }, for: 1s }", "rate: has no to"},
        {"{ name: a, rate: { to: 5k/s }, for: 1s }", "rate: has no from"},
        {"{ name: a, rate: {}, for: 1s }", "has no from"},
        {"{ name: a, rate: { from: 0/s, to: 0/s }, for: 1s }", "is never above 0"},
        {"{ name: a, rate: { from: 1/s, to: 2/s, speed: 2 }, for: 1s }",
         "rate.speed: is not for this form"},
        {"{ name: a, rate: { curve: { 0h: 1/s }, to: 2/s }, for: 1s }",
         "rate.to: is not for this form"},
        {"{ name: a, rate: { curve: { 1h: 1/s } }, for: 1s }", "has no rate at its beginning"},
        {"{ name: a, rate: { curve: { 0h: 1/s, 60m: 1/s, 1h: 2/s } }, for: 1s }",
         "has two rates at the same time"},
        {"{ name: a, rate: { curve: { 0h: 1/s, noon: 1/s } }, for: 1s }", "is not a time of day"},
        {"{ name: a, rate: { curve: {} }, for: 1s }", "rate.curve: is empty"},
        {"{ name: a, rate: { curve: { 0h: max } }, for: 1s }", "is not a rate"},
        {"{ name: a, rate: { curve: { 0h: 1/s }, speed: 0 }, for: 1s }", "is out of range"},
        {"{ name: a, rate: { from: 1/s, to: 200M/s }, for: 1s }", "is out of range"},
        {"{ name: a, rate: { from: 1/s, to: 2/s }, messages: 3 }", "needs to know how long"},
        {"{ name: a, rate: { from: 1/s, to: 3/s }, for: 10s, messages: 30 }", "at most 20"},
        {"{ name: a, rate: 10/s, for: 10s, messages: 200 }", "at most 100"},
        {"{ name: a, rate: 10/s, messages: 100k }", "at most 36000"},
        {"{ name: a, rate: none, messages: 100 }",
         "messages: stands in a phase that sends nothing"},
        {"{ name: a, rate: max, messages: 0 }", "is out of range"},
        {"{ name: a, rate: 1/s, for: 1s, consume: {} }", "consume: is empty"},
        {"{ name: a, rate: 1/s, for: 1s, consume: { paused: true, think: 1ms } }",
         "has 2 entries (at most 1)"},
        {"{ name: a, rate: none, until: drained, consume: { paused: true } }",
         "consume: is paused in a phase that waits"},
        {"{ name: a, rate: 1/s, for: 25h, consume: { paused: true } }", "at most 24h"},
        {"{ name: a, rate: 1/s, for: 1s, consume: { think: 0s } }", "is out of range"},
        {"{ name: a, rate: 1/s, for: 1s, consume: { rate: 0/s } }", "is no rate"},
        {"{ name: a, rate: 0/s, for: 1s }", "is no rate"},
        {"{ name: a, rate: max, for: 1s, arrivals: poisson }", "arrivals: needs a rate"},
        {"{ name: a, rate: max, for: 1s, catch_up: 1s }", "catch_up: needs a rate"},
        {"{ name: a, rate: 1/s, for: 1s, catch_up: 10us }", "is out of range"},
        {"{ name: a, rate: 1/s, for: 1s, catch_up: skip }", "catch_up: \"skip\" is not a duration"},
        {"{ name: a, rate: 1/s, for: 1s, arrivals: bursty }", "constant | poisson | aligned"},
        {"{ name: a, load: { from: 50%, to: 100% }, for: 1s }", "load: is a mapping"},
    };
    char text[1024];

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)snprintf(text, sizeof text, "%sphases: [ %s ]\n", FIXTURE_TARGETS, wrong[i].phase);
        fixture_bad(*state, text, NULL, wrong[i].part);
    }
}

static void flows_with_rates_take_no_ramp(void **state)
{
    fixture_bad(*state,
                FIXTURE_TARGETS "flows: { a: { rate: 1k/s } }\n"
                                "phases: [ { name: up, rate: { from: 1/s, to: 2/s }, for: 1s } ]\n",
                NULL, "rate: flows have rates of their own here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ramp_is_a_curve_of_two_points),
        cmocka_unit_test(a_ramp_may_begin_or_end_at_nothing),
        cmocka_unit_test(a_curve_is_played_faster_and_written_in_any_order),
        cmocka_unit_test(a_curve_without_speed_runs_by_the_clock),
        cmocka_unit_test(arrivals_hold_for_percents_of_flows_too),
        cmocka_unit_test(ticks_are_those_of_all_phases),
        cmocka_unit_test(messages_have_their_own_times_unless_ticks_are_asked_for),
        cmocka_unit_test(a_point_of_a_curve_is_set_from_outside),
        cmocka_unit_test(a_day_has_a_point_each_minute),
        cmocka_unit_test(curves_of_too_many_points_are_refused_with_their_sum),
        cmocka_unit_test(a_phase_ends_by_count),
        cmocka_unit_test(consumers_are_paused_limited_or_think),
        cmocka_unit_test(paced_consumers_are_not_available_everywhere),
        cmocka_unit_test(what_is_wrong_with_a_load_is_said),
        cmocka_unit_test(flows_with_rates_take_no_ramp),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
