/* kafka_submit: messages on their way into the library. */
#include "kafka_producer_inner.h"

/* A message that the library won't take has its outcome at once, but poll() tells it. */
static void refuse(struct endpoint *endpoint, const struct message *message,
                   rd_kafka_resp_err_t error)
{
    ASSERT(endpoint->later_count < KAFKA_LATER_MAX);
    endpoint->later[endpoint->later_count++] = (struct kafka_later){
        .token = message->token, .client = message->client, .text = rd_kafka_err2str(error)};
}

/* How many of the first messages are of one topic. */
static uint32_t count_of_topic(const struct message *messages, uint32_t messages_count)
{
    uint32_t count = 1;

    while (count < messages_count && messages[count].topic == messages[0].topic) {
        count++;
    }
    return count;
}

/* How many of the first messages there is room to put together. */
static uint32_t count_that_fit(const struct endpoint *endpoint, const struct message *messages,
                               uint32_t messages_count)
{
    size_t bytes = 0;
    uint32_t count = 0;

    while (count < messages_count &&
           (bytes += message_whole_bytes(&messages[count])) <= endpoint->whole_bytes_max) {
        count++;
    }
    return count;
}

/* False: of several partitions. The library looks one up for each message then. */
static bool fill(const struct endpoint *endpoint, rd_kafka_message_t *ret,
                 const struct message *messages, uint32_t messages_count)
{
    char *whole = endpoint->whole;
    bool same = true;

    for (uint32_t i = 0; i < messages_count; i++) {
        const struct message *message = &messages[i];

        message_write(message, whole);
        ret[i] = (rd_kafka_message_t){.partition = (int32_t)message->partition,
                                      .payload = whole,
                                      .len = message_whole_bytes(message),
                                      /* The library's own declaration knows no const. */
                                      .key = (void *)(uintptr_t)message->key,
                                      .key_len = message->key_bytes,
                                      ._private = kafka_opaque(message->client, message->token)};
        whole += message_whole_bytes(message);
        same = same && message->partition == messages[0].partition;
    }
    return same;
}

/* Messages of one topic: one look at the clock and at the topic, and one waking of its threads. How
 * many were taken, with those that have their outcome already; as many as that can be told of. */
static uint32_t produce(struct endpoint *endpoint, struct kafka_handle *handle,
                        const struct message *messages, uint32_t messages_count)
{
    rd_kafka_message_t handed[SUBMIT_MESSAGES_MAX];
    uint32_t room = KAFKA_LATER_MAX - endpoint->later_count;
    uint32_t count = messages_count < room ? messages_count : room;
    bool same = fill(endpoint, handed, messages, count);
    int flags = RD_KAFKA_MSG_F_COPY | (same ? 0 : RD_KAFKA_MSG_F_PARTITION);

    if (count == 0 ||
        rd_kafka_produce_batch(handle->topics[messages[0].topic], (int32_t)messages[0].partition,
                               flags, handed, (int)count) == (int)count) {
        return count;
    }
    /* Full: then it took none of those that follow. */
    while (count > 0 && handed[count - 1].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        count--;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (handed[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            refuse(endpoint, &messages[i], handed[i].err);
            kafka_handle_wake(handle);
        }
    }
    return count;
}

int kafka_producer_submit(struct endpoint *endpoint, const struct message *messages,
                          uint32_t messages_count)
{
    struct kafka_handle *handle = &endpoint->handles[messages->client % endpoint->handles_count];
    uint32_t taken = 0;

    ASSERT(messages_count <= SUBMIT_MESSAGES_MAX);
    while (!handle->down && taken < messages_count) {
        uint32_t alike = count_of_topic(messages + taken, messages_count - taken);
        uint32_t count = count_that_fit(endpoint, messages + taken, alike);
        uint32_t more = produce(endpoint, handle, messages + taken, count);

        taken += more;
        if (more < count) {
            break;
        }
    }
    return (int)taken;
}
