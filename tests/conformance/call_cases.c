#include "rig.h"

#include "cases.h"
#include "stamp.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

/* A call that waits would take as long as a round trip to the broker or a time-out of a library. A
 * busy machine can still take the CPU away for tens of milliseconds. */
#define CALL_NS (500 * NS_PER_MS)
#define CLOSE_NS (5 * NS_PER_S)

void submit_returns_at_once_with_a_full_window(void **state)
{
    struct rig_spec spec = {.producers = 2};
    struct rig *rig;

    rig_require(rig_suite(state), CAPABILITY_PUBLISH_ACK_ALL);
    spec.delivery = rig_confirmed(rig_suite(state));
    spec.delivery.in_flight = 50;
    rig = rig_open(state, &spec);
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t p = 0; p < rig->spec.producers; p++) {
            while (rig_submit(rig, p, 0, 0, 100) == 0) {
            }
        }
        rig_settle(rig);
    }
    assert_true(rig->sent >= 20);
    assert_true(rig->submit_ns_max < CALL_NS);
    rig_drain(rig);
    rig_assert_exactly_once(rig);
    rig_close(rig);
}

/* Hands over count messages by batches of at most batch, and waits where none is taken. */
static void send_batches(struct rig *rig, uint32_t producer, const struct rig_content *contents,
                         uint32_t contents_count, uint32_t batch)
{
    int64_t deadline_ns = rig_deadline(rig);
    uint32_t sent = 0;

    while (sent < contents_count) {
        uint32_t left = contents_count - sent;
        uint32_t taken =
            rig_submit_batch(rig, producer, contents + sent, left < batch ? left : batch);

        sent += taken;
        if (taken == 0 && rig_poll(rig) == 0) {
            rig_wait(rig);
        }
        if (mono_ns() > deadline_ns) {
            fail_msg("%u of %u messages could not be submitted", left, contents_count);
        }
    }
}

/* Asked for order where there is one to ask for: a library that tries again overtakes itself. */
static struct delivery in_order(const struct suite *suite)
{
    struct delivery delivery = rig_confirmed(suite);

    delivery.ordered = suite->ops->entry->capabilities[CAPABILITY_ORDERED].available;
    return delivery;
}

void a_batch_of_several_sizes_and_topics_arrives_as_it_left(void **state)
{
    static const uint32_t sizes[] = {STAMP_BYTES, 5000, 100, 60, 20000, 1000, 65536};
    struct rig_spec spec = {.topics = 3,
                            .partitions = 2,
                            .producers = 2,
                            .message_bytes_max = 65536,
                            .delivery = in_order(rig_suite(state))};
    struct rig_content contents[SUBMIT_MESSAGES_MAX];
    struct rig *rig;

    spec.delivery.in_flight = 100;
    rig = rig_open(state, &spec);
    for (uint32_t round = 7; round <= SUBMIT_MESSAGES_MAX; round += SUBMIT_MESSAGES_MAX - 7) {
        for (uint32_t i = 0; i < SUBMIT_MESSAGES_MAX; i++) {
            contents[i] = (struct rig_content){i % 3, i % 2, sizes[(i + round) % 7]};
        }
        for (uint32_t p = 0; p < rig->spec.producers; p++) {
            send_batches(rig, p, contents, SUBMIT_MESSAGES_MAX, round);
        }
    }
    rig_settle(rig);
    rig_drain(rig);
    assert_int_equal(rig->out_of_order, 0);
    rig_assert_exactly_once(rig);
    rig_close(rig);
}

/* A batch is larger than the window or the connection's room: what is not taken is as if it was
 * never asked for, and comes again with the same number. */
