#include "channel.h"
#include "channel_inner.h"
#include "channel_pipes_inner.h"
#include "channel_tls_inner.h"
#include "invariant.h"
#include "mono.h"
#include "sync.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nng/protocol/reqrep0/rep.h>

/* Where a request stands; it goes round and round through these. */
enum request_state { REQUEST_RECEIVES, REQUEST_WAITS, REQUEST_TAKEN, REQUEST_SENDS };

/* A place for one request: a context of NNG and the one operation that it has under way. */
struct channel_request {
    struct channel_server *server;
    nng_ctx ctx;
    nng_aio *aio;
    nng_msg *message;
    int pipe; /* That it came through. */
    int64_t received_ns;
    enum request_state state;
    struct channel_request *next; /* In the server's queue. */
};

struct channel_server {
    nng_socket socket;
    nng_listener listener;
    struct channel_pipes *pipes;
    size_t reply_bytes_max;
    int event_fd; /* Readable while the queue has something: one count for the whole queue. */
    pthread_mutex_t lock;
    struct channel_request *first; /* Guarded by lock, likewise last. */
    struct channel_request *last;
    struct channel_request *requests;
    uint32_t requests_max;
    uint32_t requests_count; /* Made so far; all of them once channel_server_new() has returned. */
};

static void queue_push(struct channel_server *server, struct channel_request *request)
{
    (void)pthread_mutex_lock(&server->lock);
    request->state = REQUEST_WAITS;
    request->next = NULL;
    if (server->last == NULL) {
        server->first = request;
        sync_event_set(server->event_fd);
    } else {
        server->last->next = request;
    }
    server->last = request;
    (void)pthread_mutex_unlock(&server->lock);
}

static struct channel_request *queue_pop(struct channel_server *server)
{
    struct channel_request *request;

    (void)pthread_mutex_lock(&server->lock);
    request = server->first;
    if (request != NULL) {
        request->state = REQUEST_TAKEN;
        server->first = request->next;
        if (server->first == NULL) {
            server->last = NULL;
            sync_event_clear(server->event_fd);
        }
    }
    (void)pthread_mutex_unlock(&server->lock);
    return request;
}

static void request_receive(struct channel_request *request)
{
    request->state = REQUEST_RECEIVES;
    nng_aio_set_msg(request->aio, NULL);
    /* Waiting for a request is its normal state; only closing ends it. */
    nng_aio_set_timeout(request->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(request->ctx, request->aio);
}

/* Runs on one of NNG's few threads: it must not wait for anything. */
static void request_completed(void *argument)
{
    int64_t now_ns = mono_ns();
    struct channel_request *request = argument;
    int result = nng_aio_result(request->aio);

    if (result == NNG_ECLOSED || result == NNG_ECANCELED) {
        return; /* channel_server_free() frees what the operation held. */
    }
    if (request->state == REQUEST_SENDS) {
        channel_message_free(
            nng_aio_get_msg(request->aio)); /* Ours again if it failed, else NULL. */
        request_receive(request);
    } else if (result != 0) {
        request_receive(request);
    } else {
        request->received_ns = now_ns;
        request->message = nng_aio_get_msg(request->aio);
        request->pipe = nng_pipe_id(nng_msg_get_pipe(request->message));
        nng_aio_set_msg(request->aio, NULL);
        queue_push(request->server, request);
    }
}

static int listener_secure(struct channel_server *server, const struct channel_security *security,
                           struct errinfo *reterr)
{
    nng_tls_config *tls = NULL;
    int r = channel_tls_config(security, NNG_TLS_MODE_SERVER, &tls, reterr);

    if (r == 0) {
        r = nng_listener_set_ptr(server->listener, NNG_OPT_TLS_CONFIG, tls);
        nng_tls_config_free(tls); /* The listener has it. */
        r = r == 0 ? 0 : channel_error(r, "TLS", reterr);
    }
    return r;
}

static int listener_start(struct channel_server *server, const struct channel_server_config *config,
                          struct errinfo *reterr)
{
    char *url = NULL;
    int r = channel_tls_url(config->url, config->security, &url, reterr);

    if (r < 0) {
        return r;
    }
    r = nng_listener_create(&server->listener, server->socket, url);
    free(url);
    if (r != 0) {
        return channel_error(r, config->url, reterr);
    }
    /* Each option exists for one of the transports only. The path of ipc is for this user alone. */
    (void)nng_listener_set_bool(server->listener, NNG_OPT_TCP_NODELAY, true);
    (void)nng_listener_set_bool(server->listener, NNG_OPT_TCP_KEEPALIVE, true);
    (void)nng_listener_set_int(server->listener, NNG_OPT_IPC_PERMISSIONS, 0600);
    r = config->security == NULL ? 0 : listener_secure(server, config->security, reterr);
    if (r < 0) {
        return r;
    }
    r = nng_listener_start(server->listener, 0);
    if (r == NNG_EADDRINUSE) {
        return errinfo_set(reterr, channel_errno(r),
                           "%s: another program listens there: end it, or take another port",
                           config->url);
    }
    if (r == NNG_EADDRINVAL) {
        return errinfo_set(reterr, channel_errno(r), "%s: is no address or port of this host",
                           config->url);
    }
    return r == 0 ? 0 : channel_error(r, config->url, reterr);
}

/* The url with the port in fact bound. */
static char *bound_url(const struct channel_server *server, const char *url)
{
    const char *colon = strrchr(url, ':');
    char *bound = NULL;
    int port = 0;

    if (strncmp(url, "tcp://", 6) != 0 ||
        nng_listener_get_int(server->listener, NNG_OPT_TCP_BOUND_PORT, &port) != 0) {
        return strdup(url);
    }
    if (asprintf(&bound, "%.*s:%d", (int)(colon - url), url, port) < 0) {
        return NULL;
    }
    return bound;
}

static int requests_open(struct channel_server *server, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < server->requests_max; i++) {
        struct channel_request *request = &server->requests[i];
        int r = nng_ctx_open(&request->ctx, server->socket);

        if (r != 0) {
            return channel_error(r, "control socket", reterr);
        }
        request->server = server;
        server->requests_count++;
        r = nng_aio_alloc(&request->aio, request_completed, request);
        if (r != 0) {
            return channel_error(r, "control socket", reterr);
        }
        request_receive(request);
    }
    return 0;
}

