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
        recorder_error(recorder, error.text);
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
