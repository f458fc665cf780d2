#include "check.h"
#include "plan_calibration.h"
#include "plan_fixture.h"

#include "mono.h"

#include <string.h>

/* A fixture with calibration of 3 s. */
static void init(struct plan_fixture *fixture, const char *backend)
{
    plan_fixture_init(fixture, backend);
    fixture->scenario.calibrate_ns = 3 * NS_PER_S;
}

static bool calibrates(struct plan_fixture *fixture)
{
    struct plan *plan = plan_fixture_make(fixture, 2);
    bool does = plan_calibrates(&fixture->scenario, &plan->cases[0]);

    plan_free(plan);
    return does;
}

static void what_asks_a_rate_of_a_broker_is_calibrated(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "kafka");
    assert_true(calibrates(&fixture));
    fixture.scenario.calibrate_ns = 0; /* none */
    assert_false(calibrates(&fixture));
    init(&fixture, "kafka");
    fixture.phases[0].kind = PHASE_MAX;
    assert_false(calibrates(&fixture));
    init(&fixture, "kafka");
    fixture.phases[0].measured = false;
    assert_false(calibrates(&fixture));
}

static void memory_is_calibrated_only_where_it_is_asked_for(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "memory");
    assert_false(calibrates(&fixture));
    fixture.scenario.calibrate_given = true;
    assert_true(calibrates(&fixture));
}

static const struct plan_case only_case = {.status = CASE_MEASURED};

static uint64_t burst_at(struct plan_fixture *fixture, uint64_t per_s)
{
    fixture->phases[0].kind = PHASE_RATE;
    fixture->phases[0].rate = (struct rate){per_s, NS_PER_S};
    return plan_calibration_burst(&fixture->scenario, &only_case);
}

static void a_burst_is_a_second_of_the_load_within_bounds(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "kafka");
    assert_int_equal(burst_at(&fixture, 10000), 10000);
    assert_int_equal(burst_at(&fixture, 10), 2000);
    assert_int_equal(burst_at(&fixture, 10000000), 50000);
    fixture.flows[0].message.sizes[0].bytes_min = 65536; /* Not more than 64 MiB of them, */
    fixture.flows[0].message.sizes[0].bytes_max = 65536;
    assert_int_equal(burst_at(&fixture, 10000), 1024);
    fixture.flows[0].message.sizes[0].bytes_min = 8 << 20; /* but some. */
    fixture.flows[0].message.sizes[0].bytes_max = 8 << 20;
    assert_int_equal(burst_at(&fixture, 10000), 100);
    init(&fixture, "memory");
    assert_int_equal(burst_at(&fixture, 10000), 0);
}

/* It counts for each flow. */
static void flows_share_a_burst(void **state)
{
    struct plan_fixture fixture;
    struct scenario made;

    (void)state;
    init(&fixture, "kafka");
    fixture.flows[1] = fixture.flows[0];
    fixture.setup.flows_count = 2;
    assert_int_equal(burst_at(&fixture, 9999), 10000);
    assert_int_equal(plan_calibration_init(&fixture.scenario, &only_case, 2, &made, NULL), 0);
    assert_int_equal(made.setups[0].phases[0].messages, 5000);
    plan_calibration_done(&made);
}

static void a_burst_goes_to_its_own_target_as_the_scenario_has_it(void **state)
{
    struct plan_fixture fixture;
    struct scenario made;

    (void)state;
    init(&fixture, "kafka");
    fixture.flows[0].delivery.publish_ack = PUBLISH_ACK_LEADER;
    fixture.flows[0].delivery.persistent = true;
    fixture.flows[0].delivery.ttl_ns = NS_PER_S;
    assert_int_equal(plan_calibration_init(&fixture.scenario, &only_case, 2, &made, NULL), 0);
    assert_string_equal(made.targets[0].backend, "kafka");
    assert_string_equal(made.targets[0].label, "calibration");
    assert_int_equal(made.setups[0].phases_count, 2);
    assert_string_equal(made.setups[0].phases[0].name, CALIBRATION_PHASE);
    assert_int_equal(made.setups[0].phases[0].kind, PHASE_MAX);
    assert_int_equal(made.setups[0].phases[0].messages, 2000);
    assert_int_equal(made.setups[0].phases[0].duration_ns, 3 * NS_PER_S); /* At most. */
    assert_true(made.setups[0].phases[1].until_drained);
    assert_int_equal(made.setups[0].flows[0].delivery.publish_ack, PUBLISH_ACK_LEADER);
    assert_true(made.setups[0].flows[0].delivery.persistent);
    assert_int_equal(made.setups[0].flows[0].delivery.ttl_ns, 0); /* Else some are not received. */
    plan_calibration_done(&made);
}

