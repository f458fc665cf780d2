/*
 * rabbitmq_encode_inner: the bytes of what is written while load runs: publishes, acks, heartbeats
 * and a goodbye. (AMQP 0-9-1, 2.3.5 and 4.2.)
 *
 * The library can encode them too, but it writes each frame by a call of its own into the kernel,
 * and waits in it while the socket is full.
 *
 * Private to the RabbitMQ driver. Pure: no input or output, no memory of its own.
 */
#ifndef MILLRACE_RABBITMQ_ENCODE_INNER_H
#define MILLRACE_RABBITMQ_ENCODE_INNER_H

#include "bounds.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fits "123456789abc": a message's number in hexadecimal. */
#define RABBITMQ_MESSAGE_ID_BYTES 12

/* A frame: type, channel, bytes of the payload; the payload; an end mark. (AMQP 0-9-1, 4.2.3) */
#define RABBITMQ_FRAME_OVERHEAD_BYTES 8
#define RABBITMQ_FRAME_BYTES_MIN 4096 /* What every broker takes. */

/* The bytes of a publish that are the same for all messages of a topic. */
struct rabbitmq_form {
    char head[24 + TOPIC_NAME_BYTES]; /* From the method frame's first byte to the exchange. */
    char tail[72];                    /* Behind the routing key, up to the body's first frame. */
    uint16_t head_bytes;
    uint16_t tail_bytes;
    bool is_numbered; /* Messages carry a message_id. */
};

/* What a message adds. All is borrowed for the call. */
struct rabbitmq_publish {
    const char *key;  /* Routing key, with its end. */
    uint64_t number;  /* For message_id, where the form has one. */
    const char *head; /* Of the body; less than a frame. */
    size_t head_bytes;
    const char *body; /* What follows the head. */
    size_t body_bytes;
};

/* properties: delivery_mode and expiration at most (up to 23 characters). */
void rabbitmq_form_make(struct rabbitmq_form *form, const char *exchange, bool is_mandatory,
                        bool is_numbered, const amqp_basic_properties_t *properties);

/* The most bytes that a publish of so many bytes of body becomes, whatever the frames agreed on. */
size_t rabbitmq_publish_bytes_max(size_t body_bytes);

/* Writes the publish on RABBITMQ_CHANNEL; `to` has room for rabbitmq_publish_bytes_max(). Returns
 * its bytes. */
size_t rabbitmq_encode_publish(const struct rabbitmq_form *form,
                               const struct rabbitmq_publish *publish, size_t frame_bytes_max,
                               char *to);

#define RABBITMQ_ACK_BYTES 21
#define RABBITMQ_HEARTBEAT_BYTES RABBITMQ_FRAME_OVERHEAD_BYTES

void rabbitmq_encode_ack(uint64_t delivery_tag, bool multiple, char to[static RABBITMQ_ACK_BYTES]);
void rabbitmq_encode_heartbeat(char to[static RABBITMQ_HEARTBEAT_BYTES]);

/* A number as message_id. A return doesn't say which message it is, and confirms of several may
 * come as one, so it travels with each. */
void rabbitmq_number_write(uint64_t number, char id[static RABBITMQ_MESSAGE_ID_BYTES]);
uint64_t rabbitmq_number_read(const char *id, size_t id_bytes);

#endif
