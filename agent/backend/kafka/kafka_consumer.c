#include "kafka_consumer_inner.h"

#include "catalog_entries.h"
#include "invariant.h"
#include "kafka_client_inner.h"
#include "kafka_commit_inner.h"
#include "kafka_end_inner.h"
#include "kafka_group_inner.h"
#include "mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMIT_NS NS_PER_S
#define SETTLE_NS (400 * NS_PER_MS) /* With the others and END_NS: close() has 5 s. */
#define LEAVE_NS (2 * NS_PER_S)
#define LEFT_NS (50 * NS_PER_MS) /* For the farewell to reach the broker. */

/* ---- Opening -------------------------------------------------------------------------------- */

static bool is_fixed(const struct endpoint_config *config)
{
    return strcmp(catalog_option_text(&catalog_kafka, config->target, "assign"), "fixed") == 0;
}

static int set_fetching(rd_kafka_conf_t *conf, const struct endpoint_config *config,
                        struct errinfo *reterr)
{
    int64_t wait_ms =
        catalog_option_number(&catalog_kafka, config->target, "fetch_wait") / NS_PER_MS;
    /* A full queue postpones the next fetch by a second, so the bytes are the only limit, and
     * a generous one: 1 GiB over all clients of the endpoint, 16 MiB each at least. */
    uint32_t kbytes = 1048576U / (config->clients_count > 0 ? config->clients_count : 1);
    int r = kafka_conf_set(conf, reterr, "fetch.wait.max.ms", "%lld", (long long)wait_ms);

    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "queued.max.messages.kbytes", "%u",
                           kbytes < 16384 ? 16384 : kbytes);
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "queued.min.messages", "10000000");
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "fetch.error.backoff.ms", "20");
    }
    return r;
}

static int set_group(rd_kafka_conf_t *conf, const struct endpoint_config *config, uint32_t index,
                     struct errinfo *reterr)
{
    char group[KAFKA_GROUP_BYTES];
    int64_t session_ms =
        catalog_option_number(&catalog_kafka, config->target, "session_timeout") / NS_PER_MS;
    /* Members hear of newcomers by heartbeat: often while groups are small, and at most some 500
     * heartbeats a second for a whole group. */
    uint32_t heartbeat_ms = 2 * config->clients[index].shares_count;
    int r = kafka_conf_set(conf, reterr, "group.id", "%s",
                           kafka_group_name(config, index, group, sizeof group));

    if (heartbeat_ms < 200) {
        heartbeat_ms = 200;
    } else if (heartbeat_ms > session_ms / 3) {
        heartbeat_ms = (uint32_t)(session_ms / 3);
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "session.timeout.ms", "%lld", (long long)session_ms);
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "heartbeat.interval.ms", "%u", heartbeat_ms);
    }
    if (r == 0) {
        /* What a member keeps in a rebalance it goes on reading where it was, commits or not. */
        r = kafka_conf_set(conf, reterr, "partition.assignment.strategy", "cooperative-sticky");
    }
    if (r == 0) {
        /* A worker that pauses is no dead member. */
        r = kafka_conf_set(conf, reterr, "max.poll.interval.ms", "86400000");
    }
    return r;
}

static int make_conf(const struct endpoint_config *config, uint32_t index, rd_kafka_conf_t **ret,
                     struct errinfo *reterr)
{
    rd_kafka_conf_t *conf = NULL;
    int r = kafka_conf_new(config->target, &conf, reterr);

    if (r < 0) {
        return r;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR |
                                       RD_KAFKA_EVENT_OFFSET_COMMIT);
    kafka_throttle_conf(conf);
    r = kafka_conf_set(conf, reterr, "client.id", KAFKA_NAME_PREFIX "%s-c%u", config->run_id,
                       config->clients[index].client);
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "auto.offset.reset", "earliest");
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "enable.auto.commit", "false");
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "enable.auto.offset.store", "false");
    }
    if (r == 0) {
        r = set_fetching(conf, config, reterr);
    }
    if (r == 0) {
        r = set_group(conf, config, index, reterr);
    }
    if (r < 0) {
        rd_kafka_conf_destroy(conf);
        return r;
    }
    *ret = conf;
    return 0;
}

