#include "rig.h"

#include "backend_table.h"
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASE(function) cmocka_unit_test_setup_teardown(function, NULL, rig_teardown)

static const struct CMUnitTest tests[] = {
    CASE(probe_finds_the_broker),
    CASE(a_look_at_the_broker_goes_through_and_leaves_nothing),
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
    CASE(a_batch_of_several_sizes_and_topics_arrives_as_it_left),
    CASE(a_batch_is_taken_from_its_front_as_far_as_there_is_room),
    CASE(poll_never_waits),
    CASE(poll_keeps_the_surplus),
    CASE(poll_without_room_takes_nothing),
    CASE(the_consumers_descriptor_tells_of_a_message),
    CASE(the_producers_descriptor_tells_of_a_confirm),
    CASE(endpoints_work_on_threads_of_their_own),
    CASE(closing_with_outstanding_tokens_does_not_hang),
    CASE(closing_nothing_is_allowed),
    CASE(a_held_consumer_takes_no_message_and_hears_of_its_acks),
    CASE(the_descriptor_of_a_held_consumer_is_silent_about_messages),
    CASE(a_held_consumer_notices_that_the_broker_went_away),
    CASE(a_held_consumer_without_acks_loses_nothing_when_the_broker_goes_away),
    CASE(a_client_whose_broker_swallows_connections_keeps_to_its_deadline),
    CASE(a_client_whose_broker_never_says_a_word_keeps_to_its_deadline),
    CASE(a_link_that_was_made_can_be_hung_up),
    CASE(a_broker_that_goes_away_and_comes_back_settles_every_token),
};

/* What TLS can change. */
static const struct CMUnitTest tls_tests[] = {
    CASE(probe_finds_the_broker),
    CASE(probe_with_a_client_certificate_finds_the_broker),
    CASE(probe_of_a_broker_that_is_not_trusted_says_tls),
    CASE(probe_without_tls_of_a_port_with_tls_fails_in_time),
    CASE(probe_with_a_wrong_password_says_login),
    CASE(topics_can_be_made_and_removed_and_made_again),
    CASE(every_message_reaches_its_topic_and_partition_once),
    CASE(messages_of_all_sizes_arrive_as_they_left),
};

/* What a login can change. */
static const struct CMUnitTest login_tests[] = {
    CASE(probe_finds_the_broker),
    CASE(probe_with_a_wrong_password_says_login),
    CASE(probe_without_a_login_fails),
    CASE(topics_can_be_made_and_removed_and_made_again),
    CASE(every_message_reaches_its_topic_and_partition_once),
};

static struct suite suite;

/* arguments: beside those that each of its brokers gets; NULL: none. */
static int start_broker(const char *arguments)
{
    struct errinfo error = {""};
    const struct conformance *conformance = suite.conformance;
    const char *always = conformance->broker_arguments;
    const char *words = always;
    char both[128];

    if (arguments != NULL) {
        (void)snprintf(both, sizeof both, "%s %s", always != NULL ? always : "", arguments);
        words = both;
    }
    suite.missing[0] = '\0';
    if (conformance->long_only != NULL && getenv("MILLRACE_TEST_LONG") == NULL) {
        (void)snprintf(suite.missing, sizeof suite.missing, "%s: MILLRACE_TEST_LONG=1",
                       conformance->long_only);
        return 0;
    }
    if (conformance->broker == NULL ||
        broker_start(conformance->broker, words, &suite.broker, &error) == 0) {
        return 0;
    }
    (void)snprintf(suite.missing, sizeof suite.missing, "%s", error.text);
    return 0; /* The tests are skipped with the reason. */
}

static int start(void **state)
{
    *state = &suite;
    if (suite.ops == NULL) {
        (void)snprintf(suite.missing, sizeof suite.missing, "built without the %s backend",
                       suite.entry->driver);
        return 0;
    }
    return start_broker(NULL);
}

static int start_tls(void **state)
{
    struct errinfo error = {""};
    char folder[200];

    *state = &suite;
    (void)start_broker("--tls");
    if (suite.missing[0] == '\0' &&
        broker_ask(&suite.broker, "dir", NULL, folder, sizeof folder, &error) < 0) {
        (void)snprintf(suite.missing, sizeof suite.missing, "%s", error.text);
    }
    (void)snprintf(suite.tls_folder, sizeof suite.tls_folder, "%s/tls", folder);
    return 0;
}

static int start_login(void **state)
{
    *state = &suite;
    suite.login = true;
    return start_broker(suite.conformance->login_arguments);
}

static int stop(void **state)
{
    (void)state;
    broker_stop(&suite.broker);
    suite.tls_folder[0] = '\0';
    suite.login = false;
    return 0;
}

#define RUN(name, list, before)                                                                    \
    _cmocka_run_group_tests(name, list, sizeof(list) / sizeof((list)[0]), before, stop)

int conformance_run(const struct conformance *conformance, int argc, char **argv)
{
    char name[64];
    int failed;

    suite.conformance = conformance;
    suite.entry = catalog_find_client(conformance->backend,
                                      conformance->client == NULL ? "" : conformance->client);
    suite.ops = backend_find(suite.entry);
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    failed = RUN(suite.entry->driver, tests, start);
    if (suite.ops == NULL || conformance->broker == NULL) {
        return failed;
    }
    if (suite.ops->entry->capabilities[CAPABILITY_TLS].available) {
        (void)snprintf(name, sizeof name, "%s with TLS", suite.entry->driver);
        failed += RUN(name, tls_tests, start_tls);
    }
    if (conformance->login_arguments != NULL) {
        (void)snprintf(name, sizeof name, "%s with a login", suite.entry->driver);
        failed += RUN(name, login_tests, start_login);
    }
    return failed;
}
