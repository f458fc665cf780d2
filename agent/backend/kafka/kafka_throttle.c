/* kafka_throttle: what brokers say of quotas. The library calls back for each answer that was held
 * up, from within the poll of the handle's own queue, so on the worker's thread. */
#include "kafka_client_inner.h"
#include "kafka_endpoint_inner.h"
#include "mono.h"

#include <stdio.h>
#include <string.h>

/* Whose queue this thread polls. Not the callback's opaque: a client is also polled while it
 * connects and while it ends, when its endpoint may be another thread's. */
static _Thread_local struct endpoint *listening;

/* Rounded, so that what is said a thousand times is one text with a count. */
static const char *how_long(int throttle_ms)
{
    return throttle_ms >= 10000  ? "over 10 s"
           : throttle_ms >= 1000 ? "over 1 s"
           : throttle_ms >= 100  ? "over 100 ms"
                                 : "under 100 ms";
}

static void on_throttle(rd_kafka_t *client, const char *broker, int32_t broker_id, int throttle_ms,
                        void *opaque)
{
    struct endpoint *endpoint = listening;
    struct kafka_throttle *throttle;

    (void)broker;
    (void)opaque;
    if (endpoint == NULL || endpoint->throttles_count == KAFKA_THROTTLES_MAX) {
        return;
    }
    throttle = &endpoint->throttles[endpoint->throttles_count++];
    throttle->client = 0;
    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        if (endpoint->handles[i].client == client) {
            throttle->client = endpoint->handles[i].first_client;
        }
    }
    throttle->at_ns = mono_ns();
    if (throttle_ms == 0) {
        (void)snprintf(throttle->text, sizeof throttle->text, "no longer throttled (broker %d)",
                       (int)broker_id);
    } else {
        (void)snprintf(throttle->text, sizeof throttle->text,
                       "throttled for %s, as a quota is exceeded (broker %d)",
                       how_long(throttle_ms), (int)broker_id);
    }
}

void kafka_throttle_conf(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_throttle_cb(conf, on_throttle);
}

void kafka_throttle_listen(struct endpoint *endpoint)
{
    listening = endpoint;
}

bool kafka_throttle_tell(struct endpoint *endpoint, struct kafka_out *out)
{
    while (endpoint->throttles_told < endpoint->throttles_count && out->count < out->max) {
        const struct kafka_throttle *throttle = &endpoint->throttles[endpoint->throttles_told++];

        out->events[out->count++] = (struct event){.kind = EVENT_SAYS,
                                                   .client = throttle->client,
                                                   .at_ns = throttle->at_ns,
                                                   .text = throttle->text};
    }
    return endpoint->throttles_told == endpoint->throttles_count;
}

void kafka_throttle_forget(struct endpoint *endpoint)
{
    if (endpoint->throttles_told == endpoint->throttles_count) {
        endpoint->throttles_told = 0;
        endpoint->throttles_count = 0;
    }
}
