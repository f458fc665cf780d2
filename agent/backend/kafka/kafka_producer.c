#include "kafka_producer_inner.h"

#include "catalog_entries.h"
#include "invariant.h"
#include "kafka_client_inner.h"
#include "kafka_end_inner.h"
#include "mono.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define RENEW_NS NS_PER_S              /* For a new client to connect. */
#define RENEW_GAP_NS (250 * NS_PER_MS) /* From one that could not to the next. */
#define DRAIN_GAP_NS (10 * NS_PER_MS)  /* Between looks whether the old one is empty. */

/* The library's own limits, never lowered. */
#define QUEUE_MESSAGES_MIN 100000
#define QUEUE_KIB_MIN (1024 * 1024)
#define REQUEST_BYTES_MIN 1000000
#define OVERHEAD_BYTES 65536 /* Of a request around its messages. */
#define WHOLE_BYTES_MIN ((size_t)64 * 1024)
#define KEY_BYTES_MAX 64 /* It counts keys, too. */

/* ---- Opening -------------------------------------------------------------------------------- */

/* The library gives a message up when its time is over and says so at the next look at its queues,
 * at most a second later; both are to be within the drain. */
static int64_t message_timeout_ms(int64_t drain_ns)
{
    int64_t ms = drain_ns / NS_PER_MS;
    int64_t margin_ms = ms / 4 < 2000 ? ms / 4 : 2000;

    return ms - margin_ms < 10 ? 10 : ms - margin_ms;
}

static int set_delivery(rd_kafka_conf_t *conf, const struct endpoint_config *config,
                        struct errinfo *reterr)
{
    static const char *const acks[] = {
        [PUBLISH_ACK_NONE] = "0", [PUBLISH_ACK_LEADER] = "1", [PUBLISH_ACK_ALL] = "all"};
    const struct delivery *delivery = config->delivery;
    int r = kafka_conf_set(conf, reterr, "acks", "%s", acks[delivery->publish_ack]);

    if (r == 0 && delivery->ordered) {
        /* Idempotence needs acks=all; without it order holds only with one request under way. */
        r = delivery->publish_ack == PUBLISH_ACK_ALL
                ? kafka_conf_set(conf, reterr, "enable.idempotence", "true")
                : kafka_conf_set(conf, reterr, "max.in.flight.requests.per.connection", "1");
    }
    return r;
}

static int set_options(rd_kafka_conf_t *conf, const struct endpoint_config *config,
                       struct errinfo *reterr)
{
    const struct target *target = config->target;
    double linger_ms =
        (double)catalog_option_number(&catalog_kafka, target, "linger") / (double)NS_PER_MS;
    double timeout_ms = (double)message_timeout_ms(config->drain_ns);
    int r;

    r = kafka_conf_set(conf, reterr, "message.timeout.ms", "%.0f", timeout_ms);
    if (r == 0) {
        /* The library insists that a message lives longer than it may wait for company. */
        r = kafka_conf_set(conf, reterr, "linger.ms", "%g",
                           linger_ms < timeout_ms / 2 ? linger_ms : timeout_ms / 2);
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "batch.size", "%lld",
                           (long long)catalog_option_number(&catalog_kafka, target, "batch_bytes"));
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "compression.type", "%s",
                           catalog_option_text(&catalog_kafka, target, "compression"));
    }
    return r;
}

/* Twice what may be under way: a report that is told as an event counts until the last of its
 * messages was told, by when the first ones' tokens are under way again. Room costs nothing. */
struct kafka_limits kafka_producer_limits(const struct endpoint_config *config)
{
    uint64_t outstanding = 2 * (uint64_t)config->clients_count * config->delivery->in_flight;
    uint64_t queue_kib = outstanding * (config->message_bytes_max + KEY_BYTES_MAX) / 1024 + 1;
    uint64_t bytes = config->message_bytes_max < REQUEST_BYTES_MIN ? REQUEST_BYTES_MIN
                                                                   : config->message_bytes_max;

    outstanding = outstanding < QUEUE_MESSAGES_MIN ? QUEUE_MESSAGES_MIN : outstanding;
    queue_kib = queue_kib < QUEUE_KIB_MIN ? QUEUE_KIB_MIN : queue_kib;
    return (struct kafka_limits){
        .messages = outstanding < INT32_MAX ? outstanding : INT32_MAX,
        .queue_kib = queue_kib < INT32_MAX ? queue_kib : INT32_MAX,
        .message_bytes = bytes + OVERHEAD_BYTES,
    };
}

