/*
 * bare_kafka: the least that moves messages with librdkafka; what Millrace's driver is measured
 * against.
 *
 *     bare_kafka ADDRESS publish|confirm|consume|both [SECONDS [BYTES [WINDOW [LINGER_MS]]]]
 *
 * publish: acks=0. confirm: acks=all, WINDOW outstanding. consume: of as many messages as fit into
 * SECONDS; they are published first and don't count. both: confirm and consume on a thread each.
 * One topic of one partition. Prints a line for each end: mode, messages, seconds, rate_per_s,
 * cpu_us_per_message; with `both` the CPU is of both, as the library's threads do most of the work
 * and belong to the process.
 */
#include <librdkafka/rdkafka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOPIC "millrace-bare"
#define PATIENCE_S 30

struct job {
    const char *address;
    const char *linger_ms;
    double seconds;
    size_t bytes;
    uint64_t window;
    bool confirms;
    char topic[64];
};

/* What an end did. */
struct account {
    uint64_t messages;
    double took_s;
};

static atomic_uint_fast64_t expected; /* How many the consumer must get; 0: not known yet. */
static uint64_t reports;              /* Of the producer's thread. */

static double now_s(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check(bool good, const char *what, const char *why)
{
    if (!good) {
        (void)fprintf(stderr, "bare_kafka: %s: %s\n", what, why);
        exit(1);
    }
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char reason[256] = "";

    check(rd_kafka_conf_set(conf, key, value, reason, sizeof reason) == RD_KAFKA_CONF_OK, key,
          reason);
}

static rd_kafka_t *login(rd_kafka_type_t type, rd_kafka_conf_t *conf, const struct job *job)
{
    char reason[256] = "";
    rd_kafka_t *client;

    set(conf, "bootstrap.servers", job->address);
    set(conf, "socket.nagle.disable", "true");
    client = rd_kafka_new(type, conf, reason, sizeof reason);
    check(client != NULL, "making a handle", reason);
    return client;
}

/* ---- The topic ------------------------------------------------------------------------------ */

static void wait_result(rd_kafka_queue_t *queue, const char *what)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_S * 1000);

    check(event != NULL, what, "no answer");
    check(rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, what,
          rd_kafka_event_error_string(event));
    rd_kafka_event_destroy(event);
}

static void make_topic(const struct job *job)
{
    rd_kafka_t *client = login(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), job);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    char reason[256] = "";
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(job->topic, 1, -1, reason, sizeof reason);

    rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
    wait_result(queue, "making the topic");
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

static void remove_topic(const struct job *job)
{
    rd_kafka_t *client = login(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), job);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(job->topic);

    rd_kafka_DeleteTopics(client, &topic, 1, NULL, queue);
    wait_result(queue, "removing the topic");
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

/* ---- The two ends --------------------------------------------------------------------------- */

static void reported(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    (void)opaque;
    check(message->err == RD_KAFKA_RESP_ERR_NO_ERROR, "publishing", rd_kafka_err2str(message->err));
    reports++;
}

static uint64_t send_for_a_time(const struct job *job, rd_kafka_t *client, rd_kafka_topic_t *topic)
{
    char *payload = calloc(1, job->bytes + 1);
    double end_s = now_s(CLOCK_MONOTONIC) + job->seconds;
    uint64_t sent = 0;

    check(payload != NULL, "allocating", "no memory");
    while (now_s(CLOCK_MONOTONIC) < end_s) {
        /* A look at the clock and at the confirms for every 64 messages. */
        for (int i = 0; i < 64 && sent - reports < job->window; i++) {
            if (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, payload, job->bytes, NULL, 0,
                                 NULL) < 0) {
                check(rd_kafka_last_error() == RD_KAFKA_RESP_ERR__QUEUE_FULL, "publishing",
                      rd_kafka_err2str(rd_kafka_last_error()));
                break;
            }
            sent++;
        }
        (void)rd_kafka_poll(client, sent - reports < job->window ? 0 : 10);
    }
    free(payload);
    return sent;
}

