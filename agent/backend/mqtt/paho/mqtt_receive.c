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
        if (mqtt_topic_filter(config, link->client, i, &link->filters[i]) < 0) {
            return errinfo_nomem(reterr);
        }
        link->filters_qos[i] = link->endpoint->qos;
        link->filters_count++;
    }
    return 0;
}

int mqtt_receive_init(struct endpoint *endpoint, struct errinfo *reterr)
{
    int r = mqtt_topics_init(&endpoint->topics, endpoint->config) < 0 ? errinfo_nomem(reterr) : 0;

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
    mqtt_topics_done(&endpoint->topics);
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
    struct mqtt_note note = {
        .kind = EVENT_MESSAGE,
        .client = link->client,
        .at_ns = mono_ns(),
        .bytes = (uint32_t)message->payloadlen,
        .message = lent ? message : NULL,
    };

    /* Its length is told only of topics with a NUL in them. */
    if (!mqtt_topics_find(&link->endpoint->topics, topic,
                          topic_bytes > 0 ? (size_t)topic_bytes : strlen(topic), &note.topic,
                          &note.partition)) {
        give_back(topic, message); /* None of ours. */
        return 1;
    }
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
