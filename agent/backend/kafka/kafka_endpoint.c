#include "kafka_endpoint_inner.h"

#include "invariant.h"
#include "kafka_client_inner.h"
#include "kafka_end_inner.h"
#include "mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ASK_MS 5000
#define ASK_GAP_NS (250 * NS_PER_MS)
#define END_NS (NS_PER_S + NS_PER_S / 2) /* Of the 5 s that close() has. */

/* ---- Making and freeing --------------------------------------------------------------------- */

int kafka_endpoint_new(const struct endpoint_config *config, uint32_t handles_count,
                       struct endpoint **ret, struct errinfo *reterr)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);

    if (endpoint == NULL) {
        return errinfo_nomem(reterr);
    }
    endpoint->config = config;
    endpoint->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    endpoint->handles = calloc((size_t)handles_count + 1, sizeof *endpoint->handles);
    endpoint->told_down = calloc((size_t)config->clients_count + 1, sizeof *endpoint->told_down);
    endpoint->held = (rd_kafka_event_t **)calloc(KAFKA_HELD_MAX, sizeof(void *));
    endpoint->texts = calloc(KAFKA_TEXTS_MAX, sizeof *endpoint->texts);
    endpoint->later = calloc(KAFKA_LATER_MAX, sizeof *endpoint->later);
    endpoint->ready = calloc((size_t)handles_count + 1, sizeof *endpoint->ready);
    endpoint->set_fd = -1;
    if (endpoint->epoll_fd < 0 || endpoint->handles == NULL || endpoint->told_down == NULL ||
        endpoint->held == NULL || endpoint->texts == NULL || endpoint->later == NULL ||
        endpoint->ready == NULL) {
        kafka_endpoint_free(endpoint);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < handles_count; i++) {
        endpoint->handles[i].event_fd = -1;
        endpoint->handles[i].first_client = i;
    }
    endpoint->handles_count = handles_count;
    *ret = endpoint;
    return 0;
}

static void release_held(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->held_count; i++) {
        rd_kafka_event_destroy(endpoint->held[i]);
    }
    endpoint->held_count = 0;
    endpoint->texts_count = 0;
}

static void queue_done(rd_kafka_queue_t *queue)
{
    if (queue != NULL) {
        /* Or the library could write into a descriptor that is somebody else's by then. */
        rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
        rd_kafka_queue_destroy(queue);
    }
}

/* Everything but the client. */
static void handle_release(struct kafka_handle *handle, uint32_t topics_count)
{
    if (handle->half != NULL) {
        rd_kafka_event_destroy(handle->half);
    }
    queue_done(handle->queue);
    queue_done(handle->message_queue);
    queue_done(handle->answer_queue);
    for (uint32_t i = 0; handle->topics != NULL && i < topics_count; i++) {
        if (handle->topics[i] != NULL) {
            rd_kafka_topic_destroy(handle->topics[i]);
        }
    }
    free(handle->topics);
    free(handle->commits.tokens);
    if (handle->event_fd >= 0) {
        (void)close(handle->event_fd);
    }
}

static void end_clients(struct endpoint *endpoint)
{
    rd_kafka_t **clients =
        (rd_kafka_t **)calloc((size_t)endpoint->handles_count + 1, sizeof(void *));

    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        handle_release(&endpoint->handles[i], endpoint->config->topics_count);
        if (clients != NULL) {
            clients[i] = endpoint->handles[i].unsettled ? NULL : endpoint->handles[i].client;
        } else if (!endpoint->handles[i].unsettled) {
            kafka_end(&endpoint->handles[i].client, 1, mono_ns() + END_NS);
        }
    }
    if (clients != NULL) {
        kafka_end(clients, endpoint->handles_count, mono_ns() + END_NS);
    }
    free(clients);
}

void kafka_endpoint_free(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    release_held(endpoint);
    end_clients(endpoint);
    if (endpoint->epoll_fd >= 0) {
        (void)close(endpoint->epoll_fd);
    }
    free(endpoint->handles);
    free(endpoint->told_down);
    free(endpoint->held);
    free(endpoint->texts);
    free(endpoint->later);
    free(endpoint->whole);
    free(endpoint->ready);
    free(endpoint->readings);
    free(endpoint->slots);
    free(endpoint);
}

int kafka_handle_init(struct endpoint *endpoint, uint32_t index, rd_kafka_t *client,
                      struct errinfo *reterr)
{
    struct kafka_handle *handle = &endpoint->handles[index];
    uint64_t one = 1;
    int r;