void a_batch_is_taken_from_its_front_as_far_as_there_is_room(void **state)
{
    struct rig_spec spec = {.message_bytes_max = 262144, .delivery = in_order(rig_suite(state))};
    struct rig_content contents[SUBMIT_MESSAGES_MAX];
    struct rig *rig;

    for (uint32_t i = 0; i < SUBMIT_MESSAGES_MAX; i++) {
        contents[i] = (struct rig_content){0, 0, i % 4 == 0 ? 262144 : 30000};
    }
    spec.delivery.in_flight = 50;
    rig = rig_open(state, &spec);
    for (uint32_t round = 0; round < 3; round++) {
        assert_in_range(rig_submit_batch(rig, 0, contents, SUBMIT_MESSAGES_MAX), 0, 50);
        send_batches(rig, 0, contents, SUBMIT_MESSAGES_MAX, SUBMIT_MESSAGES_MAX);
    }
    rig_settle(rig);
    rig_drain(rig);
    assert_int_equal(rig->out_of_order, 0);
    rig_assert_exactly_once(rig);
    rig_close(rig);
}

void poll_never_waits(void **state)
{
    struct rig_spec spec = {.delivery = rig_confirmed(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);

    for (int i = 0; i < 200; i++) {
        int64_t begin_ns = mono_ns();

        (void)rig_poll(rig);
        assert_true(mono_ns() - begin_ns < 2 * CALL_NS);
    }
    rig_close(rig);
}

void poll_keeps_the_surplus(void **state)
{
    struct rig_spec spec = {.delivery = rig_confirmed(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);
    const struct backend_ops *ops = rig->suite->ops;
    int64_t deadline_ns;
    uint32_t outcomes = 0;

    while (rig_submit(rig, 0, 0, 0, 100) == 0) {
    }
    assert_true(rig->sent > 1);
    deadline_ns = rig_deadline(rig);
    while (outcomes < rig->sent && mono_ns() < deadline_ns) {
        struct event event;
        int count = ops->poll(rig->producer, &event, 1);

        assert_in_range(count, 0, 1);
        outcomes += count == 1 && event.kind == EVENT_ACKED;
        if (count == 0) {
            rig_wait(rig);
        }
    }
    assert_int_equal(outcomes, rig->sent);
    rig_close(rig);
}

/* As consumers do that are paused: for as long as they are, nothing is lost or forgotten. */
void poll_without_room_takes_nothing(void **state)
{
    struct rig_spec spec = {.delivery = rig_confirmed(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);
    const struct backend_ops *ops = rig->suite->ops;
    int64_t deadline_ns = rig_deadline(rig);

    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(rig_submit(rig, 0, 0, 0, 100), 0);
    }
    while (rig->acked < rig->sent && mono_ns() < deadline_ns) {
        struct event event;

        assert_int_equal(ops->poll(rig->consumer, &event, 0), 0);
        (void)rig_poll_producer(rig);
        rig_wait(rig);
    }
    assert_int_equal(rig->acked, rig->sent);
    assert_int_equal(rig_received(rig, 0), 0);
    rig_drain(rig);
    rig_assert_exactly_once(rig);
    rig_close(rig);
}

/* Polls until the endpoint has nothing to say for a while. */
static void quiet(struct rig *rig)
{
    rig_linger(rig, 300 * NS_PER_MS);
}

/* Sleeps on the descriptor until a count has grown, polling only when it is readable. Some signs
 * are about something else. */
static void wait_for_signs(struct rig *rig, int fd, int (*poll_side)(struct rig *rig),
                           uint32_t (*count)(const struct rig *rig), uint32_t expected)
{
    int64_t deadline_ns = rig_deadline(rig);

    while (count(rig) < expected && mono_ns() < deadline_ns) {
        if (!rig_is_readable(fd, (int)(rig->patience_ns / NS_PER_MS))) {
            fail_msg("number %u came without a sign", expected);
        }
        (void)poll_side(rig);
    }
    assert_int_equal(count(rig), expected);
}

static uint32_t received(const struct rig *rig)
{
    return rig_received(rig, 0);
}

static uint32_t acked(const struct rig *rig)
{
    return rig->acked;
}

void the_consumers_descriptor_tells_of_a_message(void **state)
{
    struct rig_spec spec = {.delivery = rig_confirmed(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);
    int fd = rig->suite->ops->wait_fd(rig->consumer);

    if (fd < 0) {
        rig_close(rig);
        rig_skip("the consumer has no descriptor: it is polled each millisecond");
    }
    quiet(rig);
    for (uint32_t i = 1; i <= 20; i++) {
        rig_send(rig, 1);
        wait_for_signs(rig, fd, rig_poll_consumer, received, i);
        rig_settle(rig);
    }
    rig_close(rig);
}

void the_producers_descriptor_tells_of_a_confirm(void **state)
{
    struct rig_spec spec = {.delivery = rig_confirmed(rig_suite(state))};
    struct rig *rig;
    int fd;

    rig_require(rig_suite(state), CAPABILITY_PUBLISH_ACK_ALL);
    rig = rig_open(state, &spec);
    fd = rig->suite->ops->wait_fd(rig->producer);
    if (fd < 0) {
        rig_close(rig);
        rig_skip("the producer has no descriptor: it is polled each millisecond");
    }
    quiet(rig);
    for (uint32_t i = 1; i <= 20; i++) {
        assert_int_equal(rig_submit(rig, 0, 0, 0, 100), 0);
        wait_for_signs(rig, fd, rig_poll_producer, acked, i);
    }
    rig_close(rig);
}

/* What the consumer's thread of endpoints_work_on_threads_of_their_own knows. */
struct reading_thread {
    struct rig *rig;
    uint32_t count;
    int64_t deadline_ns;
};

/* Asserts nothing: a failed assertion would jump into the other thread's stack. */
static void *read_on_own_thread(void *argument)
{
    struct reading_thread *thread = argument;
    const struct backend_ops *ops = thread->rig->suite->ops;
    int fd = ops->wait_fd(thread->rig->consumer);
    uint32_t count = 0;

    while (count < thread->count && mono_ns() < thread->deadline_ns) {
        struct event events[RIG_EVENTS];
        struct pollfd readable = {fd, POLLIN, 0};
        int polled = ops->poll(thread->rig->consumer, events, RIG_EVENTS);

        for (int i = 0; i < polled; i++) {
            if (events[i].kind == EVENT_MESSAGE) {
                count++;
                (void)ops->ack(thread->rig->consumer, events[i].token, false);
            }
        }
        if (polled == 0) {
            (void)poll(&readable, 1, fd < 0 ? 1 : 1000);
        }
    }
    thread->count = count;
    return NULL;
}

void endpoints_work_on_threads_of_their_own(void **state)
{
    struct rig_spec spec = {.partitions = 2, .delivery = rig_confirmed(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);
    struct reading_thread thread = {rig, 2000, rig_deadline(rig)};
    struct endpoint *consumer = rig->consumer;
    pthread_t id;

    assert_int_equal(pthread_create(&id, NULL, read_on_own_thread, &thread), 0);
    for (uint32_t i = 0; i < 2000 && mono_ns() < thread.deadline_ns;) {
        if (rig_submit(rig, 0, 0, i % 2, 100) == 0) {
            i++;
        } else if (rig_poll_producer(rig) == 0) {
            (void)poll(NULL, 0, 1);
        }
    }
    while (rig->acked < rig->sent && mono_ns() < thread.deadline_ns) {
        if (rig_poll_producer(rig) == 0) {
            (void)poll(NULL, 0, 1);
        }
    }
    assert_int_equal(pthread_join(id, NULL), 0);
    rig->consumer = consumer;
    assert_int_equal(rig->acked, 2000);
    assert_int_equal(thread.count, 2000);
    rig_close(rig);
}

void closing_with_outstanding_tokens_does_not_hang(void **state)
{
    struct rig_spec spec = {.delivery = rig_confirmed(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);
    int64_t begin_ns;

    while (rig_submit(rig, 0, 0, 0, 100) == 0) {
    }
    begin_ns = mono_ns();
    rig->suite->ops->close(rig->producer);
    rig->producer = NULL;
    rig->suite->ops->close(rig->consumer);
    rig->consumer = NULL;
    assert_true(mono_ns() - begin_ns < 2 * CLOSE_NS + CALL_NS);
    rig_close(rig);
}

void closing_nothing_is_allowed(void **state)
{
    rig_suite(state)->ops->close(NULL);
}
