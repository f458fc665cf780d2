#include "rabbitmq_link_inner.h"

#include "address.h"
#include "catalog_entries.h"
#include "file.h"
#include "mono.h"
#include "rabbitmq_encode_inner.h"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNELS_MAX 2047
#define PORT_PLAIN 5672
#define PORT_TLS 5671

/* One attempt to open a link. */
struct attempt {
    const struct rabbitmq_link_config *config;
    int64_t deadline_ns;
    struct address address; /* The library's own parser takes no byte of a virtual host that is
                               beyond ASCII. */
    enum probe_failure failure;
};

static struct timeval time_left(int64_t deadline_ns)
{
    int64_t left_ns = deadline_ns - mono_ns();

    if (left_ns < NS_PER_MS) {
        left_ns = NS_PER_MS; /* Zero would mean: don't wait at all, or wait for ever. */
    }
    return (struct timeval){.tv_sec = left_ns / NS_PER_S,
                            .tv_usec = left_ns % NS_PER_S / NS_PER_US};
}

void rabbitmq_link_deadline(struct rabbitmq_link *link, int64_t deadline_ns)
{
    struct timeval left = time_left(deadline_ns);

    (void)amqp_set_rpc_timeout(link->connection, &left);
}

static int fail(struct attempt *attempt, enum probe_failure failure, int code,
                struct errinfo *reterr, const char *sentence)
{
    attempt->failure = failure;
    return errinfo_set(reterr, code, "%s:%d: %s", attempt->address.host, attempt->address.port,
                       sentence);
}

/* Resolves and connects. Our own, as the library has one word for every way in which this can fail,
 * and a person needs to know which it was. */
static int dial(struct attempt *attempt, int *ret_fd, struct errinfo *reterr)
{
    enum net_failure failure = NET_OK;
    const int one = 1;
    char port[16];
    int r;

    (void)snprintf(port, sizeof port, "%d", attempt->address.port);
    r = net_connect(attempt->address.host, port, attempt->deadline_ns, ret_fd, &failure, reterr);
    if (r < 0) {
        attempt->failure = backend_net_failure(failure);
        return failure == NET_NAME ? r
                                   : errinfo_prefix(reterr, r, "%s:%d", attempt->address.host,
                                                    attempt->address.port);
    }
    (void)setsockopt(*ret_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return 0;
}

/* The library opens TLS connections only by itself, and looks the name up again. It has no deadline
 * for that, so it is asked only about names that are known. */
static int look_up(struct attempt *attempt, struct errinfo *reterr)
{
    struct addrinfo *found = NULL;
    char port[16];
    int code;

    (void)snprintf(port, sizeof port, "%d", attempt->address.port);
    code = net_resolve(attempt->address.host, port, attempt->deadline_ns, &found);
    if (code != 0) {
        attempt->failure = PROBE_NAME;
        return errinfo_set(reterr, -EHOSTUNREACH, "the name %s can't be resolved: %s",
                           attempt->address.host, gai_strerror(code));
    }
    freeaddrinfo(found);
    return 0;
}

/* Whether anything listens there the library doesn't say, either. */
static int tls_failed(struct attempt *attempt, struct errinfo *reterr)
{
    int fd = -1;
    int r = dial(attempt, &fd, reterr);

    if (r < 0) {
        return r;
    }
    (void)close(fd);
    return fail(attempt, PROBE_TLS, -EPROTO, reterr,
                "the TLS handshake failed (no TLS there, or the certificate is not trusted)");
}

/* The library has no way to say "the system's store" in this version, so it gets the file. */
static const char *system_store(void)
{
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
    const char *given = getenv("SSL_CERT_FILE");

    if (given != NULL) {
        return given;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (file_exists(files[i])) {
            return files[i];
        }
    }
    return NULL;
}

static int start_tls(struct attempt *attempt, struct rabbitmq_link *link, struct errinfo *reterr)
{
    const struct target *target = attempt->config->target;
    const char *store = target->tls_ca != NULL ? target->tls_ca : system_store();
    struct timeval left = time_left(attempt->deadline_ns);
    amqp_socket_t *socket = amqp_ssl_socket_new(link->connection);
    int status;

    if (socket == NULL) {
        return errinfo_nomem(reterr);
    }
    amqp_ssl_socket_set_verify_peer(socket, 1);
    amqp_ssl_socket_set_verify_hostname(socket, 1);
    (void)amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    if (store != NULL && amqp_ssl_socket_set_cacert(socket, store) != AMQP_STATUS_OK) {
        return fail(attempt, PROBE_TLS, -EINVAL, reterr, "the file of tls.ca can't be used");
    }
    if (target->tls_cert != NULL &&
        amqp_ssl_socket_set_key(socket, target->tls_cert,
                                target->tls_key != NULL ? target->tls_key : target->tls_cert) !=
            AMQP_STATUS_OK) {
        return fail(attempt, PROBE_TLS, -EINVAL, reterr,
                    "the files of tls.cert and tls.key can't be used");
    }
    status = amqp_socket_open_noblock(socket, attempt->address.host, attempt->address.port, &left);
    switch (status) {
    case AMQP_STATUS_OK:
        return 0;
    case AMQP_STATUS_TIMEOUT:
        return fail(attempt, PROBE_TIMEOUT, -ETIMEDOUT, reterr, "the TLS handshake took too long");
    case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
        return fail(attempt, PROBE_TLS, -EPROTO, reterr,
                    "the broker's certificate is not for this name (an IP address never is: "
                    "rabbitmq-c compares names only)");
    case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
        return fail(attempt, PROBE_TLS, -EPROTO, reterr,
                    "the broker's certificate is not signed by a trusted authority (tls.ca)");
    default:
        return tls_failed(attempt, reterr);
    }
}

static int login_failed(struct attempt *attempt, const struct rabbitmq_link *link,
                        amqp_rpc_reply_t reply, struct errinfo *reterr)
{
    bool greeted = amqp_get_server_properties(link->connection)->num_entries > 0;
    char text[512];

    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        int code = rabbitmq_close_errno(&reply.reply);
        const char *remedy;

        rabbitmq_close_text(&reply.reply, text, sizeof text);
        remedy = rabbitmq_limit_remedy(text);
        if (remedy != NULL) {
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), ": %s", remedy);
            return fail(attempt, PROBE_LOOK, code, reterr, text);
        }
        return fail(attempt, code == -EACCES ? PROBE_LOGIN : PROBE_PROTOCOL, code, reterr, text);
    }
    switch (reply.library_error) {
    case AMQP_STATUS_NO_MEMORY:
        return errinfo_nomem(reterr);
    case AMQP_STATUS_TIMEOUT:
        return fail(attempt, PROBE_TIMEOUT, -ETIMEDOUT, reterr,
                    greeted ? "the login took too long"
                            : "connected, but no AMQP greeting came in time");
    case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD:
        return fail(attempt, PROBE_LOGIN, -EACCES, reterr, "the broker takes no PLAIN login");
    case AMQP_STATUS_CONNECTION_CLOSED:
    case AMQP_STATUS_SOCKET_ERROR:
        if (greeted) {
            /* What brokers do that don't know authentication_failure_close. */
            return fail(attempt, PROBE_LOGIN, -EACCES, reterr,
                        "the broker closed the connection during login, as it does for a wrong "
                        "user, password or virtual host");
        }
        return fail(attempt, PROBE_PROTOCOL, -EPROTO, reterr,
                    "it closed the connection instead of greeting: not AMQP 0-9-1, or it wants "
                    "TLS (amqps)");
    default:
        return fail(attempt, PROBE_PROTOCOL, -EPROTO, reterr, "what answers is not AMQP 0-9-1");
    }
}

