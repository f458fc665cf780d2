#include "channel.h"
#include "channel_dial_inner.h"
#include "channel_inner.h"
#include "invariant.h"
#include "mono.h"
#include "sync.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <nng/protocol/reqrep0/req.h>

/* Between two attempts to dial, unless told otherwise; well below CHANNEL_RECONNECT_MS. */
#define REDIAL_MS_MIN 20
#define REDIAL_MS_MAX 250

/* A context of NNG with the one operation it has under way: first the send, then the receive. */
struct call {
    struct channel_client *client;
    nng_ctx ctx;
    nng_aio *aio;
    bool receives; /* Of NNG's threads alone while the call is under way. */
    bool done;     /* Guarded by the client's lock, likewise below. */
    int result;    /* Of NNG. */
    int64_t received_ns;
    struct call *next; /* In the client's pool. */
};

struct channel_client {
    nng_socket socket;
    struct channel_dial dial; /* Of the thread that dials anew alone. */
    size_t bytes_max;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* Anything below, or a call's done; on CLOCK_MONOTONIC. */
    int pipe_added;         /* Connection that is being taken up: its removal may overtake that. */
    int pipe;               /* Connection in use; 0: none. */
    uint32_t pipes_lost;    /* A call that sees it change has lost its connection. */
    bool pipe_ever;
    struct channel_contact contact;
    bool dials_anew; /* A thread does just now. */
    bool cancelled;
    uint32_t calls_count; /* Threads within channel_call(). */
    struct call *pool;
};

/* As NNG calls back for pipes from several threads, a removal can be told before the addition. */
static void pipe_changed(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct channel_client *client = argument;
    int id = nng_pipe_id(pipe);

    (void)pthread_mutex_lock(&client->lock);
    if (event == NNG_PIPE_EV_ADD_PRE) {
        client->pipe_added = id;
    } else if (event == NNG_PIPE_EV_ADD_POST && client->pipe_added == id) {
        client->pipes_lost += client->pipe != 0 ? 1 : 0;
        client->pipe = id;
        client->pipe_ever = true;
        client->contact.answered = false;
    } else if (event == NNG_PIPE_EV_REM_POST) {
        client->pipe_added = client->pipe_added == id ? 0 : client->pipe_added;
        client->pipes_lost += client->pipe == id ? 1 : 0;
        client->pipe = client->pipe == id ? 0 : client->pipe;
    }
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->lock);
}

/* Runs on one of NNG's few threads: it must not wait for anything. */
static void call_completed(void *argument)
{
    int64_t now_ns = mono_ns();
    struct call *call = argument;
    int result = nng_aio_result(call->aio);

    if (result == 0 && !call->receives) {
        call->receives = true;
        nng_ctx_recv(call->ctx, call->aio);
        return;
    }
    (void)pthread_mutex_lock(&call->client->lock);
    call->result = result;
    call->received_ns = now_ns;
    if (result == 0) {
        call->client->contact.heard_ns = now_ns;
        call->client->contact.answered = true;
    }
    call->done = true;
    (void)pthread_cond_broadcast(&call->client->changed);
    (void)pthread_mutex_unlock(&call->client->lock);
}

/* Frees it with whatever it has under way. */
static void call_free(struct call *call)
{
    if (call == NULL) {
        return;
    }
    if (call->aio != NULL) {
        nng_aio_stop(call->aio);
        channel_message_free(nng_aio_get_msg(call->aio));
        nng_aio_free(call->aio);
    }
    if (nng_ctx_id(call->ctx) > 0) {
        (void)nng_ctx_close(call->ctx);
    }
    free(call);
}

/* NULL if memory ran out: NNG has no other reason here. */
static struct call *call_new(struct channel_client *client)
{
    struct call *call = calloc(1, sizeof *call);

    if (call == NULL) {
        return NULL;
    }
    call->client = client;
    call->ctx = (nng_ctx)NNG_CTX_INITIALIZER;
    if (nng_ctx_open(&call->ctx, client->socket) != 0 ||
        nng_ctx_set_ms(call->ctx, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE) != 0 ||
        nng_aio_alloc(&call->aio, call_completed, call) != 0) {
        call_free(call);
        return NULL;
    }
    return call;
}

static int socket_open(struct channel_client *client, const struct channel_client_config *config,
                       struct errinfo *reterr)
{
    static const nng_pipe_ev events[] = {NNG_PIPE_EV_ADD_PRE, NNG_PIPE_EV_ADD_POST,
                                         NNG_PIPE_EV_REM_POST};
    int r = nng_req0_open(&client->socket);