    handle->client = client;
    handle->queue = rd_kafka_queue_get_main(client);
    handle->message_queue = rd_kafka_queue_get_consumer(client); /* NULL for a producer. */
    handle->answer_queue = rd_kafka_queue_new(client);
    handle->topics =
        (rd_kafka_topic_t **)calloc((size_t)endpoint->config->topics_count + 1, sizeof(void *));
    if (handle->topics == NULL) {
        return errinfo_nomem(reterr);
    }
    /* Readable from the start: something may have come before the library knew the descriptor. */
    handle->event_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    r = handle->event_fd < 0 ? -errno : kafka_descriptor_add(endpoint, index);
    if (r < 0) {
        return errinfo_set(reterr, r, "no descriptor for a Kafka handle: %s", strerror(-r));
    }
    rd_kafka_queue_io_event_enable(handle->queue, handle->event_fd, &one, sizeof one);
    rd_kafka_queue_io_event_enable(handle->answer_queue, handle->event_fd, &one, sizeof one);
    if (handle->message_queue != NULL) {
        rd_kafka_queue_io_event_enable(handle->message_queue, handle->event_fd, &one, sizeof one);
    }
    return 0;
}

void kafka_handle_renew(struct endpoint *endpoint, struct kafka_handle *handle)
{
    struct kafka_handle renewed = {
        .first_client = handle->first_client, .event_fd = -1, .down = handle->down};

    /* Closing the descriptor takes it out of the epoll sets. */
    handle_release(handle, endpoint->config->topics_count);
    kafka_end(&handle->client, 1, mono_ns());
    *handle = renewed;
}

/* ---- Down and up ---------------------------------------------------------------------------- */

static void handle_down(struct endpoint *endpoint, struct kafka_handle *handle, bool down)
{
    if (handle->down != down) {
        handle->down = down;
        endpoint->down_count += down ? 1 : UINT32_MAX;
        endpoint->tell_pending = true;
        kafka_handle_wake(handle);
    }
}

void kafka_handle_lives(struct endpoint *endpoint, struct kafka_handle *handle)
{
    if (__builtin_expect(handle->down, 0) && !handle->broken) {
        handle_down(endpoint, handle, false);
    }
}

void kafka_handle_wake(const struct kafka_handle *handle)
{
    uint64_t one = 1;
    ssize_t written = write(handle->event_fd, &one, sizeof one);

    (void)written; /* It can only fail by being readable 2^64 times over. */
}

/* One event for each client whose handle went down or came back. */
static void tell_changes(struct endpoint *endpoint, struct kafka_out *out)
{
    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        bool down = endpoint->handles[i % endpoint->handles_count].down;

        if (endpoint->told_down[i] == down) {
            continue;
        }
        if (out->count == out->max) {
            return;
        }
        endpoint->told_down[i] = down;
        out->events[out->count++] = (struct event){.kind = down ? EVENT_DOWN : EVENT_UP,
                                                   .client = i,
                                                   .at_ns = mono_ns(),
                                                   .text = down ? "all brokers are down" : NULL};
    }
    endpoint->tell_pending = false;
}

/* The library reconnects by itself; what it doesn't do is say so. A request that every broker
 * answers tells, and its answer comes through a queue, so nobody waits for it. */
static void ask(struct kafka_handle *handle)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle->client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS);
    char reason[128];

    (void)rd_kafka_AdminOptions_set_request_timeout(options, ASK_MS, reason, sizeof reason);
    rd_kafka_ListConsumerGroups(handle->client, options, handle->answer_queue);
    rd_kafka_AdminOptions_destroy(options);
    handle->asking = true;
}

static void take_answer(struct endpoint *endpoint, struct kafka_handle *handle)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(handle->answer_queue, 0);
    const rd_kafka_ListConsumerGroups_result_t *result;
    rd_kafka_resp_err_t error;
    size_t errors = 0;
    size_t groups = 0;

    if (event == NULL) {
        return;
    }
    handle->asking = false;
    error = rd_kafka_event_error(event);
    result = rd_kafka_event_ListConsumerGroups_result(event);
    if (result != NULL) {
        (void)rd_kafka_ListConsumerGroups_result_errors(result, &errors);
        (void)rd_kafka_ListConsumerGroups_result_valid(result, &groups);
    }
    /* A broker that doesn't know the request has said so, and lives. */
    if (error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ||
        (error == RD_KAFKA_RESP_ERR_NO_ERROR && (errors == 0 || groups > 0))) {
        kafka_handle_lives(endpoint, handle);
    }
    rd_kafka_event_destroy(event);
}

/* Nothing waits here: the answers come with a later poll(). */
static void ask_those_down(struct endpoint *endpoint)
{
    int64_t now_ns = mono_ns();

    if (now_ns < endpoint->ask_ns) {
        return;
    }
    endpoint->ask_ns = now_ns + ASK_GAP_NS;
    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        struct kafka_handle *handle = &endpoint->handles[i];

        if (handle->asking) {
            take_answer(endpoint, handle);
        }
        if (endpoint->is_mock) {
            kafka_handle_lives(endpoint, handle); /* It can't be asked, nor does it go away. */
        }
        if (handle->down && !handle->asking && !handle->broken) {
            ask(handle);
        }
    }
}

