#include "memory_broker_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct memory_topic *registry[BUCKETS];

/* FNV-1a (Fowler, Noll, Vo) over both texts and the NUL between them. */
static struct memory_topic **bucket_of(const char *label, const char *name)
{
    uint32_t hash = 2166136261u;

    for (const char *at = label; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    hash *= 16777619u;
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    return &registry[hash % BUCKETS];
}

/* The link that leads to the topic; it holds NULL if there is none. */
static struct memory_topic **find(const char *label, const char *name)
{
    struct memory_topic **link = bucket_of(label, name);

    while (*link != NULL &&
           (strcmp((*link)->name, name) != 0 || strcmp((*link)->label, label) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static void topic_free(struct memory_topic *topic)
{
    if (topic == NULL) {
        return;
    }
    for (uint32_t p = 0; topic->partitions != NULL && p < topic->partitions_count; p++) {
        struct memory_partition *partition = &topic->partitions[p];

        for (uint32_t q = 0; q < partition->queues_count; q++) {
            memory_queue_done(&partition->queues[q]);
        }
        free(partition->queues);
        if (partition->rules != NULL) {
            (void)pthread_mutex_destroy(&partition->lock);
        }
    }
    free(topic->partitions);
    free(topic->label);
    free(topic->name);
    free(topic);
}

static void release(struct memory_topic *topic)
{
    if (--topic->references == 0) {
        topic_free(topic);
    }
}

static int partition_init(struct memory_partition *partition, const struct memory_topic *topic)
{
    pthread_mutexattr_t attributes;
    int r = 0;

    ASSERT(pthread_mutexattr_init(&attributes) == 0);
    /* Held for tens of nanoseconds: spinning a little is cheaper than sleeping. */
    ASSERT(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP) == 0);
    ASSERT(pthread_mutex_init(&partition->lock, &attributes) == 0);
    (void)pthread_mutexattr_destroy(&attributes);
    partition->rules = &topic->rules;
    if (topic->subscriptions_count == 0) {
        return 0;
    }
    partition->queues = calloc(topic->subscriptions_count, sizeof *partition->queues);
    if (partition->queues == NULL) {
        return -ENOMEM;
    }
    while (r == 0 && partition->queues_count < topic->subscriptions_count) {
        r = memory_queue_init(&partition->queues[partition->queues_count++],
                              topic->rules.queue_bytes, topic->rules.delay_ns, topic->rules.ttl_ns);
    }
    return r;
}

static struct memory_topic *topic_make(const char *label, const char *name, uint32_t partitions,
                                       uint32_t subscriptions, const struct memory_rules *rules)
{
    struct memory_topic *topic = calloc(1, sizeof *topic);

    if (topic == NULL) {
        return NULL;
    }
    topic->references = 1;
    topic->rules = *rules;
    topic->subscriptions_count = subscriptions;
    topic->partitions_count = partitions;
    topic->label = strdup(label);
    topic->name = strdup(name);
    topic->partitions = calloc(partitions, sizeof *topic->partitions);
    if (topic->label == NULL || topic->name == NULL || topic->partitions == NULL) {
        goto fail;
    }
    for (uint32_t p = 0; p < partitions; p++) {
        if (partition_init(&topic->partitions[p], topic) < 0) {
            goto fail;
        }
    }
    return topic;
fail:
    topic_free(topic);
    return NULL;
}

int memory_topic_create(const char *label, const char *name, uint32_t partitions,
                        uint32_t subscriptions, const struct memory_rules *rules,
                        struct errinfo *reterr)
{
    struct memory_topic *topic = topic_make(label, name, partitions, subscriptions, rules);
    struct memory_topic **link;
    int r = 0;

    if (topic == NULL) {
        return errinfo_nomem(reterr);
    }
    (void)pthread_mutex_lock(&registry_lock);
    link = find(label, name);
    if (*link != NULL) {
        r = errinfo_set(reterr, -EEXIST, "memory: topic %s exists already", name);
    } else {
        *link = topic;
        topic = NULL; /* The registry owns it now. */
    }
    (void)pthread_mutex_unlock(&registry_lock);
    topic_free(topic);
    return r;
}

static void unlink_and_release(struct memory_topic **link)
{
    struct memory_topic *topic = *link;

    *link = topic->next;
    release(topic);
}

void memory_topic_delete(const char *label, const char *name)
{
    struct memory_topic **link;

    (void)pthread_mutex_lock(&registry_lock);
    link = find(label, name);
    if (*link != NULL) {
        unlink_and_release(link);
    }
    (void)pthread_mutex_unlock(&registry_lock);
}

static bool is_of(const struct memory_topic *topic, const char *label, const char *prefix)
{
    return strcmp(topic->label, label) == 0 && strncmp(topic->name, prefix, strlen(prefix)) == 0;
}

uint32_t memory_topic_delete_all(const char *label, const char *prefix)
{
    uint32_t removed = 0;

    (void)pthread_mutex_lock(&registry_lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        struct memory_topic **link = &registry[i];

        while (*link != NULL) {
            if (is_of(*link, label, prefix)) {
                unlink_and_release(link);
                removed++;
            } else {
                link = &(*link)->next;
            }
        }
    }
    (void)pthread_mutex_unlock(&registry_lock);
    return removed;
}

struct memory_topic *memory_topic_get(const char *label, const char *name)
{
    struct memory_topic *topic;

    (void)pthread_mutex_lock(&registry_lock);
    topic = *find(label, name);
    if (topic != NULL) {
        topic->references++;
    }
    (void)pthread_mutex_unlock(&registry_lock);
    return topic;
}

void memory_topic_put(struct memory_topic *topic)
{
    (void)pthread_mutex_lock(&registry_lock);
    release(topic);
    (void)pthread_mutex_unlock(&registry_lock);
}

static bool is_nth(uint64_t every, uint64_t number)
{
    return every != 0 && number % every == 0;
}

/* One bit, somewhere else for each message, and the same in every run. */
static void flip_bit(struct memory_entry *entry, uint64_t number)
{
    uint64_t bit;

    if (entry->bytes_count == 0) {
        return;
    }
    bit = (number * UINT64_C(0x9e3779b97f4a7c15) >> 24) % (entry->bytes_count * UINT64_C(8));
    entry->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static bool queues_have_room(const struct memory_partition *partition,
                             const struct memory_message *message, uint32_t copies)
{
    for (uint32_t i = 0; i < partition->queues_count; i++) {
        struct memory_queue *queue = &partition->queues[i];

        if (!memory_queue_has_room(queue, message->bytes_count, copies)) {
            memory_queue_expire(queue, message->published_ns);
            if (!memory_queue_has_room(queue, message->bytes_count, copies)) {
                return false;
            }
        }
    }
    return true;
}

/* One server with a constant service time (the D of M/D/1): begins when it is free. */
static int64_t serve(struct memory_partition *partition, int64_t now_ns)
{
    uint64_t capacity = partition->rules->capacity;

    if (now_ns > partition->served_ns) {
        partition->served_ns = now_ns;
        partition->served_rest = 0;
    }
    partition->served_ns += (int64_t)((uint64_t)NS_PER_S / capacity);
    partition->served_rest += (uint64_t)NS_PER_S % capacity;
    if (partition->served_rest >= capacity) {
        partition->served_rest -= capacity;
        partition->served_ns++;
    }
    return partition->served_ns;
}

/* False: there is no room. */
static bool put(struct memory_partition *partition, struct memory_message *message)
{
    const struct memory_rules *rules = partition->rules;
    uint64_t number = partition->published_count + 1;
    uint32_t copies = is_nth(rules->lose_every, number)        ? 0
                      : is_nth(rules->duplicate_every, number) ? 2
                                                               : 1;
    uint8_t flags = is_nth(rules->reorder_every, number) ? MEMORY_FLAG_REORDER : 0;

    if (!queues_have_room(partition, message, copies)) {
        return false;
    }
    if (rules->capacity > 0) {
        message->published_ns = serve(partition, message->published_ns);
    }
    for (uint32_t i = 0; copies > 0 && i < partition->queues_count; i++) {
        for (uint32_t copy = 0; copy < copies; copy++) {
            struct memory_entry *entry = memory_queue_put(&partition->queues[i], message,
                                                          copy == 0 ? flags : MEMORY_FLAG_COPY);

            if (is_nth(rules->corrupt_every, number)) {
                flip_bit(entry, number);
            }
        }
    }
    partition->published_count = number;
    return true;
}

uint32_t memory_publish(struct memory_partition *partition, struct memory_message *messages,
                        uint32_t messages_count)
{
    const struct memory_rules *rules = partition->rules;
    bool timed =
        rules->delay_ns > 0 || rules->ttl_ns > 0 || rules->reorder_every > 0 || rules->capacity > 0;
    int64_t now_ns = timed ? mono_ns() : 0;
    uint32_t taken = 0;

    (void)pthread_mutex_lock(&partition->lock);
    while (taken < messages_count) {
        messages[taken].published_ns = now_ns;
        if (!put(partition, &messages[taken])) {
            break;
        }
        taken++;
    }
    for (uint32_t i = 0; taken > 0 && i < partition->queues_count; i++) {
        memory_queue_announce(&partition->queues[i]);
        memory_readers_wake(&partition->queues[i]);
    }
    (void)pthread_mutex_unlock(&partition->lock);
    return taken;
}

void memory_readers_wake(struct memory_queue *queue)
{
    for (const struct memory_reader *reader = queue->readers; reader != NULL;
         reader = reader->next) {
        memory_waker_wake(reader->waker);
    }
}

void memory_reader_attach(struct memory_reader *reader)
{
    struct memory_reader **link = &reader->queue->readers;

    (void)pthread_mutex_lock(&reader->partition->lock);
    while (*link != NULL) {
        link = &(*link)->next;
    }
    reader->next = NULL;
    *link = reader;
    (void)pthread_mutex_unlock(&reader->partition->lock);
}

void memory_reader_detach(struct memory_reader *reader)
{
    struct memory_reader **link = &reader->queue->readers;

    (void)pthread_mutex_lock(&reader->partition->lock);
    while (*link != NULL && *link != reader) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = reader->next;
    }
    memory_readers_wake(reader->queue); /* The next one may be the active consumer now. */
    (void)pthread_mutex_unlock(&reader->partition->lock);
}

bool memory_reader_is_active(const struct memory_reader *reader)
{
    return !reader->partition->rules->ordered || reader->queue->readers == reader;
}
