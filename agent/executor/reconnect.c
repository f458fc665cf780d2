#include "reconnect_inner.h"

#include "deadlines.h"
#include "invariant.h"
#include "mono.h"

#include <stdlib.h>

int reconnect_init(struct reconnect *reconnect, const struct backend_ops *ops,
                   const struct endpoint_config *config, const _Atomic int64_t *heard_ns,
                   struct errinfo *reterr)
{
    reconnect->ops = ops;
    reconnect->heard_ns = heard_ns;
    reconnect->clients_count = config->clients_count;
    reconnect->next_ns = INT64_MAX;
    reconnect->clients = calloc((size_t)config->clients_count + 1, sizeof *reconnect->clients);
    if (reconnect->clients == NULL) {
        return errinfo_nomem(reterr);
    }
    return ops->connect == NULL ? 0 : connector_new(ops, config, &reconnect->connector, reterr);
}

void reconnect_done(struct reconnect *reconnect)
{
    connector_free(reconnect->connector);
    reconnect->connector = NULL;
    free(reconnect->clients);
    reconnect->clients = NULL;
}

static void record_times(const struct connect_times *times, struct recorder_cell *cell)
{
    const int64_t taken_ns[] = {times->whole_ns, times->tcp_ns, times->tls_ns, times->login_ns};
    static const enum series series[] = {SERIES_CONNECT, SERIES_CONNECT_TCP, SERIES_CONNECT_TLS,
                                         SERIES_CONNECT_LOGIN};

    for (size_t i = 0; i < sizeof series / sizeof series[0]; i++) {
        if (taken_ns[i] > 0) {
            recorder_sample(cell, series[i], taken_ns[i], 0);
        }
    }
}

int reconnect_open(const struct backend_ops *ops, struct endpoint_config *config,
                   struct recorder *recorder, uint32_t flow, struct endpoint **ret,
                   struct errinfo *reterr)
{
    int64_t begin_ns = mono_ns();
    int64_t total_ns;
    bool any = false;
    int r;

    config->connect_times =
        calloc((size_t)config->clients_count + 1, sizeof *config->connect_times);
    if (config->connect_times == NULL) {
        return errinfo_nomem(reterr);
    }
    r = ops->open(config, ret, reterr);
    total_ns = mono_ns() - begin_ns;
    for (uint32_t i = 0; r == 0 && i < config->clients_count; i++) {
        any = config->connect_times[i].whole_ns > 0 || any;
        record_times(&config->connect_times[i], recorder_cell(recorder, flow, 0));
    }
    if (r == 0 && !any) {
        recorder_sample(recorder_cell(recorder, flow, 0), SERIES_CONNECT, total_ns, 0);
    }
    free(config->connect_times);
    config->connect_times = NULL;
    return r;
}

static int64_t doubled(int64_t first_ns, int64_t max_ns, uint32_t times)
{
    int64_t span_ns = first_ns;

    while (times-- > 0 && span_ns < max_ns) {
        span_ns *= 2;
    }
    return span_ns < max_ns ? span_ns : max_ns;
}

static void be_due(struct reconnect *reconnect, struct reconnect_client *client, int64_t at_ns)
{
    client->retry_ns = at_ns;
    if (reconnect->connector != NULL && at_ns < reconnect->next_ns) {
        reconnect->next_ns = at_ns;
    }
}

static void wait_again(struct reconnect *reconnect, struct reconnect_client *client, int64_t now_ns)
{
    client->state = RECONNECT_WAITING;
    be_due(reconnect, client,
           now_ns + doubled(RECONNECT_WAIT_NS_MIN, RECONNECT_WAIT_NS_MAX, client->failed_count));
}

static void lose(struct reconnect *reconnect, const struct event *event)
{
    struct reconnect_client *client = &reconnect->clients[event->client];

    if (reconnect->down_count++ == 0) {
        reconnect->down_since_ns = event->at_ns;
    }
    client->failed_count = 0;
    wait_again(reconnect, client, event->at_ns);
}

bool reconnect_event(struct reconnect *reconnect, const struct event *event,
                     struct recorder *recorder, struct counters *counters)
{
    struct reconnect_client *client = &reconnect->clients[event->client];

    if (event->kind == EVENT_UP && client->state != RECONNECT_UP) {
        client->state = RECONNECT_UP;
        reconnect->reconnects++;
        if (--reconnect->down_count == 0) {
            reconnect->next_ns = INT64_MAX;
        }
        return true;
    }
    if (event->kind == EVENT_DOWN && client->state == RECONNECT_UP) {
        lose(reconnect, event);
        counters->errors++;
        reconnect->error =
            recorder_error(recorder, event->text != NULL ? event->text : "connection lost");
        return true;
    }
    if (event->kind == EVENT_DOWN && client->state == RECONNECT_ARRIVING) {
        reconnect_failed(reconnect, event->client, event->at_ns);
        if (event->text != NULL) {
            (void)recorder_error(recorder, event->text);
        }
    }
    return false;
}

bool reconnect_is_down(const struct reconnect *reconnect, uint32_t client)
{
    return reconnect->clients[client].state != RECONNECT_UP;
}

