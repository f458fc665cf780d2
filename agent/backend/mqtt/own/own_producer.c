/* Messages into PUBLISH, and its answers. */
#include "own_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"
#include "pages.h"

#include <string.h>

/* Of small messages, so many bytes are encoded at a time. */
#define ENCODED_BYTES_MIN ((size_t)64 * 1024)

/* Around a message of ours: fixed header, topic, identifier, properties; generous. */
#define OVERHEAD_BYTES ((size_t)(MQTT_TOPIC_TEXT_BYTES + 64))

/* ---- Making and ending ----------------------------------------------------------------------- */

static uint32_t window_of(const struct endpoint_config *config)
{
    return config->delivery->ordered ? 1 : config->delivery->in_flight;
}

int own_producers_init(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    size_t bytes = config->message_bytes_max + OVERHEAD_BYTES;
    /* MQTT counts an expiry in seconds (3.3.2.3.3); a message must not vanish before its time. */
    int64_t expiry_s = (config->delivery->ttl_ns + NS_PER_S - 1) / NS_PER_S;

    endpoint->expiry_s = expiry_s < UINT32_MAX ? (uint32_t)expiry_s : UINT32_MAX;
    endpoint->encoded_bytes_max = bytes > ENCODED_BYTES_MIN ? bytes : ENCODED_BYTES_MIN;
    endpoint->slots_bytes =
        (size_t)config->clients_count * (window_of(config) + 1) * sizeof *endpoint->slots;
    endpoint->encoded = pages_new(endpoint->encoded_bytes_max);
    endpoint->slots = pages_new(endpoint->slots_bytes);
    return endpoint->encoded != NULL && endpoint->slots != NULL ? 0 : errinfo_nomem(reterr);
}

void own_producers_done(struct endpoint *endpoint)
{
    pages_free(endpoint->encoded, endpoint->encoded_bytes_max);
    pages_free(endpoint->slots, endpoint->slots_bytes);
    endpoint->encoded = NULL;
    endpoint->slots = NULL;
}

int own_producer_init(struct endpoint *endpoint, struct own_client *client)
{
    uint32_t window = window_of(endpoint->config);

    client->producer = (struct own_producer){
        .slots = endpoint->slots + (size_t)client->index * (window + 1),
        .window = (uint16_t)window,
        .fresh = 1,
    };
    /* What the broker is to be told of messages stands behind those that are unsent. */
    return kept_init(&client->unsent, endpoint->encoded_bytes_max +
                                          2 * (size_t)window * MQTT_ANSWER_BYTES + OWN_ACKS_BYTES);
}

/* ---- Outcomes -------------------------------------------------------------------------------- */

static const char *too_large(struct endpoint *endpoint, const struct own_client *client,
                             const struct own_slot *slot)
{
    return own_text(endpoint,
                    "a PUBLISH of %u bytes is more than the broker's Maximum Packet Size of %u",
                    slot->whole_bytes, client->link.limits.packet_bytes_max);
}

bool own_producer_settle(struct endpoint *endpoint, struct own_client *client,
                         struct own_events *events)
{
    struct own_producer *producer = &client->producer;