static amqp_table_entry_t capability(const char *name)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

/* The library and the broker keep buffers of a frame for each connection: of 128 KiB they take
 * 93 KiB of this side alone, of 4 KiB 29. So it is the smallest that holds the largest message, and
 * never more than the option. */
static int frame_bytes_wanted(const struct rabbitmq_link_config *config)
{
    int bytes_max = (int)catalog_option_number(&catalog_rabbitmq, config->target, "frame_max");
    int bytes = RABBITMQ_FRAME_BYTES_MIN;

    if (config->message_bytes_max == 0) {
        return bytes_max;
    }
    while (bytes < bytes_max &&
           (uint32_t)bytes < config->message_bytes_max + RABBITMQ_FRAME_OVERHEAD_BYTES) {
        bytes *= 2;
    }
    return bytes < bytes_max ? bytes : bytes_max;
}

static int login(struct attempt *attempt, struct rabbitmq_link *link, struct errinfo *reterr)
{
    const struct target *target = attempt->config->target;
    int heartbeat_s =
        (int)(catalog_option_number(&catalog_rabbitmq, target, "heartbeat") / NS_PER_S);
    /* The library adds authentication_failure_close. Without the others the broker just stops
     * reading when it blocks, and says nothing when a queue goes away under its consumers. */
    amqp_table_entry_t capabilities[] = {capability("connection.blocked"),
                                         capability("consumer_cancel_notify"),
                                         capability("basic.nack")};
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("connection_name"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8,
                   .value.bytes = amqp_cstring_bytes(attempt->config->name)}},
        {.key = amqp_cstring_bytes("capabilities"),
         .value = {.kind = AMQP_FIELD_KIND_TABLE,
                   .value.table = {.num_entries = 3, .entries = capabilities}}}};
    amqp_table_t properties = {.num_entries = 2, .entries = entries};
    struct timeval left = time_left(attempt->deadline_ns);
    const char *vhost = attempt->address.path;
    amqp_rpc_reply_t reply;

    if (target->mechanism != NULL && strcmp(target->mechanism, "PLAIN") != 0) {
        attempt->failure = PROBE_LOGIN;
        return errinfo_set(reterr, -ENOTSUP, "auth.mechanism %s is not supported yet (PLAIN)",
                           target->mechanism);
    }
    (void)amqp_set_handshake_timeout(link->connection, &left);
    (void)amqp_set_rpc_timeout(link->connection, &left);
    reply = amqp_login_with_properties(link->connection, vhost[0] != '\0' ? vhost : "/",
                                       CHANNELS_MAX, frame_bytes_wanted(attempt->config),
                                       heartbeat_s, &properties, AMQP_SASL_METHOD_PLAIN,
                                       target->username != NULL ? target->username : "guest",
                                       target->password != NULL ? target->password : "guest");
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
        return login_failed(attempt, link, reply, reterr);
    }
    link->heartbeat_s = amqp_get_heartbeat(link->connection);
    link->frame_bytes_max = (size_t)amqp_get_frame_max(link->connection);
    if (link->frame_bytes_max < RABBITMQ_FRAME_BYTES_MIN) {
        link->frame_bytes_max = SIZE_MAX; /* 0: the broker knows no limit. */
    }
    if (amqp_tune_connection(link->connection, amqp_get_channel_max(link->connection),
                             amqp_get_frame_max(link->connection), 0) != AMQP_STATUS_OK) {
        return errinfo_nomem(reterr);
    }
    return 0;
}

