#include "net.h"

#include "mono.h"
#include "sync.h"

#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int net_split(const char *address, char host[NET_HOST_BYTES], char port[NET_PORT_BYTES])
{
    const char *colon = strrchr(address, ':');
    size_t host_bytes = colon == NULL ? 0 : (size_t)(colon - address);

    if (host_bytes == 0 || host_bytes >= NET_HOST_BYTES || strlen(colon + 1) >= NET_PORT_BYTES) {
        return -EINVAL;
    }
    if (address[0] == '[' && address[host_bytes - 1] == ']' && host_bytes > 2) {
        address++;
        host_bytes -= 2;
    }
    memcpy(host, address, host_bytes);
    host[host_bytes] = '\0';
    (void)snprintf(port, NET_PORT_BYTES, "%s", colon + 1);
    return 0;
}

/* A look-up on its own thread. Whoever comes last frees it. */
struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char host[NET_HOST_BYTES];
    char port[NET_PORT_BYTES];
    bool done;
    bool abandoned;
    int code;
    struct addrinfo *found;
};

static void lookup_free(struct lookup *lookup)
{
    if (lookup->found != NULL) {
        freeaddrinfo(lookup->found);
    }
    (void)pthread_cond_destroy(&lookup->changed);
    (void)pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void *lookup_run(void *argument)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct lookup *lookup = argument;
    struct addrinfo *found = NULL;
    int code = getaddrinfo(lookup->host, lookup->port, &hints, &found);
    bool abandoned;

    (void)pthread_setname_np(pthread_self(), "lookup");
    sync_lock(&lookup->lock);
    lookup->code = code;
    lookup->found = code == 0 ? found : NULL;
    lookup->done = true;
    abandoned = lookup->abandoned;
    (void)pthread_cond_signal(&lookup->changed);
    sync_unlock(&lookup->lock);
    if (abandoned) {
        lookup_free(lookup);
    }
    return NULL;
}

static int lookup_await(struct lookup *lookup, int64_t deadline_ns, struct addrinfo **ret)
{
    int code = EAI_AGAIN;
    bool done;

    sync_lock(&lookup->lock);
    while (!lookup->done && sync_condition_wait(&lookup->changed, &lookup->lock, deadline_ns)) {
        /* Again: it may have woken for no reason. */
    }
    done = lookup->done;
    lookup->abandoned = !done;
    if (done) {
        code = lookup->code;
        *ret = lookup->found;
        lookup->found = NULL;
    }
    sync_unlock(&lookup->lock);
    if (done) {
        lookup_free(lookup);
    }
    return code;
}

int net_resolve(const char *host, const char *port, int64_t deadline_ns, struct addrinfo **ret)
{
    const struct addrinfo number = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct lookup *lookup;
    pthread_t thread;
    int code = getaddrinfo(host, port, &number, ret);

    if (code != EAI_NONAME) {
        return code;
    }
    lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        return EAI_MEMORY;
    }
    (void)snprintf(lookup->host, sizeof lookup->host, "%s", host);
    (void)snprintf(lookup->port, sizeof lookup->port, "%s", port);
    (void)pthread_mutex_init(&lookup->lock, NULL);
    sync_condition_init(&lookup->changed);
    if (pthread_create(&thread, NULL, lookup_run, lookup) != 0) {
        lookup_free(lookup);
        return EAI_MEMORY;
    }
    (void)pthread_detach(thread);
    return lookup_await(lookup, deadline_ns, ret);
}

/* Waits until a connect() has ended. 0 or a negative errno. */
static int connect_end(int fd, int64_t deadline_ns)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t error_bytes = sizeof error;
    int r;

    do {
        int64_t left_ms = (deadline_ns - mono_ns()) / NS_PER_MS;

        r = poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0);
    } while (r < 0 && errno == EINTR);
    if (r == 0) {
        return -ETIMEDOUT;
    }
    if (r < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0) {
        return -errno;
    }
    return -error;
}

static int connect_one(const struct addrinfo *address, int64_t deadline_ns, int *ret_fd)
{
    int r = 0;
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->ai_protocol);

    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
        r = errno == EINPROGRESS ? connect_end(fd, deadline_ns) : -errno;
    }
    if (r < 0) {
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int connect_any(const struct addrinfo *found, int64_t deadline_ns, int *ret_fd)
{
    int64_t left_count = 0;
    int r = -EHOSTUNREACH;

    for (const struct addrinfo *address = found; address != NULL; address = address->ai_next) {
        left_count++;
    }
    for (const struct addrinfo *address = found; address != NULL; address = address->ai_next) {
        int64_t now_ns = mono_ns();

        r = connect_one(address, now_ns + (deadline_ns - now_ns) / left_count--, ret_fd);
        if (r == 0) {
            break;
        }
    }
    return r;
}

int net_connect(const char *host, const char *port, int64_t deadline_ns, int *ret_fd,
                enum net_failure *ret_failure, struct errinfo *reterr)
{
    struct addrinfo *found = NULL;
    int r = net_resolve(host, port, deadline_ns, &found);

    if (r != 0) {
        *ret_failure = NET_NAME;
        return errinfo_set(reterr, -EHOSTUNREACH, "the name %s can't be resolved: %s", host,
                           gai_strerror(r));
    }
    r = connect_any(found, deadline_ns, ret_fd);
    freeaddrinfo(found);
    switch (r) {
    case 0:
        *ret_failure = NET_OK;
        return 0;
    case -ECONNREFUSED:
        *ret_failure = NET_REFUSED;
        return errinfo_set(reterr, r, "refused, nothing listens there");
    case -ETIMEDOUT:
        *ret_failure = NET_TIMEOUT;
        return errinfo_set(reterr, r, "no answer to a TCP connection in time");
    default:
        *ret_failure = NET_OTHER;
        return errinfo_set(reterr, r, "%s", strerror(-r));
    }
}
