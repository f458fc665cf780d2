/* What a worker's clients leave behind when they are closed. */
#include "rig.h"

#include "sender_parts_inner.h"

#define MESSAGES 20

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};
static const int64_t t0_ns = RIG_START_NS;

static uint32_t traced[TRACE_UNCONFIRMED + 1]; /* By outcome. */

void __wrap_trace_add(struct trace_lane *lane, const struct trace_record *record);

void __wrap_trace_add(struct trace_lane *lane, const struct trace_record *record)
{
    assert_non_null(lane);
    assert_int_equal(record->kind, TRACE_SETTLED);
    assert_in_range(record->outcome, TRACE_ACKED, TRACE_UNCONFIRMED);
    traced[record->outcome]++;
}

/* Bug: messages that still waited for an outcome at the end were counted as unconfirmed and had no
 * record, so that the trace of a broker that stopped answering did not add up. */
static void messages_that_wait_at_the_end_are_unconfirmed_in_the_trace_too(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 2, LOAD_RATE, per_ms);
    rig_open(&rig, &fake_backend);
    rig.sender->context.trace = (struct trace_lane *)&rig; /* Nobody looks into it. */
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + MESSAGES * NS_PER_MS, 100000);
    fake_outcome(0, EVENT_ACKED);
    fake_outcome(1, EVENT_REFUSED);
    sender_close_begin(rig.sender);
    sender_close_end(rig.sender);
    assert_in_range(fake_messages(), MESSAGES / 2, MESSAGES);
    assert_int_equal(rig_totals(&rig).unconfirmed, fake_messages() - 2);
    assert_int_equal(traced[TRACE_ACKED], 1);
    assert_int_equal(traced[TRACE_REFUSED], 1);
    assert_int_equal(traced[TRACE_UNCONFIRMED], fake_messages() - 2);
    rig_done(&rig);
}

/* Bug: a client that was down when the receiver was closed was due for ever, and the thread went
 * round without a pause until the trial was removed. */
static void a_receiver_that_is_closed_wants_nothing_more(void **state)
{
    struct rig rig;
    int64_t late_ns = t0_ns + 20 * NS_PER_S;

    (void)state;
    rig_begin(&rig, 1, LOAD_NONE, per_ms);
    (void)fixture_phase(&rig.fixture, LOAD_NONE, per_ms, NS_PER_S);
    fixture_consumer(&rig.fixture, 0);
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    fake_link(ROLE_CONSUMER, 0, false);
    rig_turn(&rig, t0_ns + NS_PER_MS);
    assert_in_range(receiver_next_ns(rig.receiver, t0_ns + NS_PER_MS), t0_ns + NS_PER_MS,
                    t0_ns + NS_PER_S);
    receiver_close_begin(rig.receiver);
    receiver_close_end(rig.receiver);
    assert_int_equal(receiver_next_ns(rig.receiver, late_ns), SENDER_NEVER_NS);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_that_wait_at_the_end_are_unconfirmed_in_the_trace_too),
        cmocka_unit_test(a_receiver_that_is_closed_wants_nothing_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
