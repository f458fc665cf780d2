#include "rabbitmq_endpoint.h"

#include "backend_drivers.h"
#include "invariant.h"
#include "mono.h"
#include "rabbitmq_topics.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ARENA_BYTES_MIN (1024 * 1024)
#define READY_MAX 64
#define CLOSE_NS (4 * NS_PER_S)

/* What epoll tells of descriptors that are no client's. */
#define ID_EVENT UINT32_MAX
#define ID_TIMER (UINT32_MAX - 1)

/* A socket that says it is writable has a third of its buffer free; 16 KiB at the least, as the
 * kernel counts. Half of that can be written without asking before each message. */
#define ROOM_BYTES (8 * 1024)

/* The heartbeat's interval in ticks, and after how many silent ones a connection is lost: AMQP
 * says two intervals. */
#define TICKS_PER_HEARTBEAT 3
#define SILENT_TICKS_MAX (2 * TICKS_PER_HEARTBEAT + 1)

struct event *rabbitmq_event_add(struct rabbitmq_events *events, enum event_kind kind,
                                 const struct rabbitmq_client *client, int64_t at_ns)
{
    struct event *event;

    if (events->count == events->count_max) {
        return NULL;
    }
    event = &events->events[events->count++];
    *event = (struct event){.kind = kind, .client = client->index, .at_ns = at_ns};
    return event;
}

/* Makes event_fd readable or not, so that a wait doesn't sleep on what the library has buffered. */
static void signal_set(struct endpoint *endpoint, bool on)
{
    uint64_t value = 1;
    ssize_t r;

    if (endpoint->is_signalled != on) {
        r = on ? write(endpoint->event_fd, &value, sizeof value)
               : read(endpoint->event_fd, &value, sizeof value);
        ASSERT(r == (ssize_t)sizeof value);
        endpoint->is_signalled = on;
    }
}

void rabbitmq_client_enqueue(struct endpoint *endpoint, struct rabbitmq_client *client)
{
    uint32_t clients = endpoint->config->clients_count;

    if (!client->is_queued) {
        endpoint->queue[(endpoint->queue_first + endpoint->queue_count) % clients] = client->index;
        endpoint->queue_count++;
        client->is_queued = true;
        signal_set(endpoint, true);
    }
}

static struct rabbitmq_client *dequeue(struct endpoint *endpoint)
{
    struct rabbitmq_client *client = &endpoint->clients[endpoint->queue[endpoint->queue_first]];

    endpoint->queue_first = (endpoint->queue_first + 1) % endpoint->config->clients_count;
    endpoint->queue_count--;
    client->is_queued = false;
    return client;
}

void rabbitmq_client_lost(struct endpoint *endpoint, struct rabbitmq_client *client,
                          const char *format, ...)
{
    va_list arguments;
    int used;

    if (!client->is_up) {
        return;
    }
    used = snprintf(client->reason, sizeof client->reason, "%s: ", client->link.peer);
    if (used < 0 || used >= (int)sizeof client->reason) {
        used = 0;
    }
    va_start(arguments, format);
    (void)vsnprintf(client->reason + used, sizeof client->reason - (size_t)used, format, arguments);
    va_end(arguments);
    rabbitmq_link_drop(&client->link);
    client->is_up = false;
    client->tells_down = true;
    client->down_ns = mono_ns();
    if (endpoint->config->role == ROLE_PRODUCER) {
        rabbitmq_producer_lost(client, client->down_ns);
    }
    rabbitmq_client_enqueue(endpoint, client);
}

static void watch(struct endpoint *endpoint, struct rabbitmq_client *client, bool for_room)
{
    struct epoll_event wanted = {.events = EPOLLIN | (for_room ? (uint32_t)EPOLLOUT : 0),
                                 .data.u32 = client->index};

    if (client->waits_for_room != for_room) {
        client->waits_for_room = for_room;
        (void)epoll_ctl(endpoint->epoll_fd, EPOLL_CTL_MOD, client->link.fd, &wanted);
    }
}

