#include "kafka_peer_inner.h"

#include "kafka_client_inner.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* ApiVersions, version 0, without a client's name: brokers of every age and listeners with a login
 * answer it. Its length, 10, comes first. */
static const unsigned char question[] = {0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff};

#define TLS_ALERT 0x15
#define TLS_MAJOR 0x03

static enum probe_failure judge(const unsigned char *answer, size_t bytes, struct errinfo *reterr)
{
    if (bytes >= 4 && memcmp(answer, "AMQP", 4) == 0) {
        (void)errinfo_set(reterr, 0, "what answers speaks AMQP, as RabbitMQ does, not Kafka");
        return PROBE_PROTOCOL;
    }
    if (bytes >= 4 && memcmp(answer, "HTTP", 4) == 0) {
        (void)errinfo_set(reterr, 0, "what answers speaks HTTP, not Kafka");
        return PROBE_PROTOCOL;
    }
    if (bytes >= 2 && answer[0] == TLS_ALERT && answer[1] == TLS_MAJOR) {
        (void)errinfo_set(reterr, 0, "it wants TLS, and the target has no tls: block");
        return PROBE_TLS;
    }
    return PROBE_OK;
}

enum probe_failure kafka_peer_check(int fd, int64_t deadline_ns, struct errinfo *reterr)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    unsigned char answer[8];
    ssize_t got;

    if (send(fd, question, sizeof question, MSG_NOSIGNAL) != (ssize_t)sizeof question ||
        poll(&wait, 1, kafka_ms_until(deadline_ns)) != 1) {
        return PROBE_OK;
    }
    got = recv(fd, answer, sizeof answer, 0);
    if (got == 0) {
        (void)errinfo_set(reterr, 0,
                          "it closed the connection instead of answering: not Kafka, or "
                          "it wants TLS (a tls: block of the target)");
        return PROBE_PROTOCOL;
    }
    return got < 0 ? PROBE_OK : judge(answer, (size_t)got, reterr);
}
