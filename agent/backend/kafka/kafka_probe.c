#include "kafka_probe_inner.h"

#include "kafka_client_inner.h"
#include "kafka_described_inner.h"
#include "kafka_end_inner.h"
#include "kafka_peer_inner.h"
#include "mono.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is not Kafka answers at once; what is silent is the library's to wait for. */
#define PEER_NS (500 * NS_PER_MS)
/* Brokers that tell their limits do it at once. */
#define LIMITS_NS (NS_PER_S)

/* What the probe learns on its way. */
struct finding {
    enum probe_failure failure;
    char own_address[NI_MAXHOST]; /* As the broker sees this host; "" if unknown. */
    struct broker_limits limits;
};

static void note_own_address(int fd, struct finding *finding)
{
    struct sockaddr_storage own = {.ss_family = AF_UNSPEC};
    socklen_t own_bytes = sizeof own;

    if (getsockname(fd, (struct sockaddr *)&own, &own_bytes) < 0 ||
        getnameinfo((struct sockaddr *)&own, own_bytes, finding->own_address,
                    sizeof finding->own_address, NULL, 0, NI_NUMERICHOST) != 0) {
        finding->own_address[0] = '\0';
    }
}

/* Resolves and connects: tells a wrong name from a closed port better than the library does. */
static enum probe_failure reach(const char *address, bool tls, int64_t deadline_ns,
                                struct finding *finding, struct errinfo *reterr)
{
    char host[NET_HOST_BYTES];
    char port[NET_PORT_BYTES];
    enum net_failure failure = NET_OK;
    enum probe_failure found = PROBE_OK;
    int fd = -1;

    if (net_split(address, host, port) < 0) {
        (void)errinfo_set(reterr, 0, "%s: is not of the form HOST:PORT", address);
        return PROBE_NAME;
    }
    if (net_connect(host, port, deadline_ns, &fd, &failure, reterr) < 0) {
        (void)errinfo_prefix(reterr, 0, "%s", address);
        return backend_net_failure(failure);
    }
    note_own_address(fd, finding);
    if (!tls) {
        int64_t latest_ns = mono_ns() + PEER_NS;

        found = kafka_peer_check(fd, latest_ns < deadline_ns ? latest_ns : deadline_ns, reterr);
    }
    (void)close(fd);
    if (found != PROBE_OK) {
        (void)errinfo_prefix(reterr, 0, "%s", address);
    }
    return found;
}

/* One address that can be reached will do: the others are told by it. */
static enum probe_failure reach_any(const struct target *target, int64_t deadline_ns,
                                    struct finding *finding, struct errinfo *reterr)
{
    enum probe_failure failure = PROBE_NAME;

    (void)errinfo_set(reterr, 0, "the target has no address");
    for (uint32_t i = 0; i < target->addresses_count; i++) {
        /* A share of the time each, or the first that swallows packets takes all of it. */
        int64_t now_ns = mono_ns();
        int64_t share_ns = (deadline_ns - now_ns) / (int64_t)(target->addresses_count - i + 1);

        failure = reach(target->addresses[i], target->tls, now_ns + share_ns, finding, reterr);
        if (failure == PROBE_OK) {
            break;
        }
    }
    return failure;
}

/* Clients are sent on to the addresses that brokers advertise: one that does not answer from here
 * is found out at the first message only, as silence. */
static enum probe_failure reach_advertised(const struct rd_kafka_metadata *metadata,
                                           int64_t deadline_ns, struct errinfo *reterr)
{
    for (int i = 0; i < metadata->broker_cnt; i++) {
        const struct rd_kafka_metadata_broker *broker = &metadata->brokers[i];
        int64_t now_ns = mono_ns();
        int64_t share_ns = (deadline_ns - now_ns) / (metadata->broker_cnt - i);
        enum net_failure failure = NET_OK;
        char port[NET_PORT_BYTES];
        int fd = -1;

        (void)snprintf(port, sizeof port, "%d", broker->port);
        if (net_connect(broker->host, port, now_ns + share_ns, &fd, &failure, reterr) < 0) {
            (void)errinfo_prefix(reterr, 0,
                                 "broker %d is known under %s:%d (advertised.listeners), which "
                                 "does not answer from here",
                                 (int)broker->id, broker->host, broker->port);
            return backend_net_failure(failure);
        }
        (void)close(fd);
    }
    return PROBE_OK;
}

static int look_at_brokers(rd_kafka_t *client, int64_t deadline_ns, struct finding *finding,
                           struct errinfo *reterr)
{
    const struct rd_kafka_metadata *metadata = NULL;

    /* Answered a moment ago; if not again, that is for the load to find out. */
    if (rd_kafka_metadata(client, 0, NULL, &metadata, kafka_ms_until(deadline_ns)) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0;
    }
    finding->failure = reach_advertised(metadata, deadline_ns, reterr);
    if (finding->failure == PROBE_OK) {
        int64_t latest_ns = mono_ns() + LIMITS_NS;

        kafka_described_limits(client, metadata, finding->own_address,
                               latest_ns < deadline_ns ? latest_ns : deadline_ns, &finding->limits);
    }
    rd_kafka_metadata_destroy(metadata);
    return kafka_failure_errno(finding->failure);
}

int kafka_probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
                struct errinfo *reterr)
{
    struct finding finding = {.limits = {.count = 0}};
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *client = NULL;
    int r;

    finding.failure = reach_any(target, deadline_ns, &finding, reterr);
    r = kafka_failure_errno(finding.failure);
    if (r == 0) {
        finding.failure = PROBE_OTHER;
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
        r = kafka_client_connect(client, target, deadline_ns, &finding.failure, reterr);
        r = r < 0 ? r : look_at_brokers(client, deadline_ns, &finding, reterr);
    } else if (finding.failure == PROBE_OTHER && target->tls) {
        finding.failure = PROBE_TLS; /* Certificates are read when a handle is made. */
    }
    if (conf != NULL) {
        rd_kafka_conf_destroy(conf);
    }
    kafka_end(&client, 1, mono_ns() + NS_PER_S / 2);
    /* The protocol names versions of its requests, but not the broker's. */
    *ret = (struct probe){.failure = finding.failure, .limits = finding.limits};
    return r;
}
