/* PUBLISH into messages, and acks into answers. */
#include "invariant.h"
#include "own_endpoint_inner.h"
#include "pages.h"

#include <errno.h>
#include <string.h>

/* A token of ack(): client, epoch, whether there is nothing to acknowledge, and the number of the
 * message among those received. */
#define NUMBER_BITS 32
#define UNACKED_BIT (UINT64_C(1) << NUMBER_BITS)
#define EPOCH_SHIFT (NUMBER_BITS + 1)
#define CLIENT_SHIFT (EPOCH_SHIFT + 8)

/* Answers that stand behind others that the socket does not take, and a ping. */
#define UNSENT_BYTES (2 * OWN_RECEIVE_MAXIMUM * (size_t)MQTT_ANSWER_BYTES + 2 * OWN_ACKS_BYTES)

static_assert((OWN_RECEIVE_MAXIMUM & (OWN_RECEIVE_MAXIMUM - 1)) == 0, "places are found by a mask");
static_assert(CLIENTS_MAX <= 1 << (64 - CLIENT_SHIFT), "a token has room for any client");

/* ---- Making and ending ----------------------------------------------------------------------- */

static size_t received_bytes(const struct endpoint *endpoint)
{
    return (size_t)endpoint->config->clients_count * OWN_RECEIVE_MAXIMUM *
           sizeof *endpoint->received;
}

static size_t ids_bytes(const struct endpoint *endpoint)
{
    return endpoint->config->clients_count * sizeof *endpoint->ids;
}

int own_consumers_init(struct endpoint *endpoint, struct errinfo *reterr)
{
    endpoint->received = pages_new(received_bytes(endpoint));
    if (endpoint->qos == 2) {
        endpoint->ids = pages_new(ids_bytes(endpoint));
    }
    return endpoint->received != NULL && (endpoint->ids != NULL || endpoint->qos < 2) &&
                   mqtt_topics_init(&endpoint->topics, endpoint->config) == 0
               ? 0
               : errinfo_nomem(reterr);
}

void own_consumers_done(struct endpoint *endpoint)
{
    pages_free(endpoint->received, received_bytes(endpoint));
    pages_free(endpoint->ids, ids_bytes(endpoint));
    endpoint->received = NULL;
    endpoint->ids = NULL;
    mqtt_topics_done(&endpoint->topics);
}

int own_consumer_init(struct endpoint *endpoint, struct own_client *client)
{
    client->consumer = (struct own_consumer){
        .received = endpoint->received + (size_t)client->index * OWN_RECEIVE_MAXIMUM,
        .ids = endpoint->ids != NULL ? endpoint->ids + client->index : NULL,
    };
    return kept_init(&client->unsent, UNSENT_BYTES);
}

/* ---- Messages that wait for an ack ----------------------------------------------------------- */

static struct own_received *received_of(const struct own_consumer *consumer, uint32_t number)
{
    return &consumer->received[(number - consumer->first) & (OWN_RECEIVE_MAXIMUM - 1)];
}

bool own_consumer_is_full(const struct own_client *client)
{
    return client->consumer.next - client->consumer.oldest == OWN_RECEIVE_MAXIMUM;
}

static uint32_t remember(struct own_consumer *consumer, const struct mqtt_publish *publish)
{
    if (consumer->oldest == consumer->next) {
        consumer->first = consumer->next; /* So that only a full table is touched as a whole. */
    }
    *received_of(consumer, consumer->next) =
        (struct own_received){.id = publish->id, .qos = publish->qos, .is_lent = true};
    if (publish->qos == 2) {
        own_id_add(consumer->ids->lent, publish->id);
    }
    return consumer->next++;
}

static void advance(struct endpoint *endpoint, struct own_client *client)
{
    struct own_consumer *consumer = &client->consumer;

    while (consumer->oldest != consumer->next &&
           !received_of(consumer, consumer->oldest)->is_lent) {
        consumer->oldest++;
    }
    if (client->is_stalled && !own_consumer_is_full(client)) {
        own_client_enqueue(endpoint, client);
    }
}

/* PUBACK, or PUBREC, which PUBREL and PUBCOMP follow (4.3.2, 4.3.3). */
static void acknowledge(struct endpoint *endpoint, struct own_client *client, uint32_t number)
{
    struct own_ids *ids = client->consumer.ids;
    struct own_received *received = received_of(&client->consumer, number);

    if (!received->is_lent) {
        return;
    }
    received->is_lent = false;
    if (received->qos == 2) {
        own_id_remove(ids->lent, received->id);
        own_id_add(ids->unreleased, received->id);
    }
    own_answer(endpoint, client, received->qos == 2 ? MQTT_PUBREC : MQTT_PUBACK, received->id);
}

/* "MUST NOT deliver it again" before PUBREL (4.3.3), whatever its DUP flag says. It has its PUBREC,
 * or gets it with its ack. */
static bool is_known(struct endpoint *endpoint, struct own_client *client,
                     const struct mqtt_publish *publish)
{
    const struct own_ids *ids = client->consumer.ids;

    if (publish->qos < 2) {
        return false;
    }
    if (own_id_is_in(ids->unreleased, publish->id)) {
        own_answer(endpoint, client, MQTT_PUBREC, publish->id);
        return true;
    }
    return own_id_is_in(ids->lent, publish->id);
}

/* ---- What comes ------------------------------------------------------------------------------ */

