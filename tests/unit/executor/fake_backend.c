#include "fake_backend.h"

#include "check.h"

#include "mono.h"
#include "random.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct endpoint {
    enum endpoint_role role;
    const struct endpoint_config *config;
};

struct queue {
    struct event events[FAKE_EVENTS];
    unsigned char (*bodies)[FAKE_MESSAGE_BYTES]; /* A ring, of the messages. */
    uint32_t bodies_next;
    uint32_t first;
    uint32_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fake_script script;
static struct endpoint endpoints[2];
static bool is_open[2];
static struct queue queues[2];
static struct fake_message *messages;
static uint32_t messages_count;
static uint32_t refused_count;
static uint32_t calls_count;
static struct random takes;
#define FAKE_BYTES_MAX 65536 /* Of a whole message. */

static struct fake_ack acks[FAKE_MESSAGES];
static uint32_t acks_count;
static uint32_t gathered_count; /* Behind those. */
static uint32_t flushes_count;
static uint32_t connects_count;

void fake_lock(void)
{
    (void)pthread_mutex_lock(&lock);
}

void fake_unlock(void)
{
    (void)pthread_mutex_unlock(&lock);
}

void fake_reset(void)
{
    fake_lock();
    if (messages == NULL) {
        messages = calloc(FAKE_MESSAGES, sizeof *messages);
        queues[0].bodies = calloc(FAKE_EVENTS, FAKE_MESSAGE_BYTES);
        queues[1].bodies = calloc(FAKE_EVENTS, FAKE_MESSAGE_BYTES);
    }
    script = (struct fake_script){0};
    queues[0].first = queues[0].count = 0;
    queues[1].first = queues[1].count = 0;
    is_open[0] = is_open[1] = false;
    messages_count = 0;
    calls_count = 0;
    random_seed(&takes, 1);
    refused_count = 0;
    acks_count = 0;
    gathered_count = 0;
    flushes_count = 0;
    connects_count = 0;
    fake_unlock();
}

struct fake_script *fake_script(void)
{
    return &script;
}

uint32_t fake_messages(void)
{
    uint32_t count;

    fake_lock();
    count = messages_count;
    fake_unlock();
    return count;
}

const struct fake_message *fake_message(uint32_t index)
{
    assert_true(index < fake_messages());
    return &messages[index];
}

uint32_t fake_submits(void)
{
    uint32_t count;

    fake_lock();
    count = calls_count;
    fake_unlock();
    return count;
}

uint32_t fake_submits_refused(void)
{
    return refused_count;
}

uint32_t fake_acks(void)
{
    uint32_t count;

    fake_lock();
    count = acks_count;
    fake_unlock();
    return count;
}

uint32_t fake_flushes(void)
{
    uint32_t count;

    fake_lock();
    count = flushes_count;
    fake_unlock();
    return count;
}

struct fake_ack fake_ack(uint32_t index)
{
    assert_true(index < fake_acks());
    return acks[index];
}

uint32_t fake_connects(void)
{
    uint32_t count;

    fake_lock();
    count = connects_count;
    fake_unlock();
    return count;
}

bool fake_is_open(enum endpoint_role role)
{
    return is_open[role];
}

static struct event *add_event(enum endpoint_role role, const struct event *event)
{
    struct queue *queue = &queues[role];
    uint32_t at = (queue->first + queue->count++) % FAKE_EVENTS;

