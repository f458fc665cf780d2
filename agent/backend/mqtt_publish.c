#include "mqtt_endpoint.h"

#include "backend_drivers.h"
#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "/" and a partition's digits. */
#define PARTITION_TEXT_BYTES 12

/* From a thread of paho's. What was settled or lost before is dropped. */
static void settle(struct mqtt_slot *slot, enum event_kind kind, const char *text)
{
    struct endpoint *endpoint = slot->endpoint;
    struct mqtt_note note = {
        .kind = kind,
        .client = slot->client,
        .at_ns = mono_ns(),
        .slot = (uint32_t)(slot - endpoint->slots),
        .text = text,
    };

    mqtt_inbox_lock(&endpoint->inbox);
    if (slot->state == SLOT_WAITING) {
        slot->state = SLOT_SETTLED;
        ASSERT(mqtt_inbox_push(&endpoint->inbox, &note));
    }
    mqtt_inbox_unlock(&endpoint->inbox);
}

/* QoS 0: written. QoS 1 and 2: the broker's PUBACK or PUBCOMP. */
static void on_published(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    settle(context, EVENT_ACKED, NULL);
}

static void on_unpublished(void *context, MQTTAsync_failureData5 *data)
{
    if (data != NULL && data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR) {
        settle(context, EVENT_REFUSED, MQTTReasonCode_toString(data->reasonCode));
    } else {
        settle(context, EVENT_UNCONFIRMED, NULL); /* The connection broke; nobody knows. */
    }
}

/* MQTT counts an expiry in seconds; a message must not vanish before its time. */
static int set_expiry(struct endpoint *endpoint, struct errinfo *reterr)
{
    int64_t seconds = (endpoint->config->delivery->ttl_ns + NS_PER_S - 1) / NS_PER_S;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL};

    if (seconds == 0) {
        return 0;
    }
    expiry.value.integer4 = seconds < UINT32_MAX ? (unsigned int)seconds : UINT32_MAX;
    if (MQTTProperties_add(&endpoint->publishing.properties, &expiry) != 0) {
        return errinfo_nomem(reterr);
    }
    return 0;
}

int mqtt_publish_init(struct endpoint *endpoint, struct errinfo *reterr)
{
    static const MQTTAsync_responseOptions initial = MQTTAsync_responseOptions_initializer;
    const struct endpoint_config *config = endpoint->config;
    const struct delivery *delivery = config->delivery;
    uint32_t queue =
        (uint32_t)backend_option_number(&backend_mqtt, config->target, "library_queue");
    uint64_t wanted;

    endpoint->window = delivery->ordered ? 1 : delivery->in_flight;
    endpoint->outstanding_max = queue > endpoint->window ? queue : endpoint->window;
    wanted = (uint64_t)config->clients_count * endpoint->window;
    /* Twice: lost ones stay taken until their link is reopened, and others go on. */
    if (wanted > UINT64_C(2) * endpoint->outstanding_max) {
        wanted = UINT64_C(2) * endpoint->outstanding_max;
    }
    endpoint->slots_count = (uint32_t)wanted;
    endpoint->slots = calloc(wanted, sizeof *endpoint->slots);
    endpoint->slots_free = calloc(wanted, sizeof *endpoint->slots_free);
    if (endpoint->slots == NULL || endpoint->slots_free == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        endpoint->slots[i].endpoint = endpoint;
        endpoint->slots_free[endpoint->slots_free_count++] = i;
    }
    endpoint->publishing = initial;
    endpoint->publishing.onSuccess5 = on_published;
    endpoint->publishing.onFailure5 = on_unpublished;
    return set_expiry(endpoint, reterr);
}

void mqtt_publish_done(struct endpoint *endpoint)
{
    MQTTProperties_free(&endpoint->publishing.properties);
    free(endpoint->slots);
    free(endpoint->slots_free);
}

void mqtt_publish_lose(struct mqtt_link *link)
{
    struct endpoint *endpoint = link->endpoint;
    int64_t now_ns = mono_ns();

    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct mqtt_slot *slot = &endpoint->slots[i];

        if (slot->state == SLOT_WAITING && slot->client == link->client) {
            struct mqtt_note note = {
                .kind = EVENT_UNCONFIRMED, .client = link->client, .at_ns = now_ns, .slot = i};

            slot->state = SLOT_LOST;
            ASSERT(mqtt_inbox_push(&endpoint->inbox, &note));
        }
    }
}

static void free_slot(struct endpoint *endpoint, uint32_t index)
{
    endpoint->slots[index].state = SLOT_FREE;
    endpoint->slots_free[endpoint->slots_free_count++] = index;
}

