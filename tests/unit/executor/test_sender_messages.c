/* What a sender's messages are: their sizes, and that they depend on nothing but the seed. */
#include "rig.h"
#include "virtual_time.h"

#include <string.h>

#define PRODUCERS 3
#define SIZES 200 /* Of each producer that are looked at. */

/* Three producers, 1 message a millisecond in all. */
static void begin(struct rig *rig, uint64_t seed)
{
    memset(rig, 0, sizeof *rig);
    fake_reset();
    fake_script()->confirms = true;
    virtual_time_set(VIRTUAL_START_NS);
    virtual_time_step(0);
    fixture_init(&rig->fixture);
    rig->fixture.assignment.seed = seed;
    rig->fixture.flows[0].message =
        (struct message_shape){.sizes = {{100, 100, 70}, {200, 300, 30}}, .sizes_count = 2};
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        fixture_producer(&rig->fixture);
    }
    (void)fixture_phase(&rig->fixture, LOAD_RATE, (struct rate){1, NS_PER_MS}, 10 * NS_PER_S);
    rig_open(rig, &fake_backend);
    rig_start(rig, VIRTUAL_START_NS + NS_PER_MS);
}

/* Runs for a second; hiccups: the broker is full now and then. */
static void run(struct rig *rig, bool hiccups)
{
    for (int64_t ms = 0; ms < 1000; ms++) {
        fake_lock();
        fake_script()->client_blocked[0] = hiccups && ms % 50 < 20;
        fake_script()->client_blocked[2] = hiccups && ms % 70 < 30;
        fake_unlock();
        virtual_time_set(virtual_time_ns() + NS_PER_MS);
        rig_turn(rig, virtual_time_ns());
    }
}

/* The sizes of each producer's messages in their order. */
static void sizes_of(uint64_t seed, bool hiccups, uint32_t (*ret)[SIZES])
{
    struct rig rig;
    uint32_t counts[PRODUCERS] = {0};

    begin(&rig, seed);
    run(&rig, hiccups);
    for (uint32_t i = 0; i < fake_messages(); i++) {
        const struct fake_message *message = fake_message(i);

        if (counts[message->client] < SIZES) {
            ret[message->client][counts[message->client]++] = message->bytes_count;
        }
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(counts[i], SIZES);
    }
    rig_done(&rig);
}

static void the_messages_of_a_producer_depend_on_the_seed_alone(void **state)
{
    static uint32_t smooth[PRODUCERS][SIZES];
    static uint32_t bumpy[PRODUCERS][SIZES];
    static uint32_t other[PRODUCERS][SIZES];

    (void)state;
    sizes_of(1, false, smooth);
    sizes_of(1, true, bumpy);
    sizes_of(2, false, other);
    assert_memory_equal(smooth, bumpy, sizeof smooth);
    assert_memory_not_equal(smooth, other, sizeof smooth);
}

static void producers_have_sizes_of_their_own(void **state)
{
    static uint32_t sizes[PRODUCERS][SIZES];

    (void)state;
    sizes_of(1, false, sizes);
    assert_memory_not_equal(sizes[0], sizes[1], sizeof sizes[0]);
    assert_memory_not_equal(sizes[1], sizes[2], sizeof sizes[1]);
}

static void bytes_are_those_of_the_messages(void **state)
{
    struct rig rig;
    struct recorder_half *half;
    struct recorder_state nothing = {0};
    uint64_t bytes = 0;
    uint64_t by_client[PRODUCERS] = {0};

    (void)state;
    begin(&rig, 1);
    run(&rig, false);
    virtual_time_set(virtual_time_ns() + NS_PER_MS);
    (void)sender_poll(rig.sender, virtual_time_ns()); /* The last confirms. */
    for (uint32_t i = 0; i < fake_messages(); i++) {
        bytes += fake_message(i)->bytes_count;
        by_client[fake_message(i)->client] += fake_message(i)->bytes_count;
    }
    assert_int_equal(rig_totals(&rig).sent_bytes, bytes);
    assert_true(recorder_turn_due(rig.recorder, NS_PER_S));
    assert_true(recorder_turn(rig.recorder, NS_PER_S, &nothing, false));
    half = recorder_take(rig.recorder);
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(half->clients[i].bytes, by_client[i]);
    }
    recorder_return(rig.recorder, half);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_messages_of_a_producer_depend_on_the_seed_alone),
        cmocka_unit_test(producers_have_sizes_of_their_own),
        cmocka_unit_test(bytes_are_those_of_the_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
