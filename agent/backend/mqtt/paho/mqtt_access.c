#include "mqtt_access_inner.h"

#include "backend.h"
#include "catalog_entries.h"
#include "invariant.h"
#include "mono.h"
#include "net.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_PLAIN "1883"
#define PORT_TLS "8883"

/* mqtt://HOST:PORT, mqtts://[::1]; the catalog has checked the form. */
static int parse_address(const char *text, bool tls, struct mqtt_address *ret,
                         struct errinfo *reterr)
{
    const char *host = strstr(text, "://");
    size_t rest_bytes;
    const char *colon;
    size_t host_bytes;

    ret->tls = tls || strncmp(text, "mqtts:", 6) == 0;
    host = host != NULL ? host + 3 : text;
    rest_bytes = strcspn(host, "/");
    colon = memrchr(host, ':', rest_bytes);
    if (colon != NULL && memchr(colon, ']', (size_t)(host + rest_bytes - colon)) != NULL) {
        colon = NULL;
    }
    host_bytes = colon != NULL ? (size_t)(colon - host) : rest_bytes;
    if (host_bytes == 0 || host_bytes >= sizeof ret->host) {
        return errinfo_set(reterr, -EINVAL, "%s: no host in the address", text);
    }
    memcpy(ret->host, host, host_bytes);
    ret->host[host_bytes] = '\0';
    if (colon != NULL) {
        (void)snprintf(ret->port, sizeof ret->port, "%.*s", (int)(host + rest_bytes - colon - 1),
                       colon + 1);
    } else {
        (void)snprintf(ret->port, sizeof ret->port, "%s", ret->tls ? PORT_TLS : PORT_PLAIN);
    }
    return 0;
}

static const char *address_text(const struct mqtt_access *access, uint32_t index)
{
    return access->target->addresses[(access->first + index) % access->addresses_count];
}

int mqtt_access_init(const struct target *target, uint32_t first, struct mqtt_access *ret,
                     struct errinfo *reterr)
{
    int64_t keep_alive_ns = catalog_option_number(&catalog_mqtt_paho, target, "keep_alive");
    int r = 0;

    ASSERT(target->addresses_count > 0);
    *ret = (struct mqtt_access){
        .target = target,
        .addresses = calloc(target->addresses_count, sizeof *ret->addresses),
        .uris = calloc(target->addresses_count, sizeof *ret->uris),
        .addresses_count = target->addresses_count,
        .first = first % target->addresses_count,
        .uris_count = target->addresses_count,
        .keep_alive_s = (int)((keep_alive_ns + NS_PER_S - 1) / NS_PER_S),
        .nodelay = catalog_option_number(&catalog_mqtt_paho, target, "tcp_nodelay") != 0,
    };
    ASSERT(pthread_mutex_init(&ret->mutex, NULL) == 0);
    if (ret->addresses == NULL || ret->uris == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < target->addresses_count && r == 0; i++) {
        struct mqtt_address *address = &ret->addresses[i];

        r = parse_address(address_text(ret, i), target->tls, address, reterr);
        if (r == 0 && asprintf(&ret->uris[i], "%s://%s:%s", address->tls ? "ssl" : "tcp",
                               address->host, address->port) < 0) {
            ret->uris[i] = NULL;
            r = errinfo_nomem(reterr);
        }
    }
    return r;
}

/* As paho chooses: the first IPv4 address of a name, else the first. */
static const struct addrinfo *choose(const struct addrinfo *found)
{
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next) {
        if (info->ai_family == AF_INET) {
            return info;
        }
    }
    return found;
}

/* The host of an address without the brackets of IPv6. */
static void bare_host(const struct mqtt_address *address, char *host, size_t host_bytes)
{
    (void)snprintf(host, host_bytes, "%s", address->host + (address->host[0] == '['));
    host[strcspn(host, "]")] = '\0';
}

static int resolve_one(struct mqtt_access *access, uint32_t index, int64_t deadline_ns,
                       struct errinfo *reterr)
{
    const struct mqtt_address *address = &access->addresses[index];
    char host[sizeof address->host];
    char number[NI_MAXHOST];
    struct addrinfo *found = NULL;
    const struct addrinfo *chosen;
    char *uri = NULL;
    int code;

    bare_host(address, host, sizeof host);
    code = net_resolve(host, address->port, deadline_ns, &found);
    if (code != 0) {
        return errinfo_set(reterr, -EHOSTUNREACH, "%s: the name %s can't be resolved: %s",
                           address_text(access, index), host, gai_strerror(code));
    }
    chosen = choose(found);
    code = getnameinfo(chosen->ai_addr, chosen->ai_addrlen, number, sizeof number, NULL, 0,
                       NI_NUMERICHOST);
    if (code == 0 && !address->tls &&
        asprintf(&uri, chosen->ai_family == AF_INET6 ? "tcp://[%s]:%s" : "tcp://%s:%s", number,
                 address->port) >= 0) {
        free(access->uris[index]);
        access->uris[index] = uri;
    }
    freeaddrinfo(found);
    return 0;
}

