#include "channel.h"
#include "channel_inner.h"

#include "headroom.h"
#include "invariant.h"
#include "mono.h"
#include "sync.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Beside NNG's: those of a program that has no load yet, with some to spare. */
#define OWN_THREADS 8
#define OWN_BYTES (32 * 1024 * 1024)

const char *channel_library_version(void)
{
    return nng_version();
}

int channel_errno(int nng_error)
{
    static const struct {
        int nng;
        int code;
    } known[] = {
        {NNG_ENOMEM, ENOMEM},
        {NNG_EINVAL, EINVAL},
        {NNG_ETIMEDOUT, ETIMEDOUT},
        {NNG_ECONNREFUSED, ECONNREFUSED},
        {NNG_ECLOSED, ECANCELED},
        {NNG_ECANCELED, ECANCELED},
        {NNG_ENOTSUP, EINVAL}, /* A scheme that this NNG was not built with. */
        {NNG_EADDRINUSE, EADDRINUSE},
        {NNG_ENOENT, ENOENT},
        {NNG_EADDRINVAL, EADDRNOTAVAIL},
        {NNG_EPERM, EACCES},
        {NNG_EMSGSIZE, EMSGSIZE},
        {NNG_ECONNABORTED, ECONNRESET},
        {NNG_ECONNRESET, ECONNRESET},
        {NNG_ECONNSHUT, ECONNRESET},
        {NNG_ENOFILES, EMFILE},
    };

    if (nng_error == 0) {
        return 0;
    }
    if ((nng_error & NNG_ESYSERR) != 0) {
        return -(nng_error & ~NNG_ESYSERR);
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].nng == nng_error) {
            return -known[i].code;
        }
    }
    return -EIO;
}

int channel_error(int nng_error, const char *what, struct errinfo *reterr)
{
    return errinfo_set(reterr, channel_errno(nng_error), "%s: %s", what, nng_strerror(nng_error));
}

/* NNG takes tcp://host without a port and listens on any; a typing error must not end there. */
static bool has_port(const char *host_and_port)
{
    const char *colon = strrchr(host_and_port, ':');

    return colon != NULL && colon[1] != '\0' &&
           strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

int channel_url_check(const char *url, struct errinfo *reterr)
{
    if (strncmp(url, "ipc://", 6) == 0) {
        return url[6] != '\0' ? 0 : errinfo_set(reterr, -EINVAL, "%s: the path is missing", url);
    }
    if (strncmp(url, "tcp://", 6) == 0) {
        return has_port(url + 6) ? 0 : errinfo_set(reterr, -EINVAL, "%s: the port is missing", url);
    }
    return errinfo_set(reterr, -EINVAL, "%s: not ipc://PATH or tcp://HOST:PORT", url);
}

bool channel_url_is_local(const char *url)
{
    char host[INET_ADDRSTRLEN];
    struct in_addr address;
    size_t host_bytes;

    if (strncmp(url, "ipc://", 6) == 0 || strncmp(url, "tcp://[::1]:", 12) == 0 ||
        strncmp(url, "tcp://localhost:", 16) == 0) {
        return true;
    }
    if (strncmp(url, "tcp://", 6) != 0) {
        return false;
    }
    /* A name may begin with 127. too. */
    host_bytes = strcspn(url + 6, ":");
    (void)snprintf(host, sizeof host, "%.*s", (int)host_bytes, url + 6);
    return host_bytes < sizeof host && inet_pton(AF_INET, host, &address) == 1 &&
           ntohl(address.s_addr) >> 24 == 127;
}

/*
 * NNG 1.5 starts its threads with the first socket: two for each CPU that the host has, 2 to 16;
 * one for each CPU to expire what waits, at most 256; 4 resolvers, and 3 more. Where one can't be
 * started it hangs or crashes while it takes back the others.
 */
static uint32_t library_threads(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t count = cpus < 1 ? 1 : cpus > 256 ? 256 : (uint32_t)cpus;

    return (count >= 8 ? 16 : 2 * count) + count + 4 + 3;
}

int channel_try(struct errinfo *reterr)
{
    static atomic_bool enough;
    int r = 0;

    if (!atomic_load(&enough)) {
        r = headroom_try(library_threads() + OWN_THREADS, OWN_BYTES, reterr);
        atomic_store(&enough, r == 0);
    }
    return r;
}

int channel_socket_limit(nng_socket socket, size_t bytes_max, struct errinfo *reterr)
{
    int r = nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, CHANNEL_SOCKET_TIMEOUT_MS);

    if (r == 0) {
        r = nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, CHANNEL_SOCKET_TIMEOUT_MS);
    }
    /* The default is no limit: a bare length header then maps as much memory as it claims. */
    if (r == 0) {
        r = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, bytes_max + CHANNEL_HEADER_BYTES_MAX);
    }
    return r == 0 ? 0 : channel_error(r, "control socket", reterr);
}

void channel_message_free(nng_msg *message)
{
    if (message != NULL) {
        nng_msg_free(message);
    }
}

/* A closing that may never end, on a thread of its own. Whoever comes last frees it. */
struct closing {
    nng_socket socket;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    bool abandoned;
};

static void closing_free(struct closing *closing)
{
    (void)pthread_cond_destroy(&closing->changed);
    (void)pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *closing_run(void *argument)
{
    struct closing *closing = argument;
    bool abandoned;

    (void)pthread_setname_np(pthread_self(), "channel:closer");
    (void)nng_close(closing->socket);
    (void)pthread_mutex_lock(&closing->lock);
    closing->done = true;
    abandoned = closing->abandoned;
    (void)pthread_cond_signal(&closing->changed);
    (void)pthread_mutex_unlock(&closing->lock);
    if (abandoned) {
        closing_free(closing);
    }
    return NULL;
}

/* Once NNG has got stuck, it is so for good: it frees connections on a single thread. */
static atomic_bool stuck;

/* Much sooner back if NNG is stuck already. */
bool channel_socket_close(nng_socket socket)
{
    int64_t limit_ms = atomic_load(&stuck) ? CHANNEL_CLOSE_STUCK_MS : CHANNEL_CLOSE_MS;
    int64_t deadline_ns = mono_ns() + limit_ms * NS_PER_MS;
    struct closing *closing = calloc(1, sizeof *closing);
    pthread_t thread;
    bool done;
    int r;

    if (closing == NULL) {
        return false; /* The process is at its end anyway. */
    }
    closing->socket = socket;
    r = pthread_mutex_init(&closing->lock, NULL);
    ASSERT(r == 0);
    sync_condition_init(&closing->changed);
    if (pthread_create(&thread, NULL, closing_run, closing) != 0) {
        closing_free(closing);
        return false;
    }
    (void)pthread_mutex_lock(&closing->lock);
    while (!closing->done && sync_condition_wait(&closing->changed, &closing->lock, deadline_ns)) {
    }
    done = closing->done;
    closing->abandoned = !done;
    (void)pthread_mutex_unlock(&closing->lock);
    if (done) {
        (void)pthread_join(thread, NULL);
        closing_free(closing);
    } else {
        atomic_store(&stuck, true);
        (void)pthread_detach(thread);
    }
    return done;
}
