/*
 * bare_kafka: the least that moves messages with librdkafka; what Millrace's driver is measured
 * against. See bare.h; ADDRESS is HOST:PORT.
 *
 * publish is acks=0, confirm acks=all. A handle and a thread for each end, one partition, and the
 * settings of Millrace's driver wherever they cost or gain speed: linger.ms 1, as its option
 * `linger` (with 0 a real broker got requests of a few messages each: 9,000 to 50,000/s in all),
 * and fetch.wait.max.ms 10, as the scenario of tests/bench/run sets it, since the mock cluster
 * doesn't wake an empty fetch.
 */
#include "bare.h"

#include <librdkafka/rdkafka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define MESSAGES 1000
#define PRODUCES 64 /* Between two looks at the confirms. */

struct ends {
    const struct bare_job *job;
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    rd_kafka_t *consumer;
};

static uint64_t reports; /* Of the producer's thread. */

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char reason[256] = "";

    bare_check(rd_kafka_conf_set(conf, key, value, reason, sizeof reason) == RD_KAFKA_CONF_OK, key,
               reason);
}

static rd_kafka_t *login(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *address)
{
    char reason[256] = "";
    rd_kafka_t *client;

    set(conf, "bootstrap.servers", address);
    set(conf, "socket.nagle.disable", "true");
    client = rd_kafka_new(type, conf, reason, sizeof reason);
    bare_check(client != NULL, "making a handle", reason);
    return client;
}

/* The mock cluster has no CreateTopics: the first message makes the topic there. */
static void make_topic(rd_kafka_t *client, const char *name)
{
    char *cluster = rd_kafka_clusterid(client, PATIENCE_MS);
    bool mock = cluster != NULL && strncmp(cluster, "mockCluster", 11) == 0;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, 1, -1, NULL, 0);
    rd_kafka_event_t *event;

    if (!mock) {
        rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
        event = rd_kafka_queue_poll(queue, PATIENCE_MS);
        bare_check(event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR,
                   "making the topic", name);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    if (cluster != NULL) {
        rd_kafka_mem_free(client, cluster);
    }
}

static void remove_topic(rd_kafka_t *client, const char *name)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
    rd_kafka_event_t *event;

    rd_kafka_DeleteTopics(client, &topic, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, 2000); /* The mock cluster can't do it. */
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void reported(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    (void)opaque;
    bare_check(message->err == RD_KAFKA_RESP_ERR_NO_ERROR, "publishing",
               rd_kafka_err2str(message->err));
    reports++;
}

static void open_producer(struct ends *ends, const char *topic)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    set(conf, "linger.ms", "1");
    set(conf, "acks", ends->job->confirms ? "all" : "0");
    rd_kafka_conf_set_dr_msg_cb(conf, reported);
    ends->producer = login(RD_KAFKA_PRODUCER, conf, ends->job->address);
    ends->topic = rd_kafka_topic_new(ends->producer, topic, NULL);
    make_topic(ends->producer, topic);
    bare_check(rd_kafka_produce(ends->topic, 0, RD_KAFKA_MSG_F_COPY, (char[]){"0"}, 1, NULL, 0,
                                NULL) == 0 &&
                   rd_kafka_flush(ends->producer, PATIENCE_MS) == RD_KAFKA_RESP_ERR_NO_ERROR,
               "making the topic", topic);
}

static void open_consumer(struct ends *ends, const char *topic)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    set(conf, "group.id", topic);
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "fetch.wait.max.ms", "10");
    set(conf, "fetch.error.backoff.ms", "20");
    set(conf, "queued.max.messages.kbytes", "1048576");
    set(conf, "queued.min.messages", "10000000");
    ends->consumer = login(RD_KAFKA_CONSUMER, conf, ends->job->address);
    (void)rd_kafka_poll_set_consumer(ends->consumer);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    bare_check(rd_kafka_assign(ends->consumer, list) == RD_KAFKA_RESP_ERR_NO_ERROR, "assigning",
               topic);
    rd_kafka_topic_partition_list_destroy(list);
}

static void *produce(void *argument)
{
    struct ends *ends = argument;
    const struct bare_job *job = ends->job;
    char *payload = calloc(1, job->bytes);
    uint64_t sent = reports;

    bare_check(payload != NULL, "allocating", "no memory");
    while (bare_sending()) {
        for (int i = 0; i < PRODUCES && sent - reports < job->window; i++) {
            if (rd_kafka_produce(ends->topic, 0, RD_KAFKA_MSG_F_COPY, payload, job->bytes, NULL, 0,
                                 NULL) < 0) {
                bare_check(rd_kafka_last_error() == RD_KAFKA_RESP_ERR__QUEUE_FULL, "publishing",
                           rd_kafka_err2str(rd_kafka_last_error()));
                break;
            }
            sent++;
        }
        (void)rd_kafka_poll(ends->producer, sent - reports < job->window ? 0 : 10);
    }
    (void)rd_kafka_flush(ends->producer, PATIENCE_MS);
    bare_check(reports == sent, "publishing", "messages were not confirmed");
    bare_sent(sent);
    free(payload);
    return NULL;
}

/* The calls that take a batch have faults in librdkafka before 2.1 when partitions come and go;
 * here none do, and they are the fastest. */
static void *consume(void *argument)
{
    static rd_kafka_message_t *messages[MESSAGES];
    const struct ends *ends = argument;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(ends->consumer);

    while (bare_receiving()) {
        ssize_t came = rd_kafka_consume_batch_queue(queue, 1, messages, MESSAGES);
        uint64_t good = 0;

        for (ssize_t i = 0; i < came; i++) {
            good += messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
            rd_kafka_message_destroy(messages[i]);
        }
        bare_count(good);
    }
    rd_kafka_queue_destroy(queue);
    return NULL;
}

/* Until the message that made the topic is there, and the consumer so far: started later, it would
 * find the first messages gone from the mock cluster. */
static void await_consumer(const struct ends *ends)
{
    rd_kafka_message_t *message = NULL;

    for (int tries = 0; tries < 100 && message == NULL; tries++) {
        message = rd_kafka_consumer_poll(ends->consumer, 100);
        if (message != NULL && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_message_destroy(message);
            message = NULL;
        }
    }
    bare_check(message != NULL, "consuming", "the first message does not come");
    rd_kafka_message_destroy(message);
    bare_count(1);
}

int main(int argc, char **argv)
{
    struct bare_job job = bare_job_read(argc, argv);
    struct ends ends = {.job = &job};
    pthread_t threads[2];
    char topic[64];

    (void)snprintf(topic, sizeof topic, "millrace-bare-%d", (int)getpid());
    open_producer(&ends, topic);
    open_consumer(&ends, topic);
    await_consumer(&ends);
    bare_check(pthread_create(&threads[0], NULL, consume, &ends) == 0 &&
                   pthread_create(&threads[1], NULL, produce, &ends) == 0,
               "starting", "no thread");
    bare_measure(&job);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    remove_topic(ends.producer, topic);
    rd_kafka_topic_destroy(ends.topic);
    rd_kafka_destroy(ends.producer);
    rd_kafka_destroy_flags(ends.consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return 0;
}
