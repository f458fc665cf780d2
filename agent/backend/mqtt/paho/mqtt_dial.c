/* Connections of paho's before a client has them, and what paho tells of them then and later. */
#include "mqtt_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"
#include "mqtt_waker_inner.h"
#include "sync.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How often paho is made to look while a link connects. */
#define WAKE_NS (2 * NS_PER_MS)

static struct mqtt_link *owner_of(struct link *link)
{
    return atomic_load_explicit(&link->owner, memory_order_acquire);
}

static void dial_lost(struct link *link, int code, const char *text)
{
    struct mqtt_link *owner;

    sync_lock(&link->mutex);
    owner = owner_of(link);
    if (owner == NULL && link->state != DIAL_FAILED) {
        link->state = DIAL_FAILED;
        link->failure = (struct mqtt_failure){.code = code};
        (void)pthread_cond_broadcast(&link->changed);
    }
    sync_unlock(&link->mutex);
    if (owner != NULL) {
        mqtt_link_lost(owner, link, code, text);
    }
}

static void on_lost(void *context, char *cause)
{
    (void)cause; /* Always NULL in paho 1.3. */
    dial_lost(context, MQTTASYNC_FAILURE, NULL);
}

/* The broker's DISCONNECT. What follows is the end of the connection, of which paho then doesn't
 * tell. */
static void on_goodbye(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    dial_lost(context, (int)reason, MQTTReasonCode_toString(reason));
}

/* Nothing is subscribed before a client has the link. */
static int on_arrived(void *context, char *topic, int topic_bytes, MQTTAsync_message *message)
{
    struct mqtt_link *owner = owner_of(context);

    if (owner == NULL) {
        MQTTAsync_freeMessage(&message);
        MQTTAsync_free(topic);
        return 1;
    }
    return mqtt_receive_arrived(owner, topic, topic_bytes, message);
}

static void dial_ended(struct link *link, enum mqtt_dial_state state, struct mqtt_failure failure)
{
    sync_lock(&link->mutex);
    if (link->state == DIAL_TRIES) {
        link->state = state;
        link->failure = failure;
        (void)pthread_cond_broadcast(&link->changed);
    }
    sync_unlock(&link->mutex);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    dial_ended(context, DIAL_CONNECTED, (struct mqtt_failure){0});
}

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
    dial_ended(context, DIAL_FAILED, mqtt_failure_of(data));
}

static int begin(struct link *link, const struct endpoint_config *config, uint32_t client,
                 int64_t deadline_ns, struct errinfo *reterr)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    char id[MQTT_CLIENT_ID_BYTES];
    int r;

    (void)snprintf(id, sizeof id, "millrace-%s-%u-%u", config->run_id, config->trial,
                   config->clients[client].client);
    r = mqtt_access_create(&link->access, id, &link->handle, reterr);
    if (r < 0) {
        link->handle = NULL;
        return r;
    }
    (void)MQTTAsync_setCallbacks(link->handle, link, on_lost, on_arrived, NULL);
    (void)MQTTAsync_setDisconnected(link->handle, link, on_goodbye);
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_failed;
    options.context = link;
    return mqtt_access_connect(&link->access, link->handle, deadline_ns, &options, reterr);
}

int mqtt_dial_begin(const struct mqtt_dial *dial, int64_t deadline_ns, struct link **ret,
                    struct errinfo *reterr)
{
    const struct endpoint_config *config = dial->config;
    uint32_t first = config->clients[dial->client].client + dial->address;
    struct link *link = calloc(1, sizeof *link);
    int r;

    if (link == NULL) {
        return errinfo_nomem(reterr);
    }
    ASSERT(pthread_mutex_init(&link->mutex, NULL) == 0);
    sync_condition_init(&link->changed);
    atomic_init(&link->owner, NULL);
    link->begin_ns = mono_ns();
    r = mqtt_access_init(config->target, first, &link->access, reterr);
    if (r == 0) {
        r = dial->known != NULL ? mqtt_access_resolve_as(&link->access, dial->known, reterr)
                                : mqtt_access_resolve(&link->access, deadline_ns, reterr);
    }
    if (r == 0) {
        r = begin(link, config, dial->client, deadline_ns, reterr);
    }
    if (r < 0) {
        mqtt_hang_up(link);
        return r;
    }
    *ret = link;
    return 0;
}

static int explain(struct link *link, int64_t deadline_ns, struct errinfo *reterr)
{
    enum probe_failure ignored = PROBE_OK;
    int r = 0;

    /* paho says "-1" of a port where nothing listens: look again. */
    if (!link->failure.timed_out && link->failure.code < 0) {
        r = mqtt_access_reach(&link->access, deadline_ns, &ignored, reterr);
    }
    return r < 0 ? r : mqtt_access_explain(&link->access, &link->failure, &ignored, reterr);
}

int mqtt_dial_await(struct link *link, int64_t deadline_ns, struct errinfo *reterr)
{
    bool is_connected;

    sync_lock(&link->mutex);
    while (link->state == DIAL_TRIES && mono_ns() < deadline_ns) {
        mqtt_waker_wake();
        (void)sync_condition_wait(&link->changed, &link->mutex, mono_ns() + WAKE_NS);
    }
    if (link->state == DIAL_TRIES) {
        link->failure = (struct mqtt_failure){.timed_out = true};
        link->state = DIAL_FAILED;
    }
    is_connected = link->state == DIAL_CONNECTED;
    sync_unlock(&link->mutex);
    return is_connected ? 0 : explain(link, deadline_ns, reterr);
}

int mqtt_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                 struct link **ret, struct errinfo *reterr)
{
    struct mqtt_dial dial = {.config = config, .client = client};
    uint32_t addresses = config->target->addresses_count;
    int r = -ENOTCONN;

    /* paho goes on to the next address where one is refused, but not soon where one is silent. */
    for (; dial.address < addresses && r < 0; dial.address++) {
        int64_t now_ns = mono_ns();
        int64_t until_ns = now_ns + (deadline_ns - now_ns) / (addresses - dial.address);
        struct link *link = NULL;

        r = mqtt_dial_begin(&dial, until_ns, &link, reterr);
        if (r < 0) {
            continue;
        }
        r = mqtt_dial_await(link, until_ns, reterr);
        if (r < 0) {
            mqtt_hang_up(link);
        } else {
            mqtt_access_hurry(&link->access);
            *ret = link;
        }
    }
    return r;
}

bool mqtt_dial_give(struct link *link, struct mqtt_link *owner)
{
    bool is_whole;

    sync_lock(&link->mutex);
    is_whole = link->state == DIAL_CONNECTED;
    if (is_whole) {
        atomic_store_explicit(&link->owner, owner, memory_order_release);
    }
    sync_unlock(&link->mutex);
    return is_whole;
}

void mqtt_hang_up(struct link *link)
{
    if (link->handle != NULL) {
        MQTTAsync_destroy(&link->handle);
    }
    /* No callback comes any more. */
    mqtt_access_done(&link->access);
    (void)pthread_cond_destroy(&link->changed);
    (void)pthread_mutex_destroy(&link->mutex);
    free(link);
}
