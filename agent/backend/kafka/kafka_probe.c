#include "kafka_probe.h"

#include "kafka_client.h"
#include "kafka_end.h"
#include "mono.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST_BYTES 256

/* Splits "host:port" or "[::1]:port". */
static int split_address(const char *address, char *host, const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t host_bytes = colon == NULL ? 0 : (size_t)(colon - address);

    if (host_bytes == 0 || host_bytes >= HOST_BYTES) {
        return -EINVAL;
    }
    if (address[0] == '[' && address[host_bytes - 1] == ']' && host_bytes > 2) {
        address++;
        host_bytes -= 2;
    }
    memcpy(host, address, host_bytes);
    host[host_bytes] = '\0';
    *port = colon + 1;
    return 0;
}

/* A lookup that may outlive its deadline: glibc can't take a running one back, so then it is left
 * to itself (a leak of a few hundred bytes per such probe). */
struct lookup {
    struct gaicb request;
    struct addrinfo hints;
    char host[HOST_BYTES];
    char port[HOST_BYTES];
};

static int resolve(const char *host, const char *port, int64_t deadline_ns, struct addrinfo **ret)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    struct gaicb *list[1];
    int64_t left_ns = deadline_ns - mono_ns();
    struct timespec left = {.tv_sec = left_ns < 0 ? 0 : left_ns / NS_PER_S,
                            .tv_nsec = left_ns < 0 ? 0 : left_ns % NS_PER_S};
    int code;

    if (lookup == NULL) {
        return EAI_MEMORY;
    }
    (void)snprintf(lookup->host, sizeof lookup->host, "%s", host);
    (void)snprintf(lookup->port, sizeof lookup->port, "%s", port);
    lookup->hints.ai_socktype = SOCK_STREAM;
    lookup->request.ar_name = lookup->host;
    lookup->request.ar_service = lookup->port;
    lookup->request.ar_request = &lookup->hints;
    list[0] = &lookup->request;
    code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
    if (code == 0) {
        do {
            code = gai_suspend((const struct gaicb *const *)list, 1, &left);
        } while (code == EAI_INTR);
        code = gai_error(&lookup->request);
        if (code == EAI_INPROGRESS) {
            if (gai_cancel(&lookup->request) == EAI_CANCELED) {
                free(lookup);
            }
            return EAI_INPROGRESS;
        }
    }
    if (code == 0) {
        *ret = lookup->request.ar_result;
    }
    free(lookup);
    return code;
}

/* 0 or the errno of the last attempt. */
static int connect_any(const struct addrinfo *found, int64_t deadline_ns)
{
    int error = ETIMEDOUT;

    for (; found != NULL && mono_ns() < deadline_ns; found = found->ai_next) {
        int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        socklen_t bytes = sizeof error;

        if (fd < 0) {
            error = errno;
            continue;
        }
        error = connect(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
        if (error == EINPROGRESS) {
            error = ETIMEDOUT;
            if (poll(&wait, 1, kafka_ms_until(deadline_ns)) == 1) {
                (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
            }
        }
        (void)close(fd);
        if (error == 0) {
            return 0;
        }
    }
    return error;
}

/* Resolves and connects: tells a wrong name from a closed port better than the library does. */
static enum probe_failure reach(const char *address, int64_t deadline_ns, struct errinfo *reterr)
{
    char host[HOST_BYTES];
    const char *port = NULL;
    struct addrinfo *found = NULL;
    enum probe_failure failure = PROBE_OK;
    int code;

    if (split_address(address, host, &port) < 0) {
        (void)errinfo_set(reterr, 0, "%s: is not of the form HOST:PORT", address);
        return PROBE_NAME;
    }
    code = resolve(host, port, deadline_ns, &found);
    if (code != 0) {
        (void)errinfo_set(reterr, 0, "%s: the name can't be resolved: %s", address,
                          gai_strerror(code));
        return PROBE_NAME;
    }
    code = connect_any(found, deadline_ns);
    freeaddrinfo(found);
    if (code != 0) {
        failure = code == ETIMEDOUT ? PROBE_TIMEOUT : PROBE_REFUSED;
        (void)errinfo_set(reterr, 0, "%s: can't connect: %s", address, strerror(code));
    }
    return failure;
}

/* One address that can be reached will do: the others are told by it. */
static enum probe_failure reach_any(const struct target *target, int64_t deadline_ns,
                                    struct errinfo *reterr)
{
    enum probe_failure failure = PROBE_NAME;

    (void)errinfo_set(reterr, 0, "the target has no address");
    for (uint32_t i = 0; i < target->addresses_count; i++) {
        /* A share of the time each, or the first that swallows packets takes all of it. */
        int64_t now_ns = mono_ns();
        int64_t share_ns = (deadline_ns - now_ns) / (int64_t)(target->addresses_count - i + 1);

        failure = reach(target->addresses[i], now_ns + share_ns, reterr);
        if (failure == PROBE_OK) {
            break;
        }
    }
    return failure;
}

int kafka_probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
                struct errinfo *reterr)
{
    enum probe_failure failure = reach_any(target, deadline_ns, reterr);
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *client = NULL;
    int r = kafka_failure_errno(failure);

    if (r == 0) {
        failure = PROBE_OTHER;
        r = kafka_conf_new(target, &conf, reterr);
    }
    if (r == 0) {
        /* The default of 4 s would eat the time in which a silent server is to be told. */
        r = kafka_conf_set(conf, reterr, "api.version.request.timeout.ms", "2000");
    }
    if (r == 0) {
        /* Here a connection that is closed is the news. */
        r = kafka_conf_set(conf, reterr, "log.connection.close", "true");
    }
    if (r == 0) {
        r = kafka_client_new(RD_KAFKA_PRODUCER, conf, &client, reterr);
        conf = NULL;
    }
    if (r == 0) {
        r = kafka_client_connect(client, target, deadline_ns, &failure, reterr);
    } else if (failure == PROBE_OTHER && target->tls) {
        failure = PROBE_TLS; /* Certificates are read when a handle is made. */
    }
    if (conf != NULL) {
        rd_kafka_conf_destroy(conf);
    }
    kafka_end(&client, 1, mono_ns() + NS_PER_S / 2);
    /* The protocol names versions of its requests, but not the broker's. */
    *ret = (struct probe){.failure = failure};
    return r;
}
