#include "check.h"
#include "deadlines.h"
#include "executor_fixture.h"
#include "mono.h"
#include "reconnect_inner.h"
#include "sync.h"

#include <string.h>

/* A driver whose clients are brought back as the test says; the machine's time is the test's. */
#define CLIENTS 12

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool is_stuck[CLIENTS];   /* connect() waits until the test lets it. */
static bool is_refused[CLIENTS]; /* It fails. */
static bool adopts;
static uint32_t begun_count;
static uint32_t hung_up_count;

struct link {
    uint32_t client;
};

static struct link links[CLIENTS];

static int fake_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                        struct link **ret, struct errinfo *reterr)
{
    int r = 0;

    assert_true(client < config->clients_count);
    assert_true(deadline_ns > mono_ns());
    sync_lock(&lock);
    begun_count++;
    (void)pthread_cond_broadcast(&changed);
    while (is_stuck[client]) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    if (is_refused[client]) {
        r = errinfo_set(reterr, -ECONNREFUSED, "client %u is refused", client);
    } else {
        links[client].client = client;
        *ret = &links[client];
    }
    sync_unlock(&lock);
    return r;
}

static int fake_adopt(struct endpoint *endpoint, uint32_t client, struct link *link)
{
    (void)endpoint;
    assert_int_equal(link->client, client);
    return adopts ? 0 : -ENOTCONN;
}

static void fake_hang_up(struct link *link)
{
    assert_true(link->client < CLIENTS);
    sync_lock(&lock);
    hung_up_count++;
    (void)pthread_cond_broadcast(&changed);
    sync_unlock(&lock);
}

static const struct backend_ops ops = {
    .connect = fake_connect, .adopt = fake_adopt, .hang_up = fake_hang_up};
static const struct backend_ops ops_by_itself = {0};

struct bench {
    struct fixture fixture;
    struct endpoint_config config;
    struct recorder *recorder;
    struct counters counters;
    struct reconnect reconnect;
    _Atomic int64_t heard_ns;
};

static void begin(struct bench *bench, const struct backend_ops *with)
{
    memset(bench, 0, sizeof *bench);
    memset(is_stuck, 0, sizeof is_stuck);
    memset(is_refused, 0, sizeof is_refused);
    adopts = true;
    begun_count = 0;
    hung_up_count = 0;
    atomic_init(&bench->heard_ns, 100 * NS_PER_S);
    bench->config.clients_count = CLIENTS;
    fixture_init(&bench->fixture);
    (void)fixture_phase(&bench->fixture, LOAD_MAX, (struct rate){0}, NS_PER_S);
    assert_int_equal(recorder_new(&bench->fixture.assignment, 0, &bench->recorder, NULL), 0);
    assert_int_equal(
        reconnect_init(&bench->reconnect, with, &bench->config, &bench->heard_ns, NULL), 0);
}

static void done(struct bench *bench)
{
    reconnect_done(&bench->reconnect);
    recorder_free(bench->recorder);
}

static void say(struct bench *bench, enum event_kind kind, uint32_t client, int64_t at_ns)
{
    struct event event = {.kind = kind, .client = client, .at_ns = at_ns, .text = "cut"};

    reconnect_event(&bench->reconnect, &event, bench->recorder, &bench->counters);
}

static bool is_only_one_due(struct bench *bench, int64_t now_ns, uint32_t *client,
                            int64_t *limit_ns)
{
    uint32_t other;
    int64_t ignored_ns;

    return reconnect_due(&bench->reconnect, now_ns, client, limit_ns) &&
           !reconnect_due(&bench->reconnect, now_ns, &other, &ignored_ns);
}

