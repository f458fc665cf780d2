/* When MQTT's own driver asks whether the broker is there, and when it is lost; with a clock of the
 * test's. */
#include "own_bench.h"

#include "mono.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS 16u
#define LOOK_NS (60 * NS_PER_S / 8)

/* Looks each eighth of an interval, as the ticks do, until `until_ns` after `from_ns`; when the
 * first PINGREQ came, or 0. */
static int64_t look_until(struct own_bench *bench, int64_t from_ns, int64_t until_ns)
{
    int64_t asked_ns = 0;

    for (int64_t at_ns = from_ns; at_ns <= until_ns && bench->client->is_up; at_ns += LOOK_NS) {
        char heard[8];

        own_alive_look(bench->endpoint, bench->client, at_ns);
        if (own_bench_hear(bench, heard, sizeof heard) > 0 && asked_ns == 0) {
            assert_memory_equal(heard, "\xc0\x00", 2);
            asked_ns = at_ns;
        }
    }
    return asked_ns;
}

static void a_silent_client_asks_before_its_keep_alive_is_over(void **state)
{
    struct own_bench bench;
    int64_t asked_ns;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    asked_ns = look_until(&bench, LOOK_NS, 60 * NS_PER_S);
    assert_true(asked_ns > 30 * NS_PER_S && asked_ns <= 60 * NS_PER_S);
    own_bench_end(&bench);
}

static void a_broker_that_does_not_answer_is_lost_within_one_and_a_half_intervals(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    (void)look_until(&bench, LOOK_NS, 75 * NS_PER_S / 2);
    assert_true(bench.client->is_up);
    (void)look_until(&bench, 6 * LOOK_NS, 90 * NS_PER_S);
    assert_false(bench.client->is_up);
    own_bench_poll(&bench, EVENTS);
    assert_non_null(
        strstr(own_bench_event(&bench, 0, EVENT_DOWN)->text, "and did not answer a PINGREQ"));
    own_bench_end(&bench);
}

static void a_producer_that_only_sends_asks_too(void **state)
{
    struct own_bench bench;
    int64_t at_ns;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 0, 100);
    for (at_ns = LOOK_NS; at_ns <= 90 * NS_PER_S && bench.client->is_up; at_ns += LOOK_NS) {
        assert_int_equal(own_bench_submit(&bench, 0, 10), 1);
        own_bench_poll(&bench, EVENTS);
        own_alive_look(bench.endpoint, bench.client, at_ns);
    }
    assert_false(bench.client->is_up);
    own_bench_end(&bench);
}

static void a_broker_that_answers_stays(void **state)
{
    struct own_bench bench;
    char heard[8];
    int asked = 0;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    for (int64_t at_ns = LOOK_NS; at_ns <= 600 * NS_PER_S; at_ns += LOOK_NS) {
        own_alive_look(bench.endpoint, bench.client, at_ns);
        if (own_bench_hear(&bench, heard, sizeof heard) > 0) {
            asked++;
            own_bench_say(&bench, "\xd0\x00", 2);
            own_bench_poll(&bench, EVENTS);
        }
    }
    assert_true(bench.client->is_up);
    assert_in_range(asked, 9, 16);
    own_bench_end(&bench);
}

/* A producer whose socket is full: the broker takes nothing at all, or takes it slowly. */
static void stop_or_slow(bool is_slow)
{
    const int bytes = 16 * 1024;
    struct own_bench bench;
    char heard[4096];

    own_bench_begin(&bench, ROLE_PRODUCER, 0, 1000);
    (void)setsockopt(bench.client->link.stream.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    for (int64_t at_ns = LOOK_NS; at_ns <= 120 * NS_PER_S; at_ns += LOOK_NS) {
        while (own_bench_submit(&bench, 0, 10000) == 1) {
        }
        if (is_slow) {
            for (int i = 0; i < 4; i++) {
                (void)own_bench_hear(&bench, heard, sizeof heard);
            }
        }
        own_bench_poll(&bench, EVENTS);
        own_alive_look(bench.endpoint, bench.client, at_ns);
    }
    assert_int_equal(bench.client->is_up, is_slow);
    own_bench_end(&bench);
}

static void a_broker_that_takes_nothing_is_lost(void **state)
{
    (void)state;
    stop_or_slow(false);
}

static void a_broker_that_takes_its_time_stays(void **state)
{
    (void)state;
    stop_or_slow(true);
}

static void a_consumer_that_is_held_keeps_its_connection(void **state)
{
    struct own_bench bench;
    char packet[256];
    int64_t asked_ns;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    own_bench_say(&bench, packet, own_bench_publish(&bench, 1, 1, 100, packet));
    own_bench_poll_held(&bench, EVENTS);
    assert_int_equal(bench.events_count, 0);
    asked_ns = look_until(&bench, LOOK_NS, 600 * NS_PER_S);
    assert_true(asked_ns > 0 && asked_ns <= 60 * NS_PER_S);
    assert_true(bench.client->is_up);
    own_bench_poll(&bench, EVENTS);
    (void)own_bench_event(&bench, 0, EVENT_MESSAGE);
    own_bench_end(&bench);
}

/* While its consumers are held an endpoint is polled rarely, and each such poll has to see to all
 * whose turn has come since the last. */
static void a_rare_poll_looks_at_all_whose_turn_has_come(void **state)
{
    const struct itimerspec soon = {.it_interval = {.tv_nsec = NS_PER_MS},
                                    .it_value = {.tv_nsec = NS_PER_MS}};
    struct endpoint_client clients[64] = {0};
    struct own_bench bench;
    struct own_bench many;
    char heard[8];

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    many = bench;
    many.endpoint = NULL;
    for (uint32_t i = 0; i < 64; i++) {
        clients[i] = bench.client_config;
        clients[i].client = i;
    }
    many.config.clients = clients;
    many.config.clients_count = 64;
    many.broker_fd = -1;
    assert_int_equal(own_endpoint_new(&many.config, &many.endpoint, &(struct errinfo){""}), 0);
    many.client = &many.endpoint->clients[63]; /* Its turn is last. */
    own_bench_link(&many);
    assert_int_equal(timerfd_settime(many.endpoint->turns.timer_fd, 0, &soon, NULL), 0);
    (void)usleep(50000);
    own_bench_poll_held(&many, EVENTS); /* It was silent since mono_ns() 1. */
    assert_int_equal(own_bench_hear(&many, heard, sizeof heard), 2);
    assert_memory_equal(heard, "\xc0\x00", 2);
    (void)close(many.broker_fd);
    own_close(many.endpoint);
    own_bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_client_asks_before_its_keep_alive_is_over),
        cmocka_unit_test(a_broker_that_does_not_answer_is_lost_within_one_and_a_half_intervals),
        cmocka_unit_test(a_producer_that_only_sends_asks_too),
        cmocka_unit_test(a_broker_that_answers_stays),
        cmocka_unit_test(a_broker_that_takes_nothing_is_lost),
        cmocka_unit_test(a_broker_that_takes_its_time_stays),
        cmocka_unit_test(a_consumer_that_is_held_keeps_its_connection),
        cmocka_unit_test(a_rare_poll_looks_at_all_whose_turn_has_come),
    };

    return cmocka_run_group_tests_name("own_alive", tests, NULL, NULL);
}
