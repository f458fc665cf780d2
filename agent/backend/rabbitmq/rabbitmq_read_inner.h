/*
 * rabbitmq_read_inner: frames that have arrived, one by one and without waiting.
 *
 * On a plain socket the bytes are read here, many at a time, into room that all clients of an
 * endpoint share, and the library makes frames of them. Left to itself it reads into 128 KiB of
 * each connection, and where the bytes end within a frame it asks the kernel twice more whether the
 * rest is there. What it had read ahead while it logged in and subscribed is taken first. Over TLS
 * it reads.
 *
 * Private to the RabbitMQ driver.
 */
#ifndef MILLRACE_RABBITMQ_READ_INNER_H
#define MILLRACE_RABBITMQ_READ_INNER_H

#include "rabbitmq_client_inner.h"

/* A client's turn. */
struct rabbitmq_reading {
    struct endpoint *endpoint;
    struct rabbitmq_client *client;
    bool may_receive; /* The socket may have bytes. */
    bool is_unread;   /* The bytes are those that the client had kept. */
    const char *bytes;
    size_t begin;
    size_t end;
};

/* Once per endpoint, at open. 0 or -ENOMEM. */
int rabbitmq_reads_init(struct endpoint *endpoint);
void rabbitmq_reads_done(struct endpoint *endpoint);
/* Likewise per client. */
int rabbitmq_read_init(struct rabbitmq_client *client);
void rabbitmq_read_done(struct rabbitmq_client *client);

/* Something was read that was not looked at; whatever epoll says. */
bool rabbitmq_is_buffered(const struct rabbitmq_client *client);

/* Of a client that is up: begin(), next() as long as there is room for what a frame may tell,
 * end(). next() is false if no frame is there whole; also if the connection broke, which then is
 * lost. A frame is valid until the next call; its memory goes back by rabbitmq_read_release(). */
void rabbitmq_read_begin(struct rabbitmq_reading *reading, struct endpoint *endpoint,
                         struct rabbitmq_client *client, bool is_readable);
bool rabbitmq_read_next(struct rabbitmq_reading *reading, amqp_frame_t *ret);
void rabbitmq_read_release(struct rabbitmq_reading *reading, const amqp_frame_t *frame);
void rabbitmq_read_end(struct rabbitmq_reading *reading);

/* Before the link's goodbye, to which the library reads the answer: hands it what it has not seen,
 * so that it does not begin within a frame. */
void rabbitmq_read_hand_back(struct rabbitmq_client *client);

#endif
