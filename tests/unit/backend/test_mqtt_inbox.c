#include "check.h"

#include "mono.h"
#include "mqtt_inbox_inner.h"

#include <poll.h>
#include <string.h>

static struct mqtt_inbox *inbox_new(uint32_t capacity)
{
    static struct mqtt_inbox inbox;
    struct errinfo error = {""};

    mqtt_inbox_init(&inbox);
    assert_int_equal(mqtt_inbox_reserve(&inbox, capacity, &error), 0);
    return &inbox;
}

static void push(struct mqtt_inbox *inbox, enum event_kind kind, uint32_t slot)
{
    struct mqtt_note note = {.kind = kind, .slot = slot};

    mqtt_inbox_lock(inbox);
    assert_true(mqtt_inbox_push(inbox, &note));
    mqtt_inbox_unlock(inbox);
}

static bool is_readable(const struct mqtt_inbox *inbox)
{
    struct pollfd readable = {.fd = inbox->fd, .events = POLLIN};

    return poll(&readable, 1, 0) == 1;
}

static void take(struct mqtt_inbox *inbox, uint32_t slot)
{
    struct mqtt_note *note = mqtt_inbox_take(inbox);

    assert_non_null(note);
    assert_int_equal(note->slot, slot);
}

static void mqtt_inbox_keeps_the_order_and_grows(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(2);

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        push(inbox, EVENT_ACKED, i);
    }
    mqtt_inbox_turn(inbox);
    for (uint32_t i = 1000; i < 1005; i++) {
        push(inbox, EVENT_ACKED, i);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        take(inbox, i);
    }
    assert_null(mqtt_inbox_take(inbox));
    mqtt_inbox_turn(inbox);
    for (uint32_t i = 1000; i < 1005; i++) {
        take(inbox, i);
    }
    assert_null(mqtt_inbox_take(inbox));
    mqtt_inbox_done(inbox);
}

static void overtake(struct mqtt_inbox *inbox, uint32_t slot)
{
    struct mqtt_note note = {.slot = 0};

    assert_true(mqtt_inbox_overtake(inbox, &note));
    assert_int_equal(note.kind, EVENT_DOWN);
    assert_int_equal(note.slot, slot);
}

/* Of what is being read and of what came since, once each. */
static void mqtt_inbox_lets_all_but_messages_overtake(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(4);
    struct mqtt_note note;

    (void)state;
    push(inbox, EVENT_MESSAGE, 1);
    push(inbox, EVENT_DOWN, 2);
    push(inbox, EVENT_MESSAGE, 3);
    mqtt_inbox_turn(inbox);
    push(inbox, EVENT_DOWN, 4);
    push(inbox, EVENT_MESSAGE, 5);
    push(inbox, EVENT_UP, 6);
    overtake(inbox, 2);
    overtake(inbox, 4);
    take(inbox, 1);
    take(inbox, 3);
    assert_null(mqtt_inbox_take(inbox));
    mqtt_inbox_turn(inbox);
    take(inbox, 5);
    take(inbox, 6);
    assert_null(mqtt_inbox_take(inbox));
    assert_false(mqtt_inbox_overtake(inbox, &note));
    mqtt_inbox_turn(inbox);
    push(inbox, EVENT_MESSAGE, 7);
    assert_false(mqtt_inbox_overtake(inbox, &note));
    mqtt_inbox_done(inbox);
}

static void mqtt_inbox_does_not_turn_before_all_was_taken(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(4);

    (void)state;
    push(inbox, EVENT_ACKED, 0);
    push(inbox, EVENT_ACKED, 1);
    mqtt_inbox_turn(inbox);
    take(inbox, 0);
    push(inbox, EVENT_ACKED, 2);
    mqtt_inbox_turn(inbox);
    take(inbox, 1);
    assert_null(mqtt_inbox_take(inbox));
    mqtt_inbox_turn(inbox);
    take(inbox, 2);
    mqtt_inbox_done(inbox);
}

static void mqtt_inbox_is_readable_until_all_was_taken(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(4);

    (void)state;
    assert_false(is_readable(inbox));
    push(inbox, EVENT_ACKED, 0);
    push(inbox, EVENT_ACKED, 1);
    assert_true(is_readable(inbox));
    mqtt_inbox_turn(inbox);
    take(inbox, 0);
    mqtt_inbox_settle(inbox, 1);
    assert_true(is_readable(inbox));
    take(inbox, 1);
    push(inbox, EVENT_ACKED, 2); /* Between taking and settling. */
    mqtt_inbox_settle(inbox, 1);
    assert_true(is_readable(inbox));
    mqtt_inbox_turn(inbox);
    take(inbox, 2);
    mqtt_inbox_settle(inbox, 1);
    assert_false(is_readable(inbox));
    mqtt_inbox_done(inbox);
}

