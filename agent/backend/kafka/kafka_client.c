#include "kafka_client_inner.h"

#include "mono.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS 200

static void log_nothing(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    (void)level;
    (void)facility;
    (void)text;
}

int kafka_ms_until(int64_t deadline_ns)
{
    int64_t left_ns = deadline_ns - mono_ns();

    if (left_ns > INT64_C(1000000) * NS_PER_MS) {
        return 1000000;
    }
    return left_ns < NS_PER_MS ? 1 : (int)(left_ns / NS_PER_MS);
}

const char *kafka_addresses(const struct target *target, char *text, size_t text_bytes)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < target->addresses_count && used < text_bytes; i++) {
        int n = snprintf(text + used, text_bytes - used, "%s%s", i == 0 ? "" : ",",
                         target->addresses[i]);

        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}

/* ---- Configuration -------------------------------------------------------------------------- */

static int set_text(rd_kafka_conf_t *conf, const char *key, const char *value,
                    struct errinfo *reterr)
{
    char reason[256];

    if (rd_kafka_conf_set(conf, key, value, reason, sizeof reason) == RD_KAFKA_CONF_OK) {
        return 0;
    }
    return errinfo_set(reterr, -EINVAL, "%s", reason);
}

int kafka_conf_set(rd_kafka_conf_t *conf, struct errinfo *reterr, const char *key,
                   const char *format, ...)
{
    char value[512];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof value) {
        return errinfo_set(reterr, -EINVAL, "the value of %s is too long", key);
    }
    return set_text(conf, key, value, reterr);
}

static int set_addresses(rd_kafka_conf_t *conf, const struct target *target, struct errinfo *reterr)
{
    size_t bytes = 1;
    char *list;
    int r;

    for (uint32_t i = 0; i < target->addresses_count; i++) {
        bytes += strlen(target->addresses[i]) + 1;
    }
    list = malloc(bytes);
    if (list == NULL) {
        return errinfo_nomem(reterr);
    }
    r = set_text(conf, "bootstrap.servers", kafka_addresses(target, list, bytes), reterr);
    free(list);
    return r;
}

static int set_security(rd_kafka_conf_t *conf, const struct target *target, struct errinfo *reterr)
{
    bool login = target->username != NULL;
    const struct {
        const char *key;
        const char *value;
    } settings[] = {
        {"security.protocol",
         target->tls ? (login ? "sasl_ssl" : "ssl") : (login ? "sasl_plaintext" : "plaintext")},
        {"ssl.ca.location", target->tls ? target->tls_ca : NULL},
        {"ssl.certificate.location", target->tls ? target->tls_cert : NULL},
        {"ssl.key.location", target->tls ? target->tls_key : NULL},
        {"sasl.mechanism", !login                      ? NULL
                           : target->mechanism != NULL ? target->mechanism
                                                       : "PLAIN"},
        {"sasl.username", target->username},
        {"sasl.password", !login                     ? NULL
                          : target->password != NULL ? target->password
                                                     : ""},
    };
    int r = 0;

    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && r == 0; i++) {
        if (settings[i].value != NULL) {
            r = set_text(conf, settings[i].key, settings[i].value, reterr);
        }
    }
    return r;
}

static int set_common(rd_kafka_conf_t *conf, struct errinfo *reterr)
{
    static const char *const settings[][2] = {
        {"client.id", "millrace"},
        {"socket.nagle.disable", "true"},
        /* Defaults of 100 ms to 10 s would add seconds of the library's own to every outage. */
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "500"},
        {"socket.connection.setup.timeout.ms", "5000"},
        {"api.version.request.timeout.ms", "4000"},
        {"allow.auto.create.topics", "false"},
        /* A broker ends idle connections after minutes; that is no error. */
        {"log.connection.close", "false"},
    };

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        int r = set_text(conf, settings[i][0], settings[i][1], reterr);

        if (r < 0) {
            return r;
        }
    }
    return 0;
}

int kafka_conf_new(const struct target *target, rd_kafka_conf_t **ret, struct errinfo *reterr)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int r;

    if (conf == NULL) {
        return errinfo_nomem(reterr);
    }
    rd_kafka_conf_set_log_cb(conf, log_nothing);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
    r = set_common(conf, reterr);
    if (r == 0) {
        r = set_addresses(conf, target, reterr);
    }
    if (r == 0) {
        r = set_security(conf, target, reterr);
    }
    if (r < 0) {
        rd_kafka_conf_destroy(conf);
        return r;
    }
    *ret = conf;
    return 0;
}

int kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret,
                     struct errinfo *reterr)
{
    char reason[256];
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof reason);

    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        return errinfo_set(reterr, -EINVAL, "%s", reason);
    }
    *ret = client;
    return 0;
}

