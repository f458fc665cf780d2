#include "mqtt_topics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PARTITION_DIGITS_MAX 7

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_name(const char *name, size_t name_bytes)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name_bytes; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    }
    return hash;
}

int mqtt_topics_init(struct mqtt_topics *topics, const struct endpoint_config *config)
{
    uint32_t size = 2;

    while (size < config->topics_count * 2) {
        size *= 2;
    }
    *topics = (struct mqtt_topics){.topics = config->topics,
                                   .table = calloc(size, sizeof *topics->table),
                                   .table_mask = size - 1};
    if (topics->table == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < config->topics_count; i++) {
        const char *name = config->topics[i].name;
        uint32_t at = hash_name(name, strlen(name)) & topics->table_mask;

        while (topics->table[at] != 0) {
            at = (at + 1) & topics->table_mask;
        }
        topics->table[at] = i + 1;
    }
    return 0;
}

void mqtt_topics_done(struct mqtt_topics *topics)
{
    free(topics->table);
    topics->table = NULL;
}

static bool find_topic(const struct mqtt_topics *topics, const char *name, size_t name_bytes,
                       uint32_t *ret)
{
    uint32_t at = hash_name(name, name_bytes) & topics->table_mask;

    for (; topics->table[at] != 0; at = (at + 1) & topics->table_mask) {
        uint32_t index = topics->table[at] - 1;
        const char *known = topics->topics[index].name;

        /* No strncmp(): a broker's name may have a NUL in it. */
        if (strlen(known) == name_bytes && memcmp(known, name, name_bytes) == 0) {
            *ret = index;
            return true;
        }
    }
    return false;
}

static bool read_partition(const char *digits, size_t count, uint32_t *ret)
{
    uint32_t value = 0;

    if (count == 0 || count > PARTITION_DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(digits[i] - '0');
    }
    *ret = value;
    return true;
}

bool mqtt_topics_find(const struct mqtt_topics *topics, const char *name, size_t name_bytes,
                      uint32_t *ret_topic, uint32_t *ret_partition)
{
    const char *slash = memrchr(name, '/', name_bytes);
    size_t topic_bytes = slash != NULL ? (size_t)(slash - name) : 0;

    return slash != NULL && find_topic(topics, name, topic_bytes, ret_topic) &&
           read_partition(slash + 1, name_bytes - topic_bytes - 1, ret_partition) &&
           *ret_partition < topics->topics[*ret_topic].partitions;
}

int mqtt_topic_filter(const struct endpoint_config *config, uint32_t client, uint32_t topic,
                      char **ret)
{
    const struct endpoint_client *reader = &config->clients[client];
    const char *name = config->topics[reader->topics[topic]].name;
    int r = reader->shares_count <= 1
                ? asprintf(ret, "%s/+", name)
                : asprintf(ret, "$share/millrace-%s-%u-%u/%s/+", config->run_id, config->trial,
                           reader->subscription, name);

    if (r < 0) {
        *ret = NULL;
    }
    return r < 0 ? -ENOMEM : 0;
}

int mqtt_topics_nothing(const struct target *target, const struct topic_list *topics,
                        int64_t deadline_ns, struct errinfo *reterr)
{
    (void)target;
    (void)topics;
    (void)deadline_ns;
    (void)reterr;
    return 0;
}
