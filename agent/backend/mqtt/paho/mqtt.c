#include "mqtt_endpoint_inner.h"

#include "backend_drivers.h"
#include "catalog_entries.h"
#include "invariant.h"

#include <stdio.h>
#include <string.h>

/*
 * The asynchronous API of paho, for all qualities of service. The synchronous one costs less per
 * QoS 0 message (4.7 us against 12 us), but it waits in steps of 100 ms, holding the caller, when a
 * socket is full, and takes 200 ms for each connection, one after the other; linking both puts two
 * copies of the library's own heap and lists into one program.
 */

static const char *library_version(void)
{
    static char text[NAME_BYTES];
    const char *version = "";

    for (const MQTTAsync_nameValue *info = MQTTAsync_getVersionInfo(); info->name != NULL; info++) {
        if (strcmp(info->name, "Version") == 0) {
            version = info->value;
        }
    }
    (void)snprintf(text, sizeof text, "paho.mqtt.c %s", version);
    return text;
}

/* Nothing is retained and sessions end with their connection, so nothing can be left. Said only of
 * a broker that is there. */
static int clean_nothing(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
                         struct errinfo *reterr)
{
    struct mqtt_access access;
    enum probe_failure ignored = PROBE_OK;
    int r = mqtt_access_init(target, 0, &access, reterr);

    if (r == 0) {
        r = mqtt_access_reach(&access, deadline_ns, &ignored, reterr);
    }
    if (r == 0) {
        *ret_removed = 0;
    }
    mqtt_access_done(&access);
    return r;
}

/* Messages that the last poll() lent out go back to paho. */
static void release_polled(struct endpoint *endpoint)
{
    struct mqtt_inbox *inbox = &endpoint->inbox;

    while (endpoint->released < inbox->taken) {
        mqtt_receive_release(&inbox->reading.notes[endpoint->released++]);
    }
    mqtt_inbox_turn(inbox);
    endpoint->released = inbox->taken;
    endpoint->texts_count = 0;
}

/* The reason code of a DISCONNECT as a sentence, which lasts until the next poll(). */
static const char *loss_text(struct endpoint *endpoint, const char *reason)
{
    char *text = endpoint->texts[endpoint->texts_count];

    if (reason == NULL || endpoint->texts_count == MQTT_TEXTS_MAX) {
        return reason == NULL ? "the connection broke, without a DISCONNECT" : reason;
    }
    endpoint->texts_count++;
    (void)snprintf(text, sizeof endpoint->texts[0], "the broker disconnected: %s", reason);
    return text;
}

static void fill_event(struct endpoint *endpoint, const struct mqtt_note *note, struct event *ret)
{
    switch (note->kind) {
    case EVENT_MESSAGE:
        mqtt_receive_event(endpoint, note, ret);
        break;
    case EVENT_ACKED:
    case EVENT_REFUSED:
    case EVENT_UNCONFIRMED:
        mqtt_publish_outcome(endpoint, note, ret);
        break;
    case EVENT_DOWN:
        *ret = (struct event){.kind = EVENT_DOWN,
                              .client = note->client,
                              .at_ns = note->at_ns,
                              .text = loss_text(endpoint, note->text)};
        break;
    default:
        *ret = (struct event){
            .kind = note->kind, .client = note->client, .at_ns = note->at_ns, .text = note->text};
        break;
    }
}

static int mqtt_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    uint32_t count = 0;
    struct mqtt_note *note;

    release_polled(endpoint);
    while (count < events_max && (note = mqtt_inbox_take(&endpoint->inbox)) != NULL) {
        fill_event(endpoint, note, &events[count++]);
    }
    if (endpoint->config->role == ROLE_PRODUCER) {
        mqtt_nudge_polled(endpoint, count);
    }
    mqtt_inbox_settle(&endpoint->inbox, mqtt_nudge_signal_at(endpoint));
    return (int)count;
}

/* paho goes on receiving into the inbox. */
static int mqtt_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    uint32_t count = 0;
    struct mqtt_note note;

    ASSERT(endpoint->config->role == ROLE_CONSUMER);
    release_polled(endpoint);
    while (count < events_max && mqtt_inbox_overtake(&endpoint->inbox, &note)) {
        fill_event(endpoint, &note, &events[count++]);
    }
    return (int)count;
}

/* paho sent PUBACK before it showed the message. */
static int mqtt_ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    (void)endpoint;
    (void)token;
    (void)multiple;
    return 0;
}

static int mqtt_wait_fd(const struct endpoint *endpoint)
{
    return endpoint->config->role == ROLE_PRODUCER ? endpoint->watch_fd : endpoint->inbox.fd;
}

const struct backend_ops backend_mqtt_paho = {
    .entry = &catalog_mqtt_paho,
    .library_version = library_version,
    .library_threads = "MQTTAsync",
    .probe = mqtt_probe,
    .topics_create = mqtt_topics_nothing,
    .topics_delete = mqtt_topics_nothing,
    .clean = clean_nothing,
    .open = mqtt_open,
    .connect = mqtt_connect,
    .adopt = mqtt_adopt,
    .hang_up = mqtt_hang_up,
    .close = mqtt_close,
    .submit = mqtt_submit,
    .poll = mqtt_poll,
    .poll_held = mqtt_poll_held,
    .ack = mqtt_ack,
    .wait_fd = mqtt_wait_fd,
    .ack_answers = false,
    .held_fd = false,
};
