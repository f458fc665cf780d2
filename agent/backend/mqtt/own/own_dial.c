/* From a name to a link: the addresses in turn, and the steps at each. */
#include "own_link_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- Addresses ------------------------------------------------------------------------------- */

/* The place and the address behind number `tries` of a client's turn: it begins with its own place,
 * so that clients are spread over them. NULL: there are no more. */
static const struct addrinfo *address_of(const struct own_dial *dial, uint32_t tries,
                                         const struct own_place **ret_place)
{
    const struct own_route *route = dial->request.route;
    const struct endpoint_config *config = dial->request.config;
    uint32_t first = config != NULL ? config->clients[dial->request.client].client : 0;

    for (uint32_t i = 0; i < route->places_count; i++) {
        const struct own_place *place =
            &route->places[(uint32_t)(((uint64_t)first + i) % route->places_count)];

        for (const struct addrinfo *at = place->found; at != NULL; at = at->ai_next) {
            if (tries-- == 0) {
                *ret_place = place;
                return at;
            }
        }
    }
    return NULL;
}

static uint32_t count_addresses(const struct own_route *route)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < route->places_count; i++) {
        for (const struct addrinfo *at = route->places[i].found; at != NULL; at = at->ai_next) {
            count++;
        }
    }
    return count;
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static int explain_tcp(struct own_dial *dial, int code, struct errinfo *reterr)
{
    switch (code) {
    case -ECONNREFUSED:
        dial->failure = PROBE_REFUSED;
        return errinfo_set(reterr, code, "%s: refused, nothing listens there", dial->link.peer);
    case -ETIMEDOUT:
        dial->failure = PROBE_TIMEOUT;
        return errinfo_set(reterr, code, "%s: no answer to a TCP connection in time",
                           dial->link.peer);
    default:
        dial->failure = PROBE_OTHER;
        return errinfo_set(reterr, code, "%s: %s", dial->link.peer, strerror(-code));
    }
}

static int tcp_begin(struct own_dial *dial, const struct addrinfo *address, struct errinfo *reterr)
{
    const int on = 1;
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->ai_protocol);

    if (fd < 0) {
        return explain_tcp(dial, -errno, reterr);
    }
    dial->link.stream.fd = fd;
    if (dial->request.route->nodelay) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS) {
        return explain_tcp(dial, -errno, reterr);
    }
    return 0;
}

