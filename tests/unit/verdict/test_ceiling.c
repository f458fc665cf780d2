#include "ceiling.h"
#include "check.h"

#include <stdio.h>

static struct result_phase row_of(const char *name, const char *flow, double sent, double received)
{
    struct result_phase row = {.sent_per_s = sent, .received_per_s = received};

    (void)snprintf(row.name, sizeof row.name, "%s", name);
    (void)snprintf(row.flow, sizeof row.flow, "%s", flow);
    return row;
}

static void consumers_are_part_of_the_generator(void **state)
{
    struct result_phase rows[] = {row_of("warm-up", "", 9e6, 9e6),
                                  row_of("calibrate", "", 1000.0, 1200.0)};
    struct result_trial trial = {.phases = rows, .phases_count = 2};
    struct scenario_flow flow = {.topology = {.subscriptions = 2, .consumers = 4}};
    struct scenario_setup setup = {.flows = &flow, .flows_count = 1};

    (void)state;
    assert_float_equal(ceiling_of(&trial, &setup, "calibrate"), 600.0, 1e-9);
    rows[1].received_per_s = 2000.0;
    assert_float_equal(ceiling_of(&trial, &setup, "calibrate"), 1000.0, 1e-9);
    flow.topology.consumers = 0; /* Nobody reads. */
    rows[1].received_per_s = 0.0;
    assert_float_equal(ceiling_of(&trial, &setup, "calibrate"), 1000.0, 1e-9);
    assert_true(ceiling_of(&trial, &setup, "another") == 0.0);
}

static void flows_add_up(void **state)
{
    struct result_phase rows[] = {row_of("calibrate", "", 1500.0, 400.0),
                                  row_of("calibrate", "a", 1000.0, 400.0),
                                  row_of("calibrate", "b", 500.0, 0.0)};
    struct result_trial trial = {.phases = rows, .phases_count = 3};
    struct scenario_flow flows[] = {{.name = "a", .topology = {.subscriptions = 1, .consumers = 1}},
                                    {.name = "b", .topology = {.subscriptions = 1}}};
    struct scenario_setup setup = {.flows = flows, .flows_count = 2};

    (void)state;
    assert_float_equal(ceiling_of(&trial, &setup, "calibrate"), 900.0, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consumers_are_part_of_the_generator),
        cmocka_unit_test(flows_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