    while (producer->told.first != 0) {
        const struct own_slot *slot = &producer->slots[producer->told.first];
        struct event *event;
        const char *text = client->reason;

        if (events->count == events->count_max) {
            return false;
        }
        if (slot->state == SLOT_TOO_LARGE) {
            text = too_large(endpoint, client, slot);
            if (text == NULL) {
                return false;
            }
        }
        event = own_event_add(events,
                              slot->state == SLOT_ACKED         ? EVENT_ACKED
                              : slot->state == SLOT_UNCONFIRMED ? EVENT_UNCONFIRMED
                                                                : EVENT_REFUSED,
                              client, slot->at_ns);
        event->token = slot->token;
        event->is_local = slot->state == SLOT_TOO_LARGE;
        event->text = slot->state == SLOT_ACKED ? NULL : text;
        own_slot_free_told(producer);
    }
    return true;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void tell(struct own_client *client, uint16_t id, enum event_kind kind, int64_t at_ns,
                 const char *text, struct own_events *events)
{
    struct own_producer *producer = &client->producer;
    struct event *event = own_event_add(events, kind, client, at_ns);

    ASSERT(event != NULL); /* The caller reads no packet without room for its event. */
    event->token = producer->slots[id].token;
    event->text = text;
    own_slot_free(producer, id);
    producer->waiting--;
}

/* "Quota exceeded", and what the broker says besides. */
static const char *refusal(struct endpoint *endpoint, const struct own_client *client,
                           enum mqtt_kind kind, const struct mqtt_answer *answer)
{
    const char *name = mqtt_reason_name(client->link.version, kind, answer->reason);
    const char *text = answer->reason_text.count > 0
                           ? own_text(endpoint, "%s: %.*s", name, (int)answer->reason_text.count,
                                      answer->reason_text.bytes)
                           : NULL;

    return text != NULL ? text : name;
}

/* A message that the broker has, and what it says of it (3.4.2.1): said once a poll, however many
 * they are. */
static void note_reason(struct endpoint *endpoint, const struct own_client *client,
                        enum mqtt_kind kind, uint8_t reason)
{
    if (reason != 0) {
        endpoint->unmatched = mqtt_reason_name(client->link.version, kind, reason);
        endpoint->unmatched_client = client->index;
    }
}

/* PUBACK, PUBREC or PUBCOMP, of one that waits for it. */
static void answered(struct endpoint *endpoint, struct own_client *client,
                     const struct own_packet *packet, const struct mqtt_answer *answer,
                     struct own_events *events)
{
    enum mqtt_kind kind = packet->frame->kind;
    struct own_slot *slot = &client->producer.slots[answer->id];

    if (answer->reason >= MQTT_REASON_FAILURE) {
        /* A PUBREC or PUBACK is the end of it, without a PUBREL (4.3.3). A PUBCOMP of a message
         * that the broker has taken says that it has forgotten it since (3.7.2.1): who knows. */
        tell(client, answer->id, kind == MQTT_PUBCOMP ? EVENT_UNCONFIRMED : EVENT_REFUSED,
             packet->at_ns, refusal(endpoint, client, kind, answer), events);
        return;
    }
    note_reason(endpoint, client, kind, answer->reason);
    if (kind == MQTT_PUBREC) {
        slot->state = SLOT_RELEASED;
        own_answer(endpoint, client, MQTT_PUBREL, answer->id);
    } else {
        tell(client, answer->id, EVENT_ACKED, packet->at_ns, NULL, events);
    }
}

static bool is_awaited(const struct endpoint *endpoint, const struct own_client *client,
                       enum mqtt_kind kind, uint16_t id)
{
    const struct own_producer *producer = &client->producer;
    enum own_slot_state state =
        id > 0 && id < producer->fresh ? (enum own_slot_state)producer->slots[id].state : SLOT_FREE;

