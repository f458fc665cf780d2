/* cases: the tests of the suite, by subject. Their names are what must hold. */
#ifndef MILLRACE_CONFORMANCE_CASES_H
#define MILLRACE_CONFORMANCE_CASES_H

/* topic_cases.c, probe_cases.c: control calls. */
void topics_can_be_made_and_removed_and_made_again(void **state);
void making_a_topic_that_exists_is_refused(void **state);
void clean_removes_what_was_left_behind(void **state);
void probe_finds_the_broker(void **state);
void a_look_at_the_broker_goes_through_and_leaves_nothing(void **state);
void probe_of_a_port_where_nothing_listens_says_refused(void **state);
void probe_of_a_name_that_does_not_resolve_says_so(void **state);
void probe_of_a_silent_port_ends_in_time(void **state);
void probe_of_another_protocol_is_not_taken_for_the_broker(void **state);
void probe_with_a_wrong_password_says_login(void **state);
void probe_without_a_login_fails(void **state);
void probe_with_a_client_certificate_finds_the_broker(void **state);
void probe_of_a_broker_that_is_not_trusted_says_tls(void **state);
void probe_without_tls_of_a_port_with_tls_fails_in_time(void **state);
void control_calls_without_a_broker_fail_in_time_with_a_sentence(void **state);

/* delivery_cases.c: who gets what, and the words of the delivery table. */
void every_message_reaches_its_topic_and_partition_once(void **state);
void messages_of_all_sizes_arrive_as_they_left(void **state);
void independent_subscriptions_each_get_every_message(void **state);
void competing_consumers_get_each_message_once(void **state);
void more_consumers_than_partitions_get_each_message_once(void **state);
void a_stream_stays_in_order_with_one_consumer(void **state);
void publish_ack_none_gives_each_token_one_outcome(void **state);
void publish_ack_leader_confirms_each_token_once(void **state);
void publish_ack_all_confirms_each_token_once(void **state);
void consume_ack_each_takes_an_ack_per_message(void **state);
void consume_ack_batch_takes_an_ack_for_several(void **state);
void acknowledged_messages_are_not_delivered_again(void **state);
void unacknowledged_messages_are_delivered_again(void **state);
void ordered_keeps_each_stream_in_order(void **state);
void ordered_keeps_order_with_several_consumers(void **state);
void messages_older_than_their_ttl_are_dropped(void **state);
void persistent_messages_are_delivered(void **state);
void not_persistent_messages_are_delivered(void **state);

/* call_cases.c: data calls and descriptors. */
void submit_returns_at_once_with_a_full_window(void **state);
void a_batch_of_several_sizes_and_topics_arrives_as_it_left(void **state);
void a_batch_is_taken_from_its_front_as_far_as_there_is_room(void **state);
void poll_never_waits(void **state);
void poll_keeps_the_surplus(void **state);
void poll_without_room_takes_nothing(void **state);
void the_consumers_descriptor_tells_of_a_message(void **state);
void the_producers_descriptor_tells_of_a_confirm(void **state);
void endpoints_work_on_threads_of_their_own(void **state);
void closing_with_outstanding_tokens_does_not_hang(void **state);
void closing_nothing_is_allowed(void **state);

/* outage_cases.c: brokers that go away, and consumers that are held. */
void a_broker_that_goes_away_and_comes_back_settles_every_token(void **state);
void a_held_consumer_takes_no_message_and_hears_of_its_acks(void **state);
void the_descriptor_of_a_held_consumer_is_silent_about_messages(void **state);
void a_held_consumer_notices_that_the_broker_went_away(void **state);
void a_held_consumer_without_acks_loses_nothing_when_the_broker_goes_away(void **state);

/* link_cases.c */
void a_client_whose_broker_swallows_connections_keeps_to_its_deadline(void **state);
void a_client_whose_broker_never_says_a_word_keeps_to_its_deadline(void **state);
void a_link_that_was_made_can_be_hung_up(void **state);

#endif
