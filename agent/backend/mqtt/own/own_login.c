/* CONNECT and CONNACK, SUBSCRIBE and SUBACK: what a client says first, and what it is answered. */
#include "catalog_entries.h"
#include "mono.h"
#include "mqtt_decode_inner.h"
#include "mqtt_encode_inner.h"
#include "mqtt_topics.h"
#include "own_link_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES ((size_t)4096)
#define SUBSCRIBE_ID 1

/* Return codes of 3.1.1 (3.1.1: 3.2.2.3) and reason codes (3.2.2.2), as far as we act on them. */
enum {
    CODE_VERSION = 1,
    CODE_PASSWORD = 4,
    CODE_NOT_AUTHORIZED = 5,
    REASON_VERSION = 0x84,
    REASON_PASSWORD = 0x86,
    REASON_NOT_AUTHORIZED = 0x87,
    REASON_BANNED = 0x8a,
    REASON_METHOD = 0x8c,
    REASON_QUOTA = 0x97,
    REASON_RATE = 0x9f
};

static struct mqtt_bytes bytes_of(const char *text)
{
    return (struct mqtt_bytes){.bytes = text, .count = text != NULL ? (uint32_t)strlen(text) : 0};
}

static const char *shown(const struct mqtt_bytes *text)
{
    return text->count > 0 ? text->bytes : "";
}

/* ---- What comes ------------------------------------------------------------------------------ */

int own_explain_tls(struct own_dial *dial, int code, struct errinfo *reterr)
{
    dial->failure = PROBE_TLS;
    own_stream_explain(&dial->link.stream, code, reterr);
    return errinfo_prefix(reterr, code == -ENOMEM ? code : -EPROTO, "%s: TLS", dial->link.peer);
}

static int explain_end(struct own_dial *dial, ssize_t code, struct errinfo *reterr)
{
    const char *peer = dial->link.peer;

    if (code < 0 && code != -ECONNRESET && dial->place->tls) {
        return own_explain_tls(dial, (int)code, reterr); /* TLS 1.3: of our certificate. */
    }
    if (dial->step == OWN_SUBSCRIBE) {
        return errinfo_set(reterr, -ECONNRESET, "%s: the connection broke while subscribing%s%s",
                           peer, code < 0 ? ": " : "", code < 0 ? strerror((int)-code) : "");
    }
    dial->failure = PROBE_PROTOCOL;
    return errinfo_set(reterr, -EPROTO,
                       "%s: the connection was closed during the login; is it an MQTT port%s?",
                       peer, dial->place->tls ? "" : " without TLS");
}

static int explain_wrong(struct own_dial *dial, const char *wrong, struct errinfo *reterr)
{
    dial->failure = PROBE_PROTOCOL;
    return errinfo_set(reterr, -EPROTO, "%s: what answers does not speak MQTT: it sends %s",
                       dial->link.peer, wrong);
}

/* Before a SUBACK there may be more than a client keeps later. */
static int make_room(struct own_dial *dial, struct errinfo *reterr)
{
    struct kept *unread = &dial->link.unread;
    size_t wider = 2 * unread->bytes_max;

    if (unread->bytes_max - (unread->end - unread->begin) >= ANSWER_BYTES) {
        return 0;
    }
    if (dial->step != OWN_SUBSCRIBE) {
        return explain_wrong(dial, "much else before its answer", reterr);
    }
    if (unread->bytes_max >= OWN_BEFORE_SUBACK_BYTES_MAX) {
        return errinfo_set(reterr, -EOVERFLOW,
                           "%s: the broker sends more than %zu MiB of messages before it has "
                           "answered SUBSCRIBE",
                           dial->link.peer, OWN_BEFORE_SUBACK_BYTES_MAX / (1024 * 1024));
    }
    wider = wider < OWN_BEFORE_SUBACK_BYTES_MAX ? wider : OWN_BEFORE_SUBACK_BYTES_MAX;
    return kept_widen(unread, wider) < 0 ? errinfo_nomem(reterr) : 0;
}

/* The first packet that stands whole behind those that were passed, reading on where there is none.
 */
