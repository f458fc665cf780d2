#include "check.h"
#include "control_messages.h"
#include "deadlines.h"
#include "packed.h"

#include <stdlib.h>
#include <string.h>

static void fill_target(struct target *target)
{
    *target = (struct target){.label = strdup("rabbit"),
                              .backend = strdup("rabbitmq"),
                              .addresses = calloc(2, sizeof *target->addresses),
                              .addresses_count = 2,
                              .username = strdup("guest"),
                              .password = strdup("secret"),
                              .tls = true,
                              .tls_ca = strdup("ca.pem")};
    assert_non_null(target->addresses);
    target->addresses[0] = strdup("amqp://one");
    target->addresses[1] = strdup("amqp://two");
    assert_int_equal(target_set_option(target, "queue_type", "quorum"), 0);
    assert_int_equal(target_set_option(target, "prefetch", "10"), 0);
}

static void target_copy_shares_nothing_with_its_source(void **state)
{
    struct target from;
    struct target to;

    (void)state;
    fill_target(&from);
    assert_int_equal(target_copy(&from, &to), 0);
    memset(from.addresses[1], 'x', strlen(from.addresses[1]));
    assert_int_equal(target_set_option(&from, "queue_type", "classic"), 0);
    target_done(&from);
    assert_string_equal(to.label, "rabbit");
    assert_string_equal(to.backend, "rabbitmq");
    assert_int_equal(to.addresses_count, 2);
    assert_string_equal(to.addresses[0], "amqp://one");
    assert_string_equal(to.addresses[1], "amqp://two");
    assert_string_equal(to.username, "guest");
    assert_string_equal(to.password, "secret");
    assert_null(to.mechanism);
    assert_true(to.tls);
    assert_string_equal(to.tls_ca, "ca.pem");
    assert_string_equal(target_option(&to, "queue_type"), "quorum");
    assert_string_equal(target_option(&to, "prefetch"), "10");
    target_done(&to);
}

static void target_done_leaves_zeros(void **state)
{
    const struct target empty = {0};
    struct target target;

    (void)state;
    fill_target(&target);
    target_done(&target);
    assert_memory_equal(&target, &empty, sizeof target);
    target_done(&target);
}

static void target_set_option_replaces_a_value(void **state)
{
    struct target target = {0};

    (void)state;
    assert_null(target_option(&target, "a"));
    assert_int_equal(target_set_option(&target, "a", "1"), 0);
    assert_int_equal(target_set_option(&target, "b", "2"), 0);
    assert_int_equal(target_set_option(&target, "a", "3"), 0);
    assert_int_equal(target.options_count, 2);
    assert_string_equal(target_option(&target, "a"), "3");
    assert_string_equal(target_option(&target, "b"), "2");
    assert_null(target_option(&target, "c"));
    target_done(&target);
}

/* Whoever adds a counter and forgets it here would lose it in every merge. */
static void counters_add_adds_every_field(void **state)
{
    struct counters sum;
    struct counters one;
    uint64_t fields[sizeof sum / sizeof(uint64_t)];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        fields[i] = i + 1;
    }
    memcpy(&sum, fields, sizeof sum);
    memcpy(&one, fields, sizeof one);
    one.received_until_ns--; /* The later of the two is kept, and the larger bound. */
    one.clock_bound_ns--;
    one.resolution_ns--;
    counters_add(&sum, &one);
    memcpy(fields, &sum, sizeof sum);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bool later = i == offsetof(struct counters, received_until_ns) / sizeof(uint64_t) ||
                     i == offsetof(struct counters, clock_bound_ns) / sizeof(uint64_t) ||
                     i == offsetof(struct counters, resolution_ns) / sizeof(uint64_t);

        assert_int_equal(fields[i], (later ? 1 : 2) * (i + 1));
    }
}

