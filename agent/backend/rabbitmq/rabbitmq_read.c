#include "rabbitmq_read_inner.h"

#include "pages.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BYTES ((size_t)64 * 1024)

int rabbitmq_reads_init(struct endpoint *endpoint)
{
    endpoint->inbound = pages_new(READ_BYTES);
    return endpoint->inbound != NULL ? 0 : -ENOMEM;
}

void rabbitmq_reads_done(struct endpoint *endpoint)
{
    pages_free(endpoint->inbound, READ_BYTES);
    endpoint->inbound = NULL;
}

int rabbitmq_read_init(struct rabbitmq_client *client)
{
    return kept_init(&client->unread, READ_BYTES);
}

void rabbitmq_read_done(struct rabbitmq_client *client)
{
    kept_done(&client->unread);
}

/* By the library. */
static bool has_read_ahead(const struct rabbitmq_client *client)
{
    return amqp_frames_enqueued(client->link.connection) ||
           amqp_data_in_buffer(client->link.connection);
}

bool rabbitmq_is_buffered(const struct rabbitmq_client *client)
{
    return client->is_up &&
           (client->unread.end > 0 || (!client->is_read_by_us && has_read_ahead(client)));
}

void rabbitmq_read_begin(struct rabbitmq_reading *reading, struct endpoint *endpoint,
                         struct rabbitmq_client *client, bool is_readable)
{
    *reading = (struct rabbitmq_reading){.endpoint = endpoint,
                                         .client = client,
                                         .may_receive = is_readable,
                                         .is_unread = client->unread.end > 0,
                                         .bytes = client->unread.bytes,
                                         .begin = client->unread.begin,
                                         .end = client->unread.end};
}

static bool next_of_library(const struct rabbitmq_reading *reading, amqp_frame_t *ret)
{
    struct rabbitmq_client *client = reading->client;
    struct timeval at_once = {0};
    int status = amqp_simple_wait_frame_noblock(client->link.connection, ret, &at_once);

    if (status != AMQP_STATUS_OK && status != AMQP_STATUS_TIMEOUT) {
        rabbitmq_client_lost(reading->endpoint, client, "the connection broke: %s",
                             amqp_error_string2(status));
    }
    return status == AMQP_STATUS_OK;
}

/* What was kept has all been looked at. */
static void finish_unread(struct rabbitmq_reading *reading)
{
    if (reading->is_unread) {
        kept_drop(&reading->client->unread);
        reading->is_unread = false;
    }
}

/* Less than there is room for was all there was: to ask once more would cost as much as the answer,
 * and epoll tells what comes later. */
static bool receive(struct rabbitmq_reading *reading)
{
    struct rabbitmq_client *client = reading->client;
    ssize_t r;

    finish_unread(reading);
    if (!reading->may_receive) {
        return false;
    }
    do {
        r = recv(client->link.fd, reading->endpoint->inbound, READ_BYTES, MSG_DONTWAIT);
    } while (r < 0 && errno == EINTR);
    reading->may_receive = r == (ssize_t)READ_BYTES;
    if (r > 0) {
        reading->bytes = reading->endpoint->inbound;
        reading->begin = 0;
        reading->end = (size_t)r;
    } else if (r == 0) {
        rabbitmq_client_lost(reading->endpoint, client, "the connection broke: %s",
                             amqp_error_string2(AMQP_STATUS_CONNECTION_CLOSED));
    } else if (errno != EAGAIN) {
        rabbitmq_client_lost(reading->endpoint, client, "the connection broke: %s",
                             strerror(errno));
    }
    return r > 0;
}

/* Gives the library the bytes up to the end of a frame. How many, or one of its negative codes.
 * Whatever it made of a frame that says nothing goes back. */
static int take_frame(amqp_connection_state_t connection, const char *bytes, size_t count,
                      amqp_frame_t *ret)
{
    /* The library only reads them. */
    amqp_bytes_t given = {.len = count, .bytes = (void *)(uintptr_t)bytes};
    int r = amqp_handle_input(connection, given, ret);

    if (r > 0 && ret->frame_type == AMQP_FRAME_HEARTBEAT) {
        ret->frame_type = 0;
    }
    if (r > 0 && ret->frame_type == 0) {
        amqp_maybe_release_buffers(connection); /* Not within a frame. */
    }
    return r;
}

static bool next_of_ours(struct rabbitmq_reading *reading, amqp_frame_t *ret)
{
    struct rabbitmq_client *client = reading->client;

    ret->frame_type = 0;
    while (ret->frame_type == 0) {
        int r;

        if (reading->begin == reading->end && !receive(reading)) {
            return false;
        }
        r = take_frame(client->link.connection, reading->bytes + reading->begin,
                       reading->end - reading->begin, ret);
        if (r <= 0) {
            rabbitmq_client_lost(reading->endpoint, client, "the connection broke: %s",
                                 amqp_error_string2(r));
            return false;
        }
        reading->begin += (size_t)r;
    }
    return true;
}

bool rabbitmq_read_next(struct rabbitmq_reading *reading, amqp_frame_t *ret)
{
    struct rabbitmq_client *client = reading->client;

    if (!client->link.is_plain) {
        bool may_read = reading->may_receive || has_read_ahead(client);

        reading->may_receive = false;
        return may_read && next_of_library(reading, ret);
    }
    if (!client->is_read_by_us) {
        if (has_read_ahead(client) && next_of_library(reading, ret)) {
            return true;
        }
        client->is_read_by_us = true; /* It may have the beginning of a frame, and goes on there. */
    }
    return client->is_up && next_of_ours(reading, ret);
}

void rabbitmq_read_release(struct rabbitmq_reading *reading, const amqp_frame_t *frame)
{
    if (reading->client->is_up) {
        amqp_maybe_release_buffers_on_channel(reading->client->link.connection, frame->channel);
    }
}

void rabbitmq_read_end(struct rabbitmq_reading *reading)
{
    struct rabbitmq_client *client = reading->client;

    if (!client->is_up) {
        return; /* What was left went with the connection. */
    }
    if (reading->is_unread) {
        kept_took(&client->unread, reading->begin - client->unread.begin);
    } else if (reading->begin < reading->end) {
        kept_put(&client->unread, reading->bytes + reading->begin, reading->end - reading->begin);
    }
}

void rabbitmq_read_hand_back(struct rabbitmq_client *client)
{
    struct kept *unread = &client->unread;

    while (client->link.connection != NULL && unread->end > 0) {
        amqp_frame_t frame;
        int r = take_frame(client->link.connection, unread->bytes + unread->begin,
                           unread->end - unread->begin, &frame);

        if (r <= 0) {
            rabbitmq_link_drop(&client->link);
            return;
        }
        amqp_maybe_release_buffers(client->link.connection);
        kept_took(unread, (size_t)r);
    }
}
