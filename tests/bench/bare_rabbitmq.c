/*
 * bare_rabbitmq: the least that moves messages with rabbitmq-c; what Millrace's driver is measured
 * against.
 *
 *     bare_rabbitmq ADDRESS publish|confirm|consume|both [SECONDS [BYTES [WINDOW]]]
 *
 * publish: no confirms. confirm: publisher confirms, WINDOW outstanding. consume: no_ack, of
 * 200,000 messages that are published before. both: confirm and consume on a thread each. Prints a
 * line for each direction: mode, messages, seconds, rate_per_s, cpu_us_per_message; with `both` the
 * CPU is of both threads.
 */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define CHANNEL 1
#define QUEUE "millrace-bare"
#define FRAME_BYTES_MAX 131072
#define CONSUME_MESSAGES 200000

struct job {
    const char *address;
    const char *mode;
    double seconds;
    size_t bytes;
    uint64_t window;
    uint64_t messages; /* Result. */
    double took_s;
    double cpu_s; /* Of the thread. */
};

/* How many messages there are to consume; 0 while they are still being sent. */
static atomic_uint_fast64_t expected;

static double now_s(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bare_rabbitmq: %s failed\n", what);
        exit(1);
    }
}

static void check_reply(amqp_rpc_reply_t reply, const char *what)
{
    check(reply.reply_type == AMQP_RESPONSE_NORMAL, what);
}

static amqp_connection_state_t login(const char *address)
{
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    struct amqp_connection_info info;
    char *copy = strdup(address);

    check(copy != NULL && amqp_parse_url(copy, &info) == AMQP_STATUS_OK, "parsing the address");
    check(amqp_socket_open(socket, info.host, info.port) == AMQP_STATUS_OK, "connecting");
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

static void publish_one(amqp_connection_state_t connection, const struct job *job, char *body)
{
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          .delivery_mode = 1};

    check(amqp_basic_publish(connection, CHANNEL, amqp_empty_bytes, amqp_cstring_bytes(QUEUE),
                             strcmp(job->mode, "publish") != 0, 0, &properties,
                             (amqp_bytes_t){.len = job->bytes, .bytes = body}) == AMQP_STATUS_OK,
          "publishing");
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
    check(status == AMQP_STATUS_OK, "waiting for a confirm");
    check(frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD,
          "a confirm");
    tag = ((const amqp_basic_ack_t *)frame.payload.method.decoded)->delivery_tag;
    amqp_maybe_release_buffers_on_channel(connection, CHANNEL);
    return tag;
}

/* Publishes for a time; with confirms unless the mode says otherwise. */
static void *produce(void *argument)
{
    static const struct timeval at_once;
    struct job *job = argument;
    amqp_connection_state_t connection = login(job->address);
    bool confirms = strcmp(job->mode, "publish") != 0;
    char *body = calloc(1, job->bytes);
    double start_s = now_s(CLOCK_MONOTONIC);
    double cpu_s = now_s(CLOCK_THREAD_CPUTIME_ID);
    uint64_t sent = 0;
    uint64_t acked = 0; /* Highest tag: good enough here, the driver keeps a table. */

    check(body != NULL, "allocating");
    if (confirms) {
        (void)amqp_confirm_select(connection, CHANNEL);
        check_reply(amqp_get_rpc_reply(connection), "asking for confirms");
    }
    while (now_s(CLOCK_MONOTONIC) - start_s < job->seconds) {
        /* A look at the clock and at the confirms for every 16 messages. */
        for (int i = 0; i < 16; i++) {
            publish_one(connection, job, body);
            sent++;
        }
        while (confirms) {
            uint64_t tag = confirmed(connection, sent - acked < job->window ? &at_once : NULL);

            if (tag == 0) {
                break;
            }
            acked = tag > acked ? tag : acked;
        }
    }
    while (confirms && acked < sent) {
        uint64_t tag = confirmed(connection, NULL);

        acked = tag > acked ? tag : acked;
    }
    job->took_s = now_s(CLOCK_MONOTONIC) - start_s;
    job->cpu_s = now_s(CLOCK_THREAD_CPUTIME_ID) - cpu_s;
    job->messages = sent;
    expected = sent;
    free(body);
    logout(connection);
    return NULL;
}