/* ---- What went wrong ------------------------------------------------------------------------ */

int kafka_failure_errno(enum probe_failure failure)
{
    switch (failure) {
    case PROBE_OK:
        return 0;
    case PROBE_NAME:
        return -ENXIO;
    case PROBE_REFUSED:
        return -ECONNREFUSED;
    case PROBE_TIMEOUT:
        return -ETIMEDOUT;
    case PROBE_TLS:
    case PROBE_PROTOCOL:
        return -EPROTO;
    case PROBE_LOGIN:
        return -EACCES;
    default:
        return -EIO;
    }
}

const char *kafka_error_words(const char *words, char *text, size_t text_bytes)
{
    const char *end = strstr(words, " (after ");
    int bytes = (int)(end == NULL ? strlen(words) : (size_t)(end - words));

    (void)snprintf(text, text_bytes, "%.*s", bytes, words);
    return text;
}

/* librdkafka has one code for all that happens to a connection; its words tell more. */
static enum probe_failure classify_transport(const char *text)
{
    if (strstr(text, "refused") != NULL) {
        return PROBE_REFUSED;
    }
    if (strstr(text, "timed out") != NULL) {
        return PROBE_TIMEOUT;
    }
    /* Connected, and then dropped before it said anything that makes sense. */
    return strstr(text, "isconnected") != NULL || strstr(text, "ApiVersion") != NULL
               ? PROBE_PROTOCOL
               : PROBE_OTHER;
}

static enum probe_failure classify(rd_kafka_resp_err_t error, const char *text)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return PROBE_NAME;
    case RD_KAFKA_RESP_ERR__SSL:
        return PROBE_TLS;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
        return PROBE_LOGIN;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
        return PROBE_TIMEOUT;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
        return PROBE_PROTOCOL;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
        return classify_transport(text);
    default:
        return PROBE_OTHER;
    }
}

/* What was heard while waiting for an answer. */
struct complaint {
    enum probe_failure failure; /* PROBE_OK: nothing yet. */
    bool all_down;
    char text[256];
};

/* Waiting doesn't help against these. A refused connection may be a broker that is starting. */
static bool is_final(const struct complaint *complaint)
{
    return complaint->all_down &&
           (complaint->failure == PROBE_TLS || complaint->failure == PROBE_LOGIN ||
            complaint->failure == PROBE_PROTOCOL);
}

static void hear(rd_kafka_queue_t *queue, struct complaint *complaint)
{
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(queue, 0)) != NULL) {
        rd_kafka_resp_err_t error = rd_kafka_event_error(event);
        const char *text = rd_kafka_event_error_string(event);

        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
            if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
                complaint->all_down = true;
            } else {
                complaint->failure = classify(error, text);
                (void)kafka_error_words(text, complaint->text, sizeof complaint->text);
            }
        }
        rd_kafka_event_destroy(event);
    }
}

int kafka_client_connect(rd_kafka_t *client, const struct target *target, int64_t deadline_ns,
                         enum probe_failure *ret, struct errinfo *reterr)
{
    struct complaint complaint = {.failure = PROBE_OK};
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(client);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error;
    char addresses[KAFKA_ADDRESSES_BYTES];

    do {
        int ms = kafka_ms_until(deadline_ns);

        error = rd_kafka_metadata(client, 0, NULL, &metadata, ms < SLICE_MS ? ms : SLICE_MS);
        hear(queue, &complaint);
    } while (error != RD_KAFKA_RESP_ERR_NO_ERROR && !is_final(&complaint) &&
             mono_ns() < deadline_ns);
    rd_kafka_queue_destroy(queue);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
        complaint.failure = PROBE_OK;
    } else if (complaint.failure == PROBE_OK) {
        complaint.failure = PROBE_TIMEOUT;
        (void)snprintf(complaint.text, sizeof complaint.text, "no answer to a metadata request");
    }
    if (ret != NULL) {
        *ret = complaint.failure;
    }
    return complaint.failure == PROBE_OK
               ? 0
               : errinfo_set(reterr, kafka_failure_errno(complaint.failure), "%s: %s",
                             kafka_addresses(target, addresses, sizeof addresses), complaint.text);
}

bool kafka_is_mock(rd_kafka_t *client, int64_t deadline_ns)
{
    char *id = rd_kafka_clusterid(client, kafka_ms_until(deadline_ns));
    bool mock = id != NULL && strncmp(id, "mockCluster", strlen("mockCluster")) == 0;

    if (id != NULL) {
        rd_kafka_mem_free(client, id);
    }
    return mock;
}
