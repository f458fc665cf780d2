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

/* All that a consumer says is answers. */
#define ANSWER_BYTES 4
#define PUBCOMP 0x70

/* FNV-1a, over what was told, in its order. */
struct told {
    uint64_t hash;
    uint32_t count;
    bool has_released; /* PUBCOMP was said: see compare(). */
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
        /* Of an end without a word there are several, by what told of it first. */
        if (strstr(event->text, "connection") == NULL) {
            told->hash = mix(told->hash, event->text, strlen(event->text));
        }
    } else {
        told->hash = mix(told->hash, &event->token, sizeof event->token);
    }
}

static bool take(struct told *told, struct way *way)
{
    const uint32_t room = way->is_cut ? 1 + draw(way, 4) : OWN_BENCH_EVENTS_MAX;
    char answers[4096];
    uint64_t before;
    size_t heard;

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
    while ((heard = own_bench_hear(&bench, answers, sizeof answers)) > 0) {
        for (size_t i = 0; bench.config.role == ROLE_CONSUMER && i < heard; i += ANSWER_BYTES) {
            told->has_released = told->has_released || (uint8_t)answers[i] == PUBCOMP;
        }
    }
    return bench.events_count > 0;
}

static void take_all(struct told *told, struct way *way)
{
    for (int quiet = 0; quiet < QUIET_POLLS * (way->is_cut ? 4 : 1);) {
        quiet = take(told, way) ? 0 : quiet + 1;
    }
}

static struct told drive(const uint8_t *bytes, size_t bytes_count, struct way way)
{
    const uint8_t choice = bytes[0];
    const enum endpoint_role role = (choice & 1) != 0 ? ROLE_PRODUCER : ROLE_CONSUMER;
    const uint8_t qos = (uint8_t)((choice >> 1 & 3) % 3);
    struct told told = {.hash = UINT64_C(0xcbf29ce484222325)};

    own_bench_begin(&bench, role, qos, SUBMITTED);
    bench.client->link.version = (choice & 8) != 0 ? MQTT_3_1_1 : MQTT_5;
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

/* A broker that releases a message before it has its PUBREC, and then uses its id again, breaks the
 * standard (4.3.3); whether the second is a new one then depends on when the first was acked. */
static void compare(struct told whole, struct told cut)
{
    if (!whole.has_released && !cut.has_released) {
        ASSERT(whole.count == cut.count);
        ASSERT(whole.hash == cut.hash);
    }
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
    compare(whole, cut);
    return 0;
}