static void the_highest_measured_rate_is_what_is_asked(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "kafka");
    assert_true(plan_calibration_asked(&fixture.setup) == 1000.0);
    fixture.phases[0].kind = PHASE_LOAD;
    fixture.phases[0].load_percent_millis = 150000;
    fixture.flows[1] = fixture.flows[0];
    fixture.flows[0].rate = (struct rate){100, NS_PER_S};
    fixture.flows[1].rate = (struct rate){300, NS_PER_S};
    fixture.setup.flows_count = 2;
    assert_float_equal(plan_calibration_asked(&fixture.setup), 600.0, 1e-6);
}

/* Which agents have producers when the workload is calibrated. */
static uint32_t agents_at_work(struct plan_fixture *fixture, uint32_t agents_count)
{
    struct plan_request request = {
        .agents = fixture->agents, .agents_count = agents_count, .run_id = "r", .seed = 7};
    struct scenario made;
    struct plan_trial trial = {0};
    struct plan *plan = NULL;
    uint32_t at_work = 0;

    assert_int_equal(
        plan_calibration_init(&fixture->scenario, &only_case, agents_count, &made, NULL), 0);
    request.scenario = &made;
    assert_int_equal(plan_make(&request, &plan, NULL), 0);
    assert_int_equal(plan->cases_count, 1);
    assert_int_equal(plan->cases[0].status, CASE_MEASURED);
    assert_int_equal(plan_trial_fill(&request, plan, NULL, &trial, NULL), 0);
    for (uint32_t i = 0; i < agents_count; i++) {
        const struct assignment *assignment = &trial.assignments[i];

        assert_string_equal(assignment->target.backend, "memory");
        assert_int_equal(assignment->phases_count, 3);
        assert_string_equal(assignment->phases[1].name, CALIBRATION_PHASE);
        assert_int_equal(assignment->phases[1].loads[0].load, LOAD_MAX);
        assert_int_equal(assignment->phases[1].duration_ns, 3 * NS_PER_S);
        assert_false(assignment->flows[0].delivery.persistent);
        assert_int_equal(assignment->flows[0].delivery.ttl_ns, 0);
        at_work += assignment->producers_count > 0 ? 1 : 0;
    }
    plan_trial_clear(&trial);
    plan_free(plan);
    plan_calibration_done(&made);
    return at_work;
}

static void words_that_memory_lacks_are_replaced(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "memory");
    fixture.flows[0].delivery.publish_ack = PUBLISH_ACK_LEADER;
    fixture.flows[0].delivery.persistent = true;
    fixture.flows[0].delivery.ttl_ns = NS_PER_S;
    fixture.flows[0].persistent_given = true;
    fixture.flows[0].topology.placement = PLACEMENT_APART;
    assert_int_equal(agents_at_work(&fixture, 2), 1); /* Its one producer. */
}

/* Memory has a topic in one agent, and a client of several topics ties them to one. */
static void every_agent_takes_part_that_has_producers(void **state)
{
    static const struct scenario_topology topologies[] = {
        {.topics = 1, .partitions = 1, .producers = 4, .subscriptions = 1, .consumers = 1},
        {.topics = 1, .partitions = 1, .producers = 4, .subscriptions = 1, .consumers = 0},
        {.topics = 8, .partitions = 2, .producers = 4, .subscriptions = 2, .consumers = 3},
        {.topics = 8, .partitions = 1, .producers = 16, .subscriptions = 1, .consumers = 1},
        {.topics = 2, .partitions = 1, .producers = 4, .subscriptions = 1, .consumers = 2},
        {.topics = 8, .partitions = 1, .producers = 4, .subscriptions = 1, .consumers = 8},
    };
    struct plan_fixture fixture;

    (void)state;
    for (size_t i = 0; i < sizeof topologies / sizeof topologies[0]; i++) {
        init(&fixture, "memory");
        fixture.flows[0].topology = topologies[i];
        assert_int_equal(agents_at_work(&fixture, 4), 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_asks_a_rate_of_a_broker_is_calibrated),
        cmocka_unit_test(memory_is_calibrated_only_where_it_is_asked_for),
        cmocka_unit_test(a_burst_is_a_second_of_the_load_within_bounds),
        cmocka_unit_test(flows_share_a_burst),
        cmocka_unit_test(a_burst_goes_to_its_own_target_as_the_scenario_has_it),
        cmocka_unit_test(the_highest_measured_rate_is_what_is_asked),
        cmocka_unit_test(words_that_memory_lacks_are_replaced),
        cmocka_unit_test(every_agent_takes_part_that_has_producers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