/* "RabbitMQ 3.10.8" from what the broker says of itself. */
static void broker_version(amqp_connection_state_t connection, char *version, size_t version_bytes)
{
    const amqp_table_t *properties = amqp_get_server_properties(connection);
    amqp_bytes_t product = amqp_cstring_bytes("an AMQP broker");
    amqp_bytes_t number = amqp_empty_bytes;

    for (int i = 0; i < properties->num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->entries[i];

        if (entry->value.kind != AMQP_FIELD_KIND_UTF8) {
            continue;
        }
        if (entry->key.len == 7 && memcmp(entry->key.bytes, "product", 7) == 0) {
            product = entry->value.value.bytes;
        } else if (entry->key.len == 7 && memcmp(entry->key.bytes, "version", 7) == 0) {
            number = entry->value.value.bytes;
        }
    }
    (void)snprintf(version, version_bytes, "%.*s%s%.*s", (int)product.len,
                   (const char *)product.bytes, number.len > 0 ? " " : "", (int)number.len,
                   number.len > 0 ? (const char *)number.bytes : "");
}

/* As both sides agreed: the smaller of what each of them takes. */
static void note_limits(amqp_connection_state_t connection, struct broker_limits *limits)
{
    broker_limits_add(limits, LIMIT_OTHER, "frame_max", (uint64_t)amqp_get_frame_max(connection));
    broker_limits_add(limits, LIMIT_OTHER, "channel_max",
                      (uint64_t)amqp_get_channel_max(connection));
}

static int parse_address(struct attempt *attempt, const char *address, struct rabbitmq_link *link,
                         struct errinfo *reterr)
{
    int r = address_parse(&catalog_rabbitmq, address, &attempt->address, reterr);

    if (r < 0) {
        attempt->failure = PROBE_OTHER;
        return r;
    }
    attempt->address.tls = attempt->address.tls || attempt->config->target->tls;
    if (attempt->address.port == 0) {
        attempt->address.port = attempt->address.tls ? PORT_TLS : PORT_PLAIN;
    }
    (void)snprintf(link->peer, sizeof link->peer, "%s:%d", attempt->address.host,
                   attempt->address.port);
    return 0;
}

/* TCP, TLS if asked for, login, channel. On failure the link is closed. */
static int open_address(struct attempt *attempt, const char *address, struct rabbitmq_link *link,
                        struct errinfo *reterr)
{
    int64_t send_timeout_ns =
        catalog_option_number(&catalog_rabbitmq, attempt->config->target, "send_timeout");
    unsigned send_timeout_ms = (unsigned)(send_timeout_ns / NS_PER_MS);
    struct connect_times times = {0};
    int64_t begin_ns = mono_ns();
    int fd = -1;
    int r;

