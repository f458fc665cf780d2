#include "look.h"

#include "deadlines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_NS NS_PER_MS
#define DRAIN_NS_MIN NS_PER_S
#define EVENTS 16
#define TOKEN 0

static const char sentence[] = "Millrace looks whether messages go through.";

struct look {
    const struct look_config *config;
    const struct backend_ops *ops;
    char *payload; /* The sentence, and as much more as the largest message has. */
    uint32_t payload_bytes;
    char run_id[NAME_BYTES];
    char topic_name[TOPIC_NAME_BYTES];
    struct delivery delivery;
    struct topic topic;
    uint32_t topic_index;
    struct endpoint_client clients[2]; /* By role. */
    struct endpoint_config configs[2];
    struct endpoint *endpoints[2];
    enum look_stage stage;
    uint64_t read_token;
    struct errinfo heard; /* The last that the broker said of a failure. */
};

const char *look_stage_name(enum look_stage stage)
{
    static const char *const names[] = {
        [LOOK_MAKE] = "make a topic",
        [LOOK_OPEN_CONSUMER] = "open a consumer",
        [LOOK_OPEN_PRODUCER] = "open a producer",
        [LOOK_WRITE] = "write a message",
        [LOOK_CONFIRM] = "have a message confirmed",
        [LOOK_READ] = "read a message",
        [LOOK_ACKNOWLEDGE] = "acknowledge a message",
        [LOOK_REMOVE] = "remove a topic",
        [LOOK_DONE] = "look again",
    };

    return names[stage];
}

/* Persistent where that is possible: some queues are nothing else (quorum queues of RabbitMQ). */
static struct delivery delivery_of(const struct look_config *config)
{
    const struct catalog_capability *capabilities = config->ops->entry->capabilities;

    return (struct delivery){.publish_ack = config->request->publish_ack,
                             .in_flight = 1,
                             .consume_ack = config->request->consume_ack == CONSUME_ACK_NONE
                                                ? CONSUME_ACK_NONE
                                                : CONSUME_ACK_EACH,
                             .consume_ack_batch = 1,
                             .persistent = capabilities[CAPABILITY_PERSISTENT].available};
}

/* A client of a slow broker must not give its message up before the look does. */
static int64_t drain_ns_of(const struct look *look)
{
    int64_t left_ns = look->config->deadline_ns - mono_ns();

    return left_ns > DRAIN_NS_MIN ? left_ns : DRAIN_NS_MIN;
}

/* Nobody waits any more, or there is no time left. */
static bool is_over(const struct look *look)
{
    return mono_ns() >= look->config->deadline_ns ||
           (look->config->called_back != NULL && atomic_load(look->config->called_back));
}

static int over(const struct look *look, struct errinfo *reterr, const char *late)
{
    if (look->config->called_back != NULL && atomic_load(look->config->called_back)) {
        return errinfo_set(reterr, -ECANCELED, "called back");
    }
    return errinfo_set(reterr, -ETIMEDOUT, "%s",
                       look->heard.text[0] != '\0' ? look->heard.text : late);
}

