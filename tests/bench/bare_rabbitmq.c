/*
 * bare_rabbitmq: the least that moves messages with rabbitmq-c; what Millrace's driver is measured
 * against. See bare.h; ADDRESS is amqp://HOST:PORT.
 *
 * confirm asks for publisher confirms and sets `mandatory`, publish does neither. Transient
 * messages through a direct exchange to a queue that isn't durable, consumed with no_ack; a
 * connection and a thread for each end.
 */
#include "bare.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHANNEL 1
#define NAME "millrace-bare"
#define KEY "0"
#define FRAME_BYTES_MAX 131072
#define PUBLISHES 16 /* Between two looks at the confirms. */

static void check_reply(amqp_rpc_reply_t reply, const char *what)
{
    bare_check(reply.reply_type == AMQP_RESPONSE_NORMAL, what, "the broker or library says no");
}

static amqp_connection_state_t login(const char *address)
{
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    struct amqp_connection_info info = {0};
    char *copy = strdup(address);

    bare_check(copy != NULL && amqp_parse_url(copy, &info) == AMQP_STATUS_OK, "address", address);
    bare_check(amqp_socket_open(socket, info.host, info.port) == AMQP_STATUS_OK, "connecting",
               address);
    check_reply(amqp_login(connection, info.vhost, 0, FRAME_BYTES_MAX, 0, AMQP_SASL_METHOD_PLAIN,
                           info.user, info.password),
                "login");
    (void)amqp_channel_open(connection, CHANNEL);
    check_reply(amqp_get_rpc_reply(connection), "opening a channel");
    free(copy);
    return connection;
}

static void logout(amqp_connection_state_t connection)
{
    check_reply(amqp_connection_close(connection, AMQP_REPLY_SUCCESS), "closing");
    (void)amqp_destroy_connection(connection);
}

static void publish_one(amqp_connection_state_t connection, const struct bare_job *job, char *body)
{
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          .delivery_mode = AMQP_DELIVERY_NONPERSISTENT};

    bare_check(amqp_basic_publish(connection, CHANNEL, amqp_cstring_bytes(NAME),
                                  amqp_cstring_bytes(KEY), job->confirms, 0, &properties,
                                  (amqp_bytes_t){.len = job->bytes, .bytes = body}) ==
                   AMQP_STATUS_OK,
               "publishing", "the connection broke");
}

/* Takes one frame; the highest tag that it confirms, or 0 if there was none in time. */
static uint64_t confirmed(amqp_connection_state_t connection, const struct timeval *timeout)
{
    amqp_frame_t frame;
    uint64_t tag = 0;
    int status = amqp_simple_wait_frame_noblock(connection, &frame, timeout);

    if (status == AMQP_STATUS_TIMEOUT) {
        return 0;
    }
    bare_check(status == AMQP_STATUS_OK, "waiting for a confirm", amqp_error_string2(status));
    bare_check(frame.frame_type == AMQP_FRAME_METHOD &&
                   frame.payload.method.id == AMQP_BASIC_ACK_METHOD,
               "waiting for a confirm", "something else came");
    tag = ((const amqp_basic_ack_t *)frame.payload.method.decoded)->delivery_tag;
    amqp_maybe_release_buffers_on_channel(connection, CHANNEL);
    return tag;
}

static void *produce(void *argument)
{
    static const struct timeval at_once;
    const struct bare_job *job = argument;
    amqp_connection_state_t connection = login(job->address);
    char *body = calloc(1, job->bytes);
    uint64_t sent = 0;
    uint64_t acked = 0; /* Highest tag: good enough here, the driver keeps a table. */

    bare_check(body != NULL, "allocating", "no memory");
    if (job->confirms) {
        (void)amqp_confirm_select(connection, CHANNEL);
        check_reply(amqp_get_rpc_reply(connection), "asking for confirms");
    }
    while (bare_sending() || (job->confirms && acked < sent)) {
        bool full = false;

        for (int i = 0; i < PUBLISHES && bare_sending() && !full; i++) {
            publish_one(connection, job, body);
            sent++;
            full = job->confirms && sent - acked >= job->window;
        }
        while (job->confirms && acked < sent) {
            bool waits = full || !bare_sending();
            uint64_t tag = confirmed(connection, waits ? NULL : &at_once);

            if (tag == 0) {
                break;
            }
            acked = tag > acked ? tag : acked;
            full = false;
        }
    }
    bare_sent(sent);
    free(body);
    logout(connection);
    return NULL;
}

static void *consume(void *argument)
{
    amqp_connection_state_t connection = argument;
    struct timeval patience = {.tv_usec = 100000};
    amqp_envelope_t envelope;

    while (bare_receiving()) {
        amqp_rpc_reply_t reply;

        amqp_maybe_release_buffers(connection);
        reply = amqp_consume_message(connection, &envelope, &patience, 0);
        if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
            amqp_destroy_envelope(&envelope);
            bare_count(1);
        } else {
            bare_check(reply.library_error == AMQP_STATUS_TIMEOUT, "consuming",
                       amqp_error_string2(reply.library_error));
        }
    }
    return NULL;
}

static void make_queue(amqp_connection_state_t connection)
{
    (void)amqp_exchange_declare(connection, CHANNEL, amqp_cstring_bytes(NAME),
                                amqp_cstring_bytes("direct"), 0, 0, 0, 0, amqp_empty_table);
    check_reply(amqp_get_rpc_reply(connection), "declaring the exchange");
    (void)amqp_queue_declare(connection, CHANNEL, amqp_cstring_bytes(NAME), 0, 0, 0, 0,
                             amqp_empty_table);
    check_reply(amqp_get_rpc_reply(connection), "declaring the queue");
    (void)amqp_queue_bind(connection, CHANNEL, amqp_cstring_bytes(NAME), amqp_cstring_bytes(NAME),
                          amqp_cstring_bytes(KEY), amqp_empty_table);
    check_reply(amqp_get_rpc_reply(connection), "binding the queue");
    (void)amqp_queue_purge(connection, CHANNEL, amqp_cstring_bytes(NAME));
    check_reply(amqp_get_rpc_reply(connection), "purging the queue");
}

int main(int argc, char **argv)
{
    struct bare_job job = bare_job_read(argc, argv);
    amqp_connection_state_t admin = login(job.address);
    amqp_connection_state_t consumer = login(job.address);
    pthread_t threads[2];

    make_queue(admin);
    (void)amqp_basic_consume(consumer, CHANNEL, amqp_cstring_bytes(NAME), amqp_empty_bytes, 0, 1, 0,
                             amqp_empty_table);
    check_reply(amqp_get_rpc_reply(consumer), "subscribing");
    bare_check(pthread_create(&threads[0], NULL, consume, consumer) == 0 &&
                   pthread_create(&threads[1], NULL, produce, &job) == 0,
               "starting", "no thread");
    bare_measure(&job);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    (void)amqp_destroy_connection(consumer);
    (void)amqp_queue_delete(admin, CHANNEL, amqp_cstring_bytes(NAME), 0, 0);
    (void)amqp_exchange_delete(admin, CHANNEL, amqp_cstring_bytes(NAME), 0);
    logout(admin);
    return 0;
}
