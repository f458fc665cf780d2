#include "ceiling.h"
#include "check.h"

#include "mono.h"

#include <stdio.h>

static struct result_phase row_of(const char *name, const char *flow, double sent, double received)
{
    struct result_phase row = {
        .sent_per_s = sent,
        .received_per_s = received,
        .duration_ns = 2 * NS_PER_S,
        .delivery = {.sent = (uint64_t)sent * 2, .received = (uint64_t)received * 2}};

    (void)snprintf(row.name, sizeof row.name, "%s", name);
    (void)snprintf(row.flow, sizeof row.flow, "%s", flow);
    return row;
}

static struct result_calibration find(struct result_phase *rows, uint32_t count,
                                      struct result_agent_interval *seconds, uint32_t seconds_count,
                                      const struct scenario_setup *setup)
{
    struct result_trial trial = {.phases = rows,
                                 .phases_count = count,
                                 .agent_intervals = seconds,
                                 .agent_intervals_count = seconds_count};
    struct result_calibration made = {0};

    ceiling_find(&trial, setup, "calibrate", &made);
    return made;
}

static void consumers_are_part_of_the_generator(void **state)
{
    struct result_phase rows[] = {row_of("warm-up", "", 9e6, 9e6),
                                  row_of("calibrate", "", 1000.0, 1200.0)};
    struct scenario_flow flow = {.topology = {.subscriptions = 2, .consumers = 4}};
    struct scenario_setup setup = {.flows = &flow, .flows_count = 1};

    (void)state;
    assert_float_equal(find(rows, 2, NULL, 0, &setup).ceiling_per_s, 600.0, 1e-9);
    rows[1].received_per_s = 2000.0;
    assert_float_equal(find(rows, 2, NULL, 0, &setup).ceiling_per_s, 1000.0, 1e-9);
    flow.topology.consumers = 0; /* Nobody reads. */
    rows[1].received_per_s = 0.0;
    assert_float_equal(find(rows, 2, NULL, 0, &setup).ceiling_per_s, 1000.0, 1e-9);
    rows[1].name[0] = 'C';
    assert_true(find(rows, 2, NULL, 0, &setup).ceiling_per_s == 0.0);
}

static void flows_add_up(void **state)
{
    struct result_phase rows[] = {row_of("calibrate", "", 1500.0, 400.0),
                                  row_of("calibrate", "a", 1000.0, 400.0),
                                  row_of("calibrate", "b", 500.0, 0.0)};
    struct scenario_flow flows[] = {{.name = "a", .topology = {.subscriptions = 1, .consumers = 1}},
                                    {.name = "b", .topology = {.subscriptions = 1}}};
    struct scenario_setup setup = {.flows = flows, .flows_count = 2};
    struct result_calibration made;

    (void)state;
    made = find(rows, 3, NULL, 0, &setup);
    assert_float_equal(made.ceiling_per_s, 900.0, 1e-9);
    assert_true(made.burst_messages == 0 && made.cpu_ns_per_message == 0.0);
    rows[0].messages = 1000; /* Each of the flows. */
    assert_int_equal(find(rows, 3, NULL, 0, &setup).burst_messages, 2000);
}

/* A burst of 10,000 messages in 2 s. */
static struct result_calibration find_burst(struct result_agent_interval *seconds, uint32_t count)
{
    struct result_phase rows[] = {row_of("calibrate", "", 5000.0, 5000.0)};
    struct scenario_flow flow = {.topology = {.subscriptions = 1, .consumers = 1}};
    struct scenario_setup setup = {.flows = &flow, .flows_count = 1};

    rows[0].messages = 10000;
    return find(rows, 1, seconds, count, &setup);
}

static struct result_agent_interval second_of(uint32_t agent, int64_t load_ms, int64_t library_ms)
{
    return (struct result_agent_interval){
        .agent = agent,
        .strain = {.load_cpu_ns = load_ms * NS_PER_MS, .library_cpu_ns = library_ms * NS_PER_MS}};
}

static void a_burst_counts_by_the_cpu_time_of_its_whole_trial(void **state)
{
    struct result_agent_interval seconds[] = {second_of(0, 60, 0), second_of(0, 30, 0),
                                              second_of(0, 10, 0)};
    struct result_calibration made;

    (void)state;
    made = find_burst(seconds, 3);
    assert_float_equal(made.cpu_ns_per_message, 10000.0, 1e-6);
    assert_float_equal(made.ceiling_per_s, 100000.0, 1e-6);
    assert_int_equal(made.burst_messages, 10000);
    assert_int_equal(made.duration_ns, 2 * NS_PER_S);
}

static void a_library_that_computes_more_than_load_threads_is_what_limits(void **state)
{
    struct result_agent_interval seconds[] = {second_of(0, 60, 100), second_of(0, 30, 100)};

    (void)state;
    assert_float_equal(find_burst(seconds, 2).ceiling_per_s, 50000.0, 1e-6);
}

/* Two agents with 100 ms for all that they did could do twice of it each, were their parts alike;
 * the one with more to do gives out first. */
static void the_agent_that_gives_out_first_counts_for_all(void **state)
{
    struct result_agent_interval seconds[] = {second_of(0, 50, 0), second_of(1, 50, 0),
                                              second_of(1, 50, 20)};

    (void)state;
    assert_float_equal(find_burst(seconds, 2).ceiling_per_s, 200000.0, 1e-6);
    assert_float_equal(find_burst(seconds, 3).ceiling_per_s, 100000.0, 1e-6);
}

static void what_a_burst_reached_is_below_no_ceiling(void **state)
{
    struct result_agent_interval seconds[] = {second_of(0, 4000, 0)};

    (void)state;
    assert_float_equal(find_burst(seconds, 1).ceiling_per_s, 5000.0, 1e-6);
    assert_float_equal(find_burst(NULL, 0).ceiling_per_s, 5000.0, 1e-6); /* Nothing was told. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consumers_are_part_of_the_generator),
        cmocka_unit_test(flows_add_up),
        cmocka_unit_test(a_burst_counts_by_the_cpu_time_of_its_whole_trial),
        cmocka_unit_test(a_library_that_computes_more_than_load_threads_is_what_limits),
        cmocka_unit_test(the_agent_that_gives_out_first_counts_for_all),
        cmocka_unit_test(what_a_burst_reached_is_below_no_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
