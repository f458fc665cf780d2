#include "rig.h"

#include "cases.h"

#include <stdio.h>
#include <string.h>

#define CASE(function) cmocka_unit_test_setup_teardown(function, NULL, rig_teardown)

static const struct CMUnitTest tests[] = {
    CASE(probe_finds_the_broker),
    CASE(probe_of_a_port_where_nothing_listens_says_refused),
    CASE(probe_of_a_name_that_does_not_resolve_says_so),
    CASE(probe_of_a_silent_port_ends_in_time),
    CASE(probe_of_another_protocol_is_not_taken_for_the_broker),
    CASE(probe_with_a_wrong_password_says_login),
    CASE(control_calls_without_a_broker_fail_in_time_with_a_sentence),
    CASE(topics_can_be_made_and_removed_and_made_again),
    CASE(making_a_topic_that_exists_is_refused),
    CASE(clean_removes_what_was_left_behind),
    CASE(every_message_reaches_its_topic_and_partition_once),
    CASE(messages_of_all_sizes_arrive_as_they_left),
    CASE(independent_subscriptions_each_get_every_message),
    CASE(competing_consumers_get_each_message_once),
    CASE(more_consumers_than_partitions_get_each_message_once),
    CASE(a_stream_stays_in_order_with_one_consumer),
    CASE(publish_ack_none_gives_each_token_one_outcome),
    CASE(publish_ack_leader_confirms_each_token_once),
    CASE(publish_ack_all_confirms_each_token_once),
    CASE(consume_ack_each_takes_an_ack_per_message),
    CASE(consume_ack_batch_takes_an_ack_for_several),
    CASE(acknowledged_messages_are_not_delivered_again),
    CASE(unacknowledged_messages_are_delivered_again),
    CASE(ordered_keeps_each_stream_in_order),
    CASE(ordered_keeps_order_with_several_consumers),
    CASE(messages_older_than_their_ttl_are_dropped),
    CASE(persistent_messages_are_delivered),
    CASE(not_persistent_messages_are_delivered),
    CASE(submit_returns_at_once_with_a_full_window),
    CASE(poll_never_waits),
    CASE(poll_keeps_the_surplus),
    CASE(the_consumers_descriptor_tells_of_a_message),
    CASE(the_producers_descriptor_tells_of_a_confirm),
    CASE(endpoints_work_on_threads_of_their_own),
    CASE(closing_with_outstanding_tokens_does_not_hang),
    CASE(closing_nothing_is_allowed),
    CASE(a_broker_that_goes_away_and_comes_back_settles_every_token),
};

static struct suite suite;

static int start(void **state)
{
    struct errinfo error = {""};
    const char *broker = suite.conformance->broker;

    *state = &suite;
    if (suite.ops == NULL) {
        (void)snprintf(suite.missing, sizeof suite.missing, "built without the %s backend",
                       suite.conformance->backend);
    } else if (broker != NULL && broker_start(broker, NULL, &suite.broker, &error) < 0) {
        (void)snprintf(suite.missing, sizeof suite.missing, "%s", error.text);
    }
    return 0; /* The tests are skipped with the reason. */
}

static int stop(void **state)
{
    (void)state;
    broker_stop(&suite.broker);
    return 0;
}

int conformance_run(const struct conformance *conformance)
{
    suite.conformance = conformance;
    suite.ops = backend_find(conformance->backend);
    return _cmocka_run_group_tests(conformance->backend, tests, sizeof tests / sizeof tests[0],
                                   start, stop);
}
