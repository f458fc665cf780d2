/* Brings all clients of an endpoint up, many at a time on one thread. */
#include "own_endpoint_inner.h"

#include "mono.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READY_MAX 64

/*
 * How many are on their way at the same time. A broker that is slow to take connections has a queue
 * of them, of a hundred or so, and the kernel lets the next wait a second; so where the login takes
 * longer than its way, no more are begun. Where the way is long, more are, up to the larger number.
 * The kernel knows the way; what we would measure has our own delays in it, which on a busy host
 * made 4,000 logins on loopback seem far away (300 of them had to wait).
 */
#define AT_ONCE_MIN 32
#define AT_ONCE_MAX 512
#define LOGIN_PER_ROUND_TRIP 4

/* Of try_deadline_ns: how often those that wait are looked at. */
#define LOOK_NS (50 * NS_PER_MS)

struct dialling {
    struct endpoint *endpoint;
    struct own_dial *dials; /* AT_ONCE_MAX. */
    bool *is_used;
    int epoll_fd;
    uint32_t at_once;
    uint32_t used;
    uint32_t begun; /* Clients. */
    uint32_t up;
    int64_t look_ns;
};

/* A target was probed before its clients are opened: a broker that then closes one that has said
 * nothing but its login has no room for it. Mosquitto gives no other sign. */
static int explain(const struct dialling *all, const struct own_dial *dial, int code,
                   struct errinfo *reterr)
{
    const struct endpoint_config *config = all->endpoint->config;

    if (code != -EPROTO || dial->step != OWN_LOGIN || strstr(reterr->text, "was closed") == NULL) {
        return code;
    }
    return errinfo_set(reterr, -EUSERS,
                       "%s: the broker closed the connection of client %" PRIu32 " of %" PRIu32
                       " at its login, as one does whose limit of connections is reached: "
                       "raise it (Mosquitto: max_connections)",
                       dial->link.peer, dial->request.client + 1, config->clients_count);
}

static void note_times(const struct dialling *all, const struct own_link *link, uint32_t client)
{
    struct connect_times *times = all->endpoint->config->connect_times;
    int64_t secure_ns = link->tls_ns != 0 ? link->tls_ns : link->tcp_ns;

    if (times != NULL) {
        times[client] = (struct connect_times){.whole_ns = link->up_ns - link->begin_ns,
                                               .tcp_ns = link->tcp_ns - link->begin_ns,
                                               .tls_ns = secure_ns - link->tcp_ns,
                                               .login_ns = link->login_ns - secure_ns};
    }
}

