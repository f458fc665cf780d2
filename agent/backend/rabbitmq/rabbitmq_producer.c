#include "mono.h"
#include "pages.h"
#include "rabbitmq_endpoint_inner.h"

#include <errno.h>
#include <string.h>

/* Confirms may come out of order. A window as large as in_flight would then be full although
 * fewer messages are outstanding, whenever the oldest one is late. */
#define SLOTS_PER_IN_FLIGHT 4

static struct rabbitmq_slot *slot_of(const struct rabbitmq_producer *producer, uint64_t number)
{
    return &producer->slots[(number - producer->first) & producer->slots_mask];
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
    return rabbitmq_publish_init(endpoint, client, reterr);
}

void rabbitmq_producer_done(struct rabbitmq_client *client)
{
    rabbitmq_publish_done(client);
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

/* The number travels as message_id: a return doesn't say which message it is, and confirms of
 * several may come as one. */
static void number_write(uint64_t number, char id[static RABBITMQ_MESSAGE_ID_BYTES])
{
    for (int i = RABBITMQ_MESSAGE_ID_BYTES - 1; i >= 0; i--) {
        id[i] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
}

static uint64_t number_read(amqp_bytes_t id)
{
    const char *digits = id.bytes;
    uint64_t number = 0;

    for (size_t i = 0; i < id.len && i < RABBITMQ_MESSAGE_ID_BYTES; i++) {
        unsigned digit = (unsigned char)digits[i];

        number = number << 4 | (digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return number;
}

static void returned(struct rabbitmq_producer *producer, const amqp_frame_t *header)
{
    const amqp_basic_properties_t *properties = header->payload.properties.decoded;
    uint64_t number;

    if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) == 0) {
        return;
    }
    number = number_read(properties->message_id);
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

    if (endpoint->config->role == ROLE_PRODUCER && !endpoint->is_confirmed &&
        producer->settled_end < producer->next) {
        slot_of(producer, producer->next - 1)->at_ns = mono_ns();
        producer->settled_end = producer->next;
        rabbitmq_client_enqueue(endpoint, client);
    }
}

/* Hands a publish over: what does not fit into the socket stays with us, never with the library. */
static void hand_over(struct endpoint *endpoint, struct rabbitmq_client *client,
                      const amqp_basic_publish_t *publish,
                      const amqp_basic_properties_t *properties, amqp_bytes_t body)
{
    int status;
    int r;

    if (body.len + RABBITMQ_PUBLISH_OVERHEAD_BYTES > RABBITMQ_ROOM_BYTES) {
        r = rabbitmq_publish(endpoint, client, publish, properties, body);
        if (r < 0) {
            rabbitmq_client_lost(endpoint, client, "publishing failed: %s", strerror(-r));
            return;
        }
    } else {
        status = amqp_basic_publish(client->link.connection, RABBITMQ_CHANNEL, publish->exchange,
                                    publish->routing_key, publish->mandatory, 0, properties, body);
        if (status != AMQP_STATUS_OK) {
            rabbitmq_client_lost(endpoint, client, "publishing failed: %s",
                                 amqp_error_string2(status));
            return;
        }
    }
    if (client->unsent_end > 0) {
        rabbitmq_client_watch(endpoint, client, true);
    } else {
        rabbitmq_producer_written(endpoint, client);
    }
}

/* 0 or -EAGAIN. */
static int publish(struct endpoint *endpoint, const struct message *message)
{
    struct rabbitmq_client *client = &endpoint->clients[message->client];
    struct rabbitmq_producer *producer = &client->producer;
    const struct topic *topic = &endpoint->config->topics[message->topic];
    amqp_basic_properties_t properties = endpoint->properties;
    /* Without a subscription there is no queue, and mandatory would refuse everything. */
    amqp_basic_publish_t method = {.exchange = amqp_cstring_bytes(topic->name),
                                   .routing_key =
                                       amqp_cstring_bytes(endpoint->keys[message->partition]),
                                   .mandatory = endpoint->is_confirmed && topic->subscriptions > 0};
    /* The library only reads it. */
    amqp_bytes_t body = {.len = message->bytes_count, .bytes = (void *)(uintptr_t)message->bytes};

    if (!client->is_up || client->is_blocked ||
        producer->next - producer->oldest > producer->slots_mask ||
        !rabbitmq_client_has_room(endpoint, client,
                                  message->bytes_count + RABBITMQ_PUBLISH_OVERHEAD_BYTES)) {
        return -EAGAIN;
    }
    if (producer->oldest == producer->next) {
        producer->first = producer->next; /* So that a full table is touched by a full one only. */
    }
    *slot_of(producer, producer->next) =
        (struct rabbitmq_slot){.token = message->token, .state = SLOT_WAITING};
    if (endpoint->is_confirmed) {
        number_write(producer->next, producer->message_id);
        properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        properties.message_id =
            (amqp_bytes_t){.len = sizeof producer->message_id, .bytes = producer->message_id};
    }
    producer->next++;
    client->has_sent = true;
    hand_over(endpoint, client, &method, &properties, body);
    return 0;
}

int rabbitmq_submit(struct endpoint *endpoint, const struct message *messages,
                    uint32_t messages_count)
{
    uint32_t taken = 0;

    while (taken < messages_count && publish(endpoint, &messages[taken]) == 0) {
        taken++;
    }
    return (int)taken;
}
