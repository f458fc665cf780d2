/*
 * bare_rabbitmq_paced: the least that moves messages through RabbitMQ at a rate: what a paced load
 * costs by its wake-ups and system calls alone. See bare.h; ADDRESS is amqp://HOST:PORT.
 *
 *     bare_rabbitmq_paced ADDRESS confirm SECONDS BYTES WINDOW RATE TICK_US
 *
 * One thread, a connection for each end. It sleeps to the time of the next message, or with a
 * TICK_US above 0 to the next tick; then all that is due goes in one `send`, and each end is read
 * once, without waiting: no receipt wakes it. rabbitmq-c does the login and the topology, the
 * frames are written and read here. WINDOW isn't held: a rate is to be attained, or there is no
 * floor.
 */
#include "bare.h"
#include "bare_amqp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define READ_BYTES 65536
#define BATCH 1024 /* Messages in one send, after a pause of the whole machine. */
#define FRAME_HEAD_BYTES 7
#define CLASS_BASIC 60
#define METHOD_DELIVER 60
#define METHOD_ACK 80
#define FRAME_METHOD 1

/* What a connection sends to us; a frame that is cut stays until the rest has come. */
struct reader {
    int fd;
    size_t filled;
    unsigned char bytes[READ_BYTES + BARE_AMQP_FRAME_BYTES_MAX];
};

struct paced {
    const struct bare_job *job;
    int64_t gap_ns;
    int64_t tick_ns;
    struct reader producer;
    struct reader consumer;
    unsigned char *batch; /* BATCH messages, written once: all are alike. */
    size_t message_bytes;
    uint64_t sent;
    uint64_t acked;
};

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static unsigned char *put(unsigned char *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
    }
    return at + bytes;
}