static void hand_out(struct endpoint *endpoint, struct own_client *client,
                     const struct mqtt_publish *publish, struct event *event)
{
    struct own_consumer *consumer = &client->consumer;
    uint32_t bytes_max = endpoint->config->message_bytes_max;
    uint64_t number = consumer->next;

    if (publish->qos > 0) {
        (void)remember(consumer, publish);
    } else {
        number |= UNACKED_BIT;
    }
    event->token =
        (uint64_t)client->index << CLIENT_SHIFT | (uint64_t)consumer->epoch << EPOCH_SHIFT | number;
    event->bytes = publish->payload.bytes;
    /* More isn't ours, and the checksum will say so. */
    event->bytes_count = publish->payload.count < bytes_max ? publish->payload.count : bytes_max;
}

/* One that is not of this trial is acknowledged here: nobody else will. */
static void pass_over(struct endpoint *endpoint, struct own_client *client,
                      const struct mqtt_publish *publish)
{
    if (publish->qos > 0) {
        acknowledge(endpoint, client, remember(&client->consumer, publish));
        advance(endpoint, client);
    }
}

/* Remembers the last, as messages of one topic come in a row. False: none of the trial's. */
static bool find_topic(struct endpoint *endpoint, struct mqtt_bytes name, uint32_t *ret_topic,
                       uint32_t *ret_partition)
{
    struct own_topic_memory *last = &endpoint->last;

    if (name.count == 0 || name.count > sizeof last->name) {
        return false;
    }
    if (name.count != last->name_bytes || memcmp(name.bytes, last->name, name.count) != 0) {
        if (!mqtt_topics_find(&endpoint->topics, name.bytes, name.count, &last->topic,
                              &last->partition)) {
            last->name_bytes = 0;
            return false;
        }
        memcpy(last->name, name.bytes, name.count);
        last->name_bytes = name.count;
    }
    *ret_topic = last->topic;
    *ret_partition = last->partition;
    return true;
}

static bool published(struct endpoint *endpoint, struct own_client *client,
                      const struct own_packet *packet, const struct mqtt_publish *publish,
                      struct own_events *events)
{
    struct event *event;
    uint32_t topic = 0;
    uint32_t partition = 0;

    if (publish->qos > endpoint->qos) {
        own_client_lost(endpoint, client,
                        "the broker sends a PUBLISH of QoS %u to a subscription that asked for "
                        "QoS %u (3.8.4)",
                        publish->qos, endpoint->qos);
        return false;
    }
    if (is_known(endpoint, client, publish)) {
        return false;
    }
    if (!find_topic(endpoint, publish->topic, &topic, &partition)) {
        pass_over(endpoint, client, publish);
        return false;
    }
    event = own_event_add(events, EVENT_MESSAGE, client, packet->at_ns);
    ASSERT(event != NULL); /* The caller reads no packet without room for its event. */
    event->topic = topic;
    event->partition = partition;
    hand_out(endpoint, client, publish, event);
    return true;
}

static void released(struct endpoint *endpoint, struct own_client *client, uint16_t id)
{
    if (client->consumer.ids != NULL) {
        own_id_remove(client->consumer.ids->unreleased, id);
    }
    own_answer(endpoint, client, MQTT_PUBCOMP, id); /* (3.6.4) */
}

bool own_consumer_packet(struct endpoint *endpoint, struct own_client *client,
                         const struct own_packet *packet, struct own_events *events)
{
    enum mqtt_version version = client->link.version;
    const char *wrong = "a packet that nobody asked for";
    struct mqtt_publish publish;
    struct mqtt_answer answer;

    if (packet->frame->kind == MQTT_PUBLISH &&
        mqtt_decode_publish(version, packet->frame, packet->body, &publish, &wrong) == 0) {
        return published(endpoint, client, packet, &publish, events);
    }
    if (packet->frame->kind == MQTT_PUBREL &&
        mqtt_decode_answer(version, packet->frame, packet->body, &answer, &wrong) == 0) {
        released(endpoint, client, answer.id);
        return false;
    }
    own_client_lost(endpoint, client, "the broker sends %s", wrong);
    return false;
}

/* ---- Acks ------------------------------------------------------------------------------------ */

static int acknowledge_until(struct endpoint *endpoint, struct own_client *client, uint32_t from,
                             uint32_t until)
{
    struct own_consumer *consumer = &client->consumer;
    bool any = false;

    for (uint32_t number = from; number != until && client->is_up; number++) {
        if (client->unsent.end > 0) {
            advance(endpoint, client);
            return -EAGAIN;
        }
        any = any || received_of(consumer, number)->is_lent;
        acknowledge(endpoint, client, number);
    }
    if (!client->is_up) {
        return -ENOTCONN;
    }
    advance(endpoint, client);
    return any ? 1 : 0;
}

int own_ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    uint64_t index = token >> CLIENT_SHIFT;
    uint32_t number = (uint32_t)token;
    struct own_client *client;
    const struct own_consumer *consumer;
    uint32_t until;

    ASSERT(index < endpoint->config->clients_count);
    client = &endpoint->clients[index];
    consumer = &client->consumer;
    /* An ack of an earlier connection means nothing to this one. */
    if (!client->is_up || (uint8_t)(token >> EPOCH_SHIFT) != consumer->epoch) {
        return -ENOTCONN;
    }
    until = (token & UNACKED_BIT) != 0 ? number : number + 1;
    if (number - consumer->oldest > consumer->next - consumer->oldest) {
        return 0; /* It is settled. */
    }
    if (multiple) {
        return acknowledge_until(endpoint, client, consumer->oldest, until);
    }
    return acknowledge_until(endpoint, client, number, until);
}

int own_flush(struct endpoint *endpoint)
{
    int r;

    own_acks_write(endpoint);
    r = endpoint->acks_lost ? -ENOTCONN : 0;
    endpoint->acks_lost = false;
    return r;
}
