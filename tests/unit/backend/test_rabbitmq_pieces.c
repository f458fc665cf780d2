/* Frames that arrive in any pieces; without a broker. */
#include "rabbitmq_stream.h"

#include "random.h"

#include <errno.h>
#include <sys/socket.h>

#define CUTS 30u /* Ways to cut a stream. */

static const struct delivery without_acks = {.consume_ack = CONSUME_ACK_NONE};
static const struct delivery with_confirms = {.publish_ack = PUBLISH_ACK_ALL,
                                              .in_flight = STREAM_MESSAGES};

/* Deliveries 1 to STREAM_MESSAGES, and what a broker says between them. */
static void make_deliveries(struct amqp_frames *frames)
{
    frames->count = 0;
    for (uint64_t tag = 1; tag <= STREAM_MESSAGES; tag++) {
        stream_delivery(frames, tag);
        if (tag % 5 == 0) {
            stream_heartbeat(frames);
        }
        if (tag % 50 == 20) {
            stream_blocked(frames);
        }
        if (tag % 50 == 40) {
            stream_unblocked(frames);
        }
    }
    stream_close(frames);
}

/* Mostly small pieces, some larger than what is read at a time. */
static size_t piece(struct random *random, size_t left)
{
    static const size_t sizes[] = {3, 30, 5000, 120000};
    size_t bytes = 1 + random_next(random) % sizes[random_next(random) % 4];

    return bytes < left ? bytes : left;
}

/* Sends a stream in pieces, and polls between them, with more or less room, consumers also held. */
static void pour(struct rabbitmq_bench *bench, const struct amqp_frames *frames, uint64_t seed,
                 struct stream_seen *seen)
{
    struct random random;
    size_t sent = 0;

    random_seed(&random, seed);
    while (sent < frames->count) {
        uint64_t turns = random_next(&random) % 4;
        ssize_t r = send(bench->broker_fd, frames->bytes + sent,
                         piece(&random, frames->count - sent), MSG_DONTWAIT | MSG_NOSIGNAL);

        assert_true(r > 0 || errno == EAGAIN);
        sent += r > 0 ? (size_t)r : 0;
        while (turns-- > 0) {
            bool is_held = bench->config.role == ROLE_CONSUMER && random_next(&random) % 4 == 0;

            stream_poll(bench, seen, (uint32_t)(random_next(&random) % (STREAM_EVENTS_MAX + 1)),
                        is_held);
        }
    }
    stream_poll_all(bench, seen);
}

static void deliveries_in_any_pieces_are_the_same_messages(void **state)
{
    static struct amqp_frames frames;

    (void)state;
    make_deliveries(&frames);
    for (uint64_t seed = 1; seed <= CUTS; seed++) {
        struct rabbitmq_bench bench;
        struct stream_seen seen = {0};

        rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
        pour(&bench, &frames, seed, &seen);
        assert_int_equal(seen.tag, STREAM_MESSAGES);
        assert_int_equal(seen.blocked, 4);
        assert_int_equal(seen.unblocked, 4);
        assert_true(seen.is_down);
        rabbitmq_bench_end(&bench);
    }
}

static void add_ack(struct amqp_frames *frames, uint64_t tag, bool multiple)
{
    amqp_basic_ack_t ack = {.delivery_tag = tag, .multiple = multiple};

    amqp_frames_method(frames, RABBITMQ_CHANNEL, AMQP_BASIC_ACK_METHOD, &ack);
}

static void add_nack(struct amqp_frames *frames, uint64_t tag)
{
    amqp_basic_nack_t nack = {.delivery_tag = tag};

    amqp_frames_method(frames, RABBITMQ_CHANNEL, AMQP_BASIC_NACK_METHOD, &nack);
}

static void add_return(struct amqp_frames *frames, uint64_t number)
{
    char id[RABBITMQ_MESSAGE_ID_BYTES];
    amqp_basic_return_t method = {.reply_code = AMQP_NO_ROUTE,
                                  .reply_text = amqp_cstring_bytes("NO_ROUTE"),
                                  .exchange = amqp_cstring_bytes("orders"),
                                  .routing_key = amqp_cstring_bytes("0")};
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_MESSAGE_ID_FLAG,
                                          .message_id = {.len = sizeof id, .bytes = id}};

    rabbitmq_number_write(number, id);
    amqp_frames_method(frames, RABBITMQ_CHANNEL, AMQP_BASIC_RETURN_METHOD, &method);
    amqp_frames_header(frames, RABBITMQ_CHANNEL, &properties, stream_body_bytes(number));
    amqp_frames_body(frames, RABBITMQ_CHANNEL, stream_body(number), stream_body_bytes(number),
                     RABBITMQ_BENCH_FRAME_BYTES_MAX);
}

/* Of message number n, from 1: what its confirm says. The last twenty get none. */
static enum event_kind outcome_of(uint64_t number)
{
    if (number > STREAM_MESSAGES - 20) {
        return EVENT_UNCONFIRMED;
    }
    return number % 10 == 3 || number % 10 == 6 ? EVENT_REFUSED : EVENT_ACKED;
}

/* By tens: 1 alone, 3 returned and 6 refused, 10 with all before it. */
static void make_confirms(struct amqp_frames *frames)
{
    frames->count = 0;
    for (uint64_t ten = 0; ten < STREAM_MESSAGES - 20; ten += 10) {
        add_ack(frames, ten + 1, false);
        add_return(frames, ten + 3);
        add_ack(frames, ten + 3, false);
        stream_heartbeat(frames);
        add_nack(frames, ten + 6);
        add_ack(frames, ten + 10, true);
        if (ten % 50 == 0) {
            stream_blocked(frames);
            stream_unblocked(frames);
        }
    }
    stream_close(frames);
}

/* As rabbitmq_submit() leaves them. */
static void outstanding(struct rabbitmq_bench *bench)
{
    struct rabbitmq_producer *producer = &bench->client.producer;

    for (uint64_t number = 1; number <= STREAM_MESSAGES; number++) {
        producer->slots[(number - producer->first) & producer->slots_mask] =
            (struct rabbitmq_slot){.token = number - 1, .state = SLOT_WAITING};
    }
    producer->next = STREAM_MESSAGES + 1;
}

static void confirms_in_any_pieces_are_the_same_outcomes(void **state)
{
    static struct amqp_frames frames;

    (void)state;
    make_confirms(&frames);
    for (uint64_t seed = 1; seed <= CUTS; seed++) {
        struct rabbitmq_bench bench;
        struct stream_seen seen = {0};

        rabbitmq_bench_begin(&bench, ROLE_PRODUCER, with_confirms);
        outstanding(&bench);
        pour(&bench, &frames, seed, &seen);
        assert_true(seen.is_down);
        assert_int_equal(seen.blocked, 4);
        assert_int_equal(seen.unblocked, 4);
        for (uint64_t number = 1; number <= STREAM_MESSAGES; number++) {
            assert_int_equal(seen.outcomes[number - 1], 1 + outcome_of(number));
        }
        rabbitmq_bench_end(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deliveries_in_any_pieces_are_the_same_messages),
        cmocka_unit_test(confirms_in_any_pieces_are_the_same_outcomes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