static int await_packet(struct own_dial *dial, struct mqtt_frame *ret, struct errinfo *reterr)
{
    struct kept *unread = &dial->link.unread;
    const char *wrong = NULL;

    for (;;) {
        const char *bytes = unread->bytes + unread->begin + dial->passed_bytes;
        size_t count = unread->end - unread->begin - dial->passed_bytes;
        int r = mqtt_decode_frame(bytes, count, ret, &wrong);
        ssize_t heard;

        if (r == -EPROTO) {
            return explain_wrong(dial, wrong, reterr);
        }
        if (r == 0 && (size_t)ret->header_bytes + ret->body_bytes <= count) {
            return 0;
        }
        r = make_room(dial, reterr);
        if (r < 0) {
            return r;
        }
        heard = own_stream_read(&dial->link.stream, kept_room(unread, ANSWER_BYTES), ANSWER_BYTES);
        if (heard == -EAGAIN) {
            return -EAGAIN;
        }
        if (heard <= 0) {
            return explain_end(dial, heard, reterr);
        }
        kept_grow(unread, (size_t)heard);
    }
}

/* Takes it out from behind those that were passed. */
static void take_packet(struct own_dial *dial, const struct mqtt_frame *frame)
{
    struct kept *unread = &dial->link.unread;
    size_t bytes = (size_t)frame->header_bytes + frame->body_bytes;
    char *front = unread->bytes + unread->begin;

    memmove(front + bytes, front, dial->passed_bytes);
    kept_took(unread, bytes);
}

static const char *body_of(const struct own_dial *dial, const struct mqtt_frame *frame)
{
    return dial->link.unread.bytes + dial->link.unread.begin + dial->passed_bytes +
           frame->header_bytes;
}

/* A broker may say goodbye instead of an answer (3.14). */
static int explain_goodbye(struct own_dial *dial, const struct mqtt_frame *frame, const char *body,
                           struct errinfo *reterr)
{
    struct mqtt_disconnect goodbye;
    const char *wrong = NULL;

    if (mqtt_decode_disconnect(dial->link.version, frame, body, &goodbye, &wrong) < 0) {
        return explain_wrong(dial, wrong, reterr);
    }
    if (frame->kind == MQTT_AUTH) {
        dial->failure = PROBE_LOGIN;
        return errinfo_set(reterr, -EACCES,
                           "%s: the broker asks for an authentication that this client does not "
                           "have (AUTH)",
                           dial->link.peer);
    }
    return errinfo_set(reterr, -ECONNRESET, "%s: the broker disconnected: %s%s%.*s",
                       dial->link.peer,
                       mqtt_reason_name(dial->link.version, MQTT_DISCONNECT, goodbye.reason),
                       goodbye.properties.reason.count > 0 ? ": " : "",
                       (int)goodbye.properties.reason.count, shown(&goodbye.properties.reason));
}

static bool is_goodbye(const struct mqtt_frame *frame)
{
    return frame->kind == MQTT_DISCONNECT || frame->kind == MQTT_AUTH;
}

/* ---- CONNECT --------------------------------------------------------------------------------- */

static void write_client_id(const struct own_dial *dial, char id[static OWN_CLIENT_ID_BYTES])
{
    const struct endpoint_config *config = dial->request.config;

    if (config != NULL) {
        (void)snprintf(id, OWN_CLIENT_ID_BYTES, "millrace-%s-%u-%u", config->run_id, config->trial,
                       config->clients[dial->request.client].client);
    } else { /* Two clients of one id would throw each other out (3.1.4). */
        (void)snprintf(id, OWN_CLIENT_ID_BYTES, "millrace-probe-%d-%llx", (int)getpid(),
                       (unsigned long long)wall_unix_ns());
    }
}

int own_login_begin(struct own_dial *dial, struct errinfo *reterr)
{
    const struct own_route *route = dial->request.route;
    char id[OWN_CLIENT_ID_BYTES];
    struct mqtt_connect connect = {.version = route->version,
                                   .user = bytes_of(route->target->username),
                                   .password = bytes_of(route->target->password),
                                   .keep_alive_s = route->keep_alive_s,
                                   .receive_maximum = OWN_RECEIVE_MAXIMUM};

    if (route->version == MQTT_3_1_1 && connect.user.bytes == NULL) {
        connect.password.bytes = NULL; /* 3.1.1: (3.1.2.9) */
        connect.password.count = 0;
    }
    write_client_id(dial, id);
    connect.client_id = bytes_of(id);
    dial->packet = malloc(mqtt_connect_bytes(&connect));
    if (dial->packet == NULL) {
        return errinfo_nomem(reterr);
    }
    dial->packet_bytes = mqtt_encode_connect(&connect, dial->packet);
    dial->packet_written = 0;
    return 0;
}

static int refuse_login(struct own_dial *dial, const char *name, const char *reason,
                        struct errinfo *reterr)
{
    dial->failure = PROBE_LOGIN;
    return errinfo_set(reterr, -EACCES, "%s: the broker refuses the login: %s%s", dial->link.peer,
                       name, reason);
}

