#include "rabbitmq_stream.h"

#include <string.h>

size_t stream_body_bytes(uint64_t tag)
{
    return tag % 10 == 0 ? 0 : tag % 7 == 0 ? 4088 + tag * 31 : tag * 3;
}

const char *stream_body(uint64_t tag)
{
    static char body[RABBITMQ_BENCH_BODY_BYTES_MAX];

    for (size_t i = 0; i < stream_body_bytes(tag); i++) {
        body[i] = (char)(i * 7 + i / 256 + tag);
    }
    return body;
}

void stream_delivery(struct amqp_frames *frames, uint64_t tag)
{
    amqp_basic_deliver_t deliver = {.consumer_tag = amqp_cstring_bytes("0"),
                                    .delivery_tag = tag,
                                    .exchange = amqp_cstring_bytes("orders"),
                                    .routing_key = amqp_cstring_bytes("0")};
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          .delivery_mode = AMQP_DELIVERY_NONPERSISTENT};

    amqp_frames_method(frames, RABBITMQ_CHANNEL, AMQP_BASIC_DELIVER_METHOD, &deliver);
    amqp_frames_header(frames, RABBITMQ_CHANNEL, &properties, stream_body_bytes(tag));
    amqp_frames_body(frames, RABBITMQ_CHANNEL, stream_body(tag), stream_body_bytes(tag),
                     RABBITMQ_BENCH_FRAME_BYTES_MAX);
}

void stream_heartbeat(struct amqp_frames *frames)
{
    amqp_frames_add(frames, AMQP_FRAME_HEARTBEAT, 0, "", 0);
}

void stream_blocked(struct amqp_frames *frames)
{
    amqp_connection_blocked_t blocked = {.reason = amqp_cstring_bytes("low on memory")};

    amqp_frames_method(frames, 0, AMQP_CONNECTION_BLOCKED_METHOD, &blocked);
}

void stream_unblocked(struct amqp_frames *frames)
{
    amqp_connection_unblocked_t unblocked = {0};

    amqp_frames_method(frames, 0, AMQP_CONNECTION_UNBLOCKED_METHOD, &unblocked);
}

void stream_close(struct amqp_frames *frames)
{
    amqp_connection_close_t method = {.reply_code = AMQP_CONNECTION_FORCED,
                                      .reply_text = amqp_cstring_bytes("shutdown")};

    amqp_frames_method(frames, 0, AMQP_CONNECTION_CLOSE_METHOD, &method);
}

static void see(struct stream_seen *seen, const struct event *event)
{
    assert_false(seen->is_down && event->kind != EVENT_UNCONFIRMED);
    switch (event->kind) {
    case EVENT_MESSAGE:
        seen->tag++;
        assert_int_equal(event->token & 0xffffffff, seen->tag);
        assert_int_equal(event->bytes_count, stream_body_bytes(seen->tag));
        assert_memory_equal(event->bytes, stream_body(seen->tag), event->bytes_count);
        break;
    case EVENT_SAYS:
        seen->blocked += strcmp(event->text, "blocked: low on memory") == 0;
        seen->unblocked += strcmp(event->text, "no longer blocked") == 0;
        break;
    case EVENT_DOWN:
        seen->is_down = true;
        assert_string_equal(event->text,
                            "broker:5672: the broker closed the connection: shutdown (320)");
        break;
    default:
        assert_true(event->kind <= EVENT_UNCONFIRMED && event->token < STREAM_MESSAGES);
        assert_int_equal(seen->outcomes[event->token], 0);
        seen->outcomes[event->token] = (uint8_t)(1 + event->kind);
        break;
    }
}

void stream_poll(struct rabbitmq_bench *bench, struct stream_seen *seen, uint32_t events_max,
                 bool is_held)
{
    struct event events[STREAM_EVENTS_MAX];
    int count = is_held ? rabbitmq_poll_held(&bench->endpoint, events, events_max)
                        : rabbitmq_poll(&bench->endpoint, events, events_max);

    assert_in_range(count, 0, events_max);
    for (int i = 0; i < count; i++) {
        assert_false(is_held && events[i].kind == EVENT_MESSAGE);
        see(seen, &events[i]);
    }
}

void stream_poll_all(struct rabbitmq_bench *bench, struct stream_seen *seen)
{
    while (rabbitmq_bench_is_readable(rabbitmq_wait_fd(&bench->endpoint))) {
        stream_poll(bench, seen, STREAM_EVENTS_MAX, false);
    }
}
