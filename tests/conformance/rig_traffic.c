#include "invariant.h"
#include "rig.h"
#include "stamp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define TAG 0x636f6e66u

static uint64_t free_token(const struct rig *rig, uint32_t producer)
{
    uint32_t in_flight = rig->spec.delivery.in_flight;
    uint64_t token = (uint64_t)producer * in_flight;

    while (rig->token_busy[token]) {
        token++;
    }
    return token;
}

static uint32_t stream_of(const struct rig *rig, uint32_t producer, uint32_t topic,
                          uint32_t partition)
{
    return (producer * rig->spec.topics + topic) * rig->spec.partitions + partition;
}

/* Writes message number sent + at of the ledger into the rig's memory, with a token of its own. */
static struct message prepare(struct rig *rig, uint32_t producer, uint32_t at,
                              const struct rig_content *content)
{
    uint8_t *bytes = rig->bytes + (size_t)at * rig->spec.message_bytes_max;
    struct stamp stamp = {.tag = TAG,
                          .stream = stream_of(rig, producer, content->topic, content->partition),
                          .sequence = rig->sent + at,
                          .sent_ns = mono_ns()};
    uint64_t token = free_token(rig, producer);

    ASSERT(content->bytes_count <= rig->spec.message_bytes_max &&
           rig->sent + at < RIG_MESSAGES_MAX);
    rig->token_busy[token] = true;
    rig->token_message[token] = rig->sent + at;
    memset(bytes, (int)stamp.sequence & 0xff, content->bytes_count);
    stamp_write(bytes, &stamp,
                stamp_payload_hash(bytes + STAMP_BYTES, content->bytes_count - STAMP_BYTES));
    return (struct message){.client = producer,
                            .topic = content->topic,
                            .partition = content->partition,
                            .bytes = bytes,
                            .bytes_count = content->bytes_count,
                            .token = token};
}

uint32_t rig_submit_batch(struct rig *rig, uint32_t producer, const struct rig_content *contents,
                          uint32_t contents_count)
{
    struct message messages[SUBMIT_MESSAGES_MAX];
    uint32_t room = rig->spec.delivery.in_flight - rig->outstanding[producer];
    uint32_t count = contents_count < room ? contents_count : room;
    int64_t begin_ns;
    int64_t took_ns;
    int taken;

    ASSERT(contents_count <= SUBMIT_MESSAGES_MAX);
    if (count == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        messages[i] = prepare(rig, producer, i, &contents[i]);
    }
    begin_ns = mono_ns();
    taken = rig->suite->ops->submit(rig->producer, messages, count);
    took_ns = mono_ns() - begin_ns;
    rig->submit_ns_max = took_ns > rig->submit_ns_max ? took_ns : rig->submit_ns_max;
    assert_in_range(taken, 0, count);
    for (uint32_t i = 0; i < count; i++) { /* Lent for the call only. */
        memset(rig->bytes + (size_t)i * rig->spec.message_bytes_max, 0, contents[i].bytes_count);
        rig->token_busy[messages[i].token] = i < (uint32_t)taken;
    }
    rig->outstanding[producer] += (uint32_t)taken;
    rig->sent += (uint32_t)taken;
    return (uint32_t)taken;
}

int rig_submit(struct rig *rig, uint32_t producer, uint32_t topic, uint32_t partition,
               uint32_t bytes_count)
{
    struct rig_content content = {topic, partition, bytes_count};

    return rig_submit_batch(rig, producer, &content, 1) == 1 ? 0 : -EAGAIN;
}

static void note_outcome(struct rig *rig, const struct event *event)
{
    uint32_t message;

    assert_true(event->client < rig->spec.producers);
    assert_true(event->token < (uint64_t)rig->spec.producers * rig->spec.delivery.in_flight);
    if (!rig->token_busy[event->token]) {
        fail_msg("token %u has more than one outcome", (unsigned)event->token);
    }
    assert_int_equal(event->token / rig->spec.delivery.in_flight, event->client);
    message = rig->token_message[event->token];
    assert_int_equal(rig->outcomes[message], 0);
    rig->outcomes[message] = (uint8_t)(event->kind + 1);
    rig->token_busy[event->token] = false;
    rig->outstanding[event->client]--;
    rig->acked += event->kind == EVENT_ACKED;
    rig->refused += event->kind == EVENT_REFUSED;
    rig->unconfirmed += event->kind == EVENT_UNCONFIRMED;
}

