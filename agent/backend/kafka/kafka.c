/* kafka: the driver's table of functions. What they do stands in the kafka_*.c beside it, each with
 * its own header; all of them are one door to librdkafka. */
#include "backend_drivers.h"
#include "kafka_admin_inner.h"
#include "kafka_commit_inner.h"
#include "kafka_consumer_inner.h"
#include "kafka_probe_inner.h"
#include "kafka_producer_inner.h"

#include "catalog_entries.h"
#include "invariant.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

static char version[NAME_BYTES];
static pthread_once_t version_once = PTHREAD_ONCE_INIT;

static void version_make(void)
{
    (void)snprintf(version, sizeof version, "librdkafka %s", rd_kafka_version_str());
}

static const char *library_version(void)
{
    (void)pthread_once(&version_once, version_make);
    return version;
}

static int topics_create(const struct target *target, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr)
{
    int64_t replicas = catalog_option_number(&catalog_kafka, target, "replication_factor");

    return kafka_topics_create(target, topics, (int32_t)replicas, deadline_ns, reterr);
}

static int open_endpoint(const struct endpoint_config *config, struct endpoint **ret,
                         struct errinfo *reterr)
{
    return config->role == ROLE_PRODUCER ? kafka_producer_open(config, ret, reterr)
                                         : kafka_consumer_open(config, ret, reterr);
}

static void close_endpoint(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    if (endpoint->config->role == ROLE_PRODUCER) {
        kafka_producer_close(endpoint);
    } else {
        kafka_consumer_close(endpoint);
    }
}

static int submit(struct endpoint *endpoint, const struct message *messages,
                  uint32_t messages_count)
{
    ASSERT(endpoint->config->role == ROLE_PRODUCER);
    return kafka_producer_submit(endpoint, messages, messages_count);
}

static int poll_events(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    return endpoint->config->role == ROLE_PRODUCER
               ? kafka_producer_poll(endpoint, events, events_max)
               : kafka_consumer_poll(endpoint, events, events_max);
}

static int poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    ASSERT(endpoint->config->role == ROLE_CONSUMER);
    return kafka_consumer_poll_held(endpoint, events, events_max);
}

static int ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    ASSERT(endpoint->config->role == ROLE_CONSUMER);
    return kafka_commit_ack(endpoint, token, multiple);
}

static int wait_fd(const struct endpoint *endpoint)
{
    return endpoint->epoll_fd;
}

const struct backend_ops backend_kafka = {
    .entry = &catalog_kafka,
    .library_version = library_version,
    .library_threads = "rdk:",
    .probe = kafka_probe,
    .topics_create = topics_create,
    .topics_delete = kafka_topics_delete,
    .clean = kafka_clean,
    .open = open_endpoint,
    .close = close_endpoint,
    .submit = submit,
    .poll = poll_events,
    .poll_held = poll_held,
    .ack = ack,
    .wait_fd = wait_fd,
    .watch = kafka_watch,
    .ready = kafka_ready,
    .ack_answers = true,
    .held_fd = true,
};