bool rabbitmq_client_has_room(struct endpoint *endpoint, struct rabbitmq_client *client,
                              uint32_t bytes)
{
    struct pollfd socket = {.fd = client->link.fd, .events = POLLOUT};

    if (client->room_bytes >= bytes) {
        client->room_bytes -= bytes;
        return true;
    }
    if (poll(&socket, 1, 0) != 1) {
        watch(endpoint, client, true);
        return false;
    }
    /* Larger messages may block in the library: it writes a message whole or not at all. */
    client->room_bytes = bytes < ROOM_BYTES ? ROOM_BYTES - bytes : 0;
    return true;
}

static int begin(struct endpoint *endpoint, struct rabbitmq_client *client, struct errinfo *reterr)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = client->index};
    int r = endpoint->config->role == ROLE_PRODUCER
                ? rabbitmq_producer_begin(endpoint, client, reterr)
                : rabbitmq_consumer_begin(endpoint, client, reterr);

    if (r == 0 && epoll_ctl(endpoint->epoll_fd, EPOLL_CTL_ADD, client->link.fd, &wanted) < 0) {
        r = errinfo_set(reterr, -errno, "epoll_ctl: %s", strerror(errno));
    }
    if (r < 0) {
        rabbitmq_link_drop(&client->link);
        return r;
    }
    client->is_up = true;
    client->is_blocked = false;
    client->waits_for_room = false;
    client->has_sent = true;
    client->silent_ticks = 0;
    client->room_bytes = 0;
    client->content = CONTENT_NONE;
    if (amqp_frames_enqueued(client->link.connection) ||
        amqp_data_in_buffer(client->link.connection)) {
        rabbitmq_client_enqueue(endpoint, client);
    }
    return 0;
}

static int connect_client(struct endpoint *endpoint, struct rabbitmq_client *client,
                          int64_t deadline_ns, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    const char *role = config->role == ROLE_PRODUCER ? "producer" : "consumer";
    uint32_t number = config->clients[client->index].client;
    char name[NAME_BYTES * 2];
    struct rabbitmq_link_config link = {.target = config->target,
                                        .address_first = number,
                                        .name = name,
                                        .deadline_ns = deadline_ns};
    int r;

    (void)snprintf(name, sizeof name, "millrace-%s-%u-%s-%u", config->run_id, config->trial, role,
                   number);
    r = rabbitmq_link_open(&link, &client->link, NULL, reterr);
    if (r == 0) {
        rabbitmq_link_deadline(&client->link, deadline_ns);
    }
    return r;
}

static int client_init(struct endpoint *endpoint, uint32_t index, struct errinfo *reterr)
{
    struct rabbitmq_client *client = &endpoint->clients[index];
    int r;

    client->index = index;
    r = endpoint->config->role == ROLE_PRODUCER ? rabbitmq_producer_init(endpoint, client, reterr)
                                                : rabbitmq_consumer_init(endpoint, client, reterr);
    if (r == 0) {
        r = connect_client(endpoint, client, endpoint->config->open_deadline_ns, reterr);
    }
    return r < 0 ? r : begin(endpoint, client, reterr);
}

static int prepare_keys(struct endpoint *endpoint)
{
    uint32_t partitions = 1;

    for (uint32_t i = 0; i < endpoint->config->topics_count; i++) {
        if (endpoint->config->topics[i].partitions > partitions) {
            partitions = endpoint->config->topics[i].partitions;
        }
    }
    endpoint->keys = calloc(partitions, sizeof *endpoint->keys);
    if (endpoint->keys == NULL) {
        return -ENOMEM;
    }
    for (uint32_t p = 0; p < partitions; p++) {
        (void)snprintf(endpoint->keys[p], sizeof endpoint->keys[p], "%u", p);
    }
    return 0;
}

static void prepare_properties(struct endpoint *endpoint)
{
    const struct delivery *delivery = endpoint->config->delivery;
    /* Whole milliseconds, rounded up: 0 would drop what no consumer can take at once. */
    int64_t ttl_ms = (delivery->ttl_ns + NS_PER_MS - 1) / NS_PER_MS;

    endpoint->is_confirmed = delivery->publish_ack != PUBLISH_ACK_NONE;
    endpoint->properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    endpoint->properties.delivery_mode =
        delivery->persistent ? AMQP_DELIVERY_PERSISTENT : AMQP_DELIVERY_NONPERSISTENT;
    if (delivery->ttl_ns > 0) {
        (void)snprintf(endpoint->expiration, sizeof endpoint->expiration, "%lld",
                       (long long)ttl_ms);
        endpoint->properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
        endpoint->properties.expiration = amqp_cstring_bytes(endpoint->expiration);
    }
}

