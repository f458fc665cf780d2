/* One topic: its exchange and its queues. */
#include "rabbitmq_topics_inner.h"

#include "catalog_entries.h"

#include <errno.h>
#include <stdio.h>

void rabbitmq_queue_name(const char *topic, uint32_t subscription, uint32_t partition,
                         char name[static RABBITMQ_NAME_BYTES])
{
    (void)snprintf(name, RABBITMQ_NAME_BYTES, "%s.s%u.p%u", topic, subscription, partition);
}

/* Makes one queue and binds it. */
static int queue_declare(struct rabbitmq_link *link, const struct topic *topic, const char *name,
                         const char *key, amqp_table_t arguments, struct errinfo *reterr)
{
    int r;

    (void)amqp_queue_declare(link->connection, RABBITMQ_CHANNEL, amqp_cstring_bytes(name), 0,
                             topic->delivery->persistent, 0, 0, arguments);
    r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr, "declaring queue %s",
                       name);
    if (r < 0) {
        return r;
    }
    (void)amqp_queue_bind(link->connection, RABBITMQ_CHANNEL, amqp_cstring_bytes(name),
                          amqp_cstring_bytes(topic->name), amqp_cstring_bytes(key),
                          amqp_empty_table);
    return rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr, "binding queue %s",
                          name);
}

int rabbitmq_topic_declare(struct rabbitmq_link *link, const struct target *target,
                           const struct topic *topic, struct errinfo *reterr)
{
    amqp_table_entry_t entries[2];
    amqp_table_t arguments = {.num_entries = 0, .entries = entries};
    char queue[RABBITMQ_NAME_BYTES];
    char key[16];
    int r;

    entries[arguments.num_entries++] =
        (amqp_table_entry_t){.key = amqp_cstring_bytes("x-queue-type"),
                             .value = {.kind = AMQP_FIELD_KIND_UTF8,
                                       .value.bytes = amqp_cstring_bytes(catalog_option_text(
                                           &catalog_rabbitmq, target, "queue_type"))}};
    if (topic->delivery->ordered) {
        entries[arguments.num_entries++] =
            (amqp_table_entry_t){.key = amqp_cstring_bytes("x-single-active-consumer"),
                                 .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
    }
    (void)amqp_exchange_declare(link->connection, RABBITMQ_CHANNEL, amqp_cstring_bytes(topic->name),
                                amqp_cstring_bytes("direct"), 0, topic->delivery->persistent, 0, 0,
                                amqp_empty_table);
    r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr, "declaring exchange %s",
                       topic->name);
    for (uint32_t s = 0; s < topic->subscriptions && r == 0; s++) {
        for (uint32_t p = 0; p < topic->partitions && r == 0; p++) {
            rabbitmq_queue_name(topic->name, s, p, queue);
            (void)snprintf(key, sizeof key, "%u", p);
            r = queue_declare(link, topic, queue, key, arguments, reterr);
        }
    }
    return r;
}

/* The answer to a deletion. What is not there is removed: RabbitMQ says so itself, but other
 * brokers say as AMQP does that it was not found, and close the channel. */
static int deleted(struct rabbitmq_link *link, const char *what, const char *name,
                   struct errinfo *reterr)
{
    struct errinfo error;
    int r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), &error, "deleting %s %s",
                           what, name);

    if (r == -ENOENT) {
        return rabbitmq_channel_renew(link, RABBITMQ_CHANNEL, reterr);
    }
    return r < 0 ? errinfo_set(reterr, r, "%s", error.text) : 0;
}

int rabbitmq_topic_remove(struct rabbitmq_link *link, const struct topic *topic,
                          struct errinfo *reterr)
{
    char queue[RABBITMQ_NAME_BYTES];
    int r = 0;

    for (uint32_t s = 0; s < topic->subscriptions && r == 0; s++) {
        for (uint32_t p = 0; p < topic->partitions && r == 0; p++) {
            rabbitmq_queue_name(topic->name, s, p, queue);
            (void)amqp_queue_delete(link->connection, RABBITMQ_CHANNEL, amqp_cstring_bytes(queue),
                                    0, 0);
            r = deleted(link, "queue", queue, reterr);
        }
    }
    if (r == 0) {
        (void)amqp_exchange_delete(link->connection, RABBITMQ_CHANNEL,
                                   amqp_cstring_bytes(topic->name), 0);
        r = deleted(link, "exchange", topic->name, reterr);
    }
    return r;
}
