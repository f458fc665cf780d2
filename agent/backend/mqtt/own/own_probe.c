/* A look at the broker: who it is and what it takes. */
#include "mono.h"
#include "mqtt_decode_inner.h"
#include "mqtt_encode_inner.h"
#include "own_endpoint_inner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define VERSION_TOPIC "$SYS/broker/version"
/* Brokers that tell their version do it at once; most tell nothing. */
#define VERSION_NS (300 * NS_PER_MS)
#define ANSWER_BYTES ((size_t)4096)
#define GOODBYE_NS (100 * NS_PER_MS)

/* (3.2.2.3) A property that is not there is no limit. */
static void take_limits(const struct mqtt_properties *properties, struct broker_limits *limits)
{
    static const struct {
        enum mqtt_property property;
        enum broker_limit_kind kind;
        const char *name;
    } told[] = {
        {MQTT_MAXIMUM_PACKET_SIZE, LIMIT_MESSAGE_BYTES, "Maximum Packet Size"},
        {MQTT_RECEIVE_MAXIMUM, LIMIT_OTHER, "Receive Maximum"},
        {MQTT_MAXIMUM_QOS, LIMIT_OTHER, "Maximum QoS"},
        {MQTT_TOPIC_ALIAS_MAXIMUM, LIMIT_OTHER, "Topic Alias Maximum"},
        {MQTT_SERVER_KEEP_ALIVE, LIMIT_OTHER, "Server Keep Alive"},
        {MQTT_RETAIN_AVAILABLE, LIMIT_OTHER, "Retain Available"},
        {MQTT_SHARED_SUBSCRIPTION_AVAILABLE, LIMIT_OTHER, "Shared Subscription Available"},
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (mqtt_property_seen(properties, told[i].property)) {
            broker_limits_add(limits, told[i].kind, told[i].name,
                              properties->numbers[told[i].property]);
        }
    }
}

/* The payload of the first PUBLISH among what was read; false: it is not there yet. */
static bool find_version(struct own_link *link, char version[static NAME_BYTES])
{
    struct kept *unread = &link->unread;
    struct mqtt_frame frame;
    struct mqtt_publish publish;
    const char *wrong;

    for (;;) {
        const char *bytes = unread->bytes + unread->begin;
        size_t count = unread->end - unread->begin;
        size_t whole;

        if (mqtt_decode_frame(bytes, count, &frame, &wrong) < 0) {
            return false;
        }
        whole = (size_t)frame.header_bytes + frame.body_bytes;
        if (whole > count) {
            return false;
        }
        if (frame.kind == MQTT_PUBLISH &&
            mqtt_decode_publish(link->version, &frame, bytes + frame.header_bytes, &publish,
                                &wrong) == 0) {
            (void)snprintf(version, NAME_BYTES, "%.*s", (int)publish.payload.count,
                           publish.payload.bytes);
            return true;
        }
        kept_took(unread, whole);
    }
}

/* A broker that does not tell is none that failed. */
static void ask_version(struct own_link *link, int64_t deadline_ns, char version[static NAME_BYTES])
{
    const struct mqtt_bytes filter = {VERSION_TOPIC, sizeof VERSION_TOPIC - 1};
    char subscribe[64];
    size_t bytes = mqtt_encode_subscribe(link->version, 1, &filter, 1, 0, subscribe);
    int64_t until_ns = mono_ns() + VERSION_NS;

    subscribe[bytes - 1] = 0; /* Its options: what is retained is just what is wanted (3.8.3.1). */
    if (own_stream_write(&link->stream, subscribe, bytes) != (ssize_t)bytes) {
        return;
    }
    until_ns = until_ns < deadline_ns ? until_ns : deadline_ns;
    while (!find_version(link, version)) {
        struct pollfd readable = {.fd = link->stream.fd, .events = POLLIN};
        int64_t left_ns = until_ns - mono_ns();
        ssize_t r;

        if (left_ns <= 0 || poll(&readable, 1, (int)(left_ns / NS_PER_MS) + 1) != 1 ||
            link->unread.bytes_max - (link->unread.end - link->unread.begin) < ANSWER_BYTES) {
            return;
        }
        r = own_stream_read(&link->stream, kept_room(&link->unread, ANSWER_BYTES), ANSWER_BYTES);
        if (r > 0) {
            kept_grow(&link->unread, (size_t)r);
        } else if (r != -EAGAIN) {
            return;
        }
    }
}

int own_probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
              struct errinfo *reterr)
{
    struct own_route route;
    struct own_dial dial = {.link = {.stream = {.fd = -1}}};
    struct own_dial_request request = {.route = &route, .deadline_ns = deadline_ns};
    struct own_link link;
    int r;

    *ret = (struct probe){.failure = PROBE_OTHER};
    r = own_route_init(target, deadline_ns, &route, &ret->failure, reterr);
    if (r == 0) {
        r = own_dial_await(&dial, &request, reterr);
        ret->failure = r == 0 ? PROBE_OK : dial.failure;
    }
    if (r == 0) {
        take_limits(&dial.connack.properties, &ret->limits);
        link = own_dial_take(&dial);
        ask_version(&link, deadline_ns, ret->broker_version);
        own_link_bid(&link);
        own_link_end(&link, mono_ns() + GOODBYE_NS);
    }
    own_dial_done(&dial);
    own_route_done(&route);
    return r;
}

/* Nothing is retained and sessions end with their connection, so nothing can be left. Said only of
 * a broker that is there. */
int own_clean(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
              struct errinfo *reterr)
{
    struct probe ignored;
    int r = own_probe(target, deadline_ns, &ignored, reterr);

    if (r == 0) {
        *ret_removed = 0;
    }
    return r;
}