static int prepare_arena(struct endpoint *endpoint)
{
    uint32_t message = endpoint->config->message_bytes_max;
    uint32_t frame =
        (uint32_t)backend_option_number(&backend_rabbitmq, endpoint->config->target, "frame_max");

    endpoint->arena_message_bytes = message < frame ? message : frame;
    endpoint->arena_bytes = 4 * endpoint->arena_message_bytes;
    if (endpoint->arena_bytes < ARENA_BYTES_MIN) {
        endpoint->arena_bytes = ARENA_BYTES_MIN;
    }
    endpoint->arena = malloc(endpoint->arena_bytes);
    return endpoint->arena != NULL ? 0 : -ENOMEM;
}

static int prepare_descriptors(struct endpoint *endpoint)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = ID_EVENT};
    struct epoll_event timer = {.events = EPOLLIN, .data.u32 = ID_TIMER};
    int64_t heartbeat_ns =
        backend_option_number(&backend_rabbitmq, endpoint->config->target, "heartbeat");
    int64_t tick_ns = heartbeat_ns / NS_PER_S * NS_PER_S / TICKS_PER_HEARTBEAT;
    struct itimerspec ticks = {
        .it_interval = {.tv_sec = tick_ns / NS_PER_S, .tv_nsec = tick_ns % NS_PER_S}};

    ticks.it_value = ticks.it_interval;
    endpoint->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    endpoint->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (endpoint->epoll_fd < 0 || endpoint->event_fd < 0 ||
        epoll_ctl(endpoint->epoll_fd, EPOLL_CTL_ADD, endpoint->event_fd, &event) < 0) {
        return -errno;
    }
    if (tick_ns == 0) {
        return 0;
    }
    endpoint->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (endpoint->timer_fd < 0 || timerfd_settime(endpoint->timer_fd, 0, &ticks, NULL) < 0 ||
        epoll_ctl(endpoint->epoll_fd, EPOLL_CTL_ADD, endpoint->timer_fd, &timer) < 0) {
        return -errno;
    }
    return 0;
}

static int prepare(struct endpoint *endpoint, struct errinfo *reterr)
{
    uint32_t clients = endpoint->config->clients_count;
    int r;

    endpoint->clients = calloc(clients, sizeof *endpoint->clients);
    endpoint->queue = calloc(clients, sizeof *endpoint->queue);
    if (endpoint->clients == NULL || endpoint->queue == NULL || prepare_keys(endpoint) < 0 ||
        prepare_arena(endpoint) < 0) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < clients; i++) {
        endpoint->clients[i].link.fd = -1;
    }
    r = prepare_descriptors(endpoint);
    if (r < 0) {
        return errinfo_set(reterr, r, "no descriptor to wait on: %s", strerror(-r));
    }
    prepare_properties(endpoint);
    return 0;
}

int rabbitmq_open(const struct endpoint_config *config, struct endpoint **ret,
                  struct errinfo *reterr)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    int r;

    if (endpoint == NULL) {
        return errinfo_nomem(reterr);
    }
    endpoint->config = config;
    endpoint->epoll_fd = -1;
    endpoint->event_fd = -1;
    endpoint->timer_fd = -1;
    r = prepare(endpoint, reterr);
    for (uint32_t i = 0; i < config->clients_count && r == 0; i++) {
        r = client_init(endpoint, i, reterr);
    }
    if (r < 0) {
        rabbitmq_close(endpoint);
        return r;
    }
    *ret = endpoint;
    return 0;
}

/* Exchanges and queues that aren't durable went with the broker. */
static int declare_again(struct endpoint *endpoint, struct rabbitmq_client *client,
                         struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    int r = 0;

    for (uint32_t i = 0; i < config->topics_count && r == 0; i++) {
        if (!config->topics[i].delivery->persistent) {
            r = rabbitmq_topic_declare(&client->link, config->target, &config->topics[i], reterr);
        }
    }
    return r;
}

