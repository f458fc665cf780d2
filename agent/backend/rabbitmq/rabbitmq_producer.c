#include "invariant.h"
#include "mono.h"
#include "pages.h"
#include "rabbitmq_endpoint_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Confirms may come out of order. A window as large as in_flight would then be full although
 * fewer messages are outstanding, whenever the oldest one is late. */
#define SLOTS_PER_IN_FLIGHT 4

/* Of small messages, so many bytes are encoded at a time. */
#define ENCODED_BYTES_MIN ((size_t)64 * 1024)

static struct rabbitmq_slot *slot_of(const struct rabbitmq_producer *producer, uint64_t number)
{
    return &producer->slots[(number - producer->first) & producer->slots_mask];
}

int rabbitmq_producers_init(struct endpoint *endpoint)
{
    const struct endpoint_config *config = endpoint->config;
    size_t bytes = rabbitmq_publish_bytes_max(config->message_bytes_max);

    endpoint->encoded_bytes_max = bytes > ENCODED_BYTES_MIN ? bytes : ENCODED_BYTES_MIN;
    endpoint->encoded = pages_new(endpoint->encoded_bytes_max);
    endpoint->forms = calloc(config->topics_count, sizeof *endpoint->forms);
    if (endpoint->encoded == NULL || endpoint->forms == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < config->topics_count; i++) {
        const struct topic *topic = &config->topics[i];

        /* Without a subscription there is no queue, and mandatory would refuse everything. */
        rabbitmq_form_make(&endpoint->forms[i], topic->name,
                           endpoint->is_confirmed && topic->subscriptions > 0,
                           endpoint->is_confirmed, &endpoint->properties);
    }
    return 0;
}

void rabbitmq_producers_done(struct endpoint *endpoint)
{
    pages_free(endpoint->encoded, endpoint->encoded_bytes_max);
    free(endpoint->forms);
    endpoint->encoded = NULL;
    endpoint->forms = NULL;
}

int rabbitmq_producer_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                           struct errinfo *reterr)
{
    struct rabbitmq_producer *producer = &client->producer;
    uint64_t wanted = (uint64_t)endpoint->config->delivery->in_flight * SLOTS_PER_IN_FLIGHT;
    uint64_t slots = 64;

    while (slots < wanted) {
        slots *= 2;
    }
    producer->slots = pages_new(slots * sizeof *producer->slots);
    if (producer->slots == NULL) {
        return errinfo_nomem(reterr);
    }
    producer->slots_mask = slots - 1;
    producer->oldest = 1;
    producer->next = 1;
    producer->settled_end = 1;
    producer->lost_end = 1;
    return kept_init(&client->unsent, endpoint->encoded_bytes_max) < 0 ? errinfo_nomem(reterr) : 0;
}

void rabbitmq_producer_done(struct rabbitmq_client *client)
{
    kept_done(&client->unsent);
    pages_free(client->producer.slots,
               (client->producer.slots_mask + 1) * sizeof *client->producer.slots);
    client->producer.slots = NULL;
}

int rabbitmq_producer_begin(const struct endpoint_config *config, struct rabbitmq_link *link,
                            struct errinfo *reterr)
{
    if (config->delivery->publish_ack == PUBLISH_ACK_NONE) {
        return 0;
    }
    (void)amqp_confirm_select(link->connection, RABBITMQ_CHANNEL);
    return rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr,
                          "asking for confirms");
}

void rabbitmq_producer_linked(struct rabbitmq_client *client)
{
    client->producer.base = client->producer.next - 1;
}

static void advance(struct rabbitmq_producer *producer)
{
    while (producer->oldest < producer->next &&
           slot_of(producer, producer->oldest)->state == SLOT_TOLD) {
        producer->oldest++;
    }
}

static const char *return_text(uint16_t code)
{
    switch (code) {
    case AMQP_NO_ROUTE:
        return "the broker returned it: no queue takes it (NO_ROUTE)";
    case AMQP_NO_CONSUMERS:
        return "the broker returned it: no consumers (NO_CONSUMERS)";
    default:
        return "the broker returned it";
    }
}