static void produce(const struct job *job, struct account *ret)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    double start_s = now_s(CLOCK_MONOTONIC);
    rd_kafka_topic_t *topic;
    rd_kafka_t *client;

    set(conf, "linger.ms", job->linger_ms);
    set(conf, "acks", job->confirms ? "all" : "0");
    rd_kafka_conf_set_dr_msg_cb(conf, reported);
    client = login(RD_KAFKA_PRODUCER, conf, job);
    topic = rd_kafka_topic_new(client, job->topic, NULL);
    ret->messages = send_for_a_time(job, client, topic);
    (void)rd_kafka_flush(client, PATIENCE_S * 1000);
    check(reports == ret->messages, "publishing", "messages were not confirmed");
    ret->took_s = now_s(CLOCK_MONOTONIC) - start_s;
    atomic_store(&expected, ret->messages);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
}

static void consume(const struct job *job, struct account *ret)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    double start_s = now_s(CLOCK_MONOTONIC);
    double deadline_s = start_s + job->seconds + PATIENCE_S;
    rd_kafka_t *client;

    set(conf, "group.id", job->topic);
    set(conf, "enable.auto.commit", "false");
    set(conf, "queued.max.messages.kbytes", "1048576");
    set(conf, "queued.min.messages", "10000000");
    client = login(RD_KAFKA_CONSUMER, conf, job);
    (void)rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_add(list, job->topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    (void)rd_kafka_assign(client, list);
    while (atomic_load(&expected) == 0 || ret->messages < atomic_load(&expected)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 100);

        if (message != NULL) {
            ret->messages += message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
            rd_kafka_message_destroy(message);
        }
        check(message != NULL || now_s(CLOCK_MONOTONIC) < deadline_s, "consuming",
              "messages are missing");
    }
    ret->took_s = now_s(CLOCK_MONOTONIC) - start_s;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* The consumer's thread of `both`. */
struct consuming {
    const struct job *job;
    struct account account;
};

static void *consume_on_a_thread(void *argument)
{
    struct consuming *consuming = argument;

    consume(consuming->job, &consuming->account);
    return NULL;
}

static void report(const char *mode, const struct account *account, double cpu_s)
{
    (void)printf("mode=%s messages=%llu seconds=%.2f rate_per_s=%.0f cpu_us_per_message=%.2f\n",
                 mode, (unsigned long long)account->messages, account->took_s,
                 (double)account->messages / account->took_s,
                 cpu_s * 1e6 / (double)account->messages);
}

static void run(const struct job *job, const char *mode)
{
    struct consuming consuming = {.job = job};
    struct account produced = {0};
    double cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
    bool both = strcmp(mode, "both") == 0;
    pthread_t thread;

    if (both) {
        check(pthread_create(&thread, NULL, consume_on_a_thread, &consuming) == 0, "starting",
              "no thread");
    }
    produce(job, &produced);
    if (both) {
        (void)pthread_join(thread, NULL);
    } else if (strcmp(mode, "consume") == 0) {
        cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
        consume(job, &consuming.account);
    }
    cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    if (strcmp(mode, "consume") != 0) {
        report(job->confirms ? "confirm" : "publish", &produced, cpu_s);
    }
    if (consuming.account.messages > 0) {
        report("consume", &consuming.account, cpu_s);
    }
}

int main(int argc, char **argv)
{
    struct job job = {.linger_ms = "0", .seconds = 5, .bytes = 100, .window = 1000};
    const char *mode = argc > 2 ? argv[2] : "";

    check(strcmp(mode, "publish") == 0 || strcmp(mode, "confirm") == 0 ||
              strcmp(mode, "consume") == 0 || strcmp(mode, "both") == 0,
          "usage", "ADDRESS publish|confirm|consume|both [SECONDS [BYTES [WINDOW [LINGER_MS]]]]");
    job.address = argv[1];
    job.seconds = argc > 3 ? strtod(argv[3], NULL) : job.seconds;
    job.bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : job.bytes;
    job.window = argc > 5 ? strtoul(argv[5], NULL, 10) : job.window;
    job.linger_ms = argc > 6 ? argv[6] : job.linger_ms;
    job.confirms = strcmp(mode, "publish") != 0;
    (void)snprintf(job.topic, sizeof job.topic, TOPIC "-%d", (int)getpid());
    make_topic(&job);
    run(&job, mode);
    remove_topic(&job);
    return 0;
}