/* Takes messages until it has all that were sent. */
static void *consume(void *argument)
{
    struct job *job = argument;
    amqp_connection_state_t connection = login(job->address);
    double start_s = now_s(CLOCK_MONOTONIC);
    double cpu_s = now_s(CLOCK_THREAD_CPUTIME_ID);
    struct timeval patience = {.tv_usec = 100000};
    amqp_envelope_t envelope;

    (void)amqp_basic_consume(connection, CHANNEL, amqp_cstring_bytes(QUEUE), amqp_empty_bytes, 0, 1,
                             0, amqp_empty_table);
    check_reply(amqp_get_rpc_reply(connection), "subscribing");
    while (expected == 0 || job->messages < expected) {
        amqp_rpc_reply_t reply;

        amqp_maybe_release_buffers(connection);
        reply = amqp_consume_message(connection, &envelope, &patience, 0);
        if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
            amqp_destroy_envelope(&envelope);
            job->messages++;
        } else {
            check(reply.library_error == AMQP_STATUS_TIMEOUT, "consuming");
        }
    }
    job->took_s = now_s(CLOCK_MONOTONIC) - start_s;
    job->cpu_s = now_s(CLOCK_THREAD_CPUTIME_ID) - cpu_s;
    (void)amqp_destroy_connection(connection);
    return NULL;
}

static void report(const struct job *job, const char *mode)
{
    (void)printf("mode=%s messages=%" PRIu64 " seconds=%.2f rate_per_s=%.0f "
                 "cpu_us_per_message=%.2f\n",
                 mode, job->messages, job->took_s, (double)job->messages / job->took_s,
                 job->cpu_s * 1e6 / (double)job->messages);
}

static void make_queue(amqp_connection_state_t connection)
{
    (void)amqp_queue_declare(connection, CHANNEL, amqp_cstring_bytes(QUEUE), 0, 0, 0, 0,
                             amqp_empty_table);
    check_reply(amqp_get_rpc_reply(connection), "declaring the queue");
    (void)amqp_queue_purge(connection, CHANNEL, amqp_cstring_bytes(QUEUE));
    check_reply(amqp_get_rpc_reply(connection), "purging the queue");
}

static void fill(amqp_connection_state_t connection, const struct job *job)
{
    char *body = calloc(1, job->bytes);

    check(body != NULL, "allocating");
    for (int i = 0; i < CONSUME_MESSAGES; i++) {
        publish_one(connection, job, body);
    }
    free(body);
    /* An answer on the same channel: all of it is in the queue. */
    (void)amqp_basic_qos(connection, CHANNEL, 0, 0, 0);
    check_reply(amqp_get_rpc_reply(connection), "filling the queue");
    expected = CONSUME_MESSAGES;
}

int main(int argc, char **argv)
{
    struct job job = {.seconds = 5, .bytes = 100, .window = 1000};
    amqp_connection_state_t connection;
    struct job other;
    pthread_t thread;

    check(argc >= 3, "usage: ADDRESS publish|confirm|consume|both [SECONDS [BYTES [WINDOW]]];");
    job.address = argv[1];
    job.mode = argv[2];
    job.seconds = argc > 3 ? strtod(argv[3], NULL) : job.seconds;
    job.bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : job.bytes;
    job.window = argc > 5 ? strtoul(argv[5], NULL, 10) : job.window;
    connection = login(job.address);
    make_queue(connection);
    other = job;
    if (strcmp(job.mode, "both") == 0) {
        check(pthread_create(&thread, NULL, consume, &other) == 0, "starting a thread");
        (void)produce(&job);
        check(pthread_join(thread, NULL) == 0, "ending a thread");
        job.cpu_s += other.cpu_s;
        other.cpu_s = job.cpu_s;
        report(&job, "confirm");
        report(&other, "consume");
    } else if (strcmp(job.mode, "consume") == 0) {
        job.mode = "publish";
        fill(connection, &job);
        (void)consume(&job);
        report(&job, "consume");
    } else {
        (void)produce(&job);
        report(&job, job.mode);
    }
    (void)amqp_queue_delete(connection, CHANNEL, amqp_cstring_bytes(QUEUE), 0, 0);
    logout(connection);
    return 0;
}
