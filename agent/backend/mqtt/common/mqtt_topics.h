/*
 * mqtt_topics: how a trial's topics and partitions stand on an MQTT broker. Each partition is a
 * topic of its own there, TOPIC/PARTITION; nothing has to be made for it or is left of it.
 *
 * For the drivers of MQTT's clients. Any thread: what is found is not changed by finding.
 */
#ifndef MILLRACE_MQTT_TOPICS_H
#define MILLRACE_MQTT_TOPICS_H

#include "backend.h"

#include <stdbool.h>
#include <string.h>

/* "/", a partition's digits, and a NUL. */
#define MQTT_PARTITION_TEXT_BYTES 12
#define MQTT_TOPIC_TEXT_BYTES (TOPIC_NAME_BYTES + MQTT_PARTITION_TEXT_BYTES)

struct mqtt_topics {
    const struct topic *topics; /* Borrowed. */
    uint32_t *table;            /* Indexes of topics, plus 1, by a hash of their names. */
    uint32_t table_mask;
};

/* 0 or -ENOMEM; done() is fine after that, and with a zeroed one. */
int mqtt_topics_init(struct mqtt_topics *topics, const struct endpoint_config *config);
void mqtt_topics_done(struct mqtt_topics *topics);

/* By the name that a broker gives a message. False: none of the trial's. */
bool mqtt_topics_find(const struct mqtt_topics *topics, const char *name, size_t name_bytes,
                      uint32_t *ret_topic, uint32_t *ret_partition);

/* TOPIC/PARTITION with a NUL; how long it is without. snprintf would cost more than the rest of a
 * message. */
static inline uint32_t mqtt_topic_write(const char *name, uint32_t partition,
                                        char text[static MQTT_TOPIC_TEXT_BYTES])
{
    uint32_t name_bytes = (uint32_t)strnlen(name, TOPIC_NAME_BYTES);
    char digits[MQTT_PARTITION_TEXT_BYTES];
    uint32_t at = sizeof digits;

    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + partition % 10);
        partition /= 10;
    } while (partition > 0);
    memcpy(text, name, name_bytes);
    text[name_bytes] = '/';
    memcpy(text + name_bytes + 1, digits + at, sizeof digits - at);
    return name_bytes + (uint32_t)sizeof digits - at;
}

/* What the client subscribes to for its topic number `topic` of its own, as text of the caller's. 0
 * or -ENOMEM. One consumer of a subscription on a topic reads it plainly; several share it, in a
 * group that carries the run's name, so that runs never share with each other (MQTT 5, 4.8.2). `+`
 * covers the partitions. */
int mqtt_topic_filter(const struct endpoint_config *config, uint32_t client, uint32_t topic,
                      char **ret);

/* topics_create and topics_delete of struct backend_ops: a topic is a word in a message. */
int mqtt_topics_nothing(const struct target *target, const struct topic_list *topics,
                        int64_t deadline_ns, struct errinfo *reterr);

#endif