int rabbitmq_reopen(struct endpoint *endpoint, int64_t deadline_ns, struct errinfo *reterr)
{
    bool is_declared = false;
    int r;

    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        struct rabbitmq_client *client = &endpoint->clients[i];

        if (client->is_up) {
            continue;
        }
        r = connect_client(endpoint, client, deadline_ns, reterr);
        if (r == 0 && !is_declared) {
            r = declare_again(endpoint, client, reterr);
            is_declared = true;
        }
        if (r == 0) {
            r = begin(endpoint, client, reterr);
        }
        if (r < 0) {
            rabbitmq_link_drop(&client->link);
            return -EAGAIN;
        }
        client->tells_up = true;
        client->up_ns = mono_ns();
        rabbitmq_client_enqueue(endpoint, client);
    }
    return 0;
}

void rabbitmq_close(struct endpoint *endpoint)
{
    int64_t deadline_ns = mono_ns() + CLOSE_NS;

    if (endpoint == NULL) {
        return;
    }
    for (uint32_t i = 0; endpoint->clients != NULL && i < endpoint->config->clients_count; i++) {
        rabbitmq_link_close(&endpoint->clients[i].link, deadline_ns);
        rabbitmq_producer_done(&endpoint->clients[i]);
        rabbitmq_consumer_done(&endpoint->clients[i]);
    }
    if (endpoint->timer_fd >= 0) {
        (void)close(endpoint->timer_fd);
    }
    if (endpoint->event_fd >= 0) {
        (void)close(endpoint->event_fd);
    }
    if (endpoint->epoll_fd >= 0) {
        (void)close(endpoint->epoll_fd);
    }
    free(endpoint->clients);
    free(endpoint->queue);
    free(endpoint->arena);
    free(endpoint->keys);
    free(endpoint);
}

/* Tells what is known without reading. False if there was no room for all of it. */
static bool tell(struct endpoint *endpoint, struct rabbitmq_client *client,
                 struct rabbitmq_events *events)
{
    struct event *event;

    if (client->tells_down) {
        event = rabbitmq_event_add(events, EVENT_DOWN, client, client->down_ns);
        if (event == NULL) {
            return false;
        }
        event->text = client->reason;
        client->tells_down = false;
    }
    if (endpoint->config->role == ROLE_PRODUCER && !rabbitmq_producer_settle(client, events)) {
        return false;
    }
    if (client->tells_up) {
        if (rabbitmq_event_add(events, EVENT_UP, client, client->up_ns) == NULL) {
            return false;
        }
        client->tells_up = false;
    }
    return true;
}

/* A method about the connection or the channel itself; false if it is about something else. */
static bool take_control(struct endpoint *endpoint, struct rabbitmq_client *client,
                         const amqp_frame_t *frame)
{
    const amqp_method_t *method = &frame->payload.method;
    char text[REASON_BYTES];

    if (frame->frame_type != AMQP_FRAME_METHOD) {
        return false;
    }
    switch (method->id) {
    case AMQP_CONNECTION_CLOSE_METHOD:
    case AMQP_CHANNEL_CLOSE_METHOD:
        rabbitmq_close_text(method, text, sizeof text);
        rabbitmq_client_lost(endpoint, client, "the broker closed the connection: %s", text);
        return true;
    case AMQP_CONNECTION_BLOCKED_METHOD:
        client->is_blocked = true;
        return true;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        client->is_blocked = false;
        return true;
    default:
        return false;
    }
}

static bool may_read(const struct endpoint *endpoint, const struct rabbitmq_client *client,
                     const struct rabbitmq_events *events)
{
    return client->is_up && events->count < events->count_max &&
           endpoint->arena_bytes - endpoint->arena_used >= endpoint->arena_message_bytes &&
           client->consumer.lent_round != endpoint->round;
}

static bool is_buffered(const struct rabbitmq_client *client)
{
    return client->is_up && (amqp_frames_enqueued(client->link.connection) ||
                             amqp_data_in_buffer(client->link.connection));
}

