#include "mqtt_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Payloads of at most so many bytes are copied: what a copy costs, freeing the message elsewhere
 * costs several times. */
#define COPY_BYTES_MAX 1024

/* ---- Subscriptions ------------------------------------------------------------------------- */

/* One consumer of a subscription on a topic reads it plainly; several share it, in a group that
 * carries the run's name, so that runs never share with each other. `+` covers the partitions. */
static int write_filter(const struct endpoint_config *config, const struct endpoint_client *client,
                        const char *topic, char **ret)
{
    if (client->shares_count <= 1) {
        return asprintf(ret, "%s/+", topic);
    }
    return asprintf(ret, "$share/millrace-%s-%u-%u/%s/+", config->run_id, config->trial,
                    client->subscription, topic);
}

static int make_filters(struct mqtt_link *link, struct errinfo *reterr)
{
    const struct endpoint_config *config = link->endpoint->config;
    const struct endpoint_client *client = &config->clients[link->client];

    link->filters = calloc(client->topics_count, sizeof *link->filters);
    link->filters_qos = calloc(client->topics_count, sizeof *link->filters_qos);
    if (link->filters == NULL || link->filters_qos == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < client->topics_count; i++) {
        const char *topic = config->topics[client->topics[i]].name;

        if (write_filter(config, client, topic, &link->filters[i]) < 0) {
            link->filters[i] = NULL;
            return errinfo_nomem(reterr);
        }
        link->filters_qos[i] = link->endpoint->qos;
        link->filters_count++;
    }
    return 0;
}

/* ---- Which topic a message is of ------------------------------------------------------------- */

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_name(const char *name, size_t name_bytes)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name_bytes; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    }
    return hash;
}

static int make_table(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    uint32_t size = 2;

    while (size < config->topics_count * 2) {
        size *= 2;
    }
    endpoint->topics_table = calloc(size, sizeof *endpoint->topics_table);
    if (endpoint->topics_table == NULL) {
        return errinfo_nomem(reterr);
    }
    endpoint->topics_table_mask = size - 1;
    for (uint32_t i = 0; i < config->topics_count; i++) {
        const char *name = config->topics[i].name;
        uint32_t at = hash_name(name, strlen(name)) & endpoint->topics_table_mask;

        while (endpoint->topics_table[at] != 0) {
            at = (at + 1) & endpoint->topics_table_mask;
        }
        endpoint->topics_table[at] = i + 1;
    }
    return 0;
}

static bool find_topic(const struct endpoint *endpoint, const char *name, size_t name_bytes,
                       uint32_t *ret)
{
    uint32_t at = hash_name(name, name_bytes) & endpoint->topics_table_mask;

    for (; endpoint->topics_table[at] != 0; at = (at + 1) & endpoint->topics_table_mask) {
        uint32_t index = endpoint->topics_table[at] - 1;
        const char *known = endpoint->config->topics[index].name;

        if (strncmp(known, name, name_bytes) == 0 && known[name_bytes] == '\0') {
            *ret = index;
            return true;
        }
    }
    return false;
}

int mqtt_receive_init(struct endpoint *endpoint, struct errinfo *reterr)
{
    int r = make_table(endpoint, reterr);

    for (uint32_t i = 0; i < endpoint->config->clients_count && r == 0; i++) {
        r = make_filters(&endpoint->links[i], reterr);
    }
    return r;
}

void mqtt_receive_done(struct endpoint *endpoint)
{
    for (uint32_t i = 0; endpoint->links != NULL && i < endpoint->config->clients_count; i++) {
        struct mqtt_link *link = &endpoint->links[i];

        for (uint32_t k = 0; k < link->filters_count; k++) {
            free(link->filters[k]);
        }
        free(link->filters);
        free(link->filters_qos);
    }
    free(endpoint->topics_table);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void give_back(char *topic, MQTTAsync_message *message)
{
    if (message != NULL) {
        MQTTAsync_freeMessage(&message);
    }
    MQTTAsync_free(topic);
}

/* On paho's receiving thread. A large message is handed over as it is, without a copy: paho
 * allocated it for us, the worker frees it after its next poll(). Returning 0 would make paho keep
 * it, but it offers it again only when something else arrives on that connection. */
int mqtt_receive_arrived(void *context, char *topic, int topic_bytes, MQTTAsync_message *message)
{
    struct mqtt_link *link = context;
    bool lent = message->payload == NULL || message->payloadlen > COPY_BYTES_MAX;
    const char *slash = strrchr(topic, '/');
    struct mqtt_note note = {
        .kind = EVENT_MESSAGE,
        .client = link->client,
        .at_ns = mono_ns(),
        .bytes = (uint32_t)message->payloadlen,
        .message = lent ? message : NULL,
    };

    (void)topic_bytes; /* Not 0 only for topics with a NUL in them. */
    if (slash == NULL || !find_topic(link->endpoint, topic, (size_t)(slash - topic), &note.topic)) {
        give_back(topic, message); /* None of ours. */
        return 1;
    }
    note.partition = (uint32_t)strtoul(slash + 1, NULL, 10);
    if (!mqtt_inbox_push_message(&link->endpoint->inbox, &note, lent ? NULL : message->payload)) {
        return 0;
    }
    give_back(topic, lent ? NULL : message);
    return 1;
}

void mqtt_receive_event(struct endpoint *endpoint, const struct mqtt_note *note, struct event *ret)
{
    const MQTTAsync_message *message = note->message;

    *ret = (struct event){
        .kind = EVENT_MESSAGE,
        .client = note->client,
        .at_ns = note->at_ns,
        .topic = note->topic,
        .partition = note->partition,
        .bytes = message != NULL ? message->payload : mqtt_inbox_copy(&endpoint->inbox, note),
        .bytes_count = note->bytes,
    };
}

void mqtt_receive_release(struct mqtt_note *note)
{
    MQTTAsync_message *message = note->message;

    if (message != NULL) {
        MQTTAsync_freeMessage(&message);
    }
    note->message = NULL;
}