static void a_lost_client_is_due_after_a_quarter_second_then_ever_later(void **state)
{
    struct bench bench;
    uint32_t client = 99;
    int64_t limit_ns = 0;

    (void)state;
    begin(&bench, &ops);
    assert_false(reconnect_due(&bench.reconnect, 5 * NS_PER_S, &client, &limit_ns));
    say(&bench, EVENT_DOWN, 3, NS_PER_S);
    assert_true(reconnect_is_down(&bench.reconnect, 3));
    assert_false(reconnect_is_down(&bench.reconnect, 2));
    assert_int_equal(reconnect_next_ns(&bench.reconnect), NS_PER_S + 250 * NS_PER_MS);
    assert_false(reconnect_due(&bench.reconnect, NS_PER_S + 249 * NS_PER_MS, &client, &limit_ns));
    assert_true(is_only_one_due(&bench, NS_PER_S + 250 * NS_PER_MS, &client, &limit_ns));
    assert_int_equal(client, 3);
    assert_int_equal(limit_ns, NS_PER_S);
    /* While it connects it is nobody's turn. */
    assert_false(reconnect_due(&bench.reconnect, 100 * NS_PER_S, &client, &limit_ns));
    reconnect_failed(&bench.reconnect, 3, 2 * NS_PER_S);
    assert_int_equal(reconnect_next_ns(&bench.reconnect), 2 * NS_PER_S + 250 * NS_PER_MS);
    assert_true(is_only_one_due(&bench, 3 * NS_PER_S, &client, &limit_ns));
    assert_int_equal(limit_ns, 2 * NS_PER_S);
    reconnect_failed(&bench.reconnect, 3, 4 * NS_PER_S);
    assert_int_equal(reconnect_next_ns(&bench.reconnect), 4 * NS_PER_S + 500 * NS_PER_MS);
    for (int64_t i = 0; i < 40; i++) {
        assert_true(is_only_one_due(&bench, (6 + i) * NS_PER_S, &client, &limit_ns));
        assert_int_equal(limit_ns, 2 * NS_PER_S);
        reconnect_failed(&bench.reconnect, 3, (6 + i) * NS_PER_S);
    }
    assert_int_equal(reconnect_next_ns(&bench.reconnect), 46 * NS_PER_S);
    done(&bench);
}

static void a_loss_counts_once_and_a_new_loss_begins_from_the_start(void **state)
{
    struct bench bench;
    struct recorder_state account = {0};
    uint32_t client = 99;
    int64_t limit_ns = 0;

    (void)state;
    begin(&bench, &ops);
    say(&bench, EVENT_DOWN, 1, NS_PER_S);
    say(&bench, EVENT_DOWN, 1, NS_PER_S); /* Said twice. */
    say(&bench, EVENT_DOWN, 2, 2 * NS_PER_S);
    assert_int_equal(bench.counters.errors, 2);
    reconnect_account(&bench.reconnect, NS_PER_S / 2, &account);
    assert_int_equal(account.clients_down, 2);
    assert_int_equal(account.down_since_ns, NS_PER_S / 2);
    assert_int_equal(account.reconnects, 0);
    assert_true(reconnect_due(&bench.reconnect, 3 * NS_PER_S, &client, &limit_ns));
    reconnect_failed(&bench.reconnect, client, 3 * NS_PER_S);
    assert_true(is_only_one_due(&bench, 3 * NS_PER_S, &client, &limit_ns));
    reconnect_adopted(&bench.reconnect, client, 3 * NS_PER_S);
    say(&bench, EVENT_UP, 1, 4 * NS_PER_S);
    say(&bench, EVENT_UP, 2, 4 * NS_PER_S);
    say(&bench, EVENT_UP, 2, 4 * NS_PER_S);
    account = (struct recorder_state){0};
    reconnect_account(&bench.reconnect, NS_PER_S / 2, &account);
    assert_int_equal(account.clients_down, 0);
    assert_int_equal(account.reconnects, 2);
    assert_int_equal(reconnect_next_ns(&bench.reconnect), INT64_MAX);
    say(&bench, EVENT_DOWN, 1, 10 * NS_PER_S);
    assert_int_equal(reconnect_next_ns(&bench.reconnect), 10 * NS_PER_S + 250 * NS_PER_MS);
    done(&bench);
}

static void a_client_that_is_lost_while_it_arrives_waits_again(void **state)
{
    struct bench bench;
    uint32_t client = 99;
    int64_t limit_ns = 0;

    (void)state;
    begin(&bench, &ops);
    say(&bench, EVENT_DOWN, 7, NS_PER_S);
    assert_true(is_only_one_due(&bench, 2 * NS_PER_S, &client, &limit_ns));
    reconnect_adopted(&bench.reconnect, 7, 2 * NS_PER_S);
    assert_true(reconnect_is_down(&bench.reconnect, 7));
    say(&bench, EVENT_DOWN, 7, 3 * NS_PER_S);
    assert_int_equal(bench.counters.errors, 1); /* It is one outage. */
    assert_int_equal(reconnect_next_ns(&bench.reconnect), 3 * NS_PER_S + 250 * NS_PER_MS);
    done(&bench);
}

/* Bug: a broker that took the connection and left the subscription without an answer kept the
 * client for ever. */
