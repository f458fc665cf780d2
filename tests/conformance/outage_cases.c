#include "rig.h"

#include "cases.h"
#include "revive.h"

#include <errno.h>
#include <poll.h>

#define BACK_NS (60 * NS_PER_S)
/* Sooner than by heartbeats that fail. */
#define NOTICE_NS (2 * NS_PER_S + RIG_SLACK_NS)

static int go_away(struct suite *suite, struct errinfo *reterr)
{
    if (suite->conformance->kill != NULL) {
        return suite->conformance->kill(reterr);
    }
    return suite->conformance->broker != NULL ? broker_kill(&suite->broker, reterr) : 0;
}

static int come_back(struct suite *suite, struct errinfo *reterr)
{
    if (suite->conformance->resume != NULL) {
        return suite->conformance->resume(reterr);
    }
    return suite->conformance->broker != NULL ? broker_resume(&suite->broker, reterr) : 0;
}

static void require_outage(const struct suite *suite)
{
    const struct conformance *conformance = suite->conformance;

    if (conformance->kill != NULL || conformance->outage_options[0] != NULL) {
        return;
    }
    if (conformance->broker == NULL || !suite->broker.ours) {
        rig_skip("the broker can't be made to go away");
    }
}

static bool any_down(const struct rig *rig)
{
    for (uint32_t i = 0; i < RIG_CLIENTS_MAX; i++) {
        if (rig->producer_down[i] || rig->consumer_down[i]) {
            return true;
        }
    }
    return false;
}

/* Goes on submitting until an endpoint has noticed, or a while has passed. */
static void submit_into_the_void(struct rig *rig)
{
    int64_t deadline_ns = mono_ns() + 10 * NS_PER_S;

    while (rig->downs == 0 && mono_ns() < deadline_ns) {
        if (rig->sent < 500) {
            (void)rig_submit(rig, 0, 0, rig->sent % rig->spec.partitions, 100);
        }
        if (rig_poll(rig) == 0) {
            (void)poll(NULL, 0, 5);
        }
    }
}

/* A client that is down takes none of a batch. */
static void assert_takes_no_batch(struct rig *rig)
{
    struct rig_content contents[10];

    for (uint32_t i = 0; i < 10; i++) {
        contents[i] = (struct rig_content){0, i % rig->spec.partitions, 100};
    }
    if (rig->producer_down[0]) {
        assert_int_equal(rig_submit_batch(rig, 0, contents, 10), 0);
    }
}

static void revive_those_down(struct rig *rig, struct endpoint *endpoint,
                              const struct endpoint_config *config, const bool *down,
                              struct errinfo *error)
{
    for (uint32_t i = 0; i < config->clients_count; i++) {
        if (down[i] && revive(rig->suite->ops, endpoint, config, i, error) == 0) {
            while (rig->suite->ops->connect != NULL && down[i]) {
                (void)rig_poll(rig);
            }
        }
    }
}

/* As a worker does: tries to bring both endpoints back until they are. */
static void reopen_until_up(struct rig *rig)
{
    int64_t deadline_ns = mono_ns() + BACK_NS;
    struct errinfo error = {""};

    for (;;) {
        while (rig_poll(rig) > 0) {
        }
        revive_those_down(rig, rig->producer, &rig->producer_config, rig->producer_down, &error);
        revive_those_down(rig, rig->consumer, &rig->consumer_config, rig->consumer_down, &error);
        if (!any_down(rig)) {
            return;
        }
        if (mono_ns() > deadline_ns) {
            fail_msg("the endpoints do not come back: %s", error.text);
        }
        (void)poll(NULL, 0, 100);
    }
}

static void assert_not_lost(const struct rig *rig, uint32_t from)
{
    for (uint32_t i = from; i < rig->sent; i++) {
        if (rig->outcomes[i] == EVENT_ACKED + 1 && rig->received[0][i] == 0) {
            fail_msg("message %u was confirmed and did not arrive", i);
        }
    }
}

void a_broker_that_goes_away_and_comes_back_settles_every_token(void **state)
{
    struct suite *suite = rig_suite(state);
    struct rig_spec spec = {.partitions = 2, .delivery = rig_confirmed(suite)};
    struct errinfo error = {""};
    struct rig *rig;
    uint32_t before;

    require_outage(suite);
    if (suite->conformance->outage_options[0] != NULL) {
        spec.options = suite->conformance->outage_options;
    }
    rig = rig_open(state, &spec);
    rig_send(rig, 50);
    rig_settle(rig);
    rig_drain(rig);
    if (go_away(suite, &error) < 0) {
        fail_msg("%s", error.text);
    }
    submit_into_the_void(rig);
    assert_takes_no_batch(rig);
    if (come_back(suite, &error) < 0) {
        fail_msg("%s", error.text);
    }
    assert_true(rig->downs > 0);
    reopen_until_up(rig);
    rig->patience_ns = BACK_NS;
    rig_settle(rig);
    before = rig->sent;
    rig_send(rig, 50);
    rig_settle(rig);
    for (uint32_t i = before; i < rig->sent; i++) {
        assert_int_equal(rig->outcomes[i], EVENT_ACKED + 1);
    }
    if (!suite->conformance->forgets_at_crash) {
        rig_drain(rig);
    }
    rig_linger(rig, NS_PER_S);
    assert_not_lost(rig, suite->conformance->forgets_at_crash ? before : 0);
    rig_close(rig);
}