/* Takes frames until nothing is left, or there is no room for more. Everything in a frame has been
 * copied when it was handled, so the library may have its memory back at once: its pool then stays
 * as small as the largest frame. */
static void serve(struct endpoint *endpoint, struct rabbitmq_client *client, bool is_readable,
                  struct rabbitmq_events *events)
{
    struct timeval at_once = {0};
    bool told = tell(endpoint, client, events);

    while (told && (is_readable || is_buffered(client)) && may_read(endpoint, client, events)) {
        amqp_frame_t frame;
        int status = amqp_simple_wait_frame_noblock(client->link.connection, &frame, &at_once);

        is_readable = false;
        if (status == AMQP_STATUS_TIMEOUT) {
            break;
        }
        if (status != AMQP_STATUS_OK) {
            rabbitmq_client_lost(endpoint, client, "the connection broke: %s",
                                 amqp_error_string2(status));
            break;
        }
        if (!take_control(endpoint, client, &frame)) {
            if (endpoint->config->role == ROLE_PRODUCER) {
                rabbitmq_producer_frame(client, &frame, events);
            } else {
                rabbitmq_consumer_frame(endpoint, client, &frame, events);
            }
        }
        if (client->is_up) {
            amqp_maybe_release_buffers_on_channel(client->link.connection, frame.channel);
        }
    }
    if (!told || is_buffered(client) || !tell(endpoint, client, events)) {
        rabbitmq_client_enqueue(endpoint, client);
    }
}

/* Sends what heartbeats are due, finds connections that went silent. A full socket needs none: the
 * bytes in it are one. */
static void tick(struct endpoint *endpoint)
{
    amqp_frame_t heartbeat = {.frame_type = AMQP_FRAME_HEARTBEAT, .channel = 0};
    uint64_t ticks;

    if (read(endpoint->timer_fd, &ticks, sizeof ticks) != (ssize_t)sizeof ticks) {
        return;
    }
    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        struct rabbitmq_client *client = &endpoint->clients[i];

        if (!client->is_up || client->link.heartbeat_s == 0) {
            continue;
        }
        client->silent_ticks++;
        if (client->silent_ticks >= SILENT_TICKS_MAX) {
            rabbitmq_client_lost(endpoint, client, "no heartbeat for %d s",
                                 2 * client->link.heartbeat_s);
        } else if (!client->has_sent && rabbitmq_client_has_room(endpoint, client, 8) &&
                   amqp_send_frame(client->link.connection, &heartbeat) != AMQP_STATUS_OK) {
            rabbitmq_client_lost(endpoint, client, "sending a heartbeat failed");
        }
        client->has_sent = false;
    }
}

static void serve_ready(struct endpoint *endpoint, const struct epoll_event *ready,
                        struct rabbitmq_events *events)
{
    struct rabbitmq_client *client;

    if (ready->data.u32 == ID_EVENT) {
        return;
    }
    if (ready->data.u32 == ID_TIMER) {
        tick(endpoint);
        return;
    }
    client = &endpoint->clients[ready->data.u32];
    if (!client->is_up) {
        return;
    }
    if ((ready->events & EPOLLOUT) != 0) {
        watch(endpoint, client, false);
    }
    if ((ready->events & ~(uint32_t)EPOLLOUT) != 0) {
        client->silent_ticks = 0;
        serve(endpoint, client, true, events);
    }
}

int rabbitmq_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    struct rabbitmq_events out = {.events = events, .count_max = events_max};
    struct epoll_event ready[READY_MAX];
    uint32_t queued = endpoint->queue_count;
    int ready_count;

    endpoint->arena_used = 0;
    endpoint->round++;
    while (queued > 0) {
        serve(endpoint, dequeue(endpoint), false, &out);
        queued--;
    }
    ready_count = epoll_wait(endpoint->epoll_fd, ready, READY_MAX, 0);
    for (int i = 0; i < ready_count; i++) {
        serve_ready(endpoint, &ready[i], &out);
    }
    signal_set(endpoint, endpoint->queue_count > 0);
    return (int)out.count;
}

int rabbitmq_wait_fd(const struct endpoint *endpoint)
{
    return endpoint->epoll_fd;
}