static void series_have_the_names_of_the_contract(void **state)
{
    (void)state;
    assert_string_equal(series_name(SERIES_PUBLISH), "publish");
    assert_string_equal(series_name(SERIES_E2E), "e2e");
    assert_string_equal(series_name(SERIES_PUBLISH_SERVICE), "publish_service");
    assert_string_equal(series_name(SERIES_E2E_SERVICE), "e2e_service");
    assert_string_equal(series_name(SERIES_SEND_LAG), "send_lag");
    assert_string_equal(series_name(SERIES_CALL), "call");
    assert_string_equal(series_name(SERIES_CONSUME_ACK), "consume_ack");
    assert_string_equal(series_name(SERIES_CONNECT), "connect");
}

static void probe_failures_have_names(void **state)
{
    (void)state;
    for (enum probe_failure failure = PROBE_OK; failure <= PROBE_OTHER; failure++) {
        assert_true(strlen(probe_failure_name(failure)) > 0);
    }
    assert_string_equal(probe_failure_name(PROBE_REFUSED), "refused");
    assert_string_equal(probe_failure_name((enum probe_failure)1000), "other");
}

/* Leaks show up under AddressSanitizer. */
static void snapshot_free_takes_whole_and_half_made_snapshots(void **state)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);

    (void)state;
    assert_non_null(snapshot);
    snapshot->rows = calloc(2, sizeof *snapshot->rows);
    snapshot->rows_count = 2;
    snapshot->streams = calloc(1, sizeof *snapshot->streams);
    snapshot->streams_count = 1;
    snapshot->readings = calloc(1, sizeof *snapshot->readings);
    snapshot->readings_count = 1;
    snapshot->errors_count = 3; /* Counted, not allocated yet. */
    assert_non_null(snapshot->rows);
    assert_non_null(snapshot->streams);
    assert_non_null(snapshot->readings);
    packed_record(&snapshot->rows[0].series[SERIES_E2E], 1);
    packed_record(&snapshot->rows[1].series[SERIES_CONNECT], 1);
    assert_int_equal(seqruns_add(&snapshot->streams[0].acked, 1, 2), 0);
    assert_int_equal(seqruns_add(&snapshot->readings[0].out_of_order, 1, 2), 0);
    snapshot_free(snapshot);
    snapshot_free(NULL);
}

static void command_done_frees_what_a_command_owns(void **state)
{
    const struct command empty = {0};
    struct command command = {.sequence = 1,
                              .targets = calloc(1, sizeof *command.targets),
                              .targets_count = 1,
                              .assignment = calloc(1, sizeof *command.assignment)};

    (void)state;
    assert_non_null(command.targets);
    assert_non_null(command.assignment);
    fill_target(&command.targets[0]);
    fill_target(&command.assignment->target);
    command.assignment->phases = calloc(1, sizeof *command.assignment->phases);
    command.segment.peers = calloc(1, sizeof *command.segment.peers);
    command.lines = calloc(1, sizeof *command.lines);
    command_done(&command);
    assert_memory_equal(&command, &empty, sizeof command);
}

static void agents_get_as_much_lead_as_the_slowest_command_shows_to_be_needed(void **state)
{
    (void)state;
    assert_int_equal(deadlines_lead_ns(0, 0), LEAD_NS); /* Nobody knows. */
    assert_int_equal(deadlines_lead_ns(NS_PER_MS, 0), LEAD_NS_MIN);
    assert_int_equal(deadlines_lead_ns(30 * NS_PER_MS, 0), LEAD_REACHES * 30 * NS_PER_MS);
    assert_int_equal(deadlines_lead_ns(NS_PER_S, 0), LEAD_NS);
    assert_int_equal(deadlines_lead_ns(NS_PER_MS, 100), LEAD_NS_MIN + 100 * LEAD_AGENT_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_get_as_much_lead_as_the_slowest_command_shows_to_be_needed),
        cmocka_unit_test(target_copy_shares_nothing_with_its_source),
        cmocka_unit_test(target_done_leaves_zeros),
        cmocka_unit_test(target_set_option_replaces_a_value),
        cmocka_unit_test(counters_add_adds_every_field),
        cmocka_unit_test(series_have_the_names_of_the_contract),
        cmocka_unit_test(probe_failures_have_names),
        cmocka_unit_test(snapshot_free_takes_whole_and_half_made_snapshots),
        cmocka_unit_test(command_done_frees_what_a_command_owns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