static int refuse_version(struct own_dial *dial, struct errinfo *reterr)
{
    dial->failure = PROBE_PROTOCOL;
    return dial->link.version == MQTT_5
               ? errinfo_set(reterr, -EPROTO,
                             "%s: the broker does not speak MQTT 5; with the option `version: "
                             "3.1.1` this client speaks MQTT 3.1.1",
                             dial->link.peer)
               : errinfo_set(reterr, -EPROTO, "%s: the broker does not speak MQTT 3.1.1",
                             dial->link.peer);
}

/* The broker's no (3.2.2.2). */
static int explain_refusal(struct own_dial *dial, const struct mqtt_connack *connack,
                           struct errinfo *reterr)
{
    enum mqtt_version version = connack->reason < MQTT_REASON_FAILURE ? MQTT_3_1_1 : MQTT_5;
    const char *name = mqtt_reason_name(version, MQTT_CONNACK, connack->reason);
    const struct mqtt_bytes *text = &connack->properties.reason;
    char reason[ERRINFO_BYTES / 2] = "";

    if (text->count > 0) {
        (void)snprintf(reason, sizeof reason, ": %.*s", (int)text->count, text->bytes);
    }
    switch (connack->reason) {
    case CODE_VERSION:
    case REASON_VERSION:
        return refuse_version(dial, reterr);
    case CODE_PASSWORD:
    case CODE_NOT_AUTHORIZED:
    case REASON_PASSWORD:
    case REASON_NOT_AUTHORIZED:
    case REASON_BANNED:
    case REASON_METHOD:
        return refuse_login(dial, name, reason, reterr);
    case REASON_QUOTA:
    case REASON_RATE:
        dial->failure = PROBE_LOOK;
        return errinfo_set(reterr, -EUSERS, "%s: a limit of the broker is reached: %s%s",
                           dial->link.peer, name, reason);
    default:
        dial->failure = PROBE_OTHER;
        return errinfo_set(reterr, -ECONNREFUSED, "%s: the broker refuses: %s%s", dial->link.peer,
                           name, reason);
    }
}

static uint32_t told(const struct mqtt_properties *properties, enum mqtt_property property,
                     uint32_t otherwise)
{
    return mqtt_property_seen(properties, property) ? properties->numbers[property] : otherwise;
}

/* (3.2.2.3); a property that is not there is no limit. */
static void take_limits(struct own_dial *dial, const struct mqtt_properties *properties)
{
    dial->link.limits = (struct own_limits){
        .packet_bytes_max = told(properties, MQTT_MAXIMUM_PACKET_SIZE, UINT32_MAX),
        .receive_maximum = (uint16_t)told(properties, MQTT_RECEIVE_MAXIMUM, UINT16_MAX),
        .keep_alive_s =
            (uint16_t)told(properties, MQTT_SERVER_KEEP_ALIVE, dial->request.route->keep_alive_s),
        .qos_max = (uint8_t)told(properties, MQTT_MAXIMUM_QOS, 2),
    };
}

/* What the client is to do that this broker, or this version, can't. */
static int check_abilities(const struct own_dial *dial, struct errinfo *reterr)
{
    const struct endpoint_config *config = dial->request.config;

    if (config == NULL || config->role != ROLE_PRODUCER) {
        return 0;
    }
    if (own_route_qos(config) > dial->link.limits.qos_max) { /* (3.2.2.3.4) */
        return errinfo_set(reterr, -EOPNOTSUPP,
                           "%s: the broker takes QoS %u at most (its Maximum QoS), and "
                           "`publish_ack` needs QoS %u",
                           dial->link.peer, dial->link.limits.qos_max, own_route_qos(config));
    }
    if (dial->link.version == MQTT_3_1_1 && config->delivery->ttl_ns > 0) {
        return errinfo_set(reterr, -EOPNOTSUPP,
                           "%s: `ttl` needs MQTT 5: a message of MQTT 3.1.1 does not expire",
                           dial->link.peer);
    }
    return 0;
}

int own_login_answer(struct own_dial *dial, struct errinfo *reterr)
{
    struct mqtt_frame frame;
    const char *wrong = "a packet other than CONNACK (3.2)";
    const char *body;
    int r = await_packet(dial, &frame, reterr);

    if (r < 0) {
        return r;
    }
    body = body_of(dial, &frame);
    if (is_goodbye(&frame)) {
        return explain_goodbye(dial, &frame, body, reterr);
    }
    if (frame.kind != MQTT_CONNACK ||
        mqtt_decode_connack(dial->link.version, &frame, body, &dial->connack, &wrong) < 0) {
        return explain_wrong(dial, wrong, reterr);
    }
    r = dial->connack.reason != 0 ? explain_refusal(dial, &dial->connack, reterr) : 0;
    if (r == 0) {
        take_limits(dial, &dial->connack.properties);
        take_packet(dial, &frame);
        r = check_abilities(dial, reterr);
    }
    return r;
}