    r = parse_address(attempt, address, link, reterr);
    if (r == 0) {
        r = attempt->address.tls ? look_up(attempt, reterr) : dial(attempt, &fd, reterr);
        times.tcp_ns = attempt->address.tls ? 0 : mono_ns() - begin_ns;
    }
    if (r < 0) {
        return r;
    }
    link->connection = amqp_new_connection();
    if (link->connection == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return errinfo_nomem(reterr);
    }
    if (attempt->address.tls) {
        r = start_tls(attempt, link, reterr);
    } else {
        amqp_socket_t *socket = amqp_tcp_socket_new(link->connection);

        if (socket == NULL) {
            (void)close(fd);
            r = errinfo_nomem(reterr);
        } else {
            amqp_tcp_socket_set_sockfd(socket, fd);
        }
    }
    if (r < 0) {
        return r;
    }
    link->fd = amqp_get_sockfd(link->connection);
    link->is_plain = !attempt->address.tls;
    /* While the broker takes nothing a publish stays unsent, without a deadline. The kernel's
     * watchdog ends it, even with a peer that acknowledges each probe of its closed window. */
    (void)setsockopt(link->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &send_timeout_ms,
                     sizeof send_timeout_ms);
    begin_ns = mono_ns();
    r = login(attempt, link, reterr);
    times.login_ns = mono_ns() - begin_ns;
    if (attempt->config->times != NULL) {
        *attempt->config->times = times;
    }
    return r < 0 ? r : rabbitmq_channel_open(link, RABBITMQ_CHANNEL, reterr);
}

int rabbitmq_link_open(const struct rabbitmq_link_config *config, struct rabbitmq_link *ret,
                       struct probe *ret_probe, struct errinfo *reterr)
{
    const struct target *target = config->target;
    struct probe probe = {.failure = PROBE_OTHER};
    int r = errinfo_set(reterr, -EINVAL, "the target has no address");

    for (uint32_t i = 0; i < target->addresses_count; i++) {
        uint32_t chosen = (config->address_first + i) % target->addresses_count;
        int64_t now_ns = mono_ns();
        struct rabbitmq_link link = {.fd = -1};
        struct attempt attempt = {
            .config = config,
            /* An address that doesn't answer leaves the others their share. */
            .deadline_ns = now_ns + (config->deadline_ns - now_ns) / (target->addresses_count - i),
            .failure = PROBE_OTHER,
        };

        r = open_address(&attempt, target->addresses[chosen], &link, reterr);
        probe.failure = attempt.failure;
        if (r == 0) {
            probe.failure = PROBE_OK;
            broker_version(link.connection, probe.broker_version, sizeof probe.broker_version);
            note_limits(link.connection, &probe.limits);
            *ret = link;
            break;
        }
        rabbitmq_link_drop(&link);
    }
    if (ret_probe != NULL) {
        *ret_probe = probe;
    }
    return r;
}

void rabbitmq_link_drop(struct rabbitmq_link *link)
{
    if (link->connection != NULL) {
        (void)amqp_destroy_connection(link->connection);
    }
    link->connection = NULL;
    link->fd = -1;
}

void rabbitmq_link_close_begin(struct rabbitmq_link *link)
{
    struct pollfd writable = {.fd = link->fd, .events = POLLOUT};
    amqp_connection_close_t goodbye = {.reply_code = AMQP_REPLY_SUCCESS,
                                       .reply_text = amqp_cstring_bytes("bye")};

    /* Unread publishes of a socket that is just closed are lost, so the broker is asked. A socket
     * that is full would block the question. */
    if (link->connection == NULL || poll(&writable, 1, 0) != 1 ||
        (writable.revents & (POLLERR | POLLHUP)) != 0 ||
        amqp_send_method(link->connection, 0, AMQP_CONNECTION_CLOSE_METHOD, &goodbye) !=
            AMQP_STATUS_OK) {
        rabbitmq_link_drop(link);
    }
}

void rabbitmq_link_close_end(struct rabbitmq_link *link, int64_t deadline_ns)
{
    bool answered = link->connection == NULL;

    while (!answered) {
        bool is_late = mono_ns() >= deadline_ns; /* Then only what is there already counts. */
        struct timeval left = is_late ? (struct timeval){0} : time_left(deadline_ns);
        amqp_frame_t frame;

        amqp_maybe_release_buffers(link->connection);
        answered =
            amqp_simple_wait_frame_noblock(link->connection, &frame, &left) != AMQP_STATUS_OK ||
            (frame.frame_type == AMQP_FRAME_METHOD &&
             frame.payload.method.id == AMQP_CONNECTION_CLOSE_OK_METHOD);
    }
    rabbitmq_link_drop(link);
}

void rabbitmq_link_close(struct rabbitmq_link *link, int64_t deadline_ns)
{
    rabbitmq_link_close_begin(link);
    rabbitmq_link_close_end(link, deadline_ns);
}