    switch (kind) {
    case MQTT_PUBACK:
        return endpoint->qos == 1 && state == SLOT_WAITING;
    case MQTT_PUBREC:
        return endpoint->qos == 2 && state == SLOT_WAITING;
    default:
        return state == SLOT_RELEASED;
    }
}

void own_producer_packet(struct endpoint *endpoint, struct own_client *client,
                         const struct own_packet *packet, struct own_events *events)
{
    enum mqtt_kind kind = packet->frame->kind;
    const char *wrong = "a packet that nobody asked for";
    struct mqtt_answer answer;

    if ((kind != MQTT_PUBACK && kind != MQTT_PUBREC && kind != MQTT_PUBCOMP) ||
        mqtt_decode_answer(client->link.version, packet->frame, packet->body, &answer, &wrong) <
            0) {
        own_client_lost(endpoint, client, "the broker sends %s", wrong);
    } else if (is_awaited(endpoint, client, kind, answer.id)) {
        answered(endpoint, client, packet, &answer, events);
    } /* Else it comes a second time; its message has its outcome. */
}

void own_producer_written(struct endpoint *endpoint, struct own_client *client)
{
    if (endpoint->config->role == ROLE_PRODUCER && client->producer.unsent.first != 0) {
        own_slots_written(&client->producer, mono_ns());
        own_client_enqueue(endpoint, client);
    }
}

/* ---- Submitting ------------------------------------------------------------------------------ */

/* The broker's Receive Maximum counts what it has not answered (3.2.2.3.3, 4.9). */
static bool may_publish(const struct endpoint *endpoint, const struct own_client *client)
{
    return client->is_up && client->unsent.end == 0 && own_slot_is_left(&client->producer) &&
           (endpoint->qos == 0 || client->producer.waiting < client->link.limits.receive_maximum);
}

static void refuse_too_large(struct endpoint *endpoint, struct own_client *client, uint64_t token,
                             size_t packet_bytes)
{
    uint16_t id = own_slot_take(&client->producer, token);

    client->producer.slots[id].whole_bytes = (uint32_t)packet_bytes;
    own_slot_tell(&client->producer, id, SLOT_TOO_LARGE, mono_ns());
    own_client_enqueue(endpoint, client);
}

/* Encodes one behind the `bytes` of those before it; false: it has no room there. */
static bool encode(struct endpoint *endpoint, struct own_client *client,
                   const struct message *message, size_t *bytes)
{
    char topic[MQTT_TOPIC_TEXT_BYTES];
    struct mqtt_outgoing outgoing = {
        .topic = {topic, mqtt_topic_write(endpoint->config->topics[message->topic].name,
                                          message->partition, topic)},
        .head = {message->head, message->head_bytes},
        .payload = {message->bytes, message->bytes_count},
        .expiry_s = endpoint->expiry_s,
        .qos = endpoint->qos,
    };
    size_t packet_bytes = mqtt_publish_bytes(client->link.version, &outgoing);
    uint16_t id;

    if (packet_bytes > client->link.limits.packet_bytes_max) { /* (3.2.2.3.6) */
        refuse_too_large(endpoint, client, message->token, packet_bytes);
        return true;
    }
    if (packet_bytes > endpoint->encoded_bytes_max - *bytes) {
        ASSERT(*bytes > 0);
        return false;
    }
    id = own_slot_take(&client->producer, message->token);
    if (endpoint->qos > 0) {
        outgoing.id = id;
        client->producer.waiting++;
    } else {
        own_slot_unsent(&client->producer, id);
    }
    *bytes += mqtt_encode_publish(client->link.version, &outgoing, endpoint->encoded + *bytes);
    return true;
}

/* As many as are encoded at a time, written by one call. */
static uint32_t publish(struct endpoint *endpoint, struct own_client *client,
                        const struct message *messages, uint32_t messages_count)
{
    size_t bytes = 0;
    uint32_t taken = 0;

    while (taken < messages_count && may_publish(endpoint, client) &&
           encode(endpoint, client, &messages[taken], &bytes)) {
        taken++;
    }
    if (bytes > 0) {
        own_write(endpoint, client, endpoint->encoded, bytes, "publishing");
    }
    return taken;
}

int own_submit(struct endpoint *endpoint, const struct message *messages, uint32_t messages_count)
{
    struct own_client *client = &endpoint->clients[messages->client];
    uint32_t taken = 0;
    uint32_t more;

    do {
        more = publish(endpoint, client, &messages[taken], messages_count - taken);
        taken += more;
    } while (more > 0 && taken < messages_count);
    if (client->is_up && client->unsent.end == 0) {
        own_producer_written(endpoint, client);
    }
    return (int)taken;
}
