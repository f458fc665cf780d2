/* kafka_messages: what a consuming handle says: messages, answers to commits, errors. */
#include "kafka_commit_inner.h"
#include "kafka_consumer_inner.h"
#include "kafka_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

/* So many messages share the time at which the last of them came out of the library: a look at the
 * clock costs a third of what it takes to get one out. */
#define STAMPED_TOGETHER 16

/* Keeps the event's memory until the next poll(). */
static void hold(struct endpoint *endpoint, rd_kafka_event_t *event)
{
    ASSERT(endpoint->held_count < KAFKA_HELD_MAX);
    endpoint->held[endpoint->held_count++] = event;
}

static void take_message(struct endpoint *endpoint, struct kafka_handle *handle,
                         rd_kafka_event_t *event, struct kafka_out *out)
{
    const rd_kafka_message_t *message = rd_kafka_event_message_next(event);
    const struct kafka_reading *reading;
    uint32_t slot;

    if (message == NULL) {
        rd_kafka_event_destroy(event);
        return;
    }
    reading = message->rkt == NULL ? NULL : rd_kafka_topic_opaque(message->rkt);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || reading == NULL ||
        (uint32_t)message->partition >= reading->partitions ||
        message->offset >= INT64_C(1) << KAFKA_OFFSET_BITS) {
        out->events[out->count++] =
            (struct event){.kind = EVENT_ERROR,
                           .client = handle->first_client,
                           .text = message->err != RD_KAFKA_RESP_ERR_NO_ERROR
                                       ? rd_kafka_message_errstr(message)
                                       : "a message of a partition that the topic did not have"};
        hold(endpoint, event);
        return;
    }
    slot = reading->slot_first + (uint32_t)message->partition;
    endpoint->slots[slot].consumed = message->offset + 1;
    out->events[out->count++] =
        (struct event){.kind = EVENT_MESSAGE,
                       .client = reading->client,
                       .token = (uint64_t)slot << KAFKA_OFFSET_BITS | (uint64_t)message->offset,
                       .topic = reading->topic,
                       .partition = (uint32_t)message->partition,
                       .bytes = message->payload,
                       .bytes_count = (uint32_t)message->len};
    hold(endpoint, event);
    /* No sign of life: it may have been fetched long ago. */
}

/* What the handle itself says. The event is destroyed or, if out became full on the way, kept as
 * handle->half. */
static void take_said(struct endpoint *endpoint, struct kafka_handle *handle,
                      rd_kafka_event_t *event, struct kafka_out *out)
{
    struct kafka_error error;

    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        kafka_commit_take(endpoint, handle, event, out);
        return;
    case RD_KAFKA_EVENT_ERROR:
        error = (struct kafka_error){.code = rd_kafka_event_error(event),
                                     .is_fatal = rd_kafka_event_error_is_fatal(event) != 0,
                                     .words = rd_kafka_event_error_string(event)};
        kafka_take_error(endpoint, handle, &error, out);
        break;
    default:
        break;
    }
    rd_kafka_event_destroy(event);
}

/* What the library has beyond that waits for the answers to commits. */
static bool may_take(const struct endpoint *endpoint, const struct kafka_handle *handle,
                     const struct kafka_out *out)
{
    return out->count < out->max && !endpoint->is_held &&
           handle->commits.end - handle->commits.first < KAFKA_ACKS_MAX;
}

/* They came out of the library by now. */
static uint32_t stamp(struct kafka_out *out, uint32_t first)
{
    int64_t now_ns = mono_ns();

    for (uint32_t i = first; i < out->count; i++) {
        out->events[i].at_ns = now_ns;
    }
    return out->count;
}

static void take_messages(struct endpoint *endpoint, struct kafka_handle *handle,
                          struct kafka_out *out)
{
    uint32_t first = out->count;
    rd_kafka_event_t *event;

    while (may_take(endpoint, handle, out) &&
           (event = rd_kafka_queue_poll(handle->message_queue, 0)) != NULL) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH) {
            take_message(endpoint, handle, event, out);
        } else {
            take_said(endpoint, handle, event, out);
        }
        if (out->count - first >= STAMPED_TOGETHER) {
            first = stamp(out, first);
        }
    }
    if (first < out->count) {
        (void)stamp(out, first);
    }
}

/* What was left over, then what the handle says until that was all, then its messages. To ask an
 * empty queue for each message costs as much as to take one. */
static void serve(struct endpoint *endpoint, struct kafka_handle *handle, struct kafka_out *out)
{
    rd_kafka_event_t *event = handle->half;

    handle->half = NULL;
    if (event == NULL) {
        event = rd_kafka_queue_poll(handle->queue, 0);
    }
    while (event != NULL) {
        take_said(endpoint, handle, event, out);
        event = out->count < out->max ? rd_kafka_queue_poll(handle->queue, 0) : NULL;
    }
    take_messages(endpoint, handle, out);
}

int kafka_consumer_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    endpoint->is_held = false;
    return kafka_endpoint_poll(endpoint, events, events_max, serve);
}

int kafka_consumer_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    endpoint->is_held = true;
    return kafka_endpoint_poll(endpoint, events, events_max, serve);
}