/* Readings of all clients and the slots of their partitions. */
static int make_readings(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    uint64_t readings = 0;
    uint64_t slots = 0;

    for (uint32_t c = 0; c < config->clients_count; c++) {
        readings += config->clients[c].topics_count;
        for (uint32_t i = 0; i < config->clients[c].topics_count; i++) {
            slots += config->topics[config->clients[c].topics[i]].partitions;
        }
    }
    if (slots >= KAFKA_SLOTS_MAX) {
        return errinfo_set(reterr, -E2BIG, "%llu pairs of consumer and partition are too many",
                           (unsigned long long)slots);
    }
    endpoint->readings = calloc(readings + 1, sizeof *endpoint->readings);
    endpoint->slots = calloc(slots + 1, sizeof *endpoint->slots);
    if (endpoint->readings == NULL || endpoint->slots == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t c = 0; c < config->clients_count; c++) {
        endpoint->handles[c].reading_first = endpoint->readings_count;
        endpoint->handles[c].readings_count = config->clients[c].topics_count;
        for (uint32_t i = 0; i < config->clients[c].topics_count; i++) {
            uint32_t topic = config->clients[c].topics[i];
            uint32_t partitions = config->topics[topic].partitions;

            endpoint->readings[endpoint->readings_count] =
                (struct kafka_reading){.client = c,
                                       .topic = topic,
                                       .slot_first = endpoint->slots_count,
                                       .partitions = partitions};
            for (uint32_t p = 0; p < partitions; p++) {
                endpoint->slots[endpoint->slots_count++].reading = endpoint->readings_count;
            }
            endpoint->readings_count++;
        }
    }
    return 0;
}

/* The opaque of a topic object tells a message's topic and client without a look-up by name. */
static int make_topics(struct endpoint *endpoint, struct kafka_handle *handle,
                       struct errinfo *reterr)
{
    for (uint32_t i = 0; i < handle->readings_count; i++) {
        struct kafka_reading *reading = &endpoint->readings[handle->reading_first + i];
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(handle->client);

        rd_kafka_topic_conf_set_opaque(conf, reading);
        handle->topics[reading->topic] =
            rd_kafka_topic_new(handle->client, endpoint->config->topics[reading->topic].name, conf);
        if (handle->topics[reading->topic] == NULL) {
            return errinfo_set(reterr, -EINVAL, "topic %s: %s",
                               endpoint->config->topics[reading->topic].name,
                               rd_kafka_err2str(rd_kafka_last_error()));
        }
    }
    return 0;
}

static int open_handle(struct endpoint *endpoint, uint32_t index, struct errinfo *reterr)
{
    struct kafka_handle *handle = &endpoint->handles[index];
    const struct endpoint_config *config = endpoint->config;
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *client = NULL;
    int r = make_conf(config, index, &conf, reterr);

    if (r == 0) {
        r = kafka_client_new(RD_KAFKA_CONSUMER, conf, &client, reterr);
    }
    if (r == 0 && index == 0) {
        /* Tells what is wrong while errors have a queue of their own; one client will do. */
        r = kafka_client_connect(client, config->target, config->open_deadline_ns, NULL, reterr);
        if (r < 0) {
            kafka_end(&client, 1, mono_ns() + NS_PER_S);
        } else {
            endpoint->is_mock = kafka_is_mock(client, config->open_deadline_ns);
        }
    }
    if (r == 0) {
        r = kafka_handle_init(endpoint, index, client, reterr);
    }
    if (r == 0 && config->delivery->consume_ack != CONSUME_ACK_NONE) {
        r = kafka_commit_init(handle, reterr);
    }
    return r == 0 ? make_topics(endpoint, handle, reterr) : r;
}

static int begin_group(struct kafka_handle *handle, const rd_kafka_topic_partition_list_t *list,
                       struct errinfo *reterr)
{
    rd_kafka_resp_err_t error = rd_kafka_subscribe(handle->client, list);

    handle->subscribed = error == RD_KAFKA_RESP_ERR_NO_ERROR;
    return error == RD_KAFKA_RESP_ERR_NO_ERROR
               ? 0
               : errinfo_set(reterr, -EIO, "subscribing: %s", rd_kafka_err2str(error));
}

/* Option assign: fixed. The plan has numbered the consumers of a subscription on these topics. */
static void add_share(const struct endpoint_client *client, const struct topic *topic,
                      rd_kafka_topic_partition_list_t *list)
{
    uint32_t shares = client->shares_count > 0 ? client->shares_count : 1;

    for (uint32_t p = client->share_index; p < topic->partitions; p += shares) {
        rd_kafka_topic_partition_list_add(list, topic->name, (int32_t)p)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    }
}

static int begin_fixed(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list,
                       struct errinfo *reterr)
{
    rd_kafka_resp_err_t error = rd_kafka_assign(client, list);

    return error == RD_KAFKA_RESP_ERR_NO_ERROR
               ? 0
               : errinfo_set(reterr, -EIO, "assigning partitions: %s", rd_kafka_err2str(error));
}