static int server_open(struct channel_server *server, const struct channel_server_config *config,
                       struct errinfo *reterr)
{
    int r;

    server->requests = calloc(server->requests_max, sizeof *server->requests);
    if (server->requests == NULL) {
        return errinfo_nomem(reterr);
    }
    server->event_fd = sync_event_new(reterr);
    if (server->event_fd < 0) {
        return server->event_fd;
    }
    r = nng_rep0_open(&server->socket);
    if (r != 0) {
        return channel_error(r, "control socket", reterr);
    }
    r = channel_socket_limit(server->socket, config->request_bytes_max, reterr);
    if (r == 0) {
        r = channel_pipes_new(server->socket, config->connections_max, &server->pipes, reterr);
    }
    if (r == 0) {
        r = requests_open(server, reterr);
    }
    return r < 0 ? r : listener_start(server, config, reterr);
}

int channel_server_new(const struct channel_server_config *config, struct channel_server **ret,
                       char **ret_url, struct errinfo *reterr)
{
    struct channel_server *server = NULL;
    char *bound = NULL;
    int r = channel_url_check(config->url, reterr);

    if (r == 0) {
        r = channel_try(reterr);
    }
    if (r < 0) {
        return r;
    }
    ASSERT(config->requests_max > 0 && config->connections_max > 0);
    server = calloc(1, sizeof *server);
    if (server == NULL) {
        return errinfo_nomem(reterr);
    }
    server->socket = (nng_socket)NNG_SOCKET_INITIALIZER;
    server->event_fd = -1;
    server->requests_max = config->requests_max;
    server->reply_bytes_max = config->reply_bytes_max;
    r = -pthread_mutex_init(&server->lock, NULL);
    ASSERT(r == 0);
    r = server_open(server, config, reterr);
    if (r < 0) {
        goto out;
    }
    bound = bound_url(server, config->url);
    if (bound == NULL) {
        r = errinfo_nomem(reterr);
        goto out;
    }
    *ret_url = bound;
    *ret = server;
    server = NULL; /* The caller owns it now. */
out:
    channel_server_free(server);
    return r;
}

void channel_server_free(struct channel_server *server)
{
    if (server == NULL) {
        return;
    }
    /* All operations end before anything is freed: a callback may still start one of its own. */
    for (uint32_t i = 0; i < server->requests_count; i++) {
        nng_aio_stop(server->requests[i].aio);
    }
    for (uint32_t i = 0; i < server->requests_count; i++) {
        struct channel_request *request = &server->requests[i];

        (void)nng_ctx_close(request->ctx);
        if (request->aio != NULL) {
            channel_message_free(nng_aio_get_msg(request->aio));
            nng_aio_free(request->aio);
        }
        channel_message_free(request->message);
    }
    /* If it comes back too late, pipes may still come and go: what counts them has to stay. */
    if (nng_socket_id(server->socket) <= 0 || channel_socket_close(server->socket)) {
        channel_pipes_free(server->pipes);
    }
    if (server->event_fd >= 0) {
        (void)close(server->event_fd);
    }
    (void)pthread_mutex_destroy(&server->lock);
    free(server->requests);
    free(server);
}