static void a_client_that_never_arrives_is_due_again(void **state)
{
    struct bench bench;
    uint32_t client = 99;
    int64_t limit_ns = 0;

    (void)state;
    begin(&bench, &ops);
    say(&bench, EVENT_DOWN, 7, NS_PER_S);
    assert_true(is_only_one_due(&bench, 2 * NS_PER_S, &client, &limit_ns));
    assert_int_equal(limit_ns, NS_PER_S);
    reconnect_adopted(&bench.reconnect, 7, 2 * NS_PER_S);
    assert_int_equal(reconnect_next_ns(&bench.reconnect), 2 * NS_PER_S + RECONNECT_ARRIVAL_NS);
    assert_false(reconnect_due(&bench.reconnect, 6 * NS_PER_S, &client, &limit_ns));
    assert_true(is_only_one_due(&bench, 7 * NS_PER_S, &client, &limit_ns));
    assert_int_equal(client, 7);
    assert_int_equal(limit_ns, 2 * NS_PER_S);
    say(&bench, EVENT_UP, 7,
        8 * NS_PER_S); /* Late, yet it came: what is made meanwhile is too much. */
    assert_false(reconnect_is_down(&bench.reconnect, 7));
    assert_int_equal(reconnect_next_ns(&bench.reconnect), INT64_MAX);
    done(&bench);
}

static void those_that_are_due_take_turns(void **state)
{
    struct bench bench;
    uint32_t client = 99;
    int64_t limit_ns = 0;

    (void)state;
    begin(&bench, &ops);
    say(&bench, EVENT_DOWN, 3, NS_PER_S);
    say(&bench, EVENT_DOWN, 8, NS_PER_S);
    assert_true(reconnect_due(&bench.reconnect, 2 * NS_PER_S, &client, &limit_ns));
    assert_int_equal(client, 3);
    reconnect_failed(&bench.reconnect, 3, 2 * NS_PER_S);
    assert_true(reconnect_due(&bench.reconnect, 9 * NS_PER_S, &client, &limit_ns));
    assert_int_equal(client, 8);
    assert_true(is_only_one_due(&bench, 9 * NS_PER_S, &client, &limit_ns));
    assert_int_equal(client, 3);
    done(&bench);
}

static void where_the_library_reconnects_nobody_is_asked(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, &ops_by_itself);
    say(&bench, EVENT_DOWN, 0, NS_PER_S);
    assert_int_equal(reconnect_next_ns(&bench.reconnect), INT64_MAX);
    assert_int_equal(reconnect_fd(&bench.reconnect), -1);
    reconnect_turn(&bench.reconnect, NULL, 100 * NS_PER_S, bench.recorder);
    assert_int_equal(begun_count, 0);
    say(&bench, EVENT_UP, 0, 2 * NS_PER_S);
    assert_false(reconnect_is_down(&bench.reconnect, 0));
    done(&bench);
}

static void await(const uint32_t *count, uint32_t wanted)
{
    sync_lock(&lock);
    while (*count < wanted) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    sync_unlock(&lock);
}

/* Turns until the client is adopted, or has failed. */
static void turn_until(struct bench *bench, uint32_t client, enum reconnect_state wanted,
                       int64_t now_ns)
{
    while (bench->reconnect.clients[client].state != wanted) {
        reconnect_turn(&bench->reconnect, NULL, now_ns, bench->recorder);
    }
}

/* Bug: the load thread itself connected, and one host that swallowed packets took its time. */
static void a_client_that_hangs_keeps_neither_the_caller_nor_its_neighbour(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, &ops);
    is_stuck[0] = true;
    say(&bench, EVENT_DOWN, 0, NS_PER_S);
    say(&bench, EVENT_DOWN, 1, NS_PER_S);
    reconnect_turn(&bench.reconnect, NULL, 2 * NS_PER_S, bench.recorder); /* Returns. */
    await(&begun_count, 2);
    turn_until(&bench, 1, RECONNECT_ARRIVING, 2 * NS_PER_S);
    assert_int_equal(bench.reconnect.clients[0].state, RECONNECT_CONNECTING);
    say(&bench, EVENT_UP, 1, 2 * NS_PER_S);
    sync_lock(&lock);
    is_stuck[0] = false;
    (void)pthread_cond_broadcast(&changed);
    sync_unlock(&lock);
    turn_until(&bench, 0, RECONNECT_ARRIVING, 2 * NS_PER_S);
    done(&bench);
    assert_int_equal(hung_up_count, 0);
}