/* As of a phase that pauses its consumers: they hear of their acks, and take no message. */
void a_held_consumer_takes_no_message_and_hears_of_its_acks(void **state)
{
    struct suite *suite = rig_suite(state);
    struct rig_spec spec = {.holds_acks = true, .delivery = rig_confirmed(suite)};
    struct rig *rig = rig_open(state, &spec);
    uint32_t count = suite->conformance->no_unacked != NULL ? 1 : RIG_UNACKED_MAX;
    uint32_t answers;
    int64_t deadline_ns;

    rig_send(rig, count);
    rig_settle(rig);
    rig_drain(rig);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(rig_submit(rig, 0, 0, 0, 100), 0);
    }
    if (spec.delivery.consume_ack != CONSUME_ACK_NONE) {
        assert_int_equal(rig_ack(rig, rig->last_token[0], true), 0);
    }
    answers = suite->ops->ack_answers ? rig->acks_written : 0;
    deadline_ns = rig_deadline(rig);
    while ((rig->acked < 2 * count || rig->acks_answered < answers) && mono_ns() < deadline_ns) {
        if (rig_poll_producer(rig) + rig_poll_held(rig) == 0) {
            (void)poll(NULL, 0, 1);
        }
    }
    assert_int_equal(rig->acked, 2 * count);
    assert_int_equal(rig->acks_answered, answers);
    assert_int_equal(rig_received(rig, 0), count);
    rig_drain(rig);
    rig_assert_exactly_once(rig);
    rig_close(rig);
}

/* Or waiting on it would be a busy loop. */
void the_descriptor_of_a_held_consumer_is_silent_about_messages(void **state)
{
    struct suite *suite = rig_suite(state);
    struct rig_spec spec = {.delivery = rig_confirmed(suite)};
    struct rig *rig;
    int64_t deadline_ns;
    int fd;

    if (!suite->ops->held_fd) {
        rig_skip("the descriptor of a held consumer is not waited on");
    }
    rig = rig_open(state, &spec);
    fd = suite->ops->wait_fd(rig->consumer);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(rig_submit(rig, 0, 0, 0, 100), 0);
    }
    deadline_ns = rig_deadline(rig);
    do {
        (void)rig_poll_producer(rig);
        (void)rig_poll_held(rig);
        assert_true(mono_ns() < deadline_ns);
    } while (rig->acked < 20 || rig_is_readable(fd, 300));
    /* Free again, the first poll takes what waits: no sign will come for it. */
    (void)rig_poll_consumer(rig);
    assert_true(rig_received(rig, 0) > 0);
    rig_drain(rig);
    rig_assert_exactly_once(rig);
    rig_close(rig);
}

static void hold_for(struct rig *rig, int64_t ns)
{
    int64_t until_ns = mono_ns() + ns;

    while (mono_ns() < until_ns) {
        (void)rig_poll_held(rig);
        (void)poll(NULL, 0, 5);
    }
}

/* Sends 50 that the consumer is not let take, and lets the broker go away. */
static struct rig *go_away_while_held(void **state, enum consume_ack ack)
{
    struct suite *suite = rig_suite(state);
    struct rig_spec spec = {.delivery = rig_confirmed(suite)};
    struct errinfo error = {""};
    int64_t deadline_ns;
    struct rig *rig;

    require_outage(suite);
    spec.delivery.consume_ack = ack;
    if (suite->conformance->outage_options[0] != NULL) {
        spec.options = suite->conformance->outage_options;
    }
    rig = rig_open(state, &spec);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(rig_submit(rig, 0, 0, 0, 100), 0);
    }
    deadline_ns = rig_deadline(rig);
    while (rig->acked < 50 && mono_ns() < deadline_ns) {
        (void)rig_poll_producer(rig);
    }
    assert_int_equal(rig->acked, 50);
    hold_for(rig, 300 * NS_PER_MS);
    if (go_away(suite, &error) < 0) {
        fail_msg("%s", error.text);
    }
    return rig;
}

static void come_back_and_take_all(struct rig *rig)
{
    struct suite *suite = rig->suite;
    struct errinfo error = {""};

    assert_int_equal(rig_received(rig, 0), 0);
    if (come_back(suite, &error) < 0) {
        fail_msg("%s", error.text);
    }
    reopen_until_up(rig);
    rig->patience_ns = BACK_NS;
    if (!suite->conformance->forgets_at_crash) {
        rig_drain(rig);
        assert_int_equal(rig_received(rig, 0), 50);
    }
    rig_close(rig);
}

void a_held_consumer_notices_that_the_broker_went_away(void **state)
{
    struct rig *rig;
    int64_t deadline_ns;

    rig_require(rig_suite(state), CAPABILITY_CONSUME_ACK_EACH);
    rig = go_away_while_held(state, CONSUME_ACK_EACH);
    deadline_ns = mono_ns() + NOTICE_NS;
    while (!rig->consumer_down[0] && mono_ns() < deadline_ns) {
        hold_for(rig, 10 * NS_PER_MS);
    }
    assert_true(rig->consumer_down[0]);
    come_back_and_take_all(rig);
}

/* What the broker counts as delivered would be missing through the driver's doing. */
void a_held_consumer_without_acks_loses_nothing_when_the_broker_goes_away(void **state)
{
    struct rig *rig;

    rig_require(rig_suite(state), CAPABILITY_CONSUME_ACK_NONE);
    rig = go_away_while_held(state, CONSUME_ACK_NONE);
    hold_for(rig, 500 * NS_PER_MS);
    come_back_and_take_all(rig);
}
