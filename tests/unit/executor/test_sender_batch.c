/* What a producer has due goes to the driver by one call, and what the driver does not take leaves
 * no trace. */
#include "rig.h"
#include "virtual_time.h"

#include <string.h>

static const struct rate fast = {.messages = 100, .per_ns = 1000000};
static const struct rate no_rate = {.messages = 0, .per_ns = 1};
static const int64_t t0_ns = RIG_START_NS;

static void what_is_due_goes_by_one_call(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, fast);
    rig.fixture.flows[0].delivery.in_flight = 1000;
    fake_script()->confirms = true;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    virtual_time_set(t0_ns + 499999);
    rig_turn(&rig, virtual_time_ns());
    assert_int_equal(fake_messages(), 50);
    assert_int_equal(fake_submits(), 1);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(fake_message(i)->stamp.sequence, i);
        assert_int_equal(fake_message(i)->stamp.intended_ns, i * 10000);
        assert_int_equal(fake_message(i)->stamp.sent_ns, t0_ns + 499999);
    }
    virtual_time_set(t0_ns + 2 * NS_PER_MS);
    rig_turn(&rig, virtual_time_ns());
    assert_int_equal(fake_messages(), 201);
    assert_int_equal(fake_submits(), 1 + 3); /* 64, 64, 23. */
    (void)sender_poll(rig.sender, virtual_time_ns());
    rig_collect(&rig, &sum);
    assert_int_equal(sum.delivery.sent, 201);
    assert_int_equal(sum.delivery.acked, 201);
    assert_int_equal(sum.samples[SERIES_SEND_LAG], 201);
    assert_int_equal(sum.samples[SERIES_CALL], 4); /* The time of each call, once. */
    rig_done(&rig);
}

static void a_batch_keeps_within_the_window_and_the_phase(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, fast);
    rig.fixture.phases[0].duration_ns = NS_PER_MS / 2;
    (void)fixture_phase(&rig.fixture, LOAD_RATE, fast, NS_PER_MS);
    rig.fixture.flows[0].delivery.in_flight = 60;
    fake_script()->confirms = true;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    virtual_time_set(t0_ns + NS_PER_MS - 1);
    rig_turn(&rig, virtual_time_ns());
    assert_int_equal(fake_messages(), 60);
    assert_int_equal(fake_message(0)->call, fake_message(49)->call);
    assert_int_equal(fake_message(50)->call, fake_message(49)->call + 1);
    assert_int_equal(rig_counters(&rig, 0).sent, 50);
    assert_int_equal(rig_counters(&rig, 1).sent, 10);
    assert_int_equal(rig_counters(&rig, 0).sent_in_time, 0);
    assert_int_equal(rig_counters(&rig, 1).sent_in_time, 10);
    rig_turn(&rig, virtual_time_ns());
    assert_int_equal(fake_messages(), 100);
    rig_done(&rig);
}

/* There is one body of zeros: each message has a stamp of its own, and a call takes as many as of
 * other contents. */
static void messages_of_a_batch_share_a_body_but_no_stamp(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 1, LOAD_MAX, no_rate);
    rig.fixture.flows[0].message = (struct message_shape){
        .sizes = {{100, 100, 1}}, .sizes_count = 1, .payload = PAYLOAD_ZEROS};
    rig.fixture.flows[0].delivery.in_flight = 1000;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_turn(&rig, t0_ns);
    assert_int_equal(fake_messages(), 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(fake_message(i)->stamp.sequence, i);
        assert_int_equal(fake_message(i)->call, fake_message(0)->call + i / SUBMIT_MESSAGES_MAX);
    }
    rig_done(&rig);
}

#define PRODUCERS 3u
#define EACH 5000u /* Messages of each producer, at most. */

struct seen {
    uint64_t sequence;
    int64_t intended_ns;
    uint32_t stream;
    uint32_t bytes_count;
    char key[16];
};

static struct seen taken_whole[PRODUCERS][EACH];
static struct seen taken_in_parts[PRODUCERS][EACH];