    assert_true(queue->count <= FAKE_EVENTS);
    queue->events[at] = *event;
    if (event->at_ns == 0) {
        queue->events[at].at_ns = mono_ns();
    }
    return &queue->events[at];
}

void fake_event(enum endpoint_role role, const struct event *event)
{
    fake_lock();
    (void)add_event(role, event);
    fake_unlock();
}

void fake_outcome(uint32_t index, enum event_kind kind)
{
    struct event event = {
        .kind = kind, .client = messages[index].client, .token = messages[index].token};

    fake_event(ROLE_PRODUCER, &event);
}

void fake_deliver(uint32_t client, const struct stamp *stamp, uint64_t token)
{
    struct event event = {.kind = EVENT_MESSAGE, .client = client, .token = token};
    struct event *added;
    unsigned char *body;

    fake_lock();
    added = add_event(ROLE_CONSUMER, &event);
    body = queues[ROLE_CONSUMER].bodies[queues[ROLE_CONSUMER].bodies_next++ % FAKE_EVENTS];
    memset(body, 0, FAKE_MESSAGE_BYTES);
    stamp_write(body, stamp, stamp_payload_hash(body + STAMP_BYTES, 100 - STAMP_BYTES));
    added->bytes = body;
    added->bytes_count = 100;
    fake_unlock();
}

void fake_link(enum endpoint_role role, uint32_t client, bool up)
{
    struct event event = {
        .kind = up ? EVENT_UP : EVENT_DOWN, .client = client, .text = "the line was cut"};

    fake_event(role, &event);
}

static int open_endpoint(const struct endpoint_config *config, struct endpoint **ret,
                         struct errinfo *reterr)
{
    if (script.open_code < 0) {
        return errinfo_set(reterr, script.open_code, "the fake does not open");
    }
    fake_lock();
    endpoints[config->role] = (struct endpoint){.role = config->role, .config = config};
    is_open[config->role] = true;
    for (uint32_t i = 0; config->connect_times != NULL && i < config->clients_count; i++) {
        config->connect_times[i] = script.connect_times;
    }
    *ret = &endpoints[config->role];
    fake_unlock();
    return 0;
}

struct link {
    uint32_t client;
};

static int connect_link(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                        struct link **ret, struct errinfo *reterr)
{
    int code;

    assert_true(client < config->clients_count);
    assert_true(deadline_ns > 0);
    fake_lock();
    connects_count++;
    while (script.connect_hangs) {
        fake_unlock();
        (void)poll(NULL, 0, 1);
        fake_lock();
    }
    code = script.connect_code;
    fake_unlock();
    if (code < 0) {
        return errinfo_set(reterr, code, "still away");
    }
    *ret = calloc(1, sizeof **ret);
    assert_non_null(*ret);
    (*ret)->client = client;
    return 0;
}

static int adopt_link(struct endpoint *endpoint, uint32_t client, struct link *link)
{
    assert_int_equal(link->client, client);
    free(link);
    fake_link(endpoint->role, client, true);
    return 0;
}

static void hang_up_link(struct link *link)
{
    free(link);
}

static void close_endpoint(struct endpoint *endpoint)
{
    if (endpoint != NULL) {
        is_open[endpoint->role] = false;
    }
}

static bool take_message(const struct endpoint *endpoint, const struct message *message)
{
    static char whole[FAKE_BYTES_MAX];
    struct fake_message *kept;

    assert_true(message->client < endpoint->config->clients_count);
    if (script.client_blocked[message->client] ||
        (script.full_after > 0 && messages_count >= script.full_after)) {
        return false;
    }
    assert_true(messages_count < FAKE_MESSAGES);
    kept = &messages[messages_count++];
    *kept = (struct fake_message){.client = message->client,
                                  .topic = message->topic,
                                  .partition = message->partition,
                                  .bytes_count = message_whole_bytes(message),
                                  .token = message->token,
                                  .call = calls_count};
    assert_true(message->key_bytes < sizeof kept->key);
    if (message->key != NULL) {
        memcpy(kept->key, message->key, message->key_bytes);
    }
    assert_true(kept->bytes_count <= sizeof whole);
    message_write(message, whole);
    assert_int_equal(stamp_read(whole, kept->bytes_count, 77, &kept->stamp), STAMP_OK);
    if (script.confirms) {
        struct event event = {
            .kind = EVENT_ACKED, .client = message->client, .token = message->token};

        (void)add_event(ROLE_PRODUCER, &event);
    }
    return true;
}

static int submit_messages(struct endpoint *endpoint, const struct message *given,
                           uint32_t given_count)
{
    uint32_t taken = 0;
    uint32_t max;

    assert_int_equal(endpoint->role, ROLE_PRODUCER);
    assert_in_range(given_count, 1, SUBMIT_MESSAGES_MAX);
    fake_lock();
    calls_count++;
    max = script.takes_some ? (uint32_t)(random_next(&takes) % (given_count + 1)) : given_count;
    while (taken < max && take_message(endpoint, &given[taken])) {
        assert_int_equal(given[taken].client, given[0].client);
        taken++;
    }
    refused_count += taken < given_count ? 1 : 0;
    fake_unlock();
    return (int)taken;
}

static int poll_endpoint(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    struct queue *queue = &queues[endpoint->role];
    uint32_t count;

    fake_lock();
    count = queue->count < events_max ? queue->count : events_max;
    for (uint32_t i = 0; i < count; i++) {
        events[i] = queue->events[(queue->first + i) % FAKE_EVENTS];
    }
    queue->first = (queue->first + count) % FAKE_EVENTS;
    queue->count -= count;
    fake_unlock();
    return (int)count;
}

/* What is not a message, in its order; messages close up behind it. */
static int poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    struct queue *queue = &queues[endpoint->role];
    uint32_t given = 0;
    uint32_t kept = 0;