    if (r != 0) {
        return channel_error(r, "control socket", reterr);
    }
    r = channel_socket_limit(client->socket, client->bytes_max, reterr);
    if (r < 0) {
        return r;
    }
    r = nng_socket_set_ms(client->socket, NNG_OPT_RECONNMINT, REDIAL_MS_MIN);
    if (r == 0) {
        r = nng_socket_set_ms(client->socket, NNG_OPT_RECONNMAXT,
                              config->redial_ms_max > 0 ? config->redial_ms_max : REDIAL_MS_MAX);
    }
    for (size_t i = 0; r == 0 && i < sizeof events / sizeof events[0]; i++) {
        r = nng_pipe_notify(client->socket, events[i], pipe_changed, client);
    }
    if (r != 0) {
        return channel_error(r, "control socket", reterr);
    }
    client->contact.dialed_ns = mono_ns();
    return channel_dial_begin(&client->dial, client->socket, config, reterr);
}

int channel_client_new(const struct channel_client_config *config, struct channel_client **ret,
                       struct errinfo *reterr)
{
    struct channel_client *client = NULL;
    int r = channel_url_check(config->url, reterr);

    if (r == 0) {
        r = channel_try(reterr);
    }
    if (r < 0) {
        return r;
    }
    client = calloc(1, sizeof *client);
    if (client == NULL) {
        return errinfo_nomem(reterr);
    }
    client->socket = (nng_socket)NNG_SOCKET_INITIALIZER;
    client->bytes_max = config->bytes_max;
    sync_condition_init(&client->changed);
    r = -pthread_mutex_init(&client->lock, NULL);
    ASSERT(r == 0);
    r = socket_open(client, config, reterr);
    if (r < 0) {
        channel_client_free(client);
        return r;
    }
    *ret = client;
    return 0;
}

void channel_client_cancel(struct channel_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->cancelled = true;
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->lock);
}

