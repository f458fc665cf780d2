#include "kafka_described_inner.h"

#include "mono.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS "max.connections"
#define HOST_CONNECTIONS "max.connections.per.ip"
#define HOST_OVERRIDES "max.connections.per.ip.overrides"
#define REQUEST_BYTES "socket.request.max.bytes"

/* Kafka's own word for no limit. */
#define NO_LIMIT INT32_MAX

/* What all brokers together take. */
struct found {
    uint64_t connections;
    uint64_t host_connections;
    uint64_t request_bytes;
    int brokers_count;
};

uint64_t kafka_described_host(const char *overrides, const char *own_address, uint64_t otherwise)
{
    uint64_t limit = otherwise;
    const char *item = overrides;

    while (*item != '\0') {
        size_t bytes = strcspn(item, ",");
        const char *colon = memrchr(item, ':', bytes);

        if (colon != NULL) {
            int host_bytes = (int)(colon - item);
            uint64_t count = strtoull(colon + 1, NULL, 10);
            bool numeric = strspn(item, "0123456789abcdefABCDEF.:") >= (size_t)host_bytes;

            if ((size_t)host_bytes == strlen(own_address) &&
                strncmp(item, own_address, (size_t)host_bytes) == 0) {
                return count;
            }
            limit = !numeric && count > limit ? count : limit;
        }
        item += bytes;
        item += *item == ',' ? 1 : 0;
    }
    return limit;
}

static const char *value_of(const rd_kafka_ConfigEntry_t **entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);

        if (value != NULL && strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0) {
            return value;
        }
    }
    return "";
}

static uint64_t number_of(const rd_kafka_ConfigEntry_t **entries, size_t count, const char *name)
{
    const char *value = value_of(entries, count, name);

    return value[0] == '\0' ? NO_LIMIT : strtoull(value, NULL, 10);
}

static void take_broker(const rd_kafka_ConfigResource_t *resource, const char *own_address,
                        struct found *found)
{
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    uint64_t host = number_of(entries, count, HOST_CONNECTIONS);
    uint64_t bytes = number_of(entries, count, REQUEST_BYTES);

    if (rd_kafka_ConfigResource_error(resource) != RD_KAFKA_RESP_ERR_NO_ERROR || count == 0) {
        return;
    }
    found->brokers_count++;
    found->connections += number_of(entries, count, CONNECTIONS);
    found->host_connections +=
        kafka_described_host(value_of(entries, count, HOST_OVERRIDES), own_address, host);
    found->request_bytes = bytes < found->request_bytes ? bytes : found->request_bytes;
}

/* A request may be about one broker only, and goes to that one. */
static void ask(rd_kafka_t *client, rd_kafka_queue_t *queue, int32_t broker, int64_t deadline_ns)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_ConfigResource_t *resource;
    char reason[128];
    char id[16];

    (void)snprintf(id, sizeof id, "%" PRId32, broker);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, kafka_ms_until(deadline_ns), reason,
                                                    sizeof reason);
    resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, id);
    rd_kafka_DescribeConfigs(client, &resource, 1, options, queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_AdminOptions_destroy(options);
}

static void take_answer(rd_kafka_event_t *event, const char *own_address, struct found *found)
{
    size_t count = 0;
    const rd_kafka_ConfigResource_t **resources;

    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT ||
        rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        take_broker(resources[i], own_address, found);
    }
}

/* Of several brokers it is what they take together: clients are spread over them. */
static void tell(const struct found *found, enum broker_limit_kind kind, const char *setting,
                 uint64_t value, struct broker_limits *ret)
{
    char name[NAME_BYTES];

    if (value < NO_LIMIT) {
        (void)snprintf(name, sizeof name, found->brokers_count > 1 ? "%s of %d brokers" : "%s",
                       setting, found->brokers_count);
        broker_limits_add(ret, kind, name, value);
    }
}

void kafka_described_limits(rd_kafka_t *client, const struct rd_kafka_metadata *metadata,
                            const char *own_address, int64_t deadline_ns, struct broker_limits *ret)
{
    struct found found = {.request_bytes = NO_LIMIT};
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);

    for (int i = 0; i < metadata->broker_cnt; i++) {
        ask(client, queue, metadata->brokers[i].id, deadline_ns);
    }
    for (int i = 0; i < metadata->broker_cnt; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, kafka_ms_until(deadline_ns));

        if (event == NULL) {
            break;
        }
        take_answer(event, own_address, &found);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    if (found.brokers_count == metadata->broker_cnt) {
        tell(&found, LIMIT_CONNECTIONS, CONNECTIONS, found.connections, ret);
        tell(&found, LIMIT_HOST_CONNECTIONS, HOST_CONNECTIONS, found.host_connections, ret);
    }
    if (found.request_bytes < NO_LIMIT) {
        broker_limits_add(ret, LIMIT_MESSAGE_BYTES, REQUEST_BYTES, found.request_bytes);
    }
}
