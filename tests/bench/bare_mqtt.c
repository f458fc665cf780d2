/*
 * bare_mqtt: the least that moves messages with paho.mqtt.c's asynchronous API; what Millrace's
 * driver is measured against. See bare.h; ADDRESS is mqtt://HOST:PORT.
 *
 * publish is QoS 0 and confirm QoS 1. The subscription has QoS 0 in both, as a consumer that
 * acknowledges nothing has it in Millrace.
 */
#include "bare.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOPIC "millrace-bare/0"

static atomic_int ready; /* Clients connected, subscriptions made. */

static void nap(void)
{
    const struct timespec gap = {.tv_nsec = 20000};

    (void)nanosleep(&gap, NULL);
}

static void on_ready(void *context, MQTTAsync_successData5 *data)
{
    (void)context;
    (void)data;
    (void)atomic_fetch_add(&ready, 1);
}

static void on_told(void *context, MQTTAsync_successData5 *data)
{
    (void)context;
    (void)data;
    (void)atomic_fetch_sub_explicit(&bare_outstanding, 1, memory_order_relaxed);
}

static void on_failure(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    bare_check(false, context, "paho says so");
}

static int on_arrived(void *context, char *topic, int topic_bytes, MQTTAsync_message *message)
{
    (void)context;
    (void)topic_bytes;
    bare_count(1);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void await_ready(int count)
{
    while (atomic_load(&ready) < count) {
        nap();
    }
}

static MQTTAsync login(const char *uri, const char *client_id)
{
    static char what[] = "connecting";
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    int before = atomic_load(&ready);
    MQTTAsync client;

    create.maxBufferedMessages = INT32_MAX;
    bare_check(MQTTAsync_createWithOptions(&client, uri, client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                           NULL, &create) == MQTTASYNC_SUCCESS,
               "making a client", uri);
    (void)MQTTAsync_setCallbacks(client, NULL, NULL, on_arrived, NULL);
    options.maxInflight = UINT16_MAX;
    options.onSuccess5 = on_ready;
    options.onFailure5 = on_failure;
    options.context = what;
    bare_check(MQTTAsync_connect(client, &options) == MQTTASYNC_SUCCESS, what, uri);
    await_ready(before + 1);
    return client;
}

static void subscribe(MQTTAsync client)
{
    static char what[] = "subscribing";
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    int before = atomic_load(&ready);

    options.onSuccess5 = on_ready;
    options.onFailure5 = on_failure;
    options.context = what;
    bare_check(MQTTAsync_subscribe(client, TOPIC, 0, &options) == MQTTASYNC_SUCCESS, what, TOPIC);
    await_ready(before + 1);
}

/* What a sending thread needs. */
struct sending {
    const struct bare_job *job;
    MQTTAsync client;
};

static void *produce(void *argument)
{
    static char what[] = "publishing";
    const struct sending *sending = argument;
    const struct bare_job *job = sending->job;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    char *body = calloc(1, job->bytes);
    uint64_t sent = 0;

    bare_check(body != NULL, "allocating", "no memory");
    options.onSuccess5 = on_told;
    options.onFailure5 = on_failure;
    options.context = what;
    while (bare_sending()) {
        if (atomic_load_explicit(&bare_outstanding, memory_order_relaxed) >= job->window) {
            nap();
            continue;
        }
        (void)atomic_fetch_add_explicit(&bare_outstanding, 1, memory_order_relaxed);
        bare_check(MQTTAsync_send(sending->client, TOPIC, (int)job->bytes, body, job->confirms, 0,
                                  &options) == MQTTASYNC_SUCCESS,
                   what, TOPIC);
        sent++;
    }
    /* At QoS 0 paho forgets to tell of a message now and then; that all arrive is seen anyhow. */
    while (job->confirms && atomic_load(&bare_outstanding) > 0) {
        nap();
    }
    bare_sent(sent);
    free(body);
    return NULL;
}

int main(int argc, char **argv)
{
    struct bare_job job = bare_job_read(argc, argv);
    struct sending sending = {.job = &job};
    MQTTAsync consumer;
    pthread_t thread;
    char uri[256];

    bare_check(strncmp(job.address, "mqtt://", 7) == 0, "usage", "the address is mqtt://HOST:PORT");
    (void)snprintf(uri, sizeof uri, "tcp://%s", job.address + 7);
    sending.client = login(uri, "millrace-bare-producer");
    consumer = login(uri, "millrace-bare-consumer");
    subscribe(consumer);
    bare_check(pthread_create(&thread, NULL, produce, &sending) == 0, "starting", "no thread");
    bare_measure(&job);
    (void)pthread_join(thread, NULL);
    MQTTAsync_destroy(&consumer);
    MQTTAsync_destroy(&sending.client);
    return 0;
}