    fake_lock();
    for (uint32_t i = 0; i < queue->count; i++) {
        const struct event *event = &queue->events[(queue->first + i) % FAKE_EVENTS];

        if (event->kind != EVENT_MESSAGE && given < events_max) {
            events[given++] = *event;
        } else {
            queue->events[(queue->first + kept++) % FAKE_EVENTS] = *event;
        }
    }
    queue->count = kept;
    fake_unlock();
    return (int)given;
}

static int ack_message(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    int r = 0;

    assert_int_equal(endpoint->role, ROLE_CONSUMER);
    fake_lock();
    if (script.acks_again > 0) {
        script.acks_again--;
        r = -EAGAIN;
    } else if (script.acks_full_above > 0 && token > script.acks_full_above) {
        r = -EAGAIN;
    } else {
        assert_true(acks_count < FAKE_MESSAGES);
        acks[acks_count++] = (struct fake_ack){token, multiple};
        if (script.answers_acks) {
            struct event event = {.kind = EVENT_CONSUME_ACKED, .token = token};

            (void)add_event(ROLE_CONSUMER, &event);
        }
    }
    fake_unlock();
    return r;
}

static int gather_ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    assert_int_equal(endpoint->role, ROLE_CONSUMER);
    fake_lock();
    assert_true(acks_count + gathered_count < FAKE_MESSAGES);
    acks[acks_count + gathered_count++] = (struct fake_ack){token, multiple};
    fake_unlock();
    return 1;
}

static int flush_acks(struct endpoint *endpoint)
{
    int r;

    assert_int_equal(endpoint->role, ROLE_CONSUMER);
    fake_lock();
    acks_count += gathered_count;
    gathered_count = 0;
    flushes_count++;
    r = script.flush_code;
    fake_unlock();
    return r;
}

static int no_descriptor(const struct endpoint *endpoint)
{
    (void)endpoint;
    return -1;
}

const struct backend_ops fake_backend = {.open = open_endpoint,
                                         .connect = connect_link,
                                         .adopt = adopt_link,
                                         .hang_up = hang_up_link,
                                         .close = close_endpoint,
                                         .submit = submit_messages,
                                         .poll = poll_endpoint,
                                         .poll_held = poll_held,
                                         .ack = ack_message,
                                         .wait_fd = no_descriptor};

const struct backend_ops fake_backend_answering = {.open = open_endpoint,
                                                   .connect = connect_link,
                                                   .adopt = adopt_link,
                                                   .hang_up = hang_up_link,
                                                   .close = close_endpoint,
                                                   .submit = submit_messages,
                                                   .poll = poll_endpoint,
                                                   .poll_held = poll_held,
                                                   .ack = ack_message,
                                                   .wait_fd = no_descriptor,
                                                   .ack_answers = true};

const struct backend_ops fake_backend_gathering = {.open = open_endpoint,
                                                   .connect = connect_link,
                                                   .adopt = adopt_link,
                                                   .hang_up = hang_up_link,
                                                   .close = close_endpoint,
                                                   .submit = submit_messages,
                                                   .poll = poll_endpoint,
                                                   .poll_held = poll_held,
                                                   .ack = gather_ack,
                                                   .flush = flush_acks,
                                                   .wait_fd = no_descriptor};