int channel_server_next(struct channel_server *server, int timeout_ms, struct channel_request **ret)
{
    struct channel_request *request = queue_pop(server);

    if (request == NULL && timeout_ms != 0) {
        struct pollfd readable = {.fd = server->event_fd, .events = POLLIN};

        /* A signal ends the wait: who calls wants to look at what it meant. */
        if (poll(&readable, 1, timeout_ms) > 0) {
            request = queue_pop(server);
        }
    }
    if (request == NULL) {
        return -EAGAIN;
    }
    *ret = request;
    return 0;
}

const void *channel_request_bytes(const struct channel_request *request, size_t *ret_bytes)
{
    *ret_bytes = nng_msg_len(request->message);
    return nng_msg_body(request->message);
}

int64_t channel_request_received_ns(const struct channel_request *request)
{
    return request->received_ns;
}

uint32_t channel_request_connection(const struct channel_request *request)
{
    return (uint32_t)request->pipe;
}

const char *channel_request_peer(const struct channel_request *request,
                                 char ret[CHANNEL_PEER_BYTES])
{
    nng_pipe pipe = {.id = (uint32_t)request->pipe};
    char host[INET6_ADDRSTRLEN] = "";
    nng_sockaddr address;

    ret[0] = '\0';
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) != 0) {
        return ret; /* It is gone. */
    }
    if (address.s_family == NNG_AF_INET &&
        inet_ntop(AF_INET, &address.s_in.sa_addr, host, sizeof host) != NULL) {
        (void)snprintf(ret, CHANNEL_PEER_BYTES, "%s:%u", host, ntohs(address.s_in.sa_port));
    } else if (address.s_family == NNG_AF_INET6 &&
               inet_ntop(AF_INET6, address.s_in6.sa_addr, host, sizeof host) != NULL) {
        (void)snprintf(ret, CHANNEL_PEER_BYTES, "[%s]:%u", host, ntohs(address.s_in6.sa_port));
    }
    return ret;
}

void channel_request_admit(const struct channel_request *request, uint32_t peer)
{
    channel_pipes_admit(request->server->pipes, request->pipe, peer);
}

void channel_server_close_unknown(struct channel_server *server, int64_t age_ns)
{
    channel_pipes_close_unknown(server->pipes, age_ns);
}

bool channel_server_has(const struct channel_server *server, uint32_t peer)
{
    return channel_pipes_has(server->pipes, peer);
}

void channel_server_peers(const struct channel_server *server, bool *ret, uint32_t peers_count)
{
    channel_pipes_peers(server->pipes, ret, peers_count);
}

void channel_server_closed(const struct channel_server *server, struct channel_closed *ret)
{
    channel_pipes_closed(server->pipes, ret);
}

uint64_t channel_server_broken(const struct channel_server *server)
{
    /* Whoever only looks whether somebody listens, and hangs up, is counted under others. */
    static const char *const names[] = {"proto", "auth"};
    nng_stat *all = NULL;
    nng_stat *own;
    uint64_t count = 0;

    if (nng_stats_get(&all) != 0) {
        return 0;
    }
    own = nng_stat_find_listener(all, server->listener);
    for (size_t i = 0; own != NULL && i < sizeof names / sizeof names[0]; i++) {
        nng_stat *found = nng_stat_find(own, names[i]);

        count += found == NULL ? 0 : nng_stat_value(found);
    }
    nng_stats_free(all);
    return count;
}

void channel_request_reply(struct channel_request *request, const void *bytes, size_t bytes_count)
{
    nng_msg *message = request->message;

    ASSERT(request->state == REQUEST_TAKEN);
    ASSERT(bytes_count <= request->server->reply_bytes_max); /* The peer would hang up. */
    nng_msg_clear(message);
    if (nng_msg_append(message, bytes, bytes_count) != 0) {
        channel_request_drop(request); /* No memory: the peer asks again. */
        return;
    }
    request->message = NULL;
    request->state = REQUEST_SENDS;
    nng_aio_set_msg(request->aio, message);
    nng_aio_set_timeout(request->aio, NNG_DURATION_DEFAULT);
    nng_ctx_send(request->ctx, request->aio);
}

void channel_request_drop(struct channel_request *request)
{
    ASSERT(request->state == REQUEST_TAKEN);
    channel_message_free(request->message);
    request->message = NULL;
    request_receive(request);
}
