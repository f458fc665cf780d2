/* memory: an in-process broker. It is the embedded default, the calibration of the generator
 * itself, and the test double whose faults are known. */
#include "backend_drivers.h"
#include "catalog_entries.h"
#include "invariant.h"
#include "memory_endpoint_inner.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_PREFIX "millrace-"

static const char *label_of(const struct target *target)
{
    return target->label != NULL ? target->label : "";
}

static int64_t number_of(const struct target *target, const char *key)
{
    return catalog_option_number(&catalog_memory, target, key);
}

static const char *library_version(void)
{
    return "built in";
}

static int probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
                 struct errinfo *reterr)
{
    (void)target;
    (void)deadline_ns;
    (void)reterr;
    ret->failure = PROBE_OK;
    (void)snprintf(ret->broker_version, sizeof ret->broker_version, "built in");
    return 0;
}

static void read_rules(const struct target *target, const struct topic *topic,
                       struct memory_rules *ret)
{
    int64_t after_ns = number_of(target, "outage_after");

    *ret = (struct memory_rules){
        .queue_bytes = (uint64_t)number_of(target, "queue_bytes"),
        .delay_ns = number_of(target, "delay"),
        .ttl_ns = topic->delivery != NULL ? topic->delivery->ttl_ns : 0,
        .ordered = topic->delivery != NULL && topic->delivery->ordered,
        .capacity = (uint64_t)number_of(target, "capacity"),
        .lose_every = (uint64_t)number_of(target, "lose_every"),
        .duplicate_every = (uint64_t)number_of(target, "duplicate_every"),
        .reorder_every = (uint64_t)number_of(target, "reorder_every"),
        .corrupt_every = (uint64_t)number_of(target, "corrupt_every"),
    };
    if (after_ns > 0) {
        ret->outage.kind = (enum memory_outage_kind)number_of(target, "outage");
        ret->outage.from_ns = mono_ns() + after_ns;
        ret->outage.until_ns = ret->outage.from_ns + number_of(target, "outage_for");
    }
}

static int topics_create(const struct target *target, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr)
{
    (void)deadline_ns;
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        const struct topic *topic = &topics->topics[i];
        struct memory_rules rules;
        int r;

        read_rules(target, topic, &rules);
        r = memory_topic_create(label_of(target), topic->name, topic->partitions,
                                topic->subscriptions, &rules, reterr);
        if (r < 0) {
            while (i-- > 0) {
                memory_topic_delete(label_of(target), topics->topics[i].name);
            }
            return r;
        }
    }
    return 0;
}

static int topics_delete(const struct target *target, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr)
{
    (void)deadline_ns;
    (void)reterr;
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        memory_topic_delete(label_of(target), topics->topics[i].name);
    }
    return 0;
}

static int clean(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
                 struct errinfo *reterr)
{
    (void)deadline_ns;
    (void)reterr;
    *ret_removed = memory_topic_delete_all(label_of(target), OWN_PREFIX);
    return 0;
}

static void close_endpoint(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    if (endpoint->config->role == ROLE_PRODUCER) {
        memory_producer_close(endpoint);
    } else {
        memory_consumer_close(endpoint);
    }
    for (uint32_t i = 0; endpoint->topics != NULL && i < endpoint->config->topics_count; i++) {
        if (endpoint->topics[i] != NULL) {
            memory_topic_put(endpoint->topics[i]);
        }
    }
    free(endpoint->topics);
    memory_waker_done(&endpoint->waker);
    free(endpoint);
}

/* Gets the topics that a client uses; the outage of the first that has one is the endpoint's. */
static int get_topics(struct endpoint *endpoint, const struct endpoint_client *client,
                      struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;

    for (uint32_t i = 0; i < client->topics_count; i++) {
        uint32_t index = client->topics[i];
        const char *name = config->topics[index].name;

        if (endpoint->topics[index] != NULL) {
            continue;
        }
        endpoint->topics[index] = memory_topic_get(label_of(config->target), name);
        if (endpoint->topics[index] == NULL) {
            return errinfo_set(reterr, -ENOENT, "memory: there is no topic %s", name);
        }
        if (endpoint->outage.from_ns == 0) {
            endpoint->outage = endpoint->topics[index]->rules.outage;
        }
    }
    return 0;
}

static bool is_away(const struct endpoint *endpoint, int64_t now_ns)
{
    return endpoint->outage.kind == MEMORY_OUTAGE_AWAY && now_ns >= endpoint->outage.from_ns &&
           now_ns < endpoint->outage.until_ns;
}

static int connect_endpoint(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;

    for (uint32_t c = 0; c < config->clients_count; c++) {
        int r = get_topics(endpoint, &config->clients[c], reterr);

        if (r < 0) {
            return r;
        }
    }
    if (is_away(endpoint, mono_ns())) {
        return errinfo_set(reterr, -ECONNREFUSED, "memory: the broker is away (outage_after)");
    }
    endpoint->outage_over = mono_ns() >= endpoint->outage.until_ns;
    return config->role == ROLE_PRODUCER ? memory_producer_open(endpoint, reterr)
                                         : memory_consumer_open(endpoint, reterr);
}

static bool needs_timer(const struct target *target)
{
    return number_of(target, "delay") > 0 || number_of(target, "capacity") > 0 ||
           number_of(target, "confirm_delay") > 0 || number_of(target, "reorder_every") > 0 ||
           number_of(target, "outage_after") > 0;
}