bool reconnect_due(struct reconnect *reconnect, int64_t now_ns, uint32_t *ret_client,
                   int64_t *ret_limit_ns)
{
    int64_t next_ns = INT64_MAX;

    if (now_ns < reconnect->next_ns) {
        return false;
    }
    /* From behind the last one on: thousands that are lost together are not all looked at again for
     * each of them. */
    for (uint32_t i = 0; i < reconnect->clients_count; i++) {
        uint32_t at = (reconnect->look_first + i) % reconnect->clients_count;
        struct reconnect_client *client = &reconnect->clients[at];

        if (client->state != RECONNECT_WAITING && client->state != RECONNECT_ARRIVING) {
            continue;
        }
        if (client->retry_ns <= now_ns) {
            client->failed_count += client->state == RECONNECT_ARRIVING ? 1 : 0;
            client->state = RECONNECT_CONNECTING;
            reconnect->look_first = at + 1;
            *ret_client = at;
            *ret_limit_ns =
                doubled(RECONNECT_LIMIT_NS_MIN, RECONNECT_LIMIT_NS_MAX, client->failed_count);
            return true;
        }
        next_ns = client->retry_ns < next_ns ? client->retry_ns : next_ns;
    }
    reconnect->next_ns = next_ns;
    return false;
}

void reconnect_failed(struct reconnect *reconnect, uint32_t client, int64_t now_ns)
{
    wait_again(reconnect, &reconnect->clients[client], now_ns);
    reconnect->clients[client].failed_count++;
}

void reconnect_adopted(struct reconnect *reconnect, uint32_t client, int64_t now_ns)
{
    ASSERT(reconnect->clients[client].state == RECONNECT_CONNECTING);
    reconnect->clients[client].state = RECONNECT_ARRIVING;
    be_due(reconnect, &reconnect->clients[client], now_ns + RECONNECT_ARRIVAL_NS);
}

static void take(struct reconnect *reconnect, struct endpoint *endpoint, struct connected *made,
                 struct recorder *recorder)
{
    reconnect->asked_count--;
    if (reconnect->clients[made->client].state != RECONNECT_CONNECTING) {
        return; /* It came back by itself. */
    }
    if (made->link != NULL && reconnect->ops->adopt(endpoint, made->client, made->link) == 0) {
        made->link = NULL;
        reconnect_adopted(reconnect, made->client, mono_ns());
        return;
    }
    if (made->error.text[0] != '\0') {
        (void)recorder_error(recorder, made->error.text);
    }
    reconnect_failed(reconnect, made->client, mono_ns());
}

/* Its coordinator may take it for lost; so it does for an agent that stood still as long. */
static bool may_be_given_up(const struct reconnect *reconnect, int64_t now_ns)
{
    return reconnect->heard_ns != NULL &&
           now_ns - atomic_load_explicit(reconnect->heard_ns, memory_order_relaxed) >= SILENCE_NS;
}

static void turn(struct reconnect *reconnect, struct endpoint *endpoint, int64_t now_ns,
                 struct recorder *recorder)
{
    struct connected made;
    uint32_t client;
    int64_t limit_ns;

    while (reconnect->asked_count > 0 && connector_take(reconnect->connector, &made)) {
        take(reconnect, endpoint, &made, recorder);
        if (made.link != NULL) {
            connector_hang_up(reconnect->connector, made.client, made.link);
        }
    }
    if (may_be_given_up(reconnect, now_ns)) {
        reconnect->next_ns = now_ns + RECONNECT_WAIT_NS_MIN;
        return;
    }
    while (reconnect_due(reconnect, now_ns, &client, &limit_ns)) {
        reconnect->asked_count++;
        connector_ask(reconnect->connector, client, limit_ns);
    }
}

void reconnect_turn(struct reconnect *reconnect, struct endpoint *endpoint, int64_t now_ns,
                    struct recorder *recorder)
{
    int64_t begin_ns;
    int64_t took_ns;

    if (reconnect->connector == NULL ||
        (reconnect->down_count == 0 && reconnect->asked_count == 0)) {
        return;
    }
    begin_ns = mono_ns();
    turn(reconnect, endpoint, now_ns, recorder);
    took_ns = mono_ns() - begin_ns;
    reconnect->turn_ns_max = took_ns > reconnect->turn_ns_max ? took_ns : reconnect->turn_ns_max;
}

int64_t reconnect_next_ns(const struct reconnect *reconnect)
{
    return reconnect->down_count > 0 ? reconnect->next_ns : INT64_MAX;
}

int reconnect_fd(const struct reconnect *reconnect)
{
    return reconnect->connector == NULL ? -1 : connector_fd(reconnect->connector);
}

static void *close_main(void *argument)
{
    struct reconnect *reconnect = argument;

    (void)pthread_setname_np(pthread_self(), "closer");
    /* Attempts end while the endpoint closes, not before. */
    if (reconnect->connector != NULL) {
        connector_quit(reconnect->connector);
    }
    reconnect->ops->close(reconnect->closing);
    connector_free(reconnect->connector);
    reconnect->connector = NULL;
    return NULL;
}

void reconnect_close_begin(struct reconnect *reconnect, struct endpoint *endpoint)
{
    reconnect->closing = endpoint;
    if (pthread_create(&reconnect->closing_thread, NULL, close_main, reconnect) != 0) {
        (void)close_main(reconnect);
        reconnect->closing = NULL;
    }
}

void reconnect_close_end(struct reconnect *reconnect)
{
    if (reconnect->closing != NULL) {
        (void)pthread_join(reconnect->closing_thread, NULL);
        reconnect->closing = NULL;
    }
}

void reconnect_account(struct reconnect *reconnect, int64_t t0_ns, struct recorder_state *state)
{
    state->reconnects += reconnect->reconnects;
    reconnect->reconnects = 0;
    if (reconnect->turn_ns_max > state->driver_ns_max) {
        state->driver_ns_max = reconnect->turn_ns_max;
    }
    reconnect->turn_ns_max = 0;
    if (reconnect->down_count == 0) {
        return;
    }
    state->clients_down += reconnect->down_count;
    if (state->down_since_ns == 0 || reconnect->down_since_ns - t0_ns < state->down_since_ns) {
        state->down_since_ns = reconnect->down_since_ns - t0_ns;
    }
}