int mqtt_access_resolve(struct mqtt_access *access, int64_t deadline_ns, struct errinfo *reterr)
{
    uint32_t count = access->addresses_count;
    uint32_t known = 0;
    int r = -EHOSTUNREACH;

    for (uint32_t i = 0; i < count; i++) {
        int64_t now_ns = mono_ns();

        r = resolve_one(access, i, now_ns + (deadline_ns - now_ns) / (count - i), reterr);
        if (r == 0) {
            char *uri = access->uris[known]; /* Those that can be used come first. */

            access->uris[known++] = access->uris[i];
            access->uris[i] = uri;
        }
    }
    access->uris_count = known;
    return known > 0 ? 0 : r;
}

int mqtt_access_resolve_as(struct mqtt_access *access, const struct mqtt_access *other,
                           struct errinfo *reterr)
{
    for (uint32_t i = 0; i < other->uris_count; i++) {
        char *uri = strdup(other->uris[(access->first + i) % other->uris_count]);

        if (uri == NULL) {
            return errinfo_nomem(reterr);
        }
        free(access->uris[i]);
        access->uris[i] = uri;
    }
    access->uris_count = other->uris_count;
    return 0;
}

void mqtt_access_done(struct mqtt_access *access)
{
    for (uint32_t i = 0; access->uris != NULL && i < access->addresses_count; i++) {
        free(access->uris[i]);
    }
    free(access->uris);
    free(access->addresses);
    (void)pthread_mutex_destroy(&access->mutex);
}

int mqtt_access_create(const struct mqtt_access *access, const char *client_id, MQTTAsync *ret,
                       struct errinfo *reterr)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    int r;

    options.maxBufferedMessages = INT32_MAX; /* The driver counts for itself. */
    r = MQTTAsync_createWithOptions(ret, access->uris[0], client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                    NULL, &options);
    if (r != MQTTASYNC_SUCCESS) {
        return errinfo_set(reterr, -ENOMEM, "%s: paho can't make a client: %s",
                           address_text(access, 0), MQTTAsync_strerror(r));
    }
    return 0;
}

/* "error:0A000086:SSL routines:func:certificate verify failed:file.c:1889:" */
static int note_tls_error(const char *text, size_t text_bytes, void *context)
{
    struct mqtt_access *access = context;
    char line[256];
    char *rest = line;
    char *field = NULL;

    (void)snprintf(line, sizeof line, "%.*s", (int)text_bytes, text);
    rest = strstr(line, "error:");
    for (int i = 0; rest != NULL && i < 5; i++) {
        field = strsep(&rest, ":");
    }
    ASSERT(pthread_mutex_lock(&access->mutex) == 0);
    if (access->tls_reason[0] == '\0') {
        (void)snprintf(access->tls_reason, sizeof access->tls_reason, "%s",
                       field != NULL && field[0] != '\0' ? field : "the handshake failed");
    }
    ASSERT(pthread_mutex_unlock(&access->mutex) == 0);
    return 1;
}

int mqtt_access_connect(struct mqtt_access *access, MQTTAsync handle, int64_t deadline_ns,
                        MQTTAsync_connectOptions *options, struct errinfo *reterr)
{
    const struct target *target = access->target;
    MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
    int64_t left_ns = deadline_ns - mono_ns();
    int r;

    ssl.trustStore = target->tls_ca;
    ssl.keyStore = target->tls_cert;
    ssl.privateKey = target->tls_key;
    ssl.verify = 1;
    ssl.ssl_error_cb = note_tls_error;
    ssl.ssl_error_context = access;
    options->maxInflight = UINT16_MAX;
    options->keepAliveInterval = access->keep_alive_s;
    /* Later than the driver's own deadline: paho looks only every 3 s. */
    options->connectTimeout = left_ns > 0 ? (int)(left_ns / NS_PER_S) + 2 : 2;
    options->username = target->username;
    options->password = target->password;
    options->ssl = &ssl; /* Used for ssl:// only; copied by the call. */
    if (access->uris_count > 1) {
        options->serverURIs = access->uris;
        options->serverURIcount = (int)access->uris_count;
    }
    r = MQTTAsync_connect(handle, options);
    options->ssl = NULL;
    if (r != MQTTASYNC_SUCCESS) {
        return errinfo_set(reterr, -EIO, "%s: paho can't begin to connect: %s",
                           address_text(access, 0), MQTTAsync_strerror(r));
    }
    return 0;
}

static bool leads_to(const struct mqtt_access *access, int fd)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t peer_bytes = sizeof peer;
    uint16_t port;

    if (getpeername(fd, (struct sockaddr *)&peer, &peer_bytes) < 0) {
        return false;
    }
    if (peer.ss_family == AF_INET) {
        port = ntohs(((struct sockaddr_in *)&peer)->sin_port);
    } else if (peer.ss_family == AF_INET6) {
        port = ntohs(((struct sockaddr_in6 *)&peer)->sin6_port);
    } else {
        return false;
    }
    for (uint32_t i = 0; i < access->addresses_count; i++) {
        if (strtoul(access->addresses[i].port, NULL, 10) == port) {
            return true;
        }
    }
    return false;
}