/* In order, by producer. */
static void collect_seen(struct seen (*ret)[EACH])
{
    uint32_t counts[PRODUCERS] = {0};

    memset(ret, 0, PRODUCERS * sizeof *ret);
    for (uint32_t i = 0; i < fake_messages(); i++) {
        const struct fake_message *message = fake_message(i);
        struct seen *seen = &ret[message->client][counts[message->client]++];

        assert_true(counts[message->client] <= EACH);
        seen->sequence = message->stamp.sequence;
        seen->intended_ns = message->stamp.intended_ns;
        seen->stream = message->stamp.stream;
        seen->bytes_count = message->bytes_count;
        memcpy(seen->key, message->key, sizeof seen->key);
    }
}

static void assert_audit_is_exact(struct rig *rig)
{
    uint32_t all = fake_messages();
    struct rig_sum sum;

    (void)sender_poll(rig->sender, virtual_time_ns());
    rig_collect(rig, &sum);
    assert_int_equal(sum.totals.due, all);
    assert_int_equal(sum.totals.sent, all);
    assert_int_equal(sum.totals.acked, all);
    assert_int_equal(sum.totals.skipped, 0);
    assert_int_equal(sum.delivery.sent, all);
    assert_int_equal(sum.delivery.acked, all);
    assert_int_equal(sum.samples[SERIES_SEND_LAG], all);
    assert_int_equal(sum.samples[SERIES_PUBLISH], all);
    assert_true(sum.complete);
}

/* Two phases of mixed sizes with keys over several topics and partitions, of any arrivals, on a
 * broker that takes all, or some of each batch. */
static void run_phases(enum arrivals arrivals, bool some, struct seen (*ret)[EACH])
{
    struct rig rig;

    rig_begin(&rig, 0, LOAD_RATE, (struct rate){30, NS_PER_MS});
    rig.fixture.flows[0].message = (struct message_shape){
        .sizes = {{100, 100, 70}, {200, 300, 30}}, .sizes_count = 2, .keys = {50, KEYS_ZIPF, 990}};
    rig.fixture.flows[0].partitions = 4;
    rig.fixture.flows[0].topics_count = 2;
    rig.fixture.flows[0].delivery.in_flight = 50;
    rig.fixture.assignment.topics_count = 2;
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        fixture_producer(&rig.fixture);
    }
    (void)fixture_phase(&rig.fixture, LOAD_RATE, (struct rate){300, NS_PER_MS}, NS_PER_S);
    for (uint32_t i = 0; i < 2; i++) {
        rig.fixture.phases[i].pacing.arrivals = arrivals;
    }
    rig.fixture.phases[0].duration_ns = 150 * NS_PER_MS; /* Some 1500 messages each. */
    rig.fixture.phases[1].messages = PRODUCERS * 1500;
    fake_script()->confirms = true;
    fake_script()->takes_some = some;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 2 * NS_PER_S, 300000);
    if (some) {
        assert_true(fake_submits_refused() > 50);
    }
    assert_in_range(fake_messages(), 6000, 12000);
    collect_seen(ret);
    assert_audit_is_exact(&rig);
    rig_done(&rig);
}

static void what_is_not_taken_leaves_no_trace(void **state)
{
    static const enum arrivals kinds[] = {ARRIVALS_CONSTANT, ARRIVALS_POISSON, ARRIVALS_ALIGNED};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        run_phases(kinds[i], false, taken_whole);
        run_phases(kinds[i], true, taken_in_parts);
        assert_memory_equal(taken_whole, taken_in_parts, sizeof taken_whole);
    }
}

/* A call of 64 messages that take 10 us each would keep its neighbours waiting for 0.6 ms. */
static void a_slow_call_is_short_where_others_wait(void **state)
{
    struct rig rig;
    uint32_t calls;
    uint32_t sent;

    (void)state;
    rig_begin(&rig, 2, LOAD_RATE, fast);
    rig.fixture.flows[0].delivery.in_flight = 10000;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    virtual_time_step(300000); /* What a call takes. */
    virtual_time_set(t0_ns + 10 * NS_PER_MS);
    (void)sender_send(rig.sender, virtual_time_ns());
    calls = fake_submits();
    sent = fake_messages();
    (void)sender_send(rig.sender, virtual_time_ns());
    assert_true(fake_submits() - calls > 16);
    assert_true(fake_messages() - sent <= 64);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_goes_by_one_call),
        cmocka_unit_test(a_batch_keeps_within_the_window_and_the_phase),
        cmocka_unit_test(messages_of_a_batch_share_a_body_but_no_stamp),
        cmocka_unit_test(what_is_not_taken_leaves_no_trace),
        cmocka_unit_test(a_slow_call_is_short_where_others_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