static int set_limits(rd_kafka_conf_t *conf, const struct endpoint_config *config,
                      struct errinfo *reterr)
{
    struct kafka_limits limits = kafka_producer_limits(config);
    int r = kafka_conf_set(conf, reterr, "queue.buffering.max.messages", "%llu",
                           (unsigned long long)limits.messages);

    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "queue.buffering.max.kbytes", "%llu",
                           (unsigned long long)limits.queue_kib);
    }
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "message.max.bytes", "%llu",
                           (unsigned long long)limits.message_bytes);
    }
    return r;
}

static int make_conf(const struct endpoint_config *config, uint32_t client, rd_kafka_conf_t **ret,
                     struct errinfo *reterr)
{
    rd_kafka_conf_t *conf = NULL;
    int r = kafka_conf_new(config->target, &conf, reterr);

    if (r < 0) {
        return r;
    }
    kafka_reports_conf(conf);
    kafka_throttle_conf(conf);
    r = kafka_conf_set(conf, reterr, "client.id", KAFKA_NAME_PREFIX "%s-c%u", config->run_id,
                       client);
    if (r == 0) {
        r = set_delivery(conf, config, reterr);
    }
    if (r == 0) {
        r = set_options(conf, config, reterr);
    }
    if (r == 0) {
        r = set_limits(conf, config, reterr);
    }
    if (r < 0) {
        rd_kafka_conf_destroy(conf);
        return r;
    }
    *ret = conf;
    return 0;
}

static int make_client(const struct endpoint_config *config, uint32_t client, rd_kafka_t **ret,
                       struct errinfo *reterr)
{
    rd_kafka_conf_t *conf = NULL;
    int r = make_conf(config, client, &conf, reterr);

    return r < 0 ? r : kafka_client_new(RD_KAFKA_PRODUCER, conf, ret, reterr);
}

/* Topic objects of all clients of a handle; the first messages then find their partitions known. */
static int make_topics(struct endpoint *endpoint, struct kafka_handle *handle,
                       struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;

    for (uint32_t c = handle->first_client; c < config->clients_count;
         c += endpoint->handles_count) {
        for (uint32_t i = 0; i < config->clients[c].topics_count; i++) {
            uint32_t topic = config->clients[c].topics[i];

            if (handle->topics[topic] != NULL) {
                continue;
            }
            handle->topics[topic] =
                rd_kafka_topic_new(handle->client, config->topics[topic].name, NULL);
            if (handle->topics[topic] == NULL) {
                return errinfo_set(reterr, -EINVAL, "topic %s: %s", config->topics[topic].name,
                                   rd_kafka_err2str(rd_kafka_last_error()));
            }
        }
    }
    return 0;
}

static int open_handle(struct endpoint *endpoint, uint32_t index, int64_t deadline_ns,
                       struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    struct kafka_handle *handle = &endpoint->handles[index];
    rd_kafka_t *client = NULL;
    int r = make_client(config, config->clients[index].client, &client, reterr);

    if (r == 0) {
        r = kafka_handle_init(endpoint, index, client, reterr);
    }
    if (r == 0) {
        r = make_topics(endpoint, handle, reterr);
    }
    if (r == 0) {
        r = kafka_client_connect(client, config->target, deadline_ns, NULL, reterr);
    }
    if (r == 0) {
        endpoint->is_mock = kafka_is_mock(client, deadline_ns);
    }
    return r;
}

/* Room for one message at least, and of small ones for a call's. */
static int make_room(struct endpoint *endpoint, struct errinfo *reterr)
{
    endpoint->whole_bytes_max = endpoint->config->message_bytes_max > WHOLE_BYTES_MIN
                                    ? endpoint->config->message_bytes_max
                                    : WHOLE_BYTES_MIN;
    endpoint->whole = malloc(endpoint->whole_bytes_max);
    return endpoint->whole != NULL ? 0 : errinfo_nomem(reterr);
}

int kafka_producer_open(const struct endpoint_config *config, struct endpoint **ret,
                        struct errinfo *reterr)
{
    uint32_t handles = (uint32_t)catalog_option_number(&catalog_kafka, config->target, "handles");
    struct endpoint *endpoint = NULL;
    int r;

    if (handles > config->clients_count) {
        handles = config->clients_count;
    }
    r = kafka_endpoint_new(config, handles, &endpoint, reterr);
    r = r < 0 ? r : make_room(endpoint, reterr);
    for (uint32_t i = 0; r == 0 && i < handles; i++) {
        r = open_handle(endpoint, i, config->open_deadline_ns, reterr);
    }
    if (r < 0) {
        kafka_endpoint_free(endpoint);
        return r;
    }
    *ret = endpoint;
    return 0;
}

