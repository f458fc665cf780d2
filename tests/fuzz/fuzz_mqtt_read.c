/* What an MQTT broker may send, to a client that is up: the first byte chooses version, role and
 * quality of service, the second how it is cut, the others are what comes. In whatever pieces it
 * comes, with room for however few events, the client tells the same, and what it lends stays as it
 * is until the next poll. */
#include "fuzz_target.h"
#include "invariant.h"
#include "own_bench.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUBMITTED 8u
#define PIECES_MAX 96u
#define QUIET_POLLS 3

/* FNV-1a, over what was told, in its order. */
struct told {
    uint64_t hash;
    uint32_t count;
};

struct way {
    bool is_cut;
    uint32_t random;
    uint32_t piece_bytes_max;
};

static struct own_bench bench;

static uint64_t mix(uint64_t hash, const void *bytes, size_t bytes_count)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < bytes_count; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint32_t draw(struct way *way, uint32_t below)
{
    way->random = way->random * UINT32_C(1664525) + UINT32_C(1013904223);
    return (way->random >> 8) % below;
}

/* Of the messages that are lent now. */
static uint64_t lent(void)
{
    uint64_t hash = 0;

    for (int i = 0; i < bench.events_count; i++) {
        if (bench.events[i].kind == EVENT_MESSAGE) {
            hash = mix(hash, bench.events[i].bytes, bench.events[i].bytes_count);
        }
    }
    return hash;
}

/* What is not said of one message may be said once for several, so it is not compared. */
static void tell(struct told *told, const struct event *event)
{
    if (event->kind == EVENT_ERROR || event->kind == EVENT_SAYS) {
        ASSERT(event->text != NULL);
        return;
    }
    told->count++;
    told->hash = mix(told->hash, &event->kind, sizeof event->kind);
    if (event->kind == EVENT_MESSAGE) {
        told->hash = mix(told->hash, event->bytes, event->bytes_count);
        told->hash = mix(told->hash, &event->topic, sizeof event->topic);
        told->hash = mix(told->hash, &event->partition, sizeof event->partition);
    } else if (event->kind == EVENT_DOWN) {
        told->hash = mix(told->hash, event->text, strlen(event->text));
    } else {
        told->hash = mix(told->hash, &event->token, sizeof event->token);
    }
}

static bool take(struct told *told, struct way *way)
{
    const uint32_t room = way->is_cut ? 1 + draw(way, 4) : OWN_BENCH_EVENTS_MAX;
    char answers[4096];
    uint64_t before;

    if (way->is_cut && bench.config.role == ROLE_CONSUMER && draw(way, 3) == 0) {
        own_bench_poll_held(&bench, room);
    } else {
        own_bench_poll(&bench, room);
    }
    before = lent();
    for (int i = 0; i < bench.events_count; i++) {
        tell(told, &bench.events[i]);
        if (bench.events[i].kind == EVENT_MESSAGE &&
            bench.delivery.consume_ack != CONSUME_ACK_NONE) {
            (void)own_ack(bench.endpoint, bench.events[i].token, false);
        }
    }
    (void)own_flush(bench.endpoint);
    ASSERT(lent() == before);
    while (own_bench_hear(&bench, answers, sizeof answers) > 0) {
    }
    return bench.events_count > 0;
}

static void take_all(struct told *told, struct way *way)
{
    for (int quiet = 0; quiet < QUIET_POLLS * (way->is_cut ? 4 : 1);) {
        quiet = take(told, way) ? 0 : quiet + 1;
    }
}

static enum endpoint_role role_of(uint8_t choice)
{
    return (choice & 1) != 0 ? ROLE_PRODUCER : ROLE_CONSUMER;
}

static uint8_t qos_of(uint8_t choice)
{
    return (uint8_t)((choice >> 1 & 3) % 3);
}

static enum mqtt_version version_of(uint8_t choice)
{
    return (choice & 8) != 0 ? MQTT_3_1_1 : MQTT_5;
}

static struct told drive(const uint8_t *bytes, size_t bytes_count, struct way way)
{
    const enum endpoint_role role = role_of(bytes[0]);
    struct told told = {.hash = UINT64_C(0xcbf29ce484222325)};