static void mqtt_inbox_waits_for_as_many_outcomes_as_it_was_told(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(16);

    (void)state;
    mqtt_inbox_settle(inbox, 3);
    push(inbox, EVENT_ACKED, 0);
    push(inbox, EVENT_UNCONFIRMED, 1);
    assert_false(is_readable(inbox));
    push(inbox, EVENT_REFUSED, 2);
    assert_true(is_readable(inbox));
    mqtt_inbox_turn(inbox);
    for (uint32_t i = 0; i < 3; i++) {
        take(inbox, i);
    }
    push(inbox, EVENT_ACKED, 3);
    mqtt_inbox_settle(inbox, 2);
    assert_false(is_readable(inbox));
    mqtt_inbox_settle(inbox, 1); /* Nothing is lost when the number falls. */
    assert_true(is_readable(inbox));
    mqtt_inbox_done(inbox);
}

static void mqtt_inbox_tells_of_a_lost_connection_at_once(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(16);

    (void)state;
    mqtt_inbox_settle(inbox, 10);
    push(inbox, EVENT_ACKED, 0);
    assert_false(is_readable(inbox));
    push(inbox, EVENT_DOWN, 1);
    assert_true(is_readable(inbox));
    mqtt_inbox_done(inbox);
}

/* Each message woke the worker, which cost paho's thread more than the message did. */
static void mqtt_inbox_wakes_for_messages_together_and_soon(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(16);
    struct pollfd readable = {.fd = inbox->fd, .events = POLLIN};
    int64_t begin_ns = mono_ns();

    (void)state;
    push(inbox, EVENT_MESSAGE, 0);
    push(inbox, EVENT_MESSAGE, 1);
    assert_false(inbox->signalled);
    assert_int_equal(poll(&readable, 1, 10000), 1);
    assert_true(mono_ns() - begin_ns >= MQTT_MESSAGE_WAIT_NS);
    mqtt_inbox_turn(inbox);
    take(inbox, 0);
    take(inbox, 1);
    push(inbox, EVENT_MESSAGE, 2); /* Between taking and settling. */
    mqtt_inbox_settle(inbox, 1);
    assert_false(inbox->signalled);
    assert_int_equal(poll(&readable, 1, 10000), 1);
    mqtt_inbox_turn(inbox);
    take(inbox, 2);
    mqtt_inbox_settle(inbox, 1);
    assert_false(is_readable(inbox));
    push(inbox, EVENT_DOWN, 3);
    mqtt_inbox_turn(inbox);
    take(inbox, 3);
    push(inbox, EVENT_MESSAGE, 4); /* While the descriptor is readable anyhow. */
    mqtt_inbox_settle(inbox, 1);
    assert_int_equal(poll(&readable, 1, 10000), 1);
    mqtt_inbox_turn(inbox);
    take(inbox, 4);
    mqtt_inbox_done(inbox);
}

/* Also while others come, and where the copies outgrow their room. */
static void mqtt_inbox_keeps_copied_payloads_until_it_turns(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(2);
    struct mqtt_note *notes[100];
    uint8_t payload[1000];

    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 100; i++) {
            struct mqtt_note note = {.kind = EVENT_MESSAGE, .bytes = (uint32_t)(10 * i)};

            memset(payload, turn * 100 + i, sizeof payload);
            assert_true(mqtt_inbox_push_message(inbox, &note, payload));
        }
        for (int i = 0; turn > 0 && i < 100; i++) {
            memset(payload, (turn - 1) * 100 + i, sizeof payload);
            assert_memory_equal(mqtt_inbox_copy(inbox, notes[i]), payload, notes[i]->bytes);
        }
        mqtt_inbox_turn(inbox);
        for (int i = 0; i < 100; i++) {
            notes[i] = mqtt_inbox_take(inbox);
            assert_non_null(notes[i]);
        }
    }
    mqtt_inbox_done(inbox);
}

static void mqtt_inbox_takes_messages_past_its_limit(void **state)
{
    struct mqtt_inbox *inbox = inbox_new(2);
    struct mqtt_note note = {.kind = EVENT_MESSAGE, .bytes = 200u << 20};

    (void)state;
    for (note.slot = 0; note.slot < 5; note.slot++) {
        assert_true(mqtt_inbox_push_message(inbox, &note, NULL));
    }
    mqtt_inbox_turn(inbox);
    for (uint32_t i = 0; i < 5; i++) {
        take(inbox, i);
    }
    assert_int_equal(inbox->filling.bytes, 0);
    mqtt_inbox_done(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_inbox_keeps_the_order_and_grows),
        cmocka_unit_test(mqtt_inbox_lets_all_but_messages_overtake),
        cmocka_unit_test(mqtt_inbox_does_not_turn_before_all_was_taken),
        cmocka_unit_test(mqtt_inbox_is_readable_until_all_was_taken),
        cmocka_unit_test(mqtt_inbox_waits_for_as_many_outcomes_as_it_was_told),
        cmocka_unit_test(mqtt_inbox_tells_of_a_lost_connection_at_once),
        cmocka_unit_test(mqtt_inbox_wakes_for_messages_together_and_soon),
        cmocka_unit_test(mqtt_inbox_keeps_copied_payloads_until_it_turns),
        cmocka_unit_test(mqtt_inbox_takes_messages_past_its_limit),
    };

    return cmocka_run_group_tests_name("mqtt_inbox", tests, NULL, NULL);
}