void channel_client_free(struct channel_client *client)
{
    if (client == NULL) {
        return;
    }
    channel_client_cancel(client);
    (void)pthread_mutex_lock(&client->lock);
    while (client->calls_count > 0) {
        (void)pthread_cond_wait(&client->changed, &client->lock);
    }
    (void)pthread_mutex_unlock(&client->lock);
    while (client->pool != NULL) {
        struct call *call = client->pool;

        client->pool = call->next;
        call_free(call);
    }
    if (nng_socket_id(client->socket) > 0 && !channel_socket_close(client->socket)) {
        return; /* pipe_changed() may still be called: the client has to stay. */
    }
    channel_dial_done(&client->dial);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

/* Waits for a change, at most until deadline_ns; false when that has passed. With the lock held. */
static bool wait_change(struct channel_client *client, int64_t deadline_ns)
{
    return sync_condition_wait(&client->changed, &client->lock, deadline_ns);
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* Enters the call, which is left by call_leave() whatever comes of it, and waits for a connection.
 * With it comes what pipes_lost is now. */
static int call_enter(struct channel_client *client, int64_t deadline_ns, uint32_t *ret_lost,
                      struct call **ret)
{
    int64_t reconnect_ns = mono_ns() + CHANNEL_RECONNECT_MS * NS_PER_MS;
    int r = 0;

    (void)pthread_mutex_lock(&client->lock);
    client->calls_count++;
    while (r == 0 && client->pipe == 0 && !client->cancelled) {
        if (!wait_change(client,
                         client->pipe_ever ? earlier(deadline_ns, reconnect_ns) : deadline_ns)) {
            r = -ECONNREFUSED;
        }
    }
    if (client->cancelled) {
        r = -ECANCELED;
    }
    if (r == 0) {
        *ret_lost = client->pipes_lost;
        *ret = client->pool;
        client->pool = *ret == NULL ? NULL : (*ret)->next;
    }
    (void)pthread_mutex_unlock(&client->lock);
    return r;
}

/* Leaves the call; what can be used again goes into the pool. */
static void call_leave(struct channel_client *client, struct call *reusable)
{
    (void)pthread_mutex_lock(&client->lock);
    if (reusable != NULL) {
        reusable->next = client->pool;
        client->pool = reusable;
    }
    client->calls_count--;
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->lock);
}

static int call_send(struct call *call, const void *bytes, size_t bytes_count, int timeout_ms,
                     int64_t *ret_sent_ns)
{
    nng_msg *message = NULL;

    if (nng_msg_alloc(&message, 0) != 0) {
        return -ENOMEM;
    }
    if (nng_msg_append(message, bytes, bytes_count) != 0) {
        nng_msg_free(message);
        return -ENOMEM;
    }
    call->receives = false;
    call->done = false;
    nng_aio_set_msg(call->aio, message);
    nng_aio_set_timeout(call->aio, timeout_ms > 0 ? timeout_ms : 1); /* Others have a meaning. */
    *ret_sent_ns = mono_ns();
    nng_ctx_send(call->ctx, call->aio);
    return 0;
}

static int call_wait(struct call *call, int64_t deadline_ns, uint32_t pipes_lost)
{
    struct channel_client *client = call->client;
    int r = 0;

    (void)pthread_mutex_lock(&client->lock);
    while (r == 0 && !call->done) {
        if (client->cancelled) {
            r = -ECANCELED;
        } else if (client->pipes_lost != pipes_lost) {
            r = -ECONNRESET;
        } else if (!wait_change(client, deadline_ns)) {
            r = -ETIMEDOUT;
        }
    }
    if (r == 0) {
        r = channel_errno(call->result);
    }
    /* NNG tells the call before it tells of the pipe: the next call would take the loss for its
     * own. */
    while (r == -ECONNRESET && client->pipes_lost == pipes_lost && !client->cancelled &&
           wait_change(client, deadline_ns)) {
    }
    (void)pthread_mutex_unlock(&client->lock);
    return r;
}

/* Hands the reply over as memory that free() takes. */
static int call_take(struct call *call, struct channel_reply *ret)
{
    nng_msg *message = nng_aio_get_msg(call->aio);
    size_t bytes_count = nng_msg_len(message);
    void *bytes = malloc(bytes_count + 1);

    nng_aio_set_msg(call->aio, NULL);
    if (bytes != NULL) {
        memcpy(bytes, nng_msg_body(message), bytes_count);
        ret->bytes = bytes;
        ret->bytes_count = bytes_count;
        ret->received_ns = call->received_ns;
    }
    explicit_bzero(nng_msg_body(message), bytes_count); /* It may hold passwords. */
    nng_msg_free(message);
    return bytes != NULL ? 0 : -ENOMEM;
}

/* Nothing came since the call began: perhaps nothing can through this connection any more. Other
 * calls that wait for it are told that it is lost. */
static void look_at_contact(struct channel_client *client, int64_t sent_ns)
{
    int64_t now_ns = mono_ns();
    bool stale;

    (void)pthread_mutex_lock(&client->lock);
    stale = !client->dials_anew && !client->cancelled && channel_dial_may_part(&client->dial) &&
            channel_contact_is_stale(&client->contact, sent_ns, now_ns);
    if (stale) {
        client->dials_anew = true;
        client->contact.dialed_ns = now_ns;
        client->contact.answered = false;
        /* NNG tells later that it is gone: the next call is not to be one of its. */
        client->pipes_lost += client->pipe != 0 ? 1 : 0;
        client->pipe = 0;
    }
    (void)pthread_mutex_unlock(&client->lock);
    if (stale) {
        channel_dial_again(&client->dial); /* Calls back, for which the lock has to be free. */
        (void)pthread_mutex_lock(&client->lock);
        client->dials_anew = false;
        (void)pthread_mutex_unlock(&client->lock);
    }
}

int channel_call(struct channel_client *client, const void *bytes, size_t bytes_count,
                 int timeout_ms, struct channel_reply *ret, struct errinfo *reterr)
{
    int64_t began_ns = mono_ns();
    int64_t deadline_ns = began_ns + timeout_ms * NS_PER_MS;
    struct channel_reply reply = {0};
    struct call *call = NULL;
    uint32_t pipes_lost = 0;
    int r;

    if (bytes_count > client->bytes_max) {
        return errinfo_set(reterr, -EMSGSIZE, "a request of %zu bytes is beyond the limit of %zu",
                           bytes_count, client->bytes_max);
    }
    r = call_enter(client, deadline_ns, &pipes_lost, &call);
    if (r == 0 && call == NULL) {
        call = call_new(client);
        r = call == NULL ? -ENOMEM : 0;
    }
    if (r == 0) {
        r = call_send(call, bytes, bytes_count, timeout_ms, &reply.sent_ns);
    }
    if (r == 0) {
        r = call_wait(call, deadline_ns, pipes_lost);
    }
    if (r == -ETIMEDOUT || r == -ECONNREFUSED) {
        look_at_contact(client, began_ns);
    }
    if (r == 0) {
        r = call_take(call, &reply);
    }
    if (r < 0) {
        /* Its context may still have a request under way, and would resend it: it goes. */
        call_free(call);
        call = NULL;
    }
    call_leave(client, call);
    if (r < 0) {
        return errinfo_set(reterr, r, "%s", strerror(-r));
    }
    *ret = reply;
    return 0;
}
