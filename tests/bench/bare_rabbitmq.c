/*
 * bare_rabbitmq: the least that moves messages with rabbitmq-c; what Millrace's driver is measured
 * against. See bare.h; ADDRESS is amqp://HOST:PORT.
 *
 * confirm asks for publisher confirms and sets `mandatory`, publish does neither. A connection and
 * a thread for each end.
 */
#include "bare.h"
#include "bare_amqp.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define PUBLISHES 16 /* Between two looks at the confirms. */

static void publish_one(amqp_connection_state_t connection, const struct bare_job *job, char *body)
{
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          .delivery_mode = AMQP_DELIVERY_NONPERSISTENT};

    bare_check(amqp_basic_publish(connection, BARE_AMQP_CHANNEL, amqp_cstring_bytes(BARE_AMQP_NAME),
                                  amqp_cstring_bytes(BARE_AMQP_KEY), job->confirms, 0, &properties,
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
    amqp_maybe_release_buffers_on_channel(connection, BARE_AMQP_CHANNEL);
    return tag;
}

static void *produce(void *argument)
{
    static const struct timeval at_once;
    const struct bare_job *job = argument;
    amqp_connection_state_t connection = bare_amqp_login(job->address);
    char *body = calloc(1, job->bytes);
    uint64_t sent = 0;
    uint64_t acked = 0; /* Highest tag: good enough here, the driver keeps a table. */

    bare_check(body != NULL, "allocating", "no memory");
    if (job->confirms) {
        bare_amqp_ask_confirms(connection);
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
    bare_amqp_logout(connection);
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

int main(int argc, char **argv)
{
    struct bare_job job = bare_job_read(argc, argv);
    amqp_connection_state_t admin = bare_amqp_login(job.address);
    amqp_connection_state_t consumer = bare_amqp_login(job.address);
    pthread_t threads[2];

    bare_amqp_make_queue(admin);
    bare_amqp_subscribe(consumer);
    bare_check(pthread_create(&threads[0], NULL, consume, consumer) == 0 &&
                   pthread_create(&threads[1], NULL, produce, &job) == 0,
               "starting", "no thread");
    bare_measure(&job);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    (void)amqp_destroy_connection(consumer);
    bare_amqp_remove_queue(admin);
    bare_amqp_logout(admin);
    return 0;
}