/* Of the way there and back; 0: not known. */
static int64_t round_trip_ns(const struct own_link *link)
{
    struct tcp_info info = {0};
    socklen_t bytes = sizeof info;

    return getsockopt(link->stream.fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0
               ? (int64_t)info.tcpi_rtt * NS_PER_US
               : 0;
}

static bool may_begin_more(const struct dialling *all, const struct own_link *link)
{
    int64_t login_ns = link->login_ns - (link->tls_ns != 0 ? link->tls_ns : link->tcp_ns);

    return all->at_once < AT_ONCE_MAX && login_ns < LOGIN_PER_ROUND_TRIP * round_trip_ns(link);
}

static int take(struct dialling *all, struct own_dial *dial, struct errinfo *reterr)
{
    uint32_t client = dial->request.client;
    struct own_link link = own_dial_take(dial);
    int r;

    note_times(all, &link, client);
    all->at_once += may_begin_more(all, &link) ? 1 : 0;
    (void)epoll_ctl(all->epoll_fd, EPOLL_CTL_DEL, link.stream.fd, NULL);
    r = own_client_take(all->endpoint, &all->endpoint->clients[client], &link);
    if (r < 0) {
        own_link_drop(&link);
        return errinfo_set(reterr, r, "epoll_ctl: %s", strerror(-r));
    }
    all->up++;
    return 0;
}

/* What a dial's begin or go_on has said. */
static int note(struct dialling *all, uint32_t index, uint32_t tries_before, int r,
                struct errinfo *reterr)
{
    struct own_dial *dial = &all->dials[index];

    if (r == -EAGAIN) {
        /* By edges: each step goes on until it has to wait. */
        struct epoll_event wanted = {.events = (uint32_t)EPOLLIN | (uint32_t)EPOLLOUT |
                                               (uint32_t)EPOLLRDHUP | (uint32_t)EPOLLET,
                                     .data.u32 = index};

        if (dial->tries != tries_before &&
            epoll_ctl(all->epoll_fd, EPOLL_CTL_ADD, dial->link.stream.fd, &wanted) < 0) {
            return errinfo_set(reterr, -errno, "epoll_ctl: %s", strerror(errno));
        }
        return 0;
    }
    r = r == 0 ? take(all, dial, reterr) : explain(all, dial, r, reterr);
    own_dial_done(dial);
    all->is_used[index] = false;
    all->used--;
    return r;
}

static int begin_one(struct dialling *all, struct errinfo *reterr)
{
    const struct own_dial_request request = {.route = &all->endpoint->route,
                                             .config = all->endpoint->config,
                                             .client = all->begun++,
                                             .deadline_ns =
                                                 all->endpoint->config->open_deadline_ns};
    uint32_t index = 0;

    while (all->is_used[index]) {
        index++;
    }
    all->is_used[index] = true;
    all->used++;
    return note(all, index, 0, own_dial_begin(&all->dials[index], &request, reterr), reterr);
}

static int go_on(struct dialling *all, uint32_t index, struct errinfo *reterr)
{
    uint32_t tries = all->dials[index].tries;

    return note(all, index, tries, own_dial_go_on(&all->dials[index], reterr), reterr);
}

/* Those whose time for an address is over hear of nothing. */
static int look_at_all(struct dialling *all, struct errinfo *reterr)
{
    int64_t now_ns = mono_ns();
    int r = 0;

    if (now_ns < all->look_ns) {
        return 0;
    }
    all->look_ns = now_ns + LOOK_NS;
    for (uint32_t i = 0; i < AT_ONCE_MAX && r == 0; i++) {
        if (all->is_used[i] && now_ns >= all->dials[i].try_deadline_ns) {
            r = go_on(all, i, reterr);
        }
    }
    return r;
}

static int go_on_all(struct dialling *all, struct errinfo *reterr)
{
    uint32_t clients = all->endpoint->config->clients_count;
    int r = 0;

    while (all->up < clients && r == 0) {
        struct epoll_event ready[READY_MAX];
        int count = 0;

        while (r == 0 && all->used < all->at_once && all->begun < clients) {
            r = begin_one(all, reterr);
        }
        if (r == 0 && all->up < clients) {
            count = epoll_wait(all->epoll_fd, ready, READY_MAX, (int)(LOOK_NS / NS_PER_MS));
        }
        for (int i = 0; i < count && r == 0; i++) {
            if (all->is_used[ready[i].data.u32]) {
                r = go_on(all, ready[i].data.u32, reterr);
            }
        }
        if (r == 0) {
            r = look_at_all(all, reterr);
        }
    }
    return r;
}

int own_dial_all(struct endpoint *endpoint, struct errinfo *reterr)
{
    struct dialling all = {.endpoint = endpoint,
                           .dials = calloc(AT_ONCE_MAX, sizeof *all.dials),
                           .is_used = calloc(AT_ONCE_MAX, sizeof *all.is_used),
                           .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                           .at_once = AT_ONCE_MIN};
    int r;

    if (all.dials == NULL || all.is_used == NULL) {
        r = errinfo_nomem(reterr);
    } else if (all.epoll_fd < 0) {
        r = errinfo_set(reterr, -errno, "epoll_create: %s", strerror(errno));
    } else {
        r = go_on_all(&all, reterr);
    }
    for (uint32_t i = 0; all.is_used != NULL && i < AT_ONCE_MAX; i++) {
        if (all.is_used[i]) {
            own_dial_done(&all.dials[i]);
        }
    }
    if (all.epoll_fd >= 0) {
        (void)close(all.epoll_fd);
    }
    free(all.dials);
    free(all.is_used);
    return r;
}