/* Bug: an agent that had been stopped until it was lost came back to RabbitMQ before it heard that,
 * and made the topics anew that others had removed. */
static void nobody_comes_back_while_the_agent_may_have_been_given_up(void **state)
{
    struct bench bench;
    int64_t now_ns = 100 * NS_PER_S + SILENCE_NS;

    (void)state;
    begin(&bench, &ops);
    say(&bench, EVENT_DOWN, 0, 99 * NS_PER_S);
    reconnect_turn(&bench.reconnect, NULL, now_ns, bench.recorder);
    assert_int_equal(begun_count, 0);
    assert_int_equal(bench.reconnect.clients[0].state, RECONNECT_WAITING);
    assert_int_equal(reconnect_next_ns(&bench.reconnect), now_ns + RECONNECT_WAIT_NS_MIN);
    atomic_store(&bench.heard_ns, now_ns);
    turn_until(&bench, 0, RECONNECT_ARRIVING, now_ns + RECONNECT_WAIT_NS_MIN);
    done(&bench);
}

/* Bug: only polls were among the calls of a load thread into its driver, so that one which
 * connected there would not have been seen. */
static void a_turn_is_a_call_into_the_driver_and_told_once(void **state)
{
    struct bench bench;
    struct recorder_state account = {0};

    (void)state;
    begin(&bench, &ops);
    say(&bench, EVENT_DOWN, 0, NS_PER_S);
    turn_until(&bench, 0, RECONNECT_ARRIVING, 2 * NS_PER_S);
    reconnect_account(&bench.reconnect, 0, &account);
    assert_true(account.driver_ns_max > 0);
    account = (struct recorder_state){0};
    reconnect_account(&bench.reconnect, 0, &account);
    assert_int_equal(account.driver_ns_max, 0);
    done(&bench);
}

static void what_is_refused_or_not_adopted_waits_again_and_is_hung_up(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, &ops);
    is_refused[4] = true;
    say(&bench, EVENT_DOWN, 4, NS_PER_S);
    reconnect_turn(&bench.reconnect, NULL, 2 * NS_PER_S, bench.recorder);
    turn_until(&bench, 4, RECONNECT_WAITING, 0);
    adopts = false;
    say(&bench, EVENT_DOWN, 5, NS_PER_S);
    reconnect_turn(&bench.reconnect, NULL, 2 * NS_PER_S, bench.recorder);
    turn_until(&bench, 5, RECONNECT_WAITING, 0);
    await(&hung_up_count, 1);
    done(&bench);
    assert_int_equal(hung_up_count, 1);
}

static void all_come_back_through_few_threads(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, &ops);
    assert_true(CLIENTS > CONNECTOR_THREADS_MAX);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        say(&bench, EVENT_DOWN, i, NS_PER_S);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        turn_until(&bench, i, RECONNECT_ARRIVING, 2 * NS_PER_S);
        say(&bench, EVENT_UP, i, 2 * NS_PER_S);
    }
    assert_int_equal(bench.reconnect.down_count, 0);
    done(&bench);
}

static void ending_hangs_up_what_nobody_took(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, &ops);
    say(&bench, EVENT_DOWN, 6, NS_PER_S);
    reconnect_turn(&bench.reconnect, NULL, 2 * NS_PER_S, bench.recorder);
    await(&begun_count, 1);
    done(&bench);
    assert_int_equal(hung_up_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_client_is_due_after_a_quarter_second_then_ever_later),
        cmocka_unit_test(a_loss_counts_once_and_a_new_loss_begins_from_the_start),
        cmocka_unit_test(a_client_that_is_lost_while_it_arrives_waits_again),
        cmocka_unit_test(a_client_that_never_arrives_is_due_again),
        cmocka_unit_test(those_that_are_due_take_turns),
        cmocka_unit_test(where_the_library_reconnects_nobody_is_asked),
        cmocka_unit_test(a_client_that_hangs_keeps_neither_the_caller_nor_its_neighbour),
        cmocka_unit_test(nobody_comes_back_while_the_agent_may_have_been_given_up),
        cmocka_unit_test(a_turn_is_a_call_into_the_driver_and_told_once),
        cmocka_unit_test(what_is_refused_or_not_adopted_waits_again_and_is_hung_up),
        cmocka_unit_test(all_come_back_through_few_threads),
        cmocka_unit_test(ending_hangs_up_what_nobody_took),
    };

    sync_condition_init(&changed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