static int open_endpoint(const struct endpoint_config *config, struct endpoint **ret,
                         struct errinfo *reterr)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    int r;

    if (endpoint == NULL) {
        return errinfo_nomem(reterr);
    }
    endpoint->config = config;
    r = memory_waker_init(&endpoint->waker, needs_timer(config->target));
    if (r < 0) {
        free(endpoint);
        return errinfo_set(reterr, r, "memory: no file descriptor to wait on: %s", strerror(-r));
    }
    endpoint->topics = calloc(config->topics_count, sizeof(struct memory_topic *));
    if (endpoint->topics == NULL) {
        r = errinfo_nomem(reterr);
    } else {
        r = connect_endpoint(endpoint, reterr);
    }
    if (r < 0) {
        close_endpoint(endpoint);
        return r;
    }
    *ret = endpoint;
    return 0;
}

static void announce(struct endpoint *endpoint, enum event_kind kind)
{
    endpoint->announced = kind;
    endpoint->announce_left = endpoint->config->clients_count;
}

/* Once the broker is back the clients come back by themselves. */
static void feel_return(struct endpoint *endpoint, int64_t now_ns, int64_t *due_ns)
{
    if (!endpoint->down || endpoint->announce_left > 0) {
        return;
    }
    if (is_away(endpoint, now_ns)) {
        *due_ns = endpoint->outage.until_ns < *due_ns ? endpoint->outage.until_ns : *due_ns;
        return;
    }
    endpoint->down = false;
    announce(endpoint, EVENT_UP);
}

/* The outage begins for this endpoint, once. */
static void feel_outage(struct endpoint *endpoint, int64_t now_ns, int64_t *due_ns)
{
    if (endpoint->outage.from_ns == 0 || endpoint->outage_over ||
        endpoint->outage.kind != MEMORY_OUTAGE_AWAY) {
        return;
    }
    if (now_ns < endpoint->outage.from_ns) {
        *due_ns = endpoint->outage.from_ns < *due_ns ? endpoint->outage.from_ns : *due_ns;
        return;
    }
    endpoint->outage_over = true;
    endpoint->down = true;
    announce(endpoint, EVENT_DOWN);
    if (endpoint->config->role == ROLE_PRODUCER) {
        memory_producer_drop(endpoint);
    } else {
        memory_consumer_drop(endpoint);
    }
}

static uint32_t tell(struct endpoint *endpoint, struct event *events, uint32_t max, int64_t now_ns)
{
    uint32_t count = 0;

    while (count < max && endpoint->announce_left > 0) {
        events[count++] =
            (struct event){.kind = endpoint->announced,
                           .client = endpoint->config->clients_count - endpoint->announce_left,
                           .at_ns = now_ns,
                           .text = endpoint->announced == EVENT_DOWN ? "outage_after" : NULL};
        endpoint->announce_left--;
    }
    return count;
}

static uint32_t gather(struct endpoint *endpoint, struct event *events, uint32_t max,
                       int64_t now_ns, int64_t *due_ns)
{
    uint32_t count;

    if (memory_is_frozen(endpoint, now_ns)) {
        *due_ns = endpoint->outage.until_ns;
        return 0;
    }
    feel_outage(endpoint, now_ns, due_ns);
    count = tell(endpoint, events, max, now_ns);
    feel_return(endpoint, now_ns, due_ns);
    count += tell(endpoint, events + count, max - count, now_ns);
    if (endpoint->config->role == ROLE_PRODUCER) {
        return count + memory_producer_poll(endpoint, events + count, max - count, now_ns, due_ns);
    }
    if (endpoint->down) {
        return count;
    }
    return count + memory_consumer_poll(endpoint, events + count, max - count, now_ns, due_ns);
}

static int poll_endpoint(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    int64_t now_ns = mono_ns();
    int64_t due_ns = MEMORY_NEVER_NS;
    uint32_t count;

    if (endpoint->config->role == ROLE_CONSUMER) {
        memory_consumer_settle(endpoint);
    }
    count = gather(endpoint, events, events_max, now_ns, &due_ns);
    if (count > 0) {
        return (int)count;
    }
    if (memory_waker_arm(&endpoint->waker)) {
        /* What came since the first look is younger than that look. */
        now_ns = mono_ns();
        count = gather(endpoint, events, events_max, now_ns, &due_ns);
        if (count > 0) {
            memory_waker_wake(&endpoint->waker); /* There may be more. */
            return (int)count;
        }
    }
    memory_waker_set_timer(&endpoint->waker, due_ns, now_ns);
    return 0;
}

static int poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    int64_t now_ns = mono_ns();
    int64_t due_ns = MEMORY_NEVER_NS;

    ASSERT(endpoint->config->role == ROLE_CONSUMER);
    memory_consumer_settle(endpoint);
    if (memory_is_frozen(endpoint, now_ns)) {
        return 0;
    }
    feel_outage(endpoint, now_ns, &due_ns);
    feel_return(endpoint, now_ns, &due_ns);
    return (int)tell(endpoint, events, events_max, now_ns);
}

static int wait_fd(const struct endpoint *endpoint)
{
    return endpoint->waker.fd;
}

const struct backend_ops backend_memory = {
    .entry = &catalog_memory,
    .library_version = library_version,
    .probe = probe,
    .topics_create = topics_create,
    .topics_delete = topics_delete,
    .clean = clean,
    .open = open_endpoint,
    .close = close_endpoint,
    .submit = memory_submit,
    .poll = poll_endpoint,
    .poll_held = poll_held,
    .ack = memory_ack,
    .wait_fd = wait_fd,
    .ack_answers = false,
    .held_fd = false,
};
