/*
 * bare_mqtt: the least that moves messages with paho.mqtt.c's asynchronous API; what Millrace's
 * driver is measured against.
 *
 *     bare_mqtt ADDRESS publish|confirm|both|both0 [SECONDS [BYTES [WINDOW]]]
 *
 * publish: QoS 0. confirm: QoS 1, WINDOW outstanding. both, both0: QoS 1 and QoS 0, and a client
 * that subscribes. ADDRESS is mqtt://HOST:PORT. Prints one line per role: mode, messages, seconds,
 * rate_per_s, cpu_us_per_message; the CPU is the whole process's, since paho works on two threads
 * of its own, so it is the same sum in both lines.
 */
#include <inttypes.h>
#include <MQTTAsync.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define TOPIC "millrace-bare/0"

struct job {
    char address[256];
    bool receives;
    int qos;
    double seconds;
    size_t bytes;
    uint64_t window;
};

static atomic_uint_fast64_t told;     /* Outcomes of messages. */
static atomic_uint_fast64_t received; /* Messages. */
static atomic_int ready;              /* Clients connected, subscriptions made. */

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double cpu_s(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void nap(void)
{
    const struct timespec gap = {.tv_nsec = 20000};

    (void)nanosleep(&gap, NULL);
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bare_mqtt: %s failed\n", what);
        exit(1);
    }
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
    (void)atomic_fetch_add_explicit(&told, 1, memory_order_relaxed);
}

static void on_failure(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    check(false, context);
}

static int on_arrived(void *context, char *topic, int topic_bytes, MQTTAsync_message *message)
{
    (void)context;
    (void)topic_bytes;
    (void)atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
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

static MQTTAsync login(const struct job *job, const char *client_id)
{
    static char what[] = "connecting";
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    int before = atomic_load(&ready);
    MQTTAsync client;

    create.maxBufferedMessages = INT32_MAX;
    check(MQTTAsync_createWithOptions(&client, job->address, client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                      NULL, &create) == MQTTASYNC_SUCCESS,
          "making a client");
    (void)MQTTAsync_setCallbacks(client, NULL, NULL, on_arrived, NULL);
    options.maxInflight = UINT16_MAX;
    options.onSuccess5 = on_ready;
    options.onFailure5 = on_failure;
    options.context = what;
    check(MQTTAsync_connect(client, &options) == MQTTASYNC_SUCCESS, what);
    await_ready(before + 1);
    return client;
}

static void subscribe(const struct job *job, MQTTAsync client)
{
    static char what[] = "subscribing";
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    int before = atomic_load(&ready);

    options.onSuccess5 = on_ready;
    options.onFailure5 = on_failure;
    options.context = what;
    check(MQTTAsync_subscribe(client, TOPIC, job->qos, &options) == MQTTASYNC_SUCCESS, what);
    await_ready(before + 1);
}

static uint64_t produce(const struct job *job, MQTTAsync client, double end_s)
{
    static char what[] = "publishing";
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    char *body = calloc(1, job->bytes);
    uint64_t sent = 0;

    check(body != NULL, "allocating");
    options.onSuccess5 = on_told;
    options.onFailure5 = on_failure;
    options.context = what;
    while (now_s() < end_s) {
        if (sent - atomic_load_explicit(&told, memory_order_relaxed) >= job->window) {
            nap();
            continue;
        }
        check(MQTTAsync_send(client, TOPIC, (int)job->bytes, body, job->qos, 0, &options) ==
                  MQTTASYNC_SUCCESS,
              what);
        sent++;
    }
    while (atomic_load(&told) < sent && now_s() < end_s + 5) {
        nap();
    }
    free(body);
    return sent;
}

static void report(const char *mode, uint64_t messages, double took_s, double used_s)
{
    (void)printf("mode=%s messages=%" PRIu64 " seconds=%.2f rate_per_s=%.0f "
                 "cpu_us_per_message=%.2f\n",
                 mode, messages, took_s, (double)messages / took_s,
                 used_s * 1e6 / (double)messages);
}

int main(int argc, char **argv)
{
    struct job job = {.seconds = 5, .bytes = 100, .window = 1000};
    const char *mode = argc > 2 ? argv[2] : "";
    MQTTAsync consumer;
    MQTTAsync producer;
    uint64_t sent;
    double start_s;
    double used_s;
    double sent_s;

    check(argc > 2 && strncmp(argv[1], "mqtt://", 7) == 0,
          "usage: mqtt://HOST:PORT publish|confirm|both|both0 [SECONDS [BYTES [WINDOW]]];");
    (void)snprintf(job.address, sizeof job.address, "tcp://%s", argv[1] + 7);
    job.receives = strncmp(mode, "both", 4) == 0;
    job.qos = strcmp(mode, "confirm") == 0 || strcmp(mode, "both") == 0;
    job.seconds = argc > 3 ? strtod(argv[3], NULL) : job.seconds;
    job.bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : job.bytes;
    job.window = argc > 5 ? strtoul(argv[5], NULL, 10) : job.window;
    producer = login(&job, "millrace-bare-producer");
    if (job.receives) {
        consumer = login(&job, "millrace-bare-consumer");
        subscribe(&job, consumer);
    }
    start_s = now_s();
    used_s = cpu_s();
    sent = produce(&job, producer, start_s + job.seconds);
    sent_s = now_s() - start_s;
    while (job.receives && atomic_load(&received) < sent && now_s() < start_s + job.seconds + 10) {
        nap();
    }
    used_s = cpu_s() - used_s;
    report(job.qos > 0 ? "confirm" : "publish", sent, sent_s, used_s);
    if (job.receives) {
        report("consume", atomic_load(&received), now_s() - start_s, used_s);
        MQTTAsync_destroy(&consumer);
    }
    MQTTAsync_destroy(&producer);
    return 0;
}