static bool tell(struct rabbitmq_client *client, struct rabbitmq_slot *slot, enum event_kind kind,
                 int64_t at_ns, struct rabbitmq_events *events)
{
    struct event *event = rabbitmq_event_add(events, kind, client, at_ns);

    if (event == NULL) {
        return false;
    }
    event->token = slot->token;
    if (slot->state == SLOT_RETURNED) {
        event->kind = EVENT_REFUSED;
        event->text = return_text(slot->reply);
    } else if (kind == EVENT_UNCONFIRMED) {
        event->text = client->reason;
    } else if (kind == EVENT_REFUSED) {
        event->text = "the broker refused it (basic.nack)";
    }
    slot->state = SLOT_TOLD;
    return true;
}

bool rabbitmq_producer_settle(struct rabbitmq_client *client, struct rabbitmq_events *events)
{
    struct rabbitmq_producer *producer = &client->producer;

    for (;;) {
        struct rabbitmq_slot *slot;
        enum event_kind kind = producer->settled_refused ? EVENT_REFUSED : EVENT_ACKED;
        int64_t at_ns = producer->settled_ns;

        advance(producer);
        if (producer->oldest >= producer->settled_end && producer->oldest >= producer->lost_end) {
            return true;
        }
        slot = slot_of(producer, producer->oldest);
        if (producer->oldest >= producer->settled_end) {
            kind = EVENT_UNCONFIRMED;
            at_ns = producer->lost_ns;
        } else if (slot->at_ns != 0) {
            at_ns = slot->at_ns;
        }
        if (!tell(client, slot, kind, at_ns, events)) {
            return false;
        }
    }
}

/* basic.ack or basic.nack. */
static void confirmed(struct rabbitmq_client *client, uint64_t tag, bool multiple, bool refused,
                      struct rabbitmq_events *events)
{
    struct rabbitmq_producer *producer = &client->producer;
    uint64_t number = producer->base + tag;

    /* Tag 0 with multiple: everything so far. */
    if (multiple && tag == 0) {
        number = producer->next - 1;
    }
    if (number >= producer->next || number < producer->oldest) {
        return;
    }
    if (multiple) {
        producer->settled_end = number + 1;
        producer->settled_ns = mono_ns();
        producer->settled_refused = refused;
        (void)rabbitmq_producer_settle(client, events);
    } else if (slot_of(producer, number)->state != SLOT_TOLD) {
        (void)tell(client, slot_of(producer, number), refused ? EVENT_REFUSED : EVENT_ACKED,
                   mono_ns(), events);
        advance(producer);
    }
}

static void returned(struct rabbitmq_producer *producer, const amqp_frame_t *header)
{
    const amqp_basic_properties_t *properties = header->payload.properties.decoded;
    uint64_t number;

    if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) == 0) {
        return;
    }
    number = rabbitmq_number_read(properties->message_id.bytes, properties->message_id.len);
    if (number >= producer->oldest && number < producer->next &&
        slot_of(producer, number)->state == SLOT_WAITING) {
        slot_of(producer, number)->state = SLOT_RETURNED;
        slot_of(producer, number)->reply = producer->returning;
    }
}

void rabbitmq_producer_frame(struct rabbitmq_client *client, const amqp_frame_t *frame,
                             struct rabbitmq_events *events)
{
    if (frame->frame_type == AMQP_FRAME_HEADER && client->content == CONTENT_RETURNED) {
        returned(&client->producer, frame);
        client->content_bytes = frame->payload.properties.body_size;
        client->content_offset = 0;
    } else if (frame->frame_type == AMQP_FRAME_BODY) {
        client->content_offset += frame->payload.body_fragment.len;
    } else if (frame->frame_type == AMQP_FRAME_METHOD) {
        if (frame->payload.method.id == AMQP_BASIC_ACK_METHOD) {
            const amqp_basic_ack_t *ack = frame->payload.method.decoded;

            confirmed(client, ack->delivery_tag, ack->multiple, false, events);
        } else if (frame->payload.method.id == AMQP_BASIC_NACK_METHOD) {
            const amqp_basic_nack_t *nack = frame->payload.method.decoded;

            confirmed(client, nack->delivery_tag, nack->multiple, true, events);
        } else if (frame->payload.method.id == AMQP_BASIC_RETURN_METHOD) {
            const amqp_basic_return_t *back = frame->payload.method.decoded;

            client->content = CONTENT_RETURNED;
            client->producer.returning = back->reply_code;
        }
    }
}

