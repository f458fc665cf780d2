#include "mqtt_endpoint_inner.h"

#include "catalog_entries.h"
#include "invariant.h"
#include "mono.h"
#include "mqtt_waker_inner.h"
#include "sync.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Messages that a consumer's inbox holds before it grows. */
#define CONSUMER_NOTES 16384
/* Room for EVENT_DOWN and EVENT_UP beside the outcomes. */
#define STATE_NOTES_PER_LINK 4
/* How often paho is made to look while links connect. */
#define WAKE_NS (2 * NS_PER_MS)

/* ---- Callbacks, from paho's threads ---------------------------------------------------------- */

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
    mqtt_link_failed(context, mqtt_failure_of(data));
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
    /* For one filter paho calls on_failed itself; for several it leaves looking to us. */
    for (int i = 0; i < data->alt.sub.reasonCodeCount && data->alt.sub.reasonCodeCount > 1; i++) {
        if (data->alt.sub.reasonCodes[i] >= MQTTREASONCODE_UNSPECIFIED_ERROR) {
            mqtt_link_failed(context,
                             (struct mqtt_failure){.code = (int)data->alt.sub.reasonCodes[i]});
            return;
        }
    }
    mqtt_link_came(context);
}

/* ---- Links ----------------------------------------------------------------------------------- */

static void link_drop(struct mqtt_link *link)
{
    if (link->made != NULL) {
        mqtt_hang_up(link->made);
        link->made = NULL;
        link->handle = NULL;
        mqtt_publish_forget(link);
    }
}

static void subscribe(struct mqtt_link *link)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    int r;

    options.onSuccess5 = on_subscribed;
    options.onFailure5 = on_failed;
    options.context = link;
    r = MQTTAsync_subscribeMany(link->handle, (int)link->filters_count, link->filters,
                                link->filters_qos, &options);
    if (r != MQTTASYNC_SUCCESS) {
        mqtt_link_failed(link, (struct mqtt_failure){.code = r});
    }
}

/* The connection is the link's from now on; false: it was lost already, and is the caller's. */
static bool link_take(struct mqtt_link *link, struct link *made)
{
    struct mqtt_inbox *inbox = &link->endpoint->inbox;

    link_drop(link);
    mqtt_inbox_lock(inbox);
    link->made = made;
    link->handle = made->handle;
    link->state = LINK_CONNECTING;
    mqtt_inbox_unlock(inbox);
    if (!mqtt_dial_give(made, link)) {
        mqtt_inbox_lock(inbox);
        link->made = NULL;
        link->handle = NULL;
        link->state = LINK_DOWN;
        mqtt_inbox_unlock(inbox);
        return false;
    }
    if (link->filters_count == 0) {
        mqtt_link_came(link);
    } else {
        subscribe(link);
    }
    return true;
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
    struct mqtt_access *access = &link->made->access;
    enum probe_failure ignored = PROBE_OK;
    int r = 0;

    /* paho says "-1" of a connection that ended: look again. */
    if (!link->failure.timed_out && link->failure.code < 0) {
        r = mqtt_access_reach(access, deadline_ns, &ignored, reterr);
    }
    return r < 0 ? r : mqtt_access_explain(access, &link->failure, &ignored, reterr);
}

/* ---- Endpoints ------------------------------------------------------------------------------- */

static int choose_qos(const struct endpoint_config *config)
{
    int64_t choice = catalog_option_number(&catalog_mqtt_paho, config->target, "qos");
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
    r = mqtt_access_init(config->target, 0, &endpoint->access, reterr);
    if (r < 0) {
        return r;
    }
    endpoint->qos = choose_qos(config);
    r = make_links(endpoint, reterr);
    if (r < 0) {
        return r;
    }
    if (config->role == ROLE_PRODUCER) {
        notes = endpoint->outstanding_max +
                (endpoint->share + STATE_NOTES_PER_LINK) * config->clients_count;
    }
    r = mqtt_inbox_reserve(&endpoint->inbox, notes, reterr);
    return r == 0 && config->role == ROLE_PRODUCER ? mqtt_timer_init(endpoint, reterr) : r;
}

/* A target was probed before its clients are opened: a broker that then closes one that has said
 * nothing but its login has no room for it. Mosquitto gives no other sign. */
static int explain_dial(const struct endpoint_config *config, uint32_t client, int code,
                        struct errinfo *reterr)
{
    return code != -EPROTO
               ? code
               : errinfo_set(reterr, -EUSERS,
                             "%s: the broker closed the connection of client %" PRIu32
                             " of %" PRIu32
                             " at its login, as one does whose limit of connections is reached: "
                             "raise it (Mosquitto: max_connections)",
                             config->target->addresses[0], client + 1, config->clients_count);
}

/* All dial at the same time. made: of each client; what no link took is left in it. */
static int dial_all(struct endpoint *endpoint, struct link **made, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    struct mqtt_dial dial = {.config = config, .known = &endpoint->access};
    int r = 0;

    for (; dial.client < config->clients_count && r == 0; dial.client++) {
        r = mqtt_dial_begin(&dial, config->open_deadline_ns, &made[dial.client], reterr);
    }
    for (uint32_t i = 0; i < config->clients_count && r == 0; i++) {
        r = mqtt_dial_await(made[i], config->open_deadline_ns, reterr);
        if (r == 0 && link_take(&endpoint->links[i], made[i])) {
            made[i] = NULL;
        } else if (r == 0) {
            r = errinfo_set(reterr, -ECONNRESET, "%s: the broker closed the connection at once",
                            config->target->addresses[0]);
        } else {
            r = explain_dial(config, i, r, reterr);
        }
    }
    return r;
}

static int link_all(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    struct link **made = (struct link **)calloc(config->clients_count, sizeof(struct link *));
    int r;

    if (made == NULL) {
        return errinfo_nomem(reterr);
    }
    r = dial_all(endpoint, made, reterr);
    for (uint32_t i = 0; i < config->clients_count; i++) {
        if (made[i] != NULL) {
            mqtt_hang_up(made[i]);
        }
    }
    free(made);
    return r;
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
    r = mqtt_access_resolve(&endpoint->access, config->open_deadline_ns, reterr);
    if (r == 0) {
        r = link_all(endpoint, reterr);
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

int mqtt_adopt(struct endpoint *endpoint, uint32_t client, struct link *link)
{
    bool is_up;

    mqtt_inbox_lock(&endpoint->inbox);
    is_up = endpoint->links[client].state == LINK_UP; /* Its EVENT_UP was not polled yet. */
    mqtt_inbox_unlock(&endpoint->inbox);
    if (is_up) {
        return -EISCONN;
    }
    endpoint->links[client].reviving = true;
    return link_take(&endpoint->links[client], link) ? 0 : -ENOTCONN;
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
