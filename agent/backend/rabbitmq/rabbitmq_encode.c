#include "rabbitmq_encode_inner.h"

#include "invariant.h"
#include "rabbitmq_link_inner.h"

#include <string.h>

#define FRAME_HEAD_BYTES 7
#define FRAME_END 0xCE
#define METHOD_BYTES 4
#define TICKET_BYTES 2
#define KEY_BYTES_MAX 11
/* Of the tail: flags of the method, end mark, the header's frame up to the body's size. */
#define BODY_SIZE_AT (1 + 1 + FRAME_HEAD_BYTES + 4)
#define BODY_SIZE_BYTES 8

static char *put(char *to, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        *to++ = (char)(number >> (8 * i));
    }
    return to;
}

static char *put_text(char *to, const char *text, size_t text_bytes)
{
    *to++ = (char)text_bytes;
    memcpy(to, text, text_bytes);
    return to + text_bytes;
}

static char *put_frame_head(char *to, uint8_t type, uint16_t channel, size_t payload_bytes)
{
    to = put(to, type, 1);
    to = put(to, channel, 2);
    return put(to, payload_bytes, 4);
}

static void make_tail(struct rabbitmq_form *form, bool is_mandatory,
                      const amqp_basic_properties_t *properties)
{
    char id[RABBITMQ_MESSAGE_ID_BYTES] = {0};
    amqp_basic_properties_t own = *properties;
    amqp_bytes_t room;
    char *to = form->tail;
    char *payload;
    int bytes;

    if (form->is_numbered) { /* The last of those that are set: so its place is at the end. */
        own._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        own.message_id = (amqp_bytes_t){.len = sizeof id, .bytes = id};
    }
    to = put(to, is_mandatory, 1);
    to = put(to, FRAME_END, 1);
    payload = to + FRAME_HEAD_BYTES;
    to = put(payload, AMQP_BASIC_CLASS, 2);
    to = put(to, 0, 2);
    to = put(to, 0, BODY_SIZE_BYTES);
    room = (amqp_bytes_t){.len = (size_t)(form->tail + sizeof form->tail - to) - 1, .bytes = to};
    bytes = amqp_encode_properties(AMQP_BASIC_CLASS, &own, room);
    ASSERT(bytes >= 0);
    to += bytes;
    (void)put_frame_head(payload - FRAME_HEAD_BYTES, AMQP_FRAME_HEADER, RABBITMQ_CHANNEL,
                         (size_t)(to - payload));
    to = put(to, FRAME_END, 1);
    form->tail_bytes = (uint16_t)(to - form->tail);
}

void rabbitmq_form_make(struct rabbitmq_form *form, const char *exchange, bool is_mandatory,
                        bool is_numbered, const amqp_basic_properties_t *properties)
{
    char *to = form->head + FRAME_HEAD_BYTES;
    size_t exchange_bytes = strlen(exchange);

    ASSERT(exchange_bytes < TOPIC_NAME_BYTES);
    to = put(to, AMQP_BASIC_PUBLISH_METHOD, METHOD_BYTES);
    to = put(to, 0, TICKET_BYTES);
    to = put_text(to, exchange, exchange_bytes);
    form->head_bytes = (uint16_t)(to - form->head);
    form->is_numbered = is_numbered;
    make_tail(form, is_mandatory, properties);
}

size_t rabbitmq_publish_bytes_max(size_t body_bytes)
{
    size_t frames = body_bytes / (RABBITMQ_FRAME_BYTES_MIN - RABBITMQ_FRAME_OVERHEAD_BYTES) + 1;

    return sizeof(struct rabbitmq_form) + KEY_BYTES_MAX + 1 + body_bytes +
           frames * RABBITMQ_FRAME_OVERHEAD_BYTES;
}

/* In as many frames as it takes; the head is in the first. */
static char *put_body(char *to, const struct rabbitmq_publish *publish, size_t frame_bytes_max)
{
    size_t part_max = frame_bytes_max - RABBITMQ_FRAME_OVERHEAD_BYTES;
    size_t left = publish->head_bytes + publish->body_bytes;
    size_t head_bytes = publish->head_bytes;
    const char *body = publish->body;

    ASSERT(head_bytes <= part_max);
    while (left > 0) {
        size_t part = left < part_max ? left : part_max;

        to = put_frame_head(to, AMQP_FRAME_BODY, RABBITMQ_CHANNEL, part);
        if (head_bytes > 0) {
            memcpy(to, publish->head, head_bytes);
        }
        if (part > head_bytes) {
            memcpy(to + head_bytes, body, part - head_bytes);
        }
        body += part - head_bytes;
        head_bytes = 0;
        to = put(to + part, FRAME_END, 1);
        left -= part;
    }
    return to;
}

size_t rabbitmq_encode_publish(const struct rabbitmq_form *form,
                               const struct rabbitmq_publish *publish, size_t frame_bytes_max,
                               char *to)
{
    char *begin = to;
    size_t key_bytes = strlen(publish->key);
    /* The method's flags are its last byte, and the first of the tail. */
    size_t method_bytes = (size_t)form->head_bytes - FRAME_HEAD_BYTES + 1 + key_bytes + 1;

    ASSERT(key_bytes <= KEY_BYTES_MAX && frame_bytes_max >= RABBITMQ_FRAME_BYTES_MIN);
    memcpy(to, form->head, form->head_bytes);
    (void)put_frame_head(to, AMQP_FRAME_METHOD, RABBITMQ_CHANNEL, method_bytes);
    to = put_text(to + form->head_bytes, publish->key, key_bytes);
    memcpy(to, form->tail, form->tail_bytes);
    (void)put(to + BODY_SIZE_AT, publish->head_bytes + publish->body_bytes, BODY_SIZE_BYTES);
    to += form->tail_bytes;
    if (form->is_numbered) {
        rabbitmq_number_write(publish->number, to - 1 - RABBITMQ_MESSAGE_ID_BYTES);
    }
    to = put_body(to, publish, frame_bytes_max);
    return (size_t)(to - begin);
}

void rabbitmq_encode_ack(uint64_t delivery_tag, bool multiple, char to[static RABBITMQ_ACK_BYTES])
{
    to = put_frame_head(to, AMQP_FRAME_METHOD, RABBITMQ_CHANNEL,
                        RABBITMQ_ACK_BYTES - RABBITMQ_FRAME_OVERHEAD_BYTES);
    to = put(to, AMQP_BASIC_ACK_METHOD, METHOD_BYTES);
    to = put(to, delivery_tag, 8);
    to = put(to, multiple, 1);
    (void)put(to, FRAME_END, 1);
}

void rabbitmq_encode_heartbeat(char to[static RABBITMQ_HEARTBEAT_BYTES])
{
    to = put_frame_head(to, AMQP_FRAME_HEARTBEAT, 0, 0);
    (void)put(to, FRAME_END, 1);
}

void rabbitmq_number_write(uint64_t number, char id[static RABBITMQ_MESSAGE_ID_BYTES])
{
    for (int i = RABBITMQ_MESSAGE_ID_BYTES - 1; i >= 0; i--) {
        id[i] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
}

uint64_t rabbitmq_number_read(const char *id, size_t id_bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < id_bytes && i < RABBITMQ_MESSAGE_ID_BYTES; i++) {
        unsigned digit = (unsigned char)id[i];

        number = number << 4 | (digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return number;
}
