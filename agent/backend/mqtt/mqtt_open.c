#include "mqtt_endpoint.h"

#include "backend_drivers.h"
#include "invariant.h"
#include "mono.h"
#include "mqtt_waker.h"
#include "sync.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages that a consumer's inbox holds before it grows. */
#define CONSUMER_NOTES 16384
/* Room for EVENT_DOWN and EVENT_UP beside the outcomes. */
#define STATE_NOTES_PER_LINK 4
/* How often paho is made to look while links connect. */
#define WAKE_NS (2 * NS_PER_MS)

/* ---- Callbacks, from paho's threads ---------------------------------------------------------- */

static void link_changed(struct mqtt_link *link, enum mqtt_link_state state)
{
    link->state = state;
    (void)pthread_cond_broadcast(&link->endpoint->inbox.linked);
}

static void link_lost(struct mqtt_link *link, int code, const char *text)
{
    struct mqtt_inbox *inbox = &link->endpoint->inbox;
    struct mqtt_note note = {
        .kind = EVENT_DOWN, .client = link->client, .at_ns = mono_ns(), .text = text};

    mqtt_inbox_lock(inbox);
    if (link->state == LINK_UP) {
        mqtt_publish_lose(link);
        ASSERT(mqtt_inbox_push(inbox, &note));
        link_changed(link, LINK_DOWN);
    } else if (link->state == LINK_CONNECTING) {
        link->failure = (struct mqtt_failure){.code = code};
        link_changed(link, LINK_FAILED);
    }
    mqtt_inbox_unlock(inbox);
}

static void on_lost(void *context, char *cause)
{
    (void)cause; /* Always NULL in paho 1.3. */
    link_lost(context, MQTTASYNC_FAILURE, NULL);
}

/* The broker's DISCONNECT. What follows is the end of the connection, of which paho then doesn't
 * tell. */
static void on_goodbye(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    link_lost(context, (int)reason, MQTTReasonCode_toString(reason));
}

static void link_came(struct mqtt_link *link)
{
    struct mqtt_inbox *inbox = &link->endpoint->inbox;
    struct mqtt_note note = {.kind = EVENT_UP, .client = link->client, .at_ns = mono_ns()};

    mqtt_inbox_lock(inbox);
    if (link->state == LINK_CONNECTING) {
        if (link->reviving) {
            ASSERT(mqtt_inbox_push(inbox, &note));
        }
        if (link->endpoint->config->connect_ns != NULL) {
            link->endpoint->config->connect_ns[link->client] = note.at_ns - link->begin_ns;
        }
        link_changed(link, LINK_UP);
    }
    mqtt_inbox_unlock(inbox);
}

static void link_failed(struct mqtt_link *link, struct mqtt_failure failure)
{
    struct mqtt_inbox *inbox = &link->endpoint->inbox;

    mqtt_inbox_lock(inbox);
    if (link->state == LINK_CONNECTING) {
        link->failure = failure;
        link_changed(link, LINK_FAILED);
    }
    mqtt_inbox_unlock(inbox);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
    link_failed(context, mqtt_failure_of(data));
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
    /* For one filter paho calls on_failed itself; for several it leaves looking to us. */
    for (int i = 0; i < data->alt.sub.reasonCodeCount && data->alt.sub.reasonCodeCount > 1; i++) {
        if (data->alt.sub.reasonCodes[i] >= MQTTREASONCODE_UNSPECIFIED_ERROR) {
            link_failed(context, (struct mqtt_failure){.code = (int)data->alt.sub.reasonCodes[i]});
            return;
        }
    }
    link_came(context);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    struct mqtt_link *link = context;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    int r;

    (void)data;
    if (link->filters_count == 0) {
        link_came(link);
        return;
    }
    options.onSuccess5 = on_subscribed;
    options.onFailure5 = on_failed;
    options.context = link;
    r = MQTTAsync_subscribeMany(link->handle, (int)link->filters_count, link->filters,
                                link->filters_qos, &options);
    if (r != MQTTASYNC_SUCCESS) {
        link_failed(link, (struct mqtt_failure){.code = r});
    }
}

