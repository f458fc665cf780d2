#include "mqtt_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"
#include "mqtt_waker_inner.h"
#include "sync.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VERSION_TOPIC "$SYS/broker/version"
/* Brokers that tell their version do it at once; most tell nothing. */
#define VERSION_NS (300 * NS_PER_MS)
#define WAKE_NS (2 * NS_PER_MS)

enum attempt_state { ATTEMPT_CONNECTING, ATTEMPT_CONNECTED, ATTEMPT_FAILED };

/* On the prober's stack; no callback comes once the handle is destroyed. */
struct attempt {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum attempt_state state;
    struct mqtt_failure failure;
    char version[NAME_BYTES];
    struct broker_limits limits;
};

static void attempt_lock(struct attempt *attempt)
{
    sync_lock(&attempt->mutex);
}

static void attempt_unlock(struct attempt *attempt)
{
    (void)pthread_cond_broadcast(&attempt->changed);
    sync_unlock(&attempt->mutex);
}

/* What the CONNACK says (MQTT 5, section 3.2.2.3). A property that is not there is no limit. */
static void take_limits(MQTTProperties *properties, struct broker_limits *limits)
{
    static const struct {
        enum MQTTPropertyCodes code;
        enum broker_limit_kind kind;
        const char *name;
    } told[] = {
        {MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, LIMIT_MESSAGE_BYTES, "Maximum Packet Size"},
        {MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, LIMIT_OTHER, "Receive Maximum"},
        {MQTTPROPERTY_CODE_MAXIMUM_QOS, LIMIT_OTHER, "Maximum QoS"},
        {MQTTPROPERTY_CODE_TOPIC_ALIAS_MAXIMUM, LIMIT_OTHER, "Topic Alias Maximum"},
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (MQTTProperties_hasProperty(properties, told[i].code)) {
            broker_limits_add(limits, told[i].kind, told[i].name,
                              (uint64_t)MQTTProperties_getNumericValue(properties, told[i].code));
        }
    }
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    struct attempt *attempt = context;

    attempt_lock(attempt);
    if (data != NULL) {
        take_limits(&data->properties, &attempt->limits);
    }
    attempt->state = ATTEMPT_CONNECTED;
    attempt_unlock(attempt);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
    struct attempt *attempt = context;

    attempt_lock(attempt);
    if (attempt->state == ATTEMPT_CONNECTING) {
        attempt->state = ATTEMPT_FAILED;
        attempt->failure = mqtt_failure_of(data);
    }
    attempt_unlock(attempt);
}

static int on_arrived(void *context, char *topic, int topic_bytes, MQTTAsync_message *message)
{
    struct attempt *attempt = context;

    (void)topic_bytes;
    attempt_lock(attempt);
    (void)snprintf(attempt->version, sizeof attempt->version, "%.*s", message->payloadlen,
                   (const char *)message->payload);
    attempt_unlock(attempt);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static bool still_connecting(const struct attempt *attempt)
{
    return attempt->state == ATTEMPT_CONNECTING;
}

static bool without_version(const struct attempt *attempt)
{
    return attempt->version[0] == '\0';
}

/* Waits while the condition holds, at most until the deadline. */
static void attempt_wait(struct attempt *attempt, bool (*condition)(const struct attempt *),
                         int64_t deadline_ns)
{
    attempt_lock(attempt);
    while (condition(attempt) && mono_ns() < deadline_ns) {
        mqtt_waker_wake();
        (void)sync_condition_wait(&attempt->changed, &attempt->mutex, mono_ns() + WAKE_NS);
    }
    attempt_unlock(attempt);
}

static void ask_version(MQTTAsync handle, struct attempt *attempt, int64_t deadline_ns,
                        struct probe *ret)
{
    int64_t until_ns = mono_ns() + VERSION_NS;

    if (MQTTAsync_subscribe(handle, VERSION_TOPIC, 0, NULL) != MQTTASYNC_SUCCESS) {
        return;
    }
    attempt_wait(attempt, without_version, until_ns < deadline_ns ? until_ns : deadline_ns);
    attempt_lock(attempt);
    memcpy(ret->broker_version, attempt->version, sizeof ret->broker_version);
    attempt_unlock(attempt);
}

static int log_in(struct mqtt_access *access, struct attempt *attempt, int64_t deadline_ns,
                  struct probe *ret, struct errinfo *reterr)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    char client_id[MQTT_CLIENT_ID_BYTES];
    MQTTAsync handle = NULL;
    int r;

    /* Two clients of one id would throw each other out. */
    (void)snprintf(client_id, sizeof client_id, "millrace-probe-%d-%llx", (int)getpid(),
                   (unsigned long long)wall_unix_ns());
    r = mqtt_access_create(access, client_id, &handle, reterr);
    if (r < 0) {
        ret->failure = PROBE_OTHER;
        return r;
    }
    (void)MQTTAsync_setCallbacks(handle, attempt, NULL, on_arrived, NULL);
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_failed;
    options.context = attempt;
    r = mqtt_access_connect(access, handle, deadline_ns, &options, reterr);
    if (r < 0) {
        ret->failure = PROBE_OTHER;
        goto out;
    }
    attempt_wait(attempt, still_connecting, deadline_ns);
    attempt_lock(attempt);
    attempt->failure.timed_out = attempt->state == ATTEMPT_CONNECTING;
    r = attempt->state == ATTEMPT_CONNECTED ? 0 : -EPROTO;
    attempt_unlock(attempt);
    if (r < 0) {
        r = mqtt_access_explain(access, &attempt->failure, &ret->failure, reterr);
        goto out;
    }
    ret->limits = attempt->limits; /* Complete: it is told of a connection once. */
    ask_version(handle, attempt, deadline_ns, ret);
out:
    MQTTAsync_destroy(&handle);
    return r;
}

int mqtt_probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
               struct errinfo *reterr)
{
    struct mqtt_access access;
    struct attempt attempt = {.state = ATTEMPT_CONNECTING};
    int r = mqtt_access_init(target, 0, &access, reterr);

    *ret = (struct probe){.failure = PROBE_OTHER};
    sync_condition_init(&attempt.changed);
    ASSERT(pthread_mutex_init(&attempt.mutex, NULL) == 0);
    if (r == 0) {
        r = mqtt_access_reach(&access, deadline_ns, &ret->failure, reterr);
    }
    if (r == 0) {
        r = mqtt_access_resolve(&access, deadline_ns, reterr);
    }
    if (r == 0) {
        mqtt_waker_start();
        r = log_in(&access, &attempt, deadline_ns, ret, reterr);
    }
    (void)pthread_cond_destroy(&attempt.changed);
    (void)pthread_mutex_destroy(&attempt.mutex);
    mqtt_access_done(&access);
    return r;
}
