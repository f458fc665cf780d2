#include "mqtt_endpoint_inner.h"

#include "catalog_entries.h"
#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the queue; what is shared out comes on top of it. */
#define SHARED_OUT 4

/*
 * Messages that paho holds at QoS 0, where it holds only what is unsent: ten milliseconds of its
 * work. With a thousand it took an eighth more CPU a message, as measured beside a bare loop.
 *
 * It does not bound what waits behind paho. Flat out, on two busy CPUs, 3 of 34 rounds received
 * less than half of what they sent: sending went on, the consumer's socket was shut for 92 % of
 * the time, and 2 MB stood before it in Mosquitto (0.2 MB in rounds that received nine tenths).
 * So did 3 of 20 without mqtt_nudge.c and 3 of 14 of mosquitto_pub and _sub: it is QoS 0, where
 * nothing holds a sender back, and neither paho nor the nudge.
 */
#define UNSENT_MAX 256

/* ---- Outcomes, from paho's threads ----------------------------------------------------------- */

/* The caller holds the lock. What was settled or lost before is dropped. */
static void settle_locked(struct mqtt_slot *slot, enum event_kind kind, int64_t now_ns,
                          const char *text)
{
    struct mqtt_link *link = slot->link;
    struct mqtt_note note = {
        .kind = kind,
        .client = link->client,
        .at_ns = now_ns,
        .slot = (uint32_t)(slot - link->slots),
        .text = text,
    };

    if (slot->state == SLOT_WAITING) {
        slot->state = SLOT_SETTLED;
        ASSERT(mqtt_inbox_push(&link->endpoint->inbox, &note));
    }
}

static void settle(struct mqtt_slot *slot, enum event_kind kind, const char *text)
{
    int64_t now_ns = mono_ns();
    struct mqtt_inbox *inbox = &slot->link->endpoint->inbox;

    mqtt_inbox_lock(inbox);
    settle_locked(slot, kind, now_ns, text);
    mqtt_inbox_unlock(inbox);
}

void mqtt_publish_settle_before(struct mqtt_link *link, uint64_t number, int64_t now_ns)
{
    for (uint32_t i = 0; link->settled_next < number && i < link->slots_fresh; i++) {
        if (link->slots[i].number < number) {
            settle_locked(&link->slots[i], EVENT_ACKED, now_ns, NULL);
        }
    }
    if (link->settled_next < number) {
        link->settled_next = number;
    }
}

/*
 * At QoS 0: written. A socket takes messages in turn, so what went before was written too, even if
 * paho never says so: when a full socket is emptied on the receiving thread before the sending
 * thread has noted what is to be told of it, nobody is told (1 of 10,000 messages of 100 kB).
 */
static void on_written(void *context, MQTTAsync_successData5 *data)
{
    struct mqtt_slot *slot = context;
    struct mqtt_link *link = slot->link;
    int64_t now_ns = mono_ns();

    (void)data;
    mqtt_inbox_lock(&link->endpoint->inbox);
    if (slot->state == SLOT_WAITING) {
        mqtt_publish_settle_before(link, slot->number, now_ns);
        settle_locked(slot, EVENT_ACKED, now_ns, NULL);
        link->settled_next = slot->number + 1;
    }
    mqtt_inbox_unlock(&link->endpoint->inbox);
}

/* At QoS 1 and 2: the broker's PUBACK or PUBCOMP. */
static void on_confirmed(void *context, MQTTAsync_successData5 *data)
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

void mqtt_publish_lose(struct mqtt_link *link)
{
    int64_t now_ns = mono_ns();

    for (uint32_t i = 0; i < link->slots_fresh; i++) {
        struct mqtt_slot *slot = &link->slots[i];

        if (slot->state == SLOT_WAITING) {
            settle_locked(slot, EVENT_UNCONFIRMED, now_ns, NULL);
            slot->state = SLOT_LOST;
        }
    }
    link->fenced = false;
}

/* ---- The table of outstanding messages ------------------------------------------------------- */

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

static int make_slots(struct mqtt_link *link, struct errinfo *reterr)
{
    uint32_t count = link->endpoint->window;

    /* Not touched before it is used: many clients with a large window cost no memory for it. */
    link->slots = calloc(count, sizeof *link->slots);
    link->slots_free = calloc(count, sizeof *link->slots_free);
    return link->slots != NULL && link->slots_free != NULL ? 0 : errinfo_nomem(reterr);
}

static uint32_t at_most(uint32_t count, uint32_t limit)
{
    return count < limit ? count : limit;
}

int mqtt_publish_init(struct endpoint *endpoint, struct errinfo *reterr)
{
    static const MQTTAsync_responseOptions initial = MQTTAsync_responseOptions_initializer;
    const struct endpoint_config *config = endpoint->config;
    const struct delivery *delivery = config->delivery;
    int64_t queue = catalog_option_number(&catalog_mqtt_paho, config->target, "library_queue");
    int r;

    endpoint->window = delivery->ordered ? 1 : delivery->in_flight;
    endpoint->outstanding_max = queue > endpoint->window ? (uint32_t)queue : endpoint->window;
    endpoint->share = endpoint->outstanding_max / (SHARED_OUT * config->clients_count);
    if (endpoint->qos == 0) {
        endpoint->window = at_most(endpoint->window, UNSENT_MAX);
        endpoint->outstanding_max = at_most(endpoint->outstanding_max, UNSENT_MAX);
    }
    endpoint->publishing = initial;
    endpoint->publishing.onSuccess5 = endpoint->qos == 0 ? on_written : on_confirmed;
    endpoint->publishing.onFailure5 = on_unpublished;
    endpoint->whole = malloc(config->message_bytes_max);
    r = endpoint->whole != NULL ? set_expiry(endpoint, reterr) : errinfo_nomem(reterr);
    for (uint32_t i = 0; i < config->clients_count && r == 0; i++) {
        r = make_slots(&endpoint->links[i], reterr);
    }
    return r;
}

