#include "mqtt_endpoint_inner.h"

#include "mono.h"
#include "mqtt_waker_inner.h"

#include <unistd.h>

#define GAP_NS_MAX (16 * NS_PER_MS)
/* Without an outcome for so long at QoS 0, something was forgotten or the broker does not read. */
#define STALE_NS (50 * NS_PER_MS)
/* A gap without outcomes makes it nudge at every one for so long. */
#define STUCK_NS (100 * NS_PER_MS)
#define FENCE_TOPIC "millrace/fence"

/*
 * A sixteenth of what is outstanding: a worker that is woken for each confirm takes one, sends one
 * and sleeps again, at twice the CPU per message. With a quarter, the queues ran dry in between.
 * Outcomes carry the time at which they came, so nothing is measured wrongly, and the timer bounds
 * the wait to 1 ms.
 */
uint32_t mqtt_nudge_signal_at(const struct endpoint *endpoint)
{
    uint32_t share = endpoint->outstanding / 16;

    return share > 1 && endpoint->timer_armed && endpoint->gap_ns == MQTT_GAP_NS_MIN ? share : 1;
}

/* The broker has answered what was sent after the messages. */
static void on_fence(void *context, MQTTAsync_successData5 *data)
{
    struct mqtt_link *link = context;

    (void)data;
    mqtt_inbox_lock(&link->endpoint->inbox);
    if (link->fenced) {
        mqtt_publish_settle_before(link, link->fence, mono_ns());
        link->fenced = false;
    }
    mqtt_inbox_unlock(&link->endpoint->inbox);
}

static void on_fence_failed(void *context, MQTTAsync_failureData5 *data)
{
    struct mqtt_link *link = context;

    (void)data;
    mqtt_inbox_lock(&link->endpoint->inbox);
    link->fenced = false;
    mqtt_inbox_unlock(&link->endpoint->inbox);
}

/* QoS 0, and no later message to tell of the last one: asks the broker to end a subscription that
 * was never made. Its answer says that all before it arrived. */
static void raise_fence(struct mqtt_link *link)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    bool wanted;

    mqtt_inbox_lock(&link->endpoint->inbox);
    wanted = link->state == LINK_UP && link->outstanding > 0 && !link->fenced;
    if (wanted) {
        link->fence = link->number_next;
        link->fenced = true;
    }
    mqtt_inbox_unlock(&link->endpoint->inbox);
    options.onSuccess5 = on_fence;
    options.onFailure5 = on_fence_failed;
    options.context = link;
    if (wanted && MQTTAsync_unsubscribe(link->handle, FENCE_TOPIC, &options) != MQTTASYNC_SUCCESS) {
        on_fence_failed(link, NULL);
    }
}

static void nudge(struct endpoint *endpoint, int64_t now_ns)
{
    mqtt_waker_wake();
    mqtt_waker_kick();
    if (endpoint->outcomes) {
        return;
    }
    endpoint->stuck_ns = now_ns;
    if (endpoint->gap_ns < GAP_NS_MAX) {
        endpoint->gap_ns *= 2; /* Perhaps the broker is slow and not paho. */
    }
    if (endpoint->quiet_since_ns == 0) {
        endpoint->quiet_since_ns = now_ns;
    } else if (endpoint->qos == 0 && now_ns - endpoint->quiet_since_ns > STALE_NS) {
        endpoint->quiet_since_ns = now_ns;
        for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
            raise_fence(&endpoint->links[i]);
        }
    }
}

void mqtt_nudge_polled(struct endpoint *endpoint, uint32_t outcomes)
{
    uint64_t expirations = 0;
    int64_t now_ns;

    if (outcomes > 0) {
        endpoint->outcomes = true;
        endpoint->quiet_since_ns = 0;
        endpoint->gap_ns = MQTT_GAP_NS_MIN;
    }
    if (!endpoint->timer_armed) {
        return;
    }
    now_ns = mono_ns(); /* Asked first: it is cheaper than the timer. */
    if (now_ns < endpoint->timer_ns ||
        read(endpoint->timer_fd, &expirations, sizeof expirations) < 0) {
        return;
    }
    endpoint->timer_armed = false;
    if (endpoint->outstanding > 0) {
        /* Once stuck, a socket is full again after what one nudge let through. */
        if (!endpoint->outcomes || now_ns - endpoint->stuck_ns < STUCK_NS) {
            nudge(endpoint, now_ns);
        }
        mqtt_timer_arm(endpoint);
    }
    endpoint->outcomes = false;
}