static int tcp_answer(struct own_dial *dial, struct errinfo *reterr)
{
    struct pollfd writable = {.fd = dial->link.stream.fd, .events = POLLOUT};
    int error = 0;
    socklen_t error_bytes = sizeof error;

    if (poll(&writable, 1, 0) != 1) {
        return -EAGAIN;
    }
    if (getsockopt(dial->link.stream.fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0) {
        error = errno;
    }
    return error == 0 ? 0 : explain_tcp(dial, -error, reterr);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static int end_tcp(struct own_dial *dial, struct errinfo *reterr)
{
    int r = tcp_answer(dial, reterr);

    if (r < 0) {
        return r;
    }
    dial->link.tcp_ns = mono_ns();
    if (dial->place->tls) {
        dial->step = OWN_TLS;
        return own_stream_secure(&dial->link.stream, dial->request.route->tls, dial->place->host,
                                 reterr);
    }
    dial->step = OWN_LOGIN;
    return own_login_begin(dial, reterr);
}

static int end_tls(struct own_dial *dial, struct errinfo *reterr)
{
    int r = own_stream_handshake(&dial->link.stream);

    if (r == -EAGAIN) {
        return r;
    }
    if (r < 0) {
        return own_explain_tls(dial, r, reterr);
    }
    dial->link.tls_ns = mono_ns();
    dial->step = OWN_LOGIN;
    return own_login_begin(dial, reterr);
}

static int end_login(struct own_dial *dial, struct errinfo *reterr)
{
    int r = own_login_answer(dial, reterr);

    if (r == 0) {
        dial->link.login_ns = mono_ns();
        dial->step = OWN_SUBSCRIBE;
        r = own_subscribe_begin(dial, reterr);
    }
    return r;
}

static int end_subscribe(struct own_dial *dial, struct errinfo *reterr)
{
    int r = own_subscribe_answer(dial, reterr);

    if (r == 0) {
        dial->link.up_ns = mono_ns();
        dial->step = OWN_UP;
    }
    return r;
}

static int write_packet(struct own_dial *dial)
{
    while (dial->packet != NULL) {
        ssize_t r = own_stream_write(&dial->link.stream, dial->packet + dial->packet_written,
                                     dial->packet_bytes - dial->packet_written);

        if (r < 0) {
            /* Why it is broken is said by what can be read, or by its end. */
            return r == -EAGAIN ? -EAGAIN : 0;
        }
        dial->packet_written += (size_t)r;
        if (dial->packet_written == dial->packet_bytes) {
            free(dial->packet);
            dial->packet = NULL;
        }
    }
    return 0;
}

/* At the address that is tried. */
static int go_on_here(struct own_dial *dial, struct errinfo *reterr)
{
    int r = 0;

    while (r == 0 && dial->step != OWN_UP) {
        switch (dial->step) {
        case OWN_TCP:
            r = end_tcp(dial, reterr);
            break;
        case OWN_TLS:
            r = end_tls(dial, reterr);
            break;
        case OWN_LOGIN:
            r = write_packet(dial);
            r = r == 0 ? end_login(dial, reterr) : r;
            break;
        default:
            r = write_packet(dial);
            r = r == 0 ? end_subscribe(dial, reterr) : r;
            break;
        }
    }
    return r;
}

static int explain_silence(struct own_dial *dial, struct errinfo *reterr)
{
    if (dial->step == OWN_TCP) {
        return explain_tcp(dial, -ETIMEDOUT, reterr);
    }
    dial->failure = PROBE_TIMEOUT;
    return errinfo_set(reterr, -ETIMEDOUT, "%s: no answer to %s in time", dial->link.peer,
                       dial->step == OWN_TLS     ? "a TLS handshake"
                       : dial->step == OWN_LOGIN ? "MQTT's CONNECT"
                                                 : "MQTT's SUBSCRIBE");
}

static void forget_try(struct own_dial *dial)
{
    free(dial->packet);
    dial->packet = NULL;
    own_stream_close(&dial->link.stream);
    kept_drop(&dial->link.unread);
}

/* The next address; 0, or a negative errno: that was none, or it failed at once. */
static int begin_try(struct own_dial *dial, struct errinfo *reterr)
{
    const struct own_place *place = NULL;
    const struct addrinfo *address = address_of(dial, dial->tries, &place);
    int64_t now_ns = mono_ns();

    ASSERT(address != NULL && place != NULL); /* There are tries_max of them. */
    /* One that is silent leaves the others their share of the time. */
    dial->try_deadline_ns =
        now_ns + (dial->request.deadline_ns - now_ns) / (dial->tries_max - dial->tries);
    dial->tries++;
    dial->step = OWN_TCP;
    dial->place = place;
    dial->failure = PROBE_OTHER;
    dial->passed_bytes = 0;
    dial->link.tls_ns = 0;
    dial->link.granted_qos = 2;
    dial->link.peer = place->text;
    return tcp_begin(dial, address, reterr);
}

/* A login that one broker of a cluster refuses the others refuse too. */
static bool is_final(const struct own_dial *dial, int code)
{
    return dial->tries == dial->tries_max || code == -EACCES || code == -ENOMEM ||
           mono_ns() >= dial->request.deadline_ns;
}

/* Goes to the next address where one has failed. */
static int try_on(struct own_dial *dial, int r, struct errinfo *reterr)
{
    while (r < 0 && r != -EAGAIN) {
        forget_try(dial);
        if (is_final(dial, r)) {
            return r;
        }
        r = begin_try(dial, reterr);
        r = r == 0 ? go_on_here(dial, reterr) : r;
    }
    return r;
}

int own_dial_go_on(struct own_dial *dial, struct errinfo *reterr)
{
    int r = go_on_here(dial, reterr);

    if (r == -EAGAIN && mono_ns() >= dial->try_deadline_ns) {
        r = explain_silence(dial, reterr);
    }
    return try_on(dial, r, reterr);
}

int own_dial_begin(struct own_dial *dial, const struct own_dial_request *request,
                   struct errinfo *reterr)
{
    size_t unread_bytes = OWN_AROUND_PAYLOAD_BYTES +
                          (request->config != NULL ? request->config->message_bytes_max : 0);
    int r;

    *dial = (struct own_dial){
        .request = *request,
        .link = {.stream = {.fd = -1}, .version = request->route->version, .begin_ns = mono_ns()},
        .tries_max = count_addresses(request->route)};
    if (kept_init(&dial->link.unread, unread_bytes) < 0) {
        return errinfo_nomem(reterr);
    }
    r = begin_try(dial, reterr);
    r = r == 0 ? go_on_here(dial, reterr) : r;
    return try_on(dial, r, reterr);
}

uint32_t own_dial_events(const struct own_dial *dial)
{
    bool writes = dial->step == OWN_TCP || dial->packet != NULL ||
                  own_stream_waits_for_room(&dial->link.stream);

    return (uint32_t)(writes ? POLLIN | POLLOUT : POLLIN);
}

struct own_link own_dial_take(struct own_dial *dial)
{
    struct own_link link = dial->link;

    kept_shrink(&link.unread);
    dial->link = (struct own_link){.stream = {.fd = -1}};
    return link;
}

void own_dial_done(struct own_dial *dial)
{
    free(dial->packet);
    dial->packet = NULL;
    own_link_drop(&dial->link);
}

int own_dial_await(struct own_dial *dial, const struct own_dial_request *request,
                   struct errinfo *reterr)
{
    int r = own_dial_begin(dial, request, reterr);

    while (r == -EAGAIN) {
        struct pollfd wanted = {.fd = dial->link.stream.fd, .events = (short)own_dial_events(dial)};
        int64_t left_ns = dial->try_deadline_ns - mono_ns();

        (void)poll(&wanted, 1, left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0);
        r = own_dial_go_on(dial, reterr);
    }
    return r;
}