static int begin(struct endpoint *endpoint, uint32_t index, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    const struct endpoint_client *client = &config->clients[index];
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)client->topics_count);
    bool fixed = is_fixed(config);
    int r;

    for (uint32_t i = 0; i < client->topics_count; i++) {
        const struct topic *topic = &config->topics[client->topics[i]];

        if (fixed) {
            add_share(client, topic, list);
        } else {
            (void)rd_kafka_topic_partition_list_add(list, topic->name, RD_KAFKA_PARTITION_UA);
        }
    }
    r = fixed ? begin_fixed(endpoint->handles[index].client, list, reterr)
              : begin_group(&endpoint->handles[index], list, reterr);
    rd_kafka_topic_partition_list_destroy(list);
    return r;
}

int kafka_consumer_open(const struct endpoint_config *config, struct endpoint **ret,
                        struct errinfo *reterr)
{
    struct endpoint *endpoint = NULL;
    int r = kafka_endpoint_new(config, config->clients_count, &endpoint, reterr);

    if (r < 0) {
        return r;
    }
    r = make_readings(endpoint, reterr);
    for (uint32_t i = 0; r == 0 && i < config->clients_count; i++) {
        r = open_handle(endpoint, i, reterr);
        if (r == 0) {
            r = begin(endpoint, i, reterr);
        }
    }
    if (r == 0 && !is_fixed(config)) {
        r = kafka_groups_settle(endpoint, reterr);
    }
    if (r < 0) {
        kafka_consumer_close(endpoint);
        return r;
    }
    *ret = endpoint;
    return 0;
}

/* ---- Closing -------------------------------------------------------------------------------- */

/* Throws away what the consumers still say; how many commits are not answered yet. */
static uint32_t commits_left(struct endpoint *endpoint)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        struct kafka_handle *handle = &endpoint->handles[i];
        rd_kafka_event_t *event;

        while (handle->queue != NULL && (event = rd_kafka_queue_poll(handle->queue, 0)) != NULL) {
            if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT) {
                kafka_commit_answered(endpoint, handle);
            }
            rd_kafka_event_destroy(event);
        }
        left += handle->down ? 0 : handle->commits.under_way;
    }
    return left;
}

/* A member that is leaving has forgotten its id. */
static uint32_t members_left(struct endpoint *endpoint)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        rd_kafka_t *client = endpoint->handles[i].client;
        char *id = client == NULL ? NULL : rd_kafka_memberid(client);

        if (id != NULL) {
            left += id[0] != '\0';
            rd_kafka_mem_free(client, id);
        }
    }
    return left;
}

/* Repeats count until it is 0 or the time is over. */
static void wait_for_none(struct endpoint *endpoint, uint32_t (*count)(struct endpoint *),
                          int64_t until_ns)
{
    while (count(endpoint) > 0 && mono_ns() < until_ns) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
}

/* How many may stand between joining their group and their first assignment. */
static uint32_t members_unsettled(struct endpoint *endpoint)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        struct kafka_handle *handle = &endpoint->handles[i];

        handle->unsettled = handle->subscribed && kafka_group_held(handle->client) <= 0;
        count += handle->unsettled;
    }
    return count;
}

/*
 * librdkafka before 2.3 aborts the process when a member of a cooperative group is destroyed
 * between joining and its first assignment (its issue 4312). A member that may stand there gets a
 * moment for it, and is left alone after it: its threads go on until the process ends, which is
 * better than ending it.
 */
static void find_unsettled(struct endpoint *endpoint, int64_t until_ns)
{
    if (!endpoint->settled && rd_kafka_version() < 0x02030000) {
        wait_for_none(endpoint, members_unsettled, until_ns);
    }
}

/*
 * All leave their groups at the same time: one after the other, hundreds would take minutes. They
 * unsubscribe, as closing a consumer of the cooperative protocol (librdkafka 2.0.2) doesn't tell
 * the group, which would then wait for the member until its session ends.
 */
void kafka_consumer_close(struct endpoint *endpoint)
{
    int64_t begun_ns;

    find_unsettled(endpoint, mono_ns() + SETTLE_NS);
    begun_ns = mono_ns();
    wait_for_none(endpoint, commits_left, begun_ns + COMMIT_NS);
    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        if (endpoint->handles[i].client != NULL) {
            (void)rd_kafka_unsubscribe(endpoint->handles[i].client);
        }
    }
    wait_for_none(endpoint, members_left, begun_ns + COMMIT_NS + LEAVE_NS);
    if (!is_fixed(endpoint->config)) {
        mono_sleep_until(mono_ns() + LEFT_NS);
    }
    kafka_endpoint_free(endpoint);
}
