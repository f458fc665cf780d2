#include "catalog_entries.h"

#include <stddef.h>

#define SECOND INT64_C(1000000000)

static const char *const queue_types[] = {"classic", "quorum", NULL};

static const struct catalog_option options[] = {
    {.key = "queue_type",
     .type = OPTION_CHOICE,
     .default_value = "classic",
     .choices = queue_types,
     .help = "Type of every queue (x-queue-type); quorum queues are replicated and always durable, "
             "so they can't be used with persistent: false."},
    {.key = "prefetch",
     .type = OPTION_COUNT,
     .default_value = "1000",
     .min = 1,
     .max = 65535,
     .help = "Unacknowledged messages that the broker sends ahead to a consumer (basic.qos); "
             "raised to twice the batch of consume_ack; without effect under consume_ack: none."},
    {.key = "heartbeat",
     .type = OPTION_DURATION,
     .default_value = "10s",
     .min = 0,
     .max = 3600 * SECOND,
     .help = "Interval of heartbeats in whole seconds; a connection that was silent for twice as "
             "long counts as lost; 0s switches them off."},
    {.key = "frame_max",
     .type = OPTION_BYTES,
     .default_value = "128KiB",
     .min = 4096,
     .max = INT64_C(1024) * 1024,
     .help = "Largest AMQP frame to agree on; less is asked for where the largest message needs "
             "less, as buffers are as large. Larger messages travel in several frames."},
    {.key = "send_timeout",
     .type = OPTION_DURATION,
     .default_value = "60s",
     .min = 1 * SECOND,
     .max = 3600 * SECOND,
     .help = "How long the broker may take no bytes at all from a connection that has some for it "
             "before the connection counts as lost (TCP_USER_TIMEOUT)."},
    {0}};

static const char *const equivalences[] = {
    "A message counts as acked when the broker confirms it (basic.ack): every queue it was routed "
    "to has taken it, and has it on disk if it is persistent. Kafka's acks=all means in memory of "
    "all in-sync replicas.",
    "Confirmed messages are sent with the mandatory flag: one that no queue takes is returned as "
    "refused, not silently lost. Each carries its number as message_id (12 bytes).",
    "Consumers get messages pushed within their prefetch; Kafka's consumers fetch.",
    "Every partition of a subscription is a queue of its own. So each subscription costs the "
    "broker a copy of each message, or of its reference for larger ones. In Kafka subscriptions "
    "share one log.",
    "Classic queues live on one node; queue_type: quorum is the counterpart of replicated Kafka "
    "topics.",
    "A message of AMQP has no key: a queue's routing key is its partition; message.keys only "
    "choose the partition, as Kafka's clients would.",
    NULL};

const struct catalog_entry catalog_rabbitmq = {
    .name = "rabbitmq",
    .driver = "rabbitmq",
    .title = "RabbitMQ",
    .client_library = "rabbitmq-c",
    .address_form = "amqp://HOST:PORT/VHOST",
    .default_port = 5672,
    .producer_connections = 1,
    .consumer_connections = 1,
    .producer_bytes = 143360,
    .consumer_bytes = 143360,
    .connection_files = 1,
    .topic_note = "A direct exchange; one queue per subscription and partition, bound with the "
                  "partition as routing key. All are made before the first message is sent.",
    .subscription_note = "Its own queues; its consumers share them.",
    .capabilities =
        {
            [CAPABILITY_PUBLISH_ACK_NONE] = {true, "no confirms"},
            [CAPABILITY_PUBLISH_ACK_LEADER] = {false, "RabbitMQ confirms once per message, when "
                                                      "every queue has it"},
            [CAPABILITY_PUBLISH_ACK_ALL] = {true, "publisher confirms, mandatory"},
            [CAPABILITY_CONSUME_ACK_NONE] = {true, "no_ack"},
            [CAPABILITY_CONSUME_ACK_EACH] = {true, "basic.ack each"},
            [CAPABILITY_CONSUME_ACK_BATCH] = {true, "basic.ack multiple every N"},
            [CAPABILITY_CONSUME_PACE] =
                {true,
                 "up to the prefetch (without acks: what TCP holds) waits outside the broker; a "
                 "connection that breaks meanwhile is noticed at once, without acks when all that "
                 "waits was taken"},
            [CAPABILITY_ORDERED] = {true, "single active consumer"},
            [CAPABILITY_ORDERED_SHARED] = {true, "single active consumer: the others of a "
                                                 "partition stand by"},
            [CAPABILITY_TTL] = {true, "expiration, in whole milliseconds; a message is dropped "
                                      "when it comes to the head of its queue"},
            [CAPABILITY_PERSISTENT] = {true, "delivery mode 2, durable exchange and queues"},
            [CAPABILITY_NOT_PERSISTENT] = {true, "delivery mode 1; exchange and queues don't "
                                                 "survive the broker and are made again"},
            [CAPABILITY_APART] = {true, "yes"},
            [CAPABILITY_TLS] = {true, "amqps; TLS 1.2 or newer; the address must have the broker's "
                                      "name, as an IP address is never found in a certificate"},
            [CAPABILITY_AUTH] = {true, "user and password (PLAIN)"},
        },
    .options = options,
    .equivalences = equivalences,
    .clean_note =
        "AMQP cannot list queues, so a run notes what it makes in a durable queue on the broker, "
        "millrace-ledger. It removes its note when it has removed everything; the last run removes "
        "the ledger. `clean` removes what the ledger of the address's virtual host names, "
        "also what belongs to a run that is still going.",
};