int rig_ack(struct rig *rig, uint64_t token, bool multiple)
{
    int r = rig->suite->ops->ack(rig->consumer, token, multiple);

    if (r == 1) {
        r = rig->suite->ops->flush(rig->consumer);
    }
    rig->acks_written += r == 0;
    return r;
}

static void write_ack(struct rig *rig, uint32_t client, uint64_t token, bool multiple)
{
    int64_t deadline_ns = rig_deadline(rig);
    int r;

    do {
        r = rig_ack(rig, token, multiple);
    } while (r == -EAGAIN && mono_ns() < deadline_ns);
    rig->unacked[client] = 0;
    if (r != -ENOTCONN) { /* It will be delivered again. */
        assert_int_equal(r, 0);
    }
}

static void note_message(struct rig *rig, const struct event *event)
{
    uint32_t subscription;
    struct stamp stamp = {0};
    uint32_t place;

    assert_true(event->client < rig->consumer_config.clients_count);
    assert_true(event->at_ns > 0 && event->at_ns <= mono_ns());
    subscription = rig->consumers[event->client].subscription;
    assert_int_equal(stamp_read(event->bytes, event->bytes_count, TAG, &stamp), STAMP_OK);
    assert_true(stamp.sequence < RIG_MESSAGES_MAX && stamp.stream < RIG_STREAMS_MAX);
    place = stamp.stream % (rig->spec.topics * rig->spec.partitions);
    assert_int_equal(event->topic, place / rig->spec.partitions);
    if (event->partition != 0) {
        assert_int_equal(event->partition, place % rig->spec.partitions);
    }
    rig->received[subscription][stamp.sequence]++;
    rig->receiver[subscription][stamp.sequence] = (uint8_t)event->client;
    rig->arrivals++;
    if ((int64_t)stamp.sequence < rig->last_seen[subscription][stamp.stream]) {
        rig->out_of_order++;
    } else {
        rig->last_seen[subscription][stamp.stream] = (int64_t)stamp.sequence;
    }
    rig->last_token[event->client] = event->token;
    if (rig->spec.delivery.consume_ack == CONSUME_ACK_NONE || rig->spec.holds_acks) {
        return;
    }
    if (++rig->unacked[event->client] >= rig->spec.delivery.consume_ack_batch) {
        write_ack(rig, event->client, event->token,
                  rig->spec.delivery.consume_ack == CONSUME_ACK_BATCH);
    }
}

static void note(struct rig *rig, const struct event *event, bool *down)
{
    switch (event->kind) {
    case EVENT_ACKED:
    case EVENT_REFUSED:
    case EVENT_UNCONFIRMED:
        note_outcome(rig, event);
        break;
    case EVENT_MESSAGE:
        note_message(rig, event);
        break;
    case EVENT_CONSUME_ACKED:
        assert_true(rig->suite->ops->ack_answers);
        rig->acks_answered++;
        break;
    case EVENT_ERROR:
        rig->errors++;
        print_message("error event: %s\n", event->text != NULL ? event->text : "");
        break;
    case EVENT_DOWN:
        rig->downs++;
        down[event->client] = true;
        break;
    case EVENT_UP:
        down[event->client] = false;
        break;
    case EVENT_SAYS:
        assert_non_null(event->text);
        print_message("the broker says: %s\n", event->text);
        break;
    }
}

static int take_events(struct rig *rig, struct endpoint *endpoint, bool *down,
                       int (*poll_fn)(struct endpoint *, struct event *, uint32_t))
{
    struct event events[RIG_EVENTS];
    int count = poll_fn(endpoint, events, RIG_EVENTS);

    assert_in_range(count, 0, RIG_EVENTS);
    for (int i = 0; i < count; i++) {
        note(rig, &events[i], down);
    }
    return count;
}

int rig_poll_producer(struct rig *rig)
{
    return take_events(rig, rig->producer, rig->producer_down, rig->suite->ops->poll);
}

int rig_poll_consumer(struct rig *rig)
{
    return rig->consumer != NULL
               ? take_events(rig, rig->consumer, rig->consumer_down, rig->suite->ops->poll)
               : 0;
}

int rig_poll_held(struct rig *rig)
{
    return take_events(rig, rig->consumer, rig->consumer_down, rig->suite->ops->poll_held);
}

int rig_poll(struct rig *rig)
{
    return rig_poll_producer(rig) + rig_poll_consumer(rig);
}