/* ---- Links ----------------------------------------------------------------------------------- */

static void link_drop(struct mqtt_link *link)
{
    if (link->handle != NULL) {
        MQTTAsync_destroy(&link->handle);
        link->handle = NULL;
        mqtt_publish_forget(link);
    }
}

static int link_begin(struct mqtt_link *link, int64_t deadline_ns, struct errinfo *reterr)
{
    struct endpoint *endpoint = link->endpoint;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    int r;

    mqtt_inbox_lock(&endpoint->inbox);
    link->state = LINK_CONNECTING;
    link->begin_ns = mono_ns();
    mqtt_inbox_unlock(&endpoint->inbox);
    r = mqtt_access_create(&endpoint->access, link->id, &link->handle, reterr);
    if (r < 0) {
        link->handle = NULL;
        return r;
    }
    (void)MQTTAsync_setCallbacks(link->handle, link, on_lost, mqtt_receive_arrived, NULL);
    (void)MQTTAsync_setDisconnected(link->handle, link, on_goodbye);
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_failed;
    options.context = link;
    return mqtt_access_connect(&endpoint->access, link->handle, deadline_ns, &options, reterr);
}

/* Waits for a link to change, a short while at most. */
static void await_change(struct mqtt_inbox *inbox)
{
    mqtt_waker_wake();
    (void)sync_condition_wait(&inbox->linked, &inbox->mutex, mono_ns() + WAKE_NS);
}

/* Until no link is connecting any more. Those that still are at the deadline have failed. */
static void await_links(struct endpoint *endpoint, int64_t deadline_ns)
{
    struct mqtt_inbox *inbox = &endpoint->inbox;

    mqtt_inbox_lock(inbox);
    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        struct mqtt_link *link = &endpoint->links[i];

        while (link->state == LINK_CONNECTING && mono_ns() < deadline_ns) {
            await_change(inbox);
        }
        if (link->state == LINK_CONNECTING) {
            link->failure = (struct mqtt_failure){.timed_out = true};
            link->state = LINK_FAILED;
        }
    }
    mqtt_inbox_unlock(inbox);
}

/* Some link that is not up, or NULL. */
static struct mqtt_link *find_down(struct endpoint *endpoint)
{
    struct mqtt_link *down = NULL;

    mqtt_inbox_lock(&endpoint->inbox);
    for (uint32_t i = 0; i < endpoint->config->clients_count && down == NULL; i++) {
        if (endpoint->links[i].state != LINK_UP) {
            down = &endpoint->links[i];
        }
    }
    mqtt_inbox_unlock(&endpoint->inbox);
    return down;
}

static int explain_link(struct mqtt_link *link, int64_t deadline_ns, struct errinfo *reterr)
{
    struct mqtt_access *access = &link->endpoint->access;
    enum probe_failure ignored = PROBE_OK;
    int r = 0;

    /* paho says "-1" of a port where nothing listens: look again. */
    if (!link->failure.timed_out && link->failure.code < 0) {
        r = mqtt_access_reach(access, deadline_ns, &ignored, reterr);
    }
    return r < 0 ? r : mqtt_access_explain(access, &link->failure, &ignored, reterr);
}

/* ---- Endpoints ------------------------------------------------------------------------------- */

static int choose_qos(const struct endpoint_config *config)
{
    int64_t choice = backend_option_number(&backend_mqtt, config->target, "qos");
    bool at_most_once = config->role == ROLE_PRODUCER
                            ? config->delivery->publish_ack == PUBLISH_ACK_NONE
                            : config->delivery->consume_ack == CONSUME_ACK_NONE;

    return at_most_once ? 0 : (int)choice + 1;
}

static int make_links(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;

    endpoint->links = calloc(config->clients_count, sizeof *endpoint->links);
    if (endpoint->links == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < config->clients_count; i++) {
        struct mqtt_link *link = &endpoint->links[i];

        link->endpoint = endpoint;
        link->client = i;
        (void)snprintf(link->id, sizeof link->id, "millrace-%s-%u-%u", config->run_id,
                       config->trial, config->clients[i].client);
    }
    return config->role == ROLE_PRODUCER ? mqtt_publish_init(endpoint, reterr)
                                         : mqtt_receive_init(endpoint, reterr);
}