/* ---- Events --------------------------------------------------------------------------------- */

/* Lasts until the next poll(). */
static const char *text_of(struct endpoint *endpoint, rd_kafka_resp_err_t error, const char *words)
{
    if (endpoint->texts_count == KAFKA_TEXTS_MAX) {
        return rd_kafka_err2str(error);
    }
    return kafka_error_words(words, endpoint->texts[endpoint->texts_count++], REASON_BYTES);
}

void kafka_take_error(struct endpoint *endpoint, struct kafka_handle *handle,
                      const struct kafka_error *error, struct kafka_out *out)
{
    if (error->code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || error->is_fatal) {
        handle->broken = handle->broken || error->is_fatal;
        endpoint->has_broken = endpoint->has_broken || error->is_fatal;
        handle_down(endpoint, handle, true);
    }
    if (error->code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        out->events[out->count++] =
            (struct event){.kind = EVENT_ERROR,
                           .client = handle->first_client,
                           .at_ns = mono_ns(),
                           .text = text_of(endpoint, error->code, error->words)};
    }
}

static void tell_later(struct endpoint *endpoint, struct kafka_out *out)
{
    uint32_t told = 0;

    while (told < endpoint->later_count && out->count < out->max) {
        const struct kafka_later *later = &endpoint->later[told++];

        out->events[out->count++] = (struct event){.kind = EVENT_REFUSED,
                                                   .client = later->client,
                                                   .at_ns = mono_ns(),
                                                   .token = later->token,
                                                   .is_local = true,
                                                   .text = later->text};
    }
    memmove(endpoint->later, endpoint->later + told,
            (endpoint->later_count - told) * sizeof *endpoint->later);
    endpoint->later_count -= told;
}

/*
 * Empties a handle's queues as far as there is room. First the descriptor is cleared, then they are
 * emptied: what comes in between is either seen here or, since its queue was empty, written to the
 * descriptor again. Messages that wait for commits need no sign of their own, the answers give it.
 */
static void drain(struct endpoint *endpoint, struct kafka_handle *handle, struct kafka_out *out,
                  kafka_serve_fn serve)
{
    uint64_t times;
    ssize_t got = read(handle->event_fd, &times, sizeof times);

    (void)got;
    handle->passed_by = endpoint->is_held;
    endpoint->passed_by = endpoint->passed_by || endpoint->is_held;
    if (handle->asking) {
        take_answer(endpoint, handle);
    }
    serve(endpoint, handle, out);
    if (out->count == out->max) {
        kafka_handle_wake(handle);
    }
}

/* As far as there is room: the descriptors of the others stay ready. */
static void drain_ready(struct endpoint *endpoint, struct kafka_out *out, kafka_serve_fn serve)
{
    if (endpoint->set_fd < 0) {
        kafka_ask_who_is_ready(endpoint);
    }
    if (endpoint->later_count > 0) {
        tell_later(endpoint, out);
    }
    kafka_throttle_listen(endpoint);
    for (uint32_t i = 0; i < endpoint->ready_count; i++) {
        struct kafka_handle *handle = &endpoint->handles[endpoint->ready[i]];

        handle->is_ready = false;
        if (out->count < out->max) {
            drain(endpoint, handle, out, serve);
        }
    }
    endpoint->ready_count = 0;
    kafka_throttle_listen(NULL);
}

/* Consumers are held no more: messages that came meanwhile found their queue not empty, or their
 * sign was cleared. */
static void return_to_passed_by(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        if (endpoint->handles[i].passed_by) {
            endpoint->handles[i].passed_by = false;
            kafka_handle_wake(&endpoint->handles[i]);
        }
    }
    endpoint->passed_by = false;
}

int kafka_endpoint_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max,
                        kafka_serve_fn serve)
{
    struct kafka_out out = {.events = events,
                            .max = events_max < KAFKA_HELD_MAX ? events_max : KAFKA_HELD_MAX};

    release_held(endpoint);
    kafka_throttle_forget(endpoint);
    if (endpoint->down_count > 0) {
        ask_those_down(endpoint);
    }
    if (endpoint->passed_by && !endpoint->is_held) {
        return_to_passed_by(endpoint);
    }
    drain_ready(endpoint, &out, serve);
    if (!kafka_throttle_tell(endpoint, &out)) {
        kafka_handle_wake(&endpoint->handles[0]); /* For the rest. */
    }
    if (endpoint->tell_pending) {
        tell_changes(endpoint, &out);
    }
    return (int)out.count;
}