void mqtt_publish_forget(struct mqtt_link *link)
{
    struct endpoint *endpoint = link->endpoint;

    mqtt_inbox_lock(&endpoint->inbox);
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct mqtt_slot *slot = &endpoint->slots[i];

        if (slot->client == link->client && slot->state == SLOT_LOST) {
            slot->state = SLOT_SETTLED;
        } else if (slot->client == link->client && slot->state == SLOT_LOST_POLLED) {
            free_slot(endpoint, i);
        }
    }
    mqtt_inbox_unlock(&endpoint->inbox);
}

void mqtt_publish_outcome(struct endpoint *endpoint, const struct mqtt_note *note,
                          struct event *ret)
{
    struct mqtt_slot *slot = &endpoint->slots[note->slot];

    *ret = (struct event){.kind = note->kind,
                          .client = note->client,
                          .at_ns = note->at_ns,
                          .token = slot->token,
                          .text = note->text};
    endpoint->outstanding--;
    endpoint->links[note->client].outstanding--;
    mqtt_inbox_lock(&endpoint->inbox);
    if (slot->state == SLOT_LOST) {
        slot->state = SLOT_LOST_POLLED;
    } else {
        free_slot(endpoint, note->slot);
    }
    mqtt_inbox_unlock(&endpoint->inbox);
}

/* Takes a slot for a message of a link that is up; NULL if it is not. */
static struct mqtt_slot *take_slot(struct mqtt_link *link, uint64_t token)
{
    struct endpoint *endpoint = link->endpoint;
    struct mqtt_slot *slot = NULL;

    mqtt_inbox_lock(&endpoint->inbox);
    if (link->state == LINK_UP) {
        slot = &endpoint->slots[endpoint->slots_free[--endpoint->slots_free_count]];
        slot->client = link->client;
        slot->token = token;
        slot->state = SLOT_WAITING;
    }
    mqtt_inbox_unlock(&endpoint->inbox);
    return slot;
}

/* paho did not take the message. True if the slot was freed: then nothing will be told of it. The
 * connection may have been lost meanwhile, and the message with it. */
static bool give_back(struct mqtt_slot *slot)
{
    struct endpoint *endpoint = slot->endpoint;
    bool untold;

    mqtt_inbox_lock(&endpoint->inbox);
    untold = slot->state == SLOT_WAITING;
    if (untold) {
        free_slot(endpoint, (uint32_t)(slot - endpoint->slots));
    }
    mqtt_inbox_unlock(&endpoint->inbox);
    return untold;
}

static void write_topic(const struct endpoint *endpoint, const struct message *message, char *topic)
{
    const char *name = endpoint->config->topics[message->topic].name;
    size_t name_bytes = strnlen(name, TOPIC_NAME_BYTES);
    char digits[PARTITION_TEXT_BYTES];
    size_t at = sizeof digits;
    uint32_t rest = message->partition;

    /* snprintf would cost more than the rest of submit(). */
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    memcpy(topic, name, name_bytes);
    topic[name_bytes] = '/';
    memcpy(topic + name_bytes + 1, digits + at, sizeof digits - at);
}

int mqtt_submit(struct endpoint *endpoint, const struct message *message)
{
    struct mqtt_link *link = &endpoint->links[message->client];
    char topic[TOPIC_NAME_BYTES + PARTITION_TEXT_BYTES];
    struct mqtt_slot *slot;
    int r;

    if (link->outstanding >= endpoint->window ||
        endpoint->outstanding >= endpoint->outstanding_max || endpoint->slots_free_count == 0) {
        return -EAGAIN;
    }
    slot = take_slot(link, message->token);
    if (slot == NULL) {
        return -EAGAIN;
    }
    write_topic(endpoint, message, topic);
    endpoint->publishing.context = slot;
    r = MQTTAsync_send(link->handle, topic, (int)message->bytes_count, message->bytes,
                       endpoint->qos, 0, &endpoint->publishing);
    if (r == MQTTASYNC_DISCONNECTED || r == MQTTASYNC_MAX_BUFFERED_MESSAGES ||
        r == MQTTASYNC_NO_MORE_MSGIDS) {
        if (give_back(slot)) {
            return -EAGAIN;
        }
    } else if (r != MQTTASYNC_SUCCESS) {
        settle(slot, EVENT_REFUSED, MQTTAsync_strerror(r));
    }
    endpoint->outstanding++;
    link->outstanding++;
    return 0;
}