static uint64_t take(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static unsigned char *put_text(unsigned char *at, const char *text)
{
    size_t length = strlen(text);

    at = put(at, length, 1);
    for (size_t i = 0; i < length; i++) { /* No end: its length stands before it. */
        *at++ = (unsigned char)text[i];
    }
    return at;
}

/* AMQP 0-9-1, 4.2.3 and 4.2.6: basic.publish, its content header, its body. */
static unsigned char *put_frame(unsigned char *at, unsigned char type, const unsigned char *payload,
                                size_t payload_bytes)
{
    at = put(at, type, 1);
    at = put(at, BARE_AMQP_CHANNEL, 2);
    at = put(at, payload_bytes, 4);
    memcpy(at, payload, payload_bytes);
    return put(at + payload_bytes, 0xce, 1);
}

static unsigned char *put_publish(unsigned char *at, const struct bare_job *job,
                                  const unsigned char *body)
{
    unsigned char payload[128];
    unsigned char *end = put(payload, CLASS_BASIC << 16 | 40, 4);

    end = put_text(put(end, 0, 2), BARE_AMQP_NAME);
    end = put_text(end, BARE_AMQP_KEY);
    end = put(end, job->confirms ? 1 : 0, 1); /* mandatory */
    at = put_frame(at, FRAME_METHOD, payload, (size_t)(end - payload));
    end = put(put(payload, CLASS_BASIC << 16, 4), job->bytes, 8);
    end = put(put(end, 0x1000, 2), 1, 1); /* Only a delivery mode: transient. */
    at = put_frame(at, 2, payload, (size_t)(end - payload));
    return put_frame(at, 3, body, job->bytes);
}

static void make_batch(struct paced *paced)
{
    static const unsigned char body[BARE_AMQP_FRAME_BYTES_MAX];
    unsigned char *at = calloc(BATCH, paced->job->bytes + 256);

    if (at == NULL) {
        bare_check(false, "allocating", "no memory");
        return;
    }
    paced->batch = at;
    for (size_t i = 0; i < BATCH; i++) {
        at = put_publish(at, paced->job, body);
    }
    paced->message_bytes = (size_t)(at - paced->batch) / BATCH;
}

static void send_due(struct paced *paced, uint64_t messages)
{
    size_t left = messages * paced->message_bytes;
    const unsigned char *at = paced->batch;

    while (left > 0) {
        ssize_t went = send(paced->producer.fd, at, left, MSG_NOSIGNAL);

        bare_check(went > 0, "publishing", "the connection broke");
        at += went;
        left -= (size_t)went;
    }
    paced->sent += messages;
}

static void take_method(struct paced *paced, const unsigned char *payload)
{
    uint64_t method = take(payload, 4);

    if (method == (CLASS_BASIC << 16 | METHOD_DELIVER)) {
        bare_count(1);
    } else {
        bare_check(method == (CLASS_BASIC << 16 | METHOD_ACK), "reading", "something else came");
        paced->acked = take(payload + 4, 8);
    }
}

/* One read, which takes nothing if nothing is there. */
static void read_once(struct paced *paced, struct reader *reader)
{
    ssize_t came = recv(reader->fd, reader->bytes + reader->filled, READ_BYTES, MSG_DONTWAIT);
    size_t at = 0;

    if (came < 0 && errno == EAGAIN) {
        return;
    }
    bare_check(came > 0, "reading", "the connection broke");
    reader->filled += (size_t)came;
    while (reader->filled - at >= FRAME_HEAD_BYTES) {
        size_t bytes = (size_t)take(reader->bytes + at + 3, 4);

        bare_check(bytes <= BARE_AMQP_FRAME_BYTES_MAX, "reading", "no frame begins there");
        if (reader->filled - at < FRAME_HEAD_BYTES + bytes + 1) {
            break;
        }
        if (reader->bytes[at] == FRAME_METHOD) {
            take_method(paced, reader->bytes + at + FRAME_HEAD_BYTES);
        }
        at += FRAME_HEAD_BYTES + bytes + 1;
    }
    reader->filled -= at;
    memmove(reader->bytes, reader->bytes + at, reader->filled);
}

static void *work(void *argument)
{
    struct paced *paced = argument;
    int64_t start_ns = now_ns();
    int64_t wake_ns = start_ns;
    bool told_sent = false;

    while (bare_receiving()) {
        int64_t due_ns = start_ns + (int64_t)paced->sent * paced->gap_ns;
        uint64_t due = 0;

        wake_ns = paced->tick_ns > 0 ? wake_ns + paced->tick_ns : due_ns;
        sleep_until(wake_ns);
        if (bare_sending()) {
            due = (uint64_t)((now_ns() - start_ns) / paced->gap_ns) + 1 - paced->sent;
            send_due(paced, due < BATCH ? due : BATCH);
        } else if (!told_sent && (!paced->job->confirms || paced->acked == paced->sent)) {
            bare_sent(paced->sent);
            told_sent = true;
        } else {
            sleep_until(now_ns() + NS_PER_S / 1000);
        }
        read_once(paced, &paced->producer);
        read_once(paced, &paced->consumer);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct paced paced;
    struct bare_job job = bare_job_read(argc, argv);
    amqp_connection_state_t consumer = bare_amqp_login(job.address);
    amqp_connection_state_t producer = bare_amqp_login(job.address);
    double rate = argc > 6 ? strtod(argv[6], NULL) : 0.0;
    pthread_t thread;

    bare_check(rate > 0.0 && job.bytes <= BARE_AMQP_FRAME_BYTES_MAX, "usage", "a RATE is needed");
    bare_amqp_make_queue(producer);
    bare_amqp_subscribe(consumer);
    if (job.confirms) {
        bare_amqp_ask_confirms(producer);
    }
    paced.job = &job;
    paced.gap_ns = (int64_t)(1e9 / rate);
    paced.tick_ns = argc > 7 ? strtol(argv[7], NULL, 10) * 1000 : 0;
    paced.producer.fd = amqp_get_sockfd(producer);
    paced.consumer.fd = amqp_get_sockfd(consumer);
    make_batch(&paced);
    bare_check(pthread_create(&thread, NULL, work, &paced) == 0, "starting", "no thread");
    bare_measure(&job);
    (void)pthread_join(thread, NULL);
    free(paced.batch);
    (void)amqp_destroy_connection(consumer);
    bare_amqp_remove_queue(producer);
    bare_amqp_logout(producer);
    return 0;
}
