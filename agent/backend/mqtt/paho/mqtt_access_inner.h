/*
 * mqtt_access_inner: a target in the words of paho: where to connect, with what login and
 * certificates, and in plain words why it failed.
 *
 * Opens no endpoint and knows no messages. A struct belongs to the thread that made it; what paho's
 * threads write into it is guarded.
 */
#ifndef MILLRACE_MQTT_ACCESS_INNER_H
#define MILLRACE_MQTT_ACCESS_INNER_H

#include "control_messages.h"
#include "errinfo.h"
#include "target.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define MQTT_CLIENT_ID_BYTES 128

struct mqtt_address {
    bool tls;
    char host[256];
    char port[8];
};

struct mqtt_access {
    const struct target *target; /* Borrowed. */
    struct mqtt_address *addresses;
    char **uris; /* As paho writes them: tcp://HOST:PORT, ssl://HOST:PORT. */
    uint32_t addresses_count;
    uint32_t uris_count; /* That can be used: whose names are known. */
    uint32_t first; /* addresses[0] is the target's with this index; the others follow it round. */
    int keep_alive_s;
    bool nodelay;
    pthread_mutex_t mutex; /* Guards tls_reason. */
    char tls_reason[128];  /* What OpenSSL said first. */
};

/* What paho told of a connection that was not made. */
struct mqtt_failure {
    int code;            /* MQTTASYNC_..., or a CONNACK's reason code if positive. */
    const char *message; /* Static or NULL. */
    bool timed_out;      /* Nothing was told in time. */
};

/* first: a client's number, so that clients are spread over the addresses. */
int mqtt_access_init(const struct target *target, uint32_t first, struct mqtt_access *ret,
                     struct errinfo *reterr);
void mqtt_access_done(struct mqtt_access *access);

/* A handle that can be connected; MQTTAsync_destroy() ends it. 0 or a negative errno. */
int mqtt_access_create(const struct mqtt_access *access, const char *client_id, MQTTAsync *ret,
                       struct errinfo *reterr);

/* Starts to connect. Exactly one of the callbacks comes, from a thread of paho's, unless this fails
 * or the handle is destroyed. */
int mqtt_access_connect(struct mqtt_access *access, MQTTAsync handle, int64_t deadline_ns,
                        MQTTAsync_connectOptions *options, struct errinfo *reterr);

/* Sets TCP_NODELAY on every connection of this process to the target, if it is to be. */
void mqtt_access_hurry(const struct mqtt_access *access);

/* Resolves and connects, nothing more, and says what is wrong. Tries each address. */
int mqtt_access_reach(const struct mqtt_access *access, int64_t deadline_ns,
                      enum probe_failure *ret, struct errinfo *reterr);

/* The sentence, errno and kind of a failure after TCP was there. */
int mqtt_access_explain(struct mqtt_access *access, const struct mqtt_failure *failure,
                        enum probe_failure *ret, struct errinfo *reterr);

/* Looks the names up and gives paho the numbers: it holds a lock over all of its clients while the
 * system's resolver takes its time. Names of certificates stay, if they are known. 0 if one address
 * can be used. Blocks until deadline_ns. */
int mqtt_access_resolve(struct mqtt_access *access, int64_t deadline_ns, struct errinfo *reterr);

/* The numbers that another access has found out for the same target. */
int mqtt_access_resolve_as(struct mqtt_access *access, const struct mqtt_access *other,
                           struct errinfo *reterr);

/* What a callback's data say. */
struct mqtt_failure mqtt_failure_of(const MQTTAsync_failureData5 *data);

#endif