void rig_wait(const struct rig *rig)
{
    const struct backend_ops *ops = rig->suite->ops;
    int producer_fd = ops->wait_fd(rig->producer);
    int consumer_fd = rig->consumer != NULL ? ops->wait_fd(rig->consumer) : producer_fd;
    struct pollfd fds[2] = {{producer_fd, POLLIN, 0}, {consumer_fd, POLLIN, 0}};

    (void)poll(fds, 2, producer_fd < 0 || consumer_fd < 0 ? 1 : 10);
}

bool rig_is_readable(int fd, int timeout_ms)
{
    struct pollfd readable = {fd, POLLIN, 0};

    return poll(&readable, 1, timeout_ms) == 1;
}

void rig_send(struct rig *rig, uint32_t count)
{
    int64_t deadline_ns = rig_deadline(rig);
    uint32_t until = rig->sent + count;

    while (rig->sent < until) {
        uint32_t number = rig->sent;
        uint32_t producer = number % rig->spec.producers;
        uint32_t topic = number / rig->spec.producers % rig->spec.topics;
        uint32_t partition = number / rig->spec.producers / rig->spec.topics % rig->spec.partitions;

        if (rig_submit(rig, producer, topic, partition, rig->spec.message_bytes_max) == 0) {
            continue;
        }
        if (rig_poll(rig) == 0) {
            rig_wait(rig);
        }
        if (mono_ns() > deadline_ns) {
            fail_msg("%u of %u messages could not be submitted", until - rig->sent, count);
        }
    }
}

static uint32_t outstanding(const struct rig *rig)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < rig->spec.producers; i++) {
        count += rig->outstanding[i];
    }
    return count;
}

void rig_settle(struct rig *rig)
{
    int64_t deadline_ns = rig_deadline(rig);

    while (outstanding(rig) > 0) {
        if (rig_poll(rig) == 0) {
            rig_wait(rig);
        }
        if (mono_ns() > deadline_ns) {
            fail_msg("%u tokens of %u have no outcome", outstanding(rig), rig->sent);
        }
    }
    assert_int_equal(rig->sent, rig->acked + rig->refused + rig->unconfirmed);
}

/* Acknowledged messages that a subscription does not have. */
static uint32_t missing(const struct rig *rig)
{
    uint32_t count = 0;

    for (uint32_t s = 0; s < rig->spec.subscriptions; s++) {
        for (uint32_t i = 0; i < rig->sent; i++) {
            count += rig->outcomes[i] == EVENT_ACKED + 1 && rig->received[s][i] == 0;
        }
    }
    return count;
}

void rig_drain(struct rig *rig)
{
    int64_t deadline_ns = rig_deadline(rig);
    bool answers = rig->suite->ops->ack_answers;

    while (missing(rig) > 0) {
        while (rig_poll(rig) > 0) {
        }
        rig_wait(rig);
        if (mono_ns() > deadline_ns) {
            fail_msg("%u of %u acknowledged messages did not arrive", missing(rig), rig->acked);
        }
    }
    for (uint32_t i = 0; !rig->spec.holds_acks && i < rig->consumer_config.clients_count; i++) {
        if (rig->unacked[i] > 0) {
            write_ack(rig, i, rig->last_token[i], true);
        }
    }
    while (answers && rig->acks_answered < rig->acks_written && mono_ns() < deadline_ns) {
        if (rig_poll(rig) == 0) {
            rig_wait(rig);
        }
    }
    if (answers && rig->downs == 0) {
        assert_int_equal(rig->acks_answered, rig->acks_written);
    }
}

void rig_linger(struct rig *rig, int64_t ns)
{
    int64_t until_ns = mono_ns() + ns;

    while (mono_ns() < until_ns) {
        if (rig_poll(rig) == 0) {
            rig_wait(rig);
        }
    }
}

static void assert_copies(const struct rig *rig, uint32_t subscription, uint32_t message)
{
    uint32_t expected = rig->outcomes[message] == EVENT_ACKED + 1 ? 1 : 0;
    uint32_t copies = rig->received[subscription][message];

    if (copies != expected) {
        fail_msg("subscription %u has message %u %u times instead of %u", subscription, message,
                 copies, expected);
    }
}

void rig_assert_exactly_once(const struct rig *rig)
{
    for (uint32_t s = 0; s < rig->spec.subscriptions; s++) {
        for (uint32_t i = 0; i < rig->sent; i++) {
            assert_copies(rig, s, i);
        }
    }
}

uint32_t rig_received(const struct rig *rig, uint32_t subscription)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < rig->sent; i++) {
        count += rig->received[subscription][i] > 0;
    }
    return count;
}
