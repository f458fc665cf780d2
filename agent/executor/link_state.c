#include "link_state.h"

#include "mono.h"

#include <stdlib.h>

#define RETRY_NS (250 * NS_PER_MS)
#define REOPEN_NS NS_PER_S

int link_state_init(struct link_state *link, uint32_t clients_count, struct errinfo *reterr)
{
    link->clients_count = clients_count;
    link->client_down = calloc((size_t)clients_count + 1, sizeof *link->client_down);
    return link->client_down == NULL ? errinfo_nomem(reterr) : 0;
}

void link_state_done(struct link_state *link)
{
    free(link->client_down);
    link->client_down = NULL;
}

int link_state_open(const struct backend_ops *ops, struct endpoint_config *config,
                    struct recorder *recorder, uint32_t flow, struct endpoint **ret,
                    struct errinfo *reterr)
{
    int64_t begin_ns = mono_ns();
    int64_t total_ns;
    bool any = false;
    int r;

    config->connect_ns = calloc((size_t)config->clients_count + 1, sizeof *config->connect_ns);
    if (config->connect_ns == NULL) {
        return errinfo_nomem(reterr);
    }
    r = ops->open(config, ret, reterr);
    total_ns = mono_ns() - begin_ns;
    for (uint32_t i = 0; r == 0 && i < config->clients_count; i++) {
        if (config->connect_ns[i] > 0) {
            any = true;
            recorder_sample(recorder_cell(recorder, flow, 0), SERIES_CONNECT, config->connect_ns[i],
                            0);
        }
    }
    if (r == 0 && !any) {
        recorder_sample(recorder_cell(recorder, flow, 0), SERIES_CONNECT, total_ns, 0);
    }
    free(config->connect_ns);
    config->connect_ns = NULL;
    return r;
}

void link_state_event(struct link_state *link, const struct event *event, struct recorder *recorder,
                      struct counters *counters)
{
    bool down = event->kind == EVENT_DOWN;

    if (link->client_down[event->client] == down) {
        return;
    }
    link->client_down[event->client] = down;
    if (down) {
        if (link->down_count++ == 0) {
            link->down_since_ns = event->at_ns;
            link->retry_ns = event->at_ns + RETRY_NS;
        }
        counters->errors++;
        link->error =
            recorder_error(recorder, event->text != NULL ? event->text : "connection lost");
    } else {
        link->down_count--;
        link->reconnects++;
    }
}

void link_state_reopen(struct link_state *link, const struct backend_ops *ops,
                       struct endpoint *endpoint, int64_t now_ns, struct recorder *recorder)
{
    struct errinfo error = {""};

    if (link->down_count == 0 || now_ns < link->retry_ns) {
        return;
    }
    if (ops->reopen(endpoint, now_ns + REOPEN_NS, &error) < 0 && error.text[0] != '\0') {
        (void)recorder_error(recorder, error.text);
    }
    link->retry_ns = mono_ns() + RETRY_NS;
}

void link_state_account(struct link_state *link, int64_t t0_ns, struct recorder_state *state)
{
    state->reconnects += link->reconnects;
    link->reconnects = 0;
    if (link->down_count == 0) {
        return;
    }
    state->clients_down += link->down_count;
    if (state->down_since_ns == 0 || link->down_since_ns - t0_ns < state->down_since_ns) {
        state->down_since_ns = link->down_since_ns - t0_ns;
    }
}
