/* The state of a client's link, as paho's threads tell it. */
#include "mqtt_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

#include <pthread.h>

static void link_changed(struct mqtt_link *link, enum mqtt_link_state state)
{
    link->state = state;
    (void)pthread_cond_broadcast(&link->endpoint->inbox.linked);
}

/* The inbox is locked. One that is to come back is waited for by somebody. */
static void link_fails(struct mqtt_link *link, struct mqtt_failure failure, const char *text)
{
    struct mqtt_note note = {
        .kind = EVENT_DOWN, .client = link->client, .at_ns = mono_ns(), .text = text};

    link->failure = failure;
    if (link->reviving) {
        ASSERT(mqtt_inbox_push(&link->endpoint->inbox, &note));
    }
    link_changed(link, LINK_FAILED);
}

void mqtt_link_lost(struct mqtt_link *link, const struct link *made, int code, const char *text)
{
    struct mqtt_inbox *inbox = &link->endpoint->inbox;
    struct mqtt_note note = {
        .kind = EVENT_DOWN, .client = link->client, .at_ns = mono_ns(), .text = text};

    mqtt_inbox_lock(inbox);
    if (link->made == made && link->state == LINK_UP) {
        mqtt_publish_lose(link);
        ASSERT(mqtt_inbox_push(inbox, &note));
        link_changed(link, LINK_DOWN);
    } else if (link->made == made && link->state == LINK_CONNECTING) {
        link_fails(link, (struct mqtt_failure){.code = code}, text);
    }
    mqtt_inbox_unlock(inbox);
}

void mqtt_link_came(struct mqtt_link *link)
{
    struct mqtt_inbox *inbox = &link->endpoint->inbox;
    struct mqtt_note note = {.kind = EVENT_UP, .client = link->client, .at_ns = mono_ns()};

    mqtt_inbox_lock(inbox);
    if (link->state == LINK_CONNECTING) {
        if (link->reviving) {
            ASSERT(mqtt_inbox_push(inbox, &note));
        }
        if (link->endpoint->config->connect_times != NULL) {
            link->endpoint->config->connect_times[link->client].whole_ns =
                note.at_ns - link->made->begin_ns;
        }
        link_changed(link, LINK_UP);
    }
    mqtt_inbox_unlock(inbox);
}

void mqtt_link_failed(struct mqtt_link *link, struct mqtt_failure failure)
{
    struct mqtt_inbox *inbox = &link->endpoint->inbox;

    mqtt_inbox_lock(inbox);
    if (link->state == LINK_CONNECTING) {
        link_fails(link, failure, failure.message);
    }
    mqtt_inbox_unlock(inbox);
}