void mqtt_publish_done(struct endpoint *endpoint)
{
    MQTTProperties_free(&endpoint->publishing.properties);
    free(endpoint->whole);
    mqtt_timer_done(endpoint);
    for (uint32_t i = 0; endpoint->links != NULL && i < endpoint->config->clients_count; i++) {
        free(endpoint->links[i].slots);
        free(endpoint->links[i].slots_free);
    }
}

static void free_slot(struct mqtt_slot *slot)
{
    struct mqtt_link *link = slot->link;

    slot->state = SLOT_FREE;
    link->slots_free[link->slots_free_count++] = (uint32_t)(slot - link->slots);
}

void mqtt_publish_forget(struct mqtt_link *link)
{
    mqtt_inbox_lock(&link->endpoint->inbox);
    for (uint32_t i = 0; i < link->slots_fresh; i++) {
        struct mqtt_slot *slot = &link->slots[i];

        if (slot->state == SLOT_LOST) {
            slot->state = SLOT_SETTLED;
        } else if (slot->state == SLOT_LOST_POLLED) {
            free_slot(slot);
        }
    }
    mqtt_inbox_unlock(&link->endpoint->inbox);
}

void mqtt_publish_outcome(struct endpoint *endpoint, const struct mqtt_note *note,
                          struct event *ret)
{
    struct mqtt_link *link = &endpoint->links[note->client];
    struct mqtt_slot *slot = &link->slots[note->slot];

    *ret = (struct event){.kind = note->kind,
                          .client = note->client,
                          .at_ns = note->at_ns,
                          .token = slot->token,
                          .text = note->text};
    endpoint->outstanding--;
    link->outstanding--;
    mqtt_inbox_lock(&endpoint->inbox);
    if (slot->state == SLOT_LOST) {
        slot->state = SLOT_LOST_POLLED;
    } else {
        free_slot(slot);
    }
    mqtt_inbox_unlock(&endpoint->inbox);
}

/* ---- Submitting ------------------------------------------------------------------------------ */

/* Takes a slot for a message of a link that is up; NULL if there is none. */
static struct mqtt_slot *take_slot(struct mqtt_link *link, uint64_t token)
{
    struct mqtt_slot *slot = NULL;

    mqtt_inbox_lock(&link->endpoint->inbox);
    if (link->state == LINK_UP && link->slots_free_count > 0) {
        slot = &link->slots[link->slots_free[--link->slots_free_count]];
    } else if (link->state == LINK_UP && link->slots_fresh < link->endpoint->window) {
        slot = &link->slots[link->slots_fresh++];
    }
    if (slot != NULL) {
        slot->link = link;
        slot->token = token;
        slot->number = link->number_next++;
        slot->state = SLOT_WAITING;
    }
    mqtt_inbox_unlock(&link->endpoint->inbox);
    return slot;
}

/* paho did not take the message. True if the slot was freed: then nothing will be told of it. The
 * connection may have been lost meanwhile, and the message with it. */
static bool give_back(struct mqtt_slot *slot)
{
    struct mqtt_inbox *inbox = &slot->link->endpoint->inbox;
    bool untold;

    mqtt_inbox_lock(inbox);
    untold = slot->state == SLOT_WAITING;
    if (untold) {
        free_slot(slot);
    }
    mqtt_inbox_unlock(inbox);
    return untold;
}

/* A client that is no longer answered keeps its messages with paho until it is given up: by itself
 * it would fill the queue, and nobody else could send for a minute. */
bool mqtt_publish_has_room(const struct mqtt_link *link)
{
    const struct endpoint *endpoint = link->endpoint;

    return link->outstanding < endpoint->window &&
           (endpoint->outstanding < endpoint->outstanding_max ||
            link->outstanding < endpoint->share);
}

/* 0 or -EAGAIN. */
static int publish(struct endpoint *endpoint, const struct message *message)
{
    struct mqtt_link *link = &endpoint->links[message->client];
    char topic[MQTT_TOPIC_TEXT_BYTES];
    struct mqtt_slot *slot;
    int r;

    if (!mqtt_publish_has_room(link)) {
        return -EAGAIN;
    }
    slot = take_slot(link, message->token);
    if (slot == NULL) {
        return -EAGAIN;
    }
    (void)mqtt_topic_write(endpoint->config->topics[message->topic].name, message->partition,
                           topic);
    endpoint->publishing.context = slot;
    message_write(message, endpoint->whole);
    r = MQTTAsync_send(link->handle, topic, (int)message_whole_bytes(message), endpoint->whole,
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
    mqtt_timer_arm(endpoint);
    return 0;
}

int mqtt_submit(struct endpoint *endpoint, const struct message *messages, uint32_t messages_count)
{
    uint32_t taken = 0;

    while (taken < messages_count && publish(endpoint, &messages[taken]) == 0) {
        taken++;
    }
    return (int)taken;
}
