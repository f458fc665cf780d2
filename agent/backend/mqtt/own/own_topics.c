#include "own_topics_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int own_topics_init(struct endpoint *endpoint)
{
    const struct endpoint_config *config = endpoint->config;
    uint32_t size = 2;

    while (size < config->topics_count * 2) {
        size *= 2;
    }
    endpoint->table = calloc(size, sizeof *endpoint->table);
    if (endpoint->table == NULL) {
        return -ENOMEM;
    }
    endpoint->table_mask = size - 1;
    for (uint32_t i = 0; i < config->topics_count; i++) {
        const char *name = config->topics[i].name;
        uint32_t at = hash_name(name, strlen(name)) & endpoint->table_mask;

        while (endpoint->table[at] != 0) {
            at = (at + 1) & endpoint->table_mask;
        }
        endpoint->table[at] = i + 1;
    }
    return 0;
}

void own_topics_done(struct endpoint *endpoint)
{
    free(endpoint->table);
    endpoint->table = NULL;
}

static bool find_topic(const struct endpoint *endpoint, const char *name, size_t name_bytes,
                       uint32_t *ret)
{
    uint32_t at = hash_name(name, name_bytes) & endpoint->table_mask;

    for (; endpoint->table[at] != 0; at = (at + 1) & endpoint->table_mask) {
        uint32_t index = endpoint->table[at] - 1;
        const char *known = endpoint->config->topics[index].name;

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

static bool look_up(const struct endpoint *endpoint, struct mqtt_bytes name, uint32_t *ret_topic,
                    uint32_t *ret_partition)
{
    const char *slash = memrchr(name.bytes, '/', name.count);
    size_t topic_bytes = slash != NULL ? (size_t)(slash - name.bytes) : 0;

    return slash != NULL && find_topic(endpoint, name.bytes, topic_bytes, ret_topic) &&
           read_partition(slash + 1, name.count - topic_bytes - 1, ret_partition) &&
           *ret_partition < endpoint->config->topics[*ret_topic].partitions;
}

bool own_topics_find(struct endpoint *endpoint, struct mqtt_bytes name, uint32_t *ret_topic,
                     uint32_t *ret_partition)
{
    struct own_topic_memory *last = &endpoint->last;

    if (name.count == 0 || name.count > sizeof last->name) {
        return false;
    }
    if (name.count != last->name_bytes || memcmp(name.bytes, last->name, name.count) != 0) {
        if (!look_up(endpoint, name, &last->topic, &last->partition)) {
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