/* ---- Renewing -------------------------------------------------------------------------------- */

/* A client in the making, on a thread of its own: connecting may take its whole deadline. */
struct kafka_renewal {
    pthread_t thread;
    const struct endpoint_config *config;
    uint32_t client;
    _Atomic bool done;
    rd_kafka_t *made; /* NULL: error says why not. */
    struct errinfo error;
};

static void *renewal_main(void *argument)
{
    struct kafka_renewal *renewal = argument;
    int64_t deadline_ns = mono_ns() + RENEW_NS;

    (void)pthread_setname_np(pthread_self(), "kafka:renewal");
    if (make_client(renewal->config, renewal->client, &renewal->made, &renewal->error) == 0 &&
        kafka_client_connect(renewal->made, renewal->config->target, deadline_ns, NULL,
                             &renewal->error) < 0) {
        kafka_end(&renewal->made, 1, mono_ns());
        renewal->made = NULL;
    }
    atomic_store(&renewal->done, true);
    return NULL;
}

static void renewal_begin(struct endpoint *endpoint, struct kafka_handle *handle)
{
    struct kafka_renewal *renewal = calloc(1, sizeof *renewal);

    if (renewal != NULL) {
        renewal->config = endpoint->config;
        renewal->client = endpoint->config->clients[handle->first_client].client;
        if (pthread_create(&renewal->thread, NULL, renewal_main, renewal) == 0) {
            handle->renewal = renewal;
        } else {
            free(renewal);
        }
    }
}

/* Waits for it; the client is the caller's, NULL if there is none. */
static rd_kafka_t *renewal_end(struct kafka_handle *handle)
{
    rd_kafka_t *made;

    (void)pthread_join(handle->renewal->thread, NULL);
    made = handle->renewal->made;
    free(handle->renewal);
    handle->renewal = NULL;
    return made;
}

static void renew(struct endpoint *endpoint, uint32_t index)
{
    struct kafka_handle *handle = &endpoint->handles[index];
    rd_kafka_t *made = renewal_end(handle);
    struct errinfo ignored = {""};

    if (made == NULL) {
        handle->renew_ns = mono_ns() + RENEW_GAP_NS;
        return;
    }
    kafka_handle_renew(endpoint, handle);
    if (kafka_handle_init(endpoint, index, made, &ignored) == 0 &&
        make_topics(endpoint, handle, &ignored) == 0) {
        kafka_handle_lives(endpoint, handle);
    } else {
        handle->broken = true;
    }
}

/*
 * After a fatal error of the idempotent producer a handle takes nothing any more. Its messages get
 * their outcomes first: what is not on its way is refused, the rest is unconfirmed.
 */
static bool is_drained(const struct kafka_handle *handle)
{
    if (handle->client == NULL) {
        return true;
    }
    (void)rd_kafka_purge(handle->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                             RD_KAFKA_PURGE_F_NON_BLOCKING);
    return rd_kafka_outq_len(handle->client) == 0; /* poll() tells them. */
}

static void look_at_broken(struct endpoint *endpoint)
{
    int64_t now_ns = mono_ns();

    endpoint->has_broken = false;
    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        struct kafka_handle *handle = &endpoint->handles[i];

        if (handle->renewal != NULL && atomic_load(&handle->renewal->done)) {
            renew(endpoint, i);
        } else if (handle->broken && handle->renewal == NULL && now_ns >= handle->renew_ns) {
            handle->renew_ns = now_ns + DRAIN_GAP_NS;
            if (is_drained(handle)) {
                renewal_begin(endpoint, handle);
            }
        }
        endpoint->has_broken = endpoint->has_broken || handle->broken;
    }
}

int kafka_producer_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    if (endpoint->has_broken) {
        look_at_broken(endpoint);
    }
    return kafka_endpoint_poll(endpoint, events, events_max, kafka_reports_serve);
}

void kafka_producer_close(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        rd_kafka_t *made =
            endpoint->handles[i].renewal != NULL ? renewal_end(&endpoint->handles[i]) : NULL;

        if (made != NULL) {
            kafka_end(&made, 1, mono_ns());
        }
        if (endpoint->handles[i].client != NULL) {
            (void)rd_kafka_purge(endpoint->handles[i].client, RD_KAFKA_PURGE_F_QUEUE |
                                                                  RD_KAFKA_PURGE_F_INFLIGHT |
                                                                  RD_KAFKA_PURGE_F_NON_BLOCKING);
        }
    }
    kafka_endpoint_free(endpoint);
}