void rabbitmq_producer_written(struct endpoint *endpoint, struct rabbitmq_client *client)
{
    struct rabbitmq_producer *producer = &client->producer;
    int64_t now_ns;

    if (endpoint->config->role != ROLE_PRODUCER || endpoint->is_confirmed ||
        producer->settled_end == producer->next) {
        return;
    }
    now_ns = mono_ns();
    for (; producer->settled_end < producer->next; producer->settled_end++) {
        slot_of(producer, producer->settled_end)->at_ns = now_ns;
    }
    rabbitmq_client_enqueue(endpoint, client);
}

/* The number of a message that will be written; its place must be free. */
static uint64_t take_slot(struct rabbitmq_producer *producer, uint64_t token)
{
    if (producer->oldest == producer->next) {
        producer->first = producer->next; /* So that a full table is touched by a full one only. */
    }
    *slot_of(producer, producer->next) =
        (struct rabbitmq_slot){.token = token, .state = SLOT_WAITING};
    return producer->next++;
}

static bool may_publish(const struct rabbitmq_client *client)
{
    return client->is_up && !client->is_blocked && client->unsent.end == 0 &&
           client->producer.next - client->producer.oldest <= client->producer.slots_mask;
}

/* As many as are encoded at a time, written by one call. */
static uint32_t publish_plain(struct endpoint *endpoint, struct rabbitmq_client *client,
                              const struct message *messages, uint32_t messages_count)
{
    size_t bytes = 0;
    uint32_t taken = 0;

    while (taken < messages_count && may_publish(client)) {
        const struct message *message = &messages[taken];
        struct rabbitmq_publish publish = {.key = endpoint->keys[message->partition],
                                           .number = client->producer.next,
                                           .head = message->head,
                                           .head_bytes = message->head_bytes,
                                           .body = message->bytes,
                                           .body_bytes = message->bytes_count};
        size_t bytes_max = rabbitmq_publish_bytes_max(message_whole_bytes(message));

        if (bytes_max > endpoint->encoded_bytes_max - bytes) {
            ASSERT(taken > 0);
            break;
        }
        bytes += rabbitmq_encode_publish(&endpoint->forms[message->topic], &publish,
                                         client->link.frame_bytes_max, endpoint->encoded + bytes);
        (void)take_slot(&client->producer, message->token);
        taken++;
    }
    if (taken > 0) {
        rabbitmq_write(endpoint, client, endpoint->encoded, bytes, "publishing");
    }
    return taken;
}

/* One, by the library; 0 if the socket has no room for it. */
static uint32_t publish_secure(struct endpoint *endpoint, struct rabbitmq_client *client,
                               const struct message *message)
{
    const struct topic *topic = &endpoint->config->topics[message->topic];
    amqp_basic_properties_t properties = endpoint->properties;
    char id[RABBITMQ_MESSAGE_ID_BYTES];
    amqp_basic_publish_t publish = {
        .exchange = amqp_cstring_bytes(topic->name),
        .routing_key = amqp_cstring_bytes(endpoint->keys[message->partition]),
        .mandatory = endpoint->is_confirmed && topic->subscriptions > 0};
    amqp_bytes_t body = {.len = message_whole_bytes(message), .bytes = endpoint->encoded};
    uint64_t number;

    if (!may_publish(client) ||
        !rabbitmq_client_has_room(endpoint, client,
                                  (uint32_t)body.len + RABBITMQ_PUBLISH_OVERHEAD_BYTES)) {
        return 0;
    }
    message_write(message, endpoint->encoded);
    number = take_slot(&client->producer, message->token);
    if (endpoint->is_confirmed) {
        rabbitmq_number_write(number, id);
        properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        properties.message_id = (amqp_bytes_t){.len = sizeof id, .bytes = id};
    }
    client->has_sent = true;
    rabbitmq_publish_secure(endpoint, client, &publish, &properties, body);
    return 1;
}

int rabbitmq_submit(struct endpoint *endpoint, const struct message *messages,
                    uint32_t messages_count)
{
    struct rabbitmq_client *client = &endpoint->clients[messages->client];
    uint32_t taken = 0;
    uint32_t more;

    do {
        more = client->link.is_plain
                   ? publish_plain(endpoint, client, &messages[taken], messages_count - taken)
                   : publish_secure(endpoint, client, &messages[taken]);
        taken += more;
    } while (more > 0 && taken < messages_count);
    if (client->is_up && client->unsent.end == 0) {
        rabbitmq_producer_written(endpoint, client);
    }
    return (int)taken;
}