    own_bench_begin(&bench, role, qos_of(bytes[0]), SUBMITTED);
    bench.client->link.version = version_of(bytes[0]);
    for (uint32_t i = 0; role == ROLE_PRODUCER && i < SUBMITTED; i++) {
        (void)own_bench_submit(&bench, i, 10);
    }
    for (size_t at = 2; at < bytes_count;) {
        const size_t left = bytes_count - at;
        const size_t piece = way.is_cut ? 1 + draw(&way, way.piece_bytes_max) : left;
        const ssize_t sent = send(bench.broker_fd, bytes + at, piece < left ? piece : left,
                                  MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0) {
            break; /* It has had enough. */
        }
        at += (size_t)sent;
        (void)take(&told, &way);
    }
    take_all(&told, &way);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    take_all(&told, &way);
    ASSERT(!bench.client->is_up);
    own_bench_end(&bench);
    return told;
}

/* ---- What has two answers -------------------------------------------------------------------- */

/* The packets of QoS 2 that came so far. */
struct releases {
    struct own_ids ids; /* lent: was published; unreleased: and then released. */
    bool is_used_again; /* An id after its release. */
};

/* False: the client loses its connection with this packet. */
static bool follow(struct releases *releases, enum mqtt_version version,
                   const struct mqtt_frame *frame, const char *body)
{
    struct mqtt_publish publish;
    struct mqtt_answer answer;
    const char *wrong;

    if (frame->kind == MQTT_PUBLISH &&
        mqtt_decode_publish(version, frame, body, &publish, &wrong) == 0) {
        if (publish.qos == 2) {
            releases->is_used_again =
                releases->is_used_again || own_id_is_in(releases->ids.unreleased, publish.id);
            own_id_add(releases->ids.lent, publish.id);
        }
        return true;
    }
    if (frame->kind == MQTT_PUBREL &&
        mqtt_decode_answer(version, frame, body, &answer, &wrong) == 0) {
        if (own_id_is_in(releases->ids.lent, answer.id)) {
            own_id_add(releases->ids.unreleased, answer.id);
        }
        return true;
    }
    return frame->kind == MQTT_PINGRESP && mqtt_decode_pingresp(frame, &wrong) == 0;
}

/* This broker waits for no PUBREC: where it releases a message of QoS 2 and then uses its id again,
 * whether that is a new one depends on whether the first was acknowledged before its release came.
 * A broker that keeps to the standard does not do that (4.3.3), and for one that does there are two
 * right answers. */
static bool has_two_answers(const uint8_t *bytes, size_t bytes_count)
{
    static struct releases releases;
    struct mqtt_frame frame;
    const char *wrong;

    releases = (struct releases){0};
    for (size_t at = 2;
         role_of(bytes[0]) == ROLE_CONSUMER && qos_of(bytes[0]) == 2 &&
         mqtt_decode_frame((const char *)bytes + at, bytes_count - at, &frame, &wrong) == 0;) {
        const size_t whole = (size_t)frame.header_bytes + frame.body_bytes;

        if (whole > bytes_count - at || !follow(&releases, version_of(bytes[0]), &frame,
                                                (const char *)bytes + at + frame.header_bytes)) {
            break;
        }
        at += whole;
    }
    return releases.is_used_again;
}

static void compare(struct told whole, struct told cut)
{
    ASSERT(whole.count == cut.count);
    ASSERT(whole.hash == cut.hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count)
{
    struct told whole;
    struct told cut;

    if (bytes_count < 2) {
        return 0;
    }
    whole = drive(bytes, bytes_count, (struct way){.is_cut = false});
    cut = drive(bytes, bytes_count,
                (struct way){.is_cut = true,
                             .random = bytes[1],
                             .piece_bytes_max =
                                 (uint32_t)(bytes_count / PIECES_MAX * 2 + 1 + bytes[1] % 64)});
    if (!has_two_answers(bytes, bytes_count)) {
        compare(whole, cut);
    }
    return 0;
}