static int payload_make(struct look *look, struct errinfo *reterr)
{
    uint32_t bytes = look->config->request->message_bytes;

    look->payload_bytes = bytes > sizeof sentence ? bytes : sizeof sentence;
    look->payload = calloc(1, look->payload_bytes);
    if (look->payload == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(look->payload, sentence, sizeof sentence);
    return 0;
}

static void look_init(struct look *look)
{
    look->delivery = delivery_of(look->config);
    (void)snprintf(look->run_id, sizeof look->run_id, "look-%.32s", look->config->request->name);
    (void)snprintf(look->topic_name, sizeof look->topic_name, "millrace-%s-0", look->run_id);
    look->topic = (struct topic){
        .name = look->topic_name, .partitions = 1, .subscriptions = 1, .delivery = &look->delivery};
    for (int role = ROLE_PRODUCER; role <= ROLE_CONSUMER; role++) {
        look->clients[role] = (struct endpoint_client){.client = (uint32_t)role,
                                                       .topics = &look->topic_index,
                                                       .topics_count = 1,
                                                       .shares_count = 1};
        look->configs[role] =
            (struct endpoint_config){.target = look->config->target,
                                     .role = (enum endpoint_role)role,
                                     .run_id = look->run_id,
                                     .topics = &look->topic,
                                     .topics_count = 1,
                                     .clients = &look->clients[role],
                                     .clients_count = 1,
                                     .delivery = &look->delivery,
                                     .message_bytes_max = look->payload_bytes,
                                     .drain_ns = drain_ns_of(look),
                                     .open_deadline_ns = look->config->deadline_ns};
    }
}

static int open_role(struct look *look, enum endpoint_role role, struct errinfo *reterr)
{
    return look->ops->open(&look->configs[role], &look->endpoints[role], reterr);
}

static void hear(struct look *look, const struct event *event)
{
    if (event->text != NULL && event->text[0] != '\0') {
        (void)snprintf(look->heard.text, sizeof look->heard.text, "%s", event->text);
    }
}

/* 1: it is the one that was waited for; 0: it says nothing; -EPERM: the broker said no. */
static int judge_event(struct look *look, const struct event *event, enum event_kind wanted)
{
    if (event->kind == EVENT_MESSAGE && event->bytes_count == look->payload_bytes &&
        memcmp(event->bytes, look->payload, look->payload_bytes) == 0) {
        look->read_token = event->token;
        return wanted == EVENT_MESSAGE ? 1 : 0;
    }
    if (event->kind == wanted && wanted != EVENT_MESSAGE) {
        return 1;
    }
    hear(look, event);
    return event->kind == EVENT_REFUSED || event->kind == EVENT_UNCONFIRMED ? -EPERM : 0;
}

/* Polls an endpoint until it has that event. */
static int await(struct look *look, enum endpoint_role role, enum event_kind wanted,
                 struct errinfo *reterr)
{
    struct event events[EVENTS];

    for (;;) {
        int count = look->ops->poll(look->endpoints[role], events, EVENTS);

        for (int i = 0; i < count; i++) {
            int r = judge_event(look, &events[i], wanted);

            if (r != 0) {
                return r > 0 ? 0
                             : errinfo_set(reterr, r, "%s",
                                           look->heard.text[0] != '\0'
                                               ? look->heard.text
                                               : "the broker refused it and gave no reason");
            }
        }
        if (is_over(look)) {
            return over(look, reterr, "no answer in time");
        }
        mono_sleep_until(mono_ns() + PAUSE_NS);
    }
}

/* A socket that is full, or a client that is not up yet. */
static int write_message(struct look *look, struct errinfo *reterr)
{
    const struct message message = {
        .bytes = look->payload, .bytes_count = look->payload_bytes, .token = TOKEN};
    int taken;

    while ((taken = look->ops->submit(look->endpoints[ROLE_PRODUCER], &message, 1)) == 0 &&
           !is_over(look)) {
        mono_sleep_until(mono_ns() + PAUSE_NS);
    }
    return taken == 0 ? over(look, reterr, "the client could not take it in time") : 0;
}

static int acknowledge(struct look *look, struct errinfo *reterr)
{
    int r;

    if (look->delivery.consume_ack == CONSUME_ACK_NONE) {
        return 0;
    }
    while ((r = look->ops->ack(look->endpoints[ROLE_CONSUMER], look->read_token, false)) ==
               -EAGAIN &&
           !is_over(look)) {
        mono_sleep_until(mono_ns() + PAUSE_NS);
    }
    if (r < 0) {
        return r == -EAGAIN ? over(look, reterr, "not in time")
                            : errinfo_set(reterr, r, "the client is down");
    }
    if (r == 1 && look->ops->flush(look->endpoints[ROLE_CONSUMER]) < 0) {
        return errinfo_set(reterr, -ENOTCONN, "the client is down");
    }
    return look->ops->ack_answers ? await(look, ROLE_CONSUMER, EVENT_CONSUME_ACKED, reterr) : 0;
}

static int take_stage(struct look *look, struct errinfo *reterr)
{
    const struct topic_list list = {.topics = &look->topic, .topics_count = 1};

    switch (look->stage) {
    case LOOK_MAKE:
        return look->ops->topics_create(look->config->target, &list, look->config->deadline_ns,
                                        reterr);
    case LOOK_OPEN_CONSUMER:
        return open_role(look, ROLE_CONSUMER, reterr);
    case LOOK_OPEN_PRODUCER:
        return open_role(look, ROLE_PRODUCER, reterr);
    case LOOK_WRITE:
        return write_message(look, reterr);
    case LOOK_CONFIRM:
        return await(look, ROLE_PRODUCER, EVENT_ACKED, reterr);
    case LOOK_READ:
        return await(look, ROLE_CONSUMER, EVENT_MESSAGE, reterr);
    case LOOK_ACKNOWLEDGE:
        return acknowledge(look, reterr);
    case LOOK_REMOVE:
    case LOOK_DONE:
        break;
    }
    return 0;
}

/* Removes the topic whatever came before, also when the deadline has passed: one that could not be
 * made is no error to remove. */
static int clear(struct look *look, struct errinfo *reterr)
{
    const struct topic_list list = {.topics = &look->topic, .topics_count = 1};
    int64_t latest_ns = mono_ns() + LOOK_REMOVE_NS;

    if (look->config->deadline_ns > latest_ns) {
        latest_ns = look->config->deadline_ns;
    }
    look->ops->close(look->endpoints[ROLE_PRODUCER]);
    look->ops->close(look->endpoints[ROLE_CONSUMER]);
    return look->ops->topics_delete(look->config->target, &list, latest_ns, reterr);
}

/* Until one step fails, or nobody waits any more: a step that is under way can't be ended. */
static int take_stages(struct look *look, struct errinfo *reterr)
{
    int r = 0;

    while (look->stage < LOOK_REMOVE && r == 0) {
        r = look->config->called_back != NULL && atomic_load(look->config->called_back)
                ? over(look, reterr, "")
                : take_stage(look, reterr);
        look->stage += r == 0 ? 1 : 0;
    }
    return r;
}

/* What a broker that does not answer was asked for last, it may have made. */
static bool leaves_topic(const struct look *look, int r, int removed)
{
    return removed < 0 && look->stage < LOOK_REMOVE && (look->stage > LOOK_MAKE || r == -ETIMEDOUT);
}

int look_at_target(const struct look_config *config, enum look_stage *ret_stage,
                   struct errinfo *reterr)
{
    struct look look = {.config = config, .ops = config->ops};
    struct errinfo error = {""};
    struct errinfo removing = {""};
    int removed;
    int r = payload_make(&look, reterr);

    if (r < 0) {
        *ret_stage = LOOK_MAKE;
        return r;
    }
    look_init(&look);
    r = take_stages(&look, &error);
    removed = clear(&look, &removing);
    if (r == 0) {
        r = removed;
        error = removing;
        look.stage = removed < 0 ? LOOK_REMOVE : LOOK_DONE;
    }
    free(look.payload);
    *ret_stage = look.stage;
    if (r == 0) {
        return 0;
    }
    return errinfo_set(reterr, r, "can't %s: %s%s", look_stage_name(look.stage), error.text,
                       leaves_topic(&look, r, removed)
                           ? "; a topic may be left behind, `millrace clean` removes it"
                           : "");
}