/* ---- SUBSCRIBE ------------------------------------------------------------------------------- */

static void free_filters(struct mqtt_bytes *filters, uint32_t count)
{
    for (uint32_t i = 0; filters != NULL && i < count; i++) {
        free((char *)(uintptr_t)filters[i].bytes);
    }
    free(filters);
}

int own_subscribe_begin(struct own_dial *dial, struct errinfo *reterr)
{
    const struct endpoint_config *config = dial->request.config;
    uint32_t client = dial->request.client;
    struct mqtt_bytes *filters;
    uint32_t count;
    int r = 0;

    if (config == NULL || config->role != ROLE_CONSUMER) {
        return 0;
    }
    count = config->clients[client].topics_count;
    filters = calloc(count > 0 ? count : 1, sizeof *filters);
    for (uint32_t i = 0; filters != NULL && i < count && r == 0; i++) {
        char *text = NULL;

        r = mqtt_topic_filter(config, client, i, &text);
        filters[i] = bytes_of(text);
    }
    if (filters != NULL && r == 0 && count > 0) {
        dial->packet = malloc(mqtt_subscribe_bytes(dial->link.version, filters, count));
    }
    if (dial->packet != NULL) {
        dial->packet_bytes = mqtt_encode_subscribe(dial->link.version, SUBSCRIBE_ID, filters, count,
                                                   own_route_qos(config), dial->packet);
        dial->packet_written = 0;
    }
    free_filters(filters, count);
    return dial->packet != NULL || (filters != NULL && count == 0) ? 0 : errinfo_nomem(reterr);
}

static int refuse_filter(const struct own_dial *dial, uint32_t index, uint8_t reason,
                         const struct mqtt_bytes *text, struct errinfo *reterr)
{
    char *filter = NULL;
    int r = mqtt_topic_filter(dial->request.config, dial->request.client, index, &filter);

    if (r == 0) {
        r = errinfo_set(reterr,
                        reason == REASON_NOT_AUTHORIZED ? -EACCES
                        : reason == REASON_QUOTA        ? -EUSERS
                                                        : -ECONNREFUSED,
                        "%s: the broker refuses the subscription to %s: %s%s%.*s", dial->link.peer,
                        filter, mqtt_reason_name(dial->link.version, MQTT_SUBACK, reason),
                        text->count > 0 ? ": " : "", (int)text->count, shown(text));
    }
    free(filter);
    return r;
}

/* A reason code for each filter, in their order (3.9.3). */
static int take_suback(struct own_dial *dial, const struct mqtt_frame *frame, const char *body,
                       struct errinfo *reterr)
{
    const struct endpoint_config *config = dial->request.config;
    struct mqtt_suback suback;
    const char *wrong = "a SUBACK for other filters (3.9.3)";

    if (mqtt_decode_suback(dial->link.version, frame, body, &suback, &wrong) < 0 ||
        suback.id != SUBSCRIBE_ID ||
        suback.reasons.count != config->clients[dial->request.client].topics_count) {
        return explain_wrong(dial, wrong, reterr);
    }
    for (uint32_t i = 0; i < suback.reasons.count; i++) {
        uint8_t reason = (uint8_t)suback.reasons.bytes[i];

        if (reason >= MQTT_REASON_FAILURE) {
            return refuse_filter(dial, i, reason, &suback.reason_text, reterr);
        }
        dial->link.granted_qos = reason < dial->link.granted_qos ? reason : dial->link.granted_qos;
    }
    return 0;
}

/* Messages may come before the answer (3.8.4); they stay where they are. */
int own_subscribe_answer(struct own_dial *dial, struct errinfo *reterr)
{
    const struct endpoint_config *config = dial->request.config;
    struct mqtt_frame frame;
    int r;

    if (config == NULL || config->role != ROLE_CONSUMER ||
        config->clients[dial->request.client].topics_count == 0) {
        return 0;
    }
    for (;;) {
        r = await_packet(dial, &frame, reterr);
        if (r < 0) {
            return r;
        }
        if (is_goodbye(&frame)) {
            return explain_goodbye(dial, &frame, body_of(dial, &frame), reterr);
        }
        if (frame.kind == MQTT_SUBACK) {
            r = take_suback(dial, &frame, body_of(dial, &frame), reterr);
            take_packet(dial, &frame);
            return r;
        }
        dial->passed_bytes += (size_t)frame.header_bytes + frame.body_bytes;
    }
}
