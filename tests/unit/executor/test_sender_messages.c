/* What a sender's messages are: their sizes, keys and streams, and that these depend on nothing but
 * the seed. */
#include "rig.h"
#include "virtual_time.h"

#include <string.h>

#define PRODUCERS 3
#define FIRST 200 /* Messages of each producer that are looked at. */
#define PARTITIONS 4

/* What the tests look at of a message. */
struct seen {
    uint32_t bytes;
    uint32_t topic;
    uint32_t partition;
    char key[16];
};

/* Three producers, 1 message a millisecond in all. */
static void begin(struct rig *rig, uint64_t seed, struct message_keys keys)
{
    memset(rig, 0, sizeof *rig);
    fake_reset();
    fake_script()->confirms = true;
    virtual_time_set(VIRTUAL_START_NS);
    virtual_time_step(0);
    fixture_init(&rig->fixture);
    rig->fixture.assignment.seed = seed;
    rig->fixture.flows[0].message = (struct message_shape){
        .sizes = {{100, 100, 70}, {200, 300, 30}}, .sizes_count = 2, .keys = keys};
    rig->fixture.flows[0].partitions = PARTITIONS;
    rig->fixture.flows[0].topics_count = 2;
    rig->fixture.assignment.topics_count = 2;
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

/* The messages of each producer in their order. */
static void first_messages(struct rig *rig, struct seen (*ret)[FIRST])
{
    uint32_t counts[PRODUCERS] = {0};

    memset(ret, 0, PRODUCERS * sizeof *ret);
    for (uint32_t i = 0; i < fake_messages(); i++) {
        const struct fake_message *message = fake_message(i);
        uint32_t *count = &counts[message->client];

        if (*count < FIRST) {
            struct seen *seen = &ret[message->client][(*count)++];

            seen->bytes = message->bytes_count;
            seen->topic = message->topic;
            seen->partition = message->partition;
            memcpy(seen->key, message->key, sizeof seen->key);
        }
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(counts[i], FIRST);
    }
    rig_done(rig);
}

static const struct message_keys no_keys = {0};
static const struct message_keys zipf = {50, KEYS_ZIPF, 990};
static const struct message_keys sequential = {50, KEYS_SEQUENTIAL, 0};

static void the_messages_of_a_producer_depend_on_the_seed_alone(void **state)
{
    static struct seen smooth[PRODUCERS][FIRST];
    static struct seen bumpy[PRODUCERS][FIRST];
    static struct seen other[PRODUCERS][FIRST];
    struct rig rig;

    (void)state;
    begin(&rig, 1, zipf);
    run(&rig, false);
    first_messages(&rig, smooth);
    begin(&rig, 1, zipf);
    run(&rig, true);
    first_messages(&rig, bumpy);
    begin(&rig, 2, zipf);
    run(&rig, false);
    first_messages(&rig, other);
    assert_memory_equal(smooth, bumpy, sizeof smooth);
    assert_memory_not_equal(smooth, other, sizeof smooth);
}

static void producers_have_sizes_and_keys_of_their_own(void **state)
{
    static struct seen seen[PRODUCERS][FIRST];
    struct rig rig;
    uint32_t same_sizes = 0;
    uint32_t same_keys = 0;

    (void)state;
    begin(&rig, 1, zipf);
    run(&rig, false);
    first_messages(&rig, seen);
    for (uint32_t i = 0; i < FIRST; i++) {
        same_sizes += seen[0][i].bytes == seen[1][i].bytes;
        same_keys += strcmp(seen[0][i].key, seen[1][i].key) == 0;
    }
    assert_true(same_sizes < FIRST * 3 / 4); /* By chance about half. */
    assert_true(same_keys < FIRST / 4);
}

static void sizes_are_the_same_with_keys_and_without(void **state)
{
    static struct seen with[PRODUCERS][FIRST];
    static struct seen without[PRODUCERS][FIRST];
    struct rig rig;

    (void)state;
    begin(&rig, 1, zipf);
    run(&rig, false);
    first_messages(&rig, with);
    begin(&rig, 1, no_keys);
    run(&rig, false);
    first_messages(&rig, without);
    for (uint32_t p = 0; p < PRODUCERS; p++) {
        for (uint32_t i = 0; i < FIRST; i++) {
            assert_int_equal(with[p][i].bytes, without[p][i].bytes);
        }
    }
}

static void the_key_chooses_the_partition_and_topics_take_turns(void **state)
{
    static struct seen seen[PRODUCERS][FIRST];
    struct rig rig;

    (void)state;
    begin(&rig, 1, zipf);
    run(&rig, false);
    first_messages(&rig, seen);
    for (uint32_t p = 0; p < PRODUCERS; p++) {
        for (uint32_t i = 0; i < FIRST; i++) {
            uint32_t hash = murmur2(seen[p][i].key, MESSAGE_KEY_BYTES) & INT32_MAX;

            assert_int_equal(strlen(seen[p][i].key), MESSAGE_KEY_BYTES);
            assert_int_equal(seen[p][i].partition, hash % PARTITIONS);
            assert_int_equal(seen[p][i].topic, i % 2);
        }
    }
}

static void sequential_keys_go_on_after_a_message_that_had_to_wait(void **state)
{
    static struct seen seen[PRODUCERS][FIRST];
    struct rig rig;

    (void)state;
    begin(&rig, 1, sequential);
    run(&rig, true);
    first_messages(&rig, seen);
    for (uint32_t p = 0; p < PRODUCERS; p++) {
        for (uint32_t i = 0; i < FIRST; i++) {
            char text[MESSAGE_KEY_BYTES + 1] = {0};

            message_key_text((50 * p / PRODUCERS + i) % 50, text);
            assert_string_equal(seen[p][i].key, text);
        }
    }
}

static void without_keys_streams_take_turns(void **state)
{
    static struct seen seen[PRODUCERS][FIRST];
    struct rig rig;

    (void)state;
    begin(&rig, 1, no_keys);
    run(&rig, false);
    first_messages(&rig, seen);
    for (uint32_t p = 0; p < PRODUCERS; p++) {
        for (uint32_t i = 0; i < FIRST; i++) {
            assert_string_equal(seen[p][i].key, "");
            assert_int_equal(seen[p][i].topic * PARTITIONS + seen[p][i].partition,
                             i % (2 * PARTITIONS));
        }
    }
}

/* The stream that the stamp names is that of the topic and partition where the message goes. */
static void the_audit_finds_every_message_of_streams_that_keys_chose(void **state)
{
    struct rig rig;
    struct rig_sum sum;
    uint32_t next[PRODUCERS * 2 * PARTITIONS] = {0};

    (void)state;
    begin(&rig, 1, zipf);
    run(&rig, true);
    virtual_time_set(virtual_time_ns() + NS_PER_MS);
    (void)sender_poll(rig.sender, virtual_time_ns()); /* The last confirms. */
    for (uint32_t i = 0; i < fake_messages(); i++) {
        const struct fake_message *message = fake_message(i);
        uint32_t stream = (message->client * 2 + message->topic) * PARTITIONS + message->partition;

        assert_int_equal(message->stamp.stream, stream);
        assert_int_equal(message->stamp.sequence, next[stream]++);
    }
    rig_collect(&rig, &sum);
    assert_int_equal(sum.delivery.sent, fake_messages());
    assert_int_equal(sum.delivery.acked, fake_messages());
    rig_done(&rig);
}

static void bytes_are_those_of_the_messages(void **state)
{
    struct rig rig;
    struct recorder_half *half;
    struct recorder_state nothing = {0};
    uint64_t bytes = 0;
    uint64_t by_client[PRODUCERS] = {0};

    (void)state;
    begin(&rig, 1, no_keys);
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
        cmocka_unit_test(producers_have_sizes_and_keys_of_their_own),
        cmocka_unit_test(sizes_are_the_same_with_keys_and_without),
        cmocka_unit_test(the_key_chooses_the_partition_and_topics_take_turns),
        cmocka_unit_test(sequential_keys_go_on_after_a_message_that_had_to_wait),
        cmocka_unit_test(without_keys_streams_take_turns),
        cmocka_unit_test(the_audit_finds_every_message_of_streams_that_keys_chose),
        cmocka_unit_test(bytes_are_those_of_the_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