/*
 * paho leaves Nagle's algorithm on and hands out neither an option for it nor its sockets. With it,
 * 1 % of QoS 0 messages at 1k/s took 20 to 40 ms on loopback, without it 0.4 ms. So the sockets are
 * found by the port they lead to; another library's socket to the same port would lose nothing.
 */
void mqtt_access_hurry(const struct mqtt_access *access)
{
    DIR *folder = access->nodelay ? opendir("/proc/self/fd") : NULL;
    const struct dirent *entry;
    const int on = 1;

    if (folder == NULL) {
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && leads_to(access, fd)) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
    }
    (void)closedir(folder);
}

static int reach_address(const struct mqtt_access *access, uint32_t index, int64_t deadline_ns,
                         enum probe_failure *ret, struct errinfo *reterr)
{
    const struct mqtt_address *address = &access->addresses[index];
    enum net_failure failure = NET_OK;
    char host[sizeof address->host];
    int fd = -1;
    int r;

    bare_host(address, host, sizeof host);
    r = net_connect(host, address->port, deadline_ns, &fd, &failure, reterr);
    *ret = backend_net_failure(failure);
    if (r < 0) {
        return errinfo_prefix(reterr, r, "%s", address_text(access, index));
    }
    (void)close(fd);
    return 0;
}

int mqtt_access_reach(const struct mqtt_access *access, int64_t deadline_ns,
                      enum probe_failure *ret, struct errinfo *reterr)
{
    int r = -ENOENT;

    for (uint32_t i = 0; i < access->addresses_count && r != 0; i++) {
        int64_t now_ns = mono_ns();
        /* One that is silent leaves the others their share of the time. */
        int64_t share_ns = (deadline_ns - now_ns) / (access->addresses_count - i);

        r = reach_address(access, i, now_ns + share_ns, ret, reterr);
    }
    return r;
}

struct mqtt_failure mqtt_failure_of(const MQTTAsync_failureData5 *data)
{
    struct mqtt_failure failure = {.code = MQTTASYNC_FAILURE};

    if (data != NULL) {
        /* Of a CONNACK the reason comes in code, of a SUBACK in reasonCode. */
        failure.code = data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR ? (int)data->reasonCode
                                                                            : data->code;
        failure.message = data->message;
    }
    return failure;
}

static int explain_reason(const char *address, int code, enum probe_failure *ret,
                          struct errinfo *reterr)
{
    const char *text = MQTTReasonCode_toString((enum MQTTReasonCodes)code);

    switch (code) {
    case MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD:
    case MQTTREASONCODE_NOT_AUTHORIZED:
    case MQTTREASONCODE_BAD_AUTHENTICATION_METHOD:
    case MQTTREASONCODE_BANNED:
        *ret = PROBE_LOGIN;
        return errinfo_set(reterr, -EACCES, "%s: the broker refuses the login: %s", address,
                           text != NULL ? text : "not authorized");
    case MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION:
        *ret = PROBE_PROTOCOL;
        return errinfo_set(reterr, -EPROTO, "%s: the broker does not speak MQTT 5", address);
    case MQTTREASONCODE_QUOTA_EXCEEDED:
    case MQTTREASONCODE_CONNECTION_RATE_EXCEEDED:
        *ret = PROBE_LOOK;
        return errinfo_set(reterr, -EUSERS, "%s: a limit of the broker is reached: %s", address,
                           text != NULL ? text : "it takes no more connections");
    default:
        *ret = PROBE_OTHER;
        return errinfo_set(reterr, -ECONNREFUSED, "%s: the broker refuses: %s", address,
                           text != NULL ? text : "no reason given");
    }
}

int mqtt_access_explain(struct mqtt_access *access, const struct mqtt_failure *failure,
                        enum probe_failure *ret, struct errinfo *reterr)
{
    const char *address = address_text(access, 0);
    char tls_reason[sizeof access->tls_reason];

    ASSERT(pthread_mutex_lock(&access->mutex) == 0);
    (void)snprintf(tls_reason, sizeof tls_reason, "%s", access->tls_reason);
    ASSERT(pthread_mutex_unlock(&access->mutex) == 0);
    if (tls_reason[0] != '\0') {
        *ret = PROBE_TLS;
        return errinfo_set(reterr, -EPROTO, "%s: TLS: %s", address, tls_reason);
    }
    if (failure->timed_out) {
        *ret = PROBE_TIMEOUT;
        return errinfo_set(reterr, -ETIMEDOUT, "%s: no answer to MQTT's CONNECT in time", address);
    }
    if (failure->code > 0) {
        return explain_reason(address, failure->code, ret, reterr);
    }
    *ret = access->addresses[0].tls ? PROBE_TLS : PROBE_PROTOCOL;
    return errinfo_set(reterr, -EPROTO, "%s: the connection was closed during the %s", address,
                       access->addresses[0].tls ? "TLS handshake or the login"
                                                : "login; is it an MQTT port without TLS?");
}