/* Always sets *ret, which mqtt_close() takes half-made too, unless memory ran out at once. */
static int endpoint_new(const struct endpoint_config *config, struct endpoint **ret,
                        struct errinfo *reterr)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    uint32_t notes = CONSUMER_NOTES;
    int r;

    if (endpoint == NULL) {
        return errinfo_nomem(reterr);
    }
    *ret = endpoint;
    endpoint->config = config;
    mqtt_inbox_init(&endpoint->inbox);
    r = mqtt_access_init(config->target, &endpoint->access, reterr);
    if (r < 0) {
        return r;
    }
    endpoint->qos = choose_qos(config);
    r = make_links(endpoint, reterr);
    if (r < 0) {
        return r;
    }
    if (config->role == ROLE_PRODUCER) {
        notes = endpoint->outstanding_max + STATE_NOTES_PER_LINK * config->clients_count;
    }
    r = mqtt_inbox_reserve(&endpoint->inbox, notes, reterr);
    return r == 0 && config->role == ROLE_PRODUCER ? mqtt_nudge_init(endpoint, reterr) : r;
}

int mqtt_open(const struct endpoint_config *config, struct endpoint **ret, struct errinfo *reterr)
{
    struct endpoint *endpoint = NULL;
    struct mqtt_link *down;
    int r = endpoint_new(config, &endpoint, reterr);

    if (r < 0) {
        goto out;
    }
    ASSERT(endpoint != NULL);
    mqtt_waker_start();
    for (uint32_t i = 0; i < config->clients_count && r == 0; i++) {
        r = link_begin(&endpoint->links[i], config->open_deadline_ns, reterr);
    }
    if (r < 0) {
        goto out;
    }
    await_links(endpoint, config->open_deadline_ns);
    down = find_down(endpoint);
    if (down != NULL) {
        r = explain_link(down, config->open_deadline_ns, reterr);
        goto out;
    }
    mqtt_access_hurry(&endpoint->access);
    *ret = endpoint;
    endpoint = NULL;
out:
    mqtt_close(endpoint);
    return r;
}

static void revive(struct mqtt_link *link, int64_t deadline_ns)
{
    struct errinfo err;

    link_drop(link);
    link->reviving = true;
    if (link_begin(link, deadline_ns, &err) < 0) {
        link_failed(link, (struct mqtt_failure){.code = MQTTASYNC_FAILURE});
    }
}

int mqtt_reopen(struct endpoint *endpoint, int64_t deadline_ns, struct errinfo *reterr)
{
    struct mqtt_link *down;

    mqtt_access_forget(&endpoint->access);
    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        struct mqtt_link *link = &endpoint->links[i];
        bool up;

        mqtt_inbox_lock(&endpoint->inbox);
        up = link->state == LINK_UP;
        mqtt_inbox_unlock(&endpoint->inbox);
        if (!up) {
            revive(link, deadline_ns);
        }
    }
    await_links(endpoint, deadline_ns);
    mqtt_access_hurry(&endpoint->access);
    down = find_down(endpoint);
    if (down != NULL) {
        (void)explain_link(down, deadline_ns, reterr);
        return -EAGAIN;
    }
    return 0;
}

static void release_batch(struct mqtt_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        mqtt_receive_release(&batch->notes[i]);
    }
}

void mqtt_close(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    for (uint32_t i = 0; endpoint->links != NULL && i < endpoint->config->clients_count; i++) {
        link_drop(&endpoint->links[i]);
    }
    /* No callback comes any more. */
    release_batch(&endpoint->inbox.reading);
    release_batch(&endpoint->inbox.filling);
    mqtt_receive_done(endpoint);
    mqtt_publish_done(endpoint);
    free(endpoint->links);
    mqtt_access_done(&endpoint->access);
    mqtt_inbox_done(&endpoint->inbox);
    free(endpoint);
}
