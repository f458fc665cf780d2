#include "rig.h"

#include "file.h"
#include "invariant.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_NS (20 * NS_PER_S)

static struct rig *open_rig; /* For rig_teardown(). */

void rig_skip(const char *format, ...)
{
    char reason[ERRINFO_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    print_message("[  REASON  ] %s\n", reason);
    skip();
}

struct suite *rig_suite(void **state)
{
    struct suite *suite = *state;

    if (suite->missing[0] != '\0') {
        rig_skip("%s", suite->missing);
    }
    return suite;
}

void rig_require(const struct suite *suite, enum capability capability)
{
    const struct catalog_capability *cell = &suite->ops->entry->capabilities[capability];

    if (!cell->available) {
        rig_skip("%s: not available: %s", capability_name(capability),
                 cell->note != NULL ? cell->note : "");
    }
}

static void set_options(struct target *target, const char *const *options)
{
    for (; options != NULL && options[0] != NULL; options += 2) {
        assert_int_equal(target_set_option(target, options[0], options[1]), 0);
    }
}

static char *copy_text(const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;

    assert_true(text == NULL || copy != NULL);
    return copy;
}

char *rig_tls_path(const struct suite *suite, const char *name)
{
    char *path = file_join(suite->tls_folder, name);

    assert_non_null(path);
    return path;
}

void rig_target(const struct suite *suite, const char *address, const char *const *options,
                struct target *ret)
{
    const struct conformance *conformance = suite->conformance;

    memset(ret, 0, sizeof *ret);
    ret->label = copy_text("conformance");
    ret->backend = copy_text(conformance->backend);
    ret->username = copy_text(suite->login ? conformance->login_username : conformance->username);
    ret->password = copy_text(suite->login ? conformance->login_password : conformance->password);
    ret->mechanism = copy_text(suite->login ? conformance->login_mechanism : NULL);
    if (!suite->ops->entry->local) {
        ret->addresses = calloc(1, sizeof *ret->addresses);
        assert_non_null(ret->addresses);
        ret->addresses[0] = copy_text(address != NULL ? address : suite->broker.address);
        ret->addresses_count = 1;
    }
    if (suite->tls_folder[0] != '\0') {
        ret->tls = true;
        ret->tls_ca = rig_tls_path(suite, "ca.pem");
    }
    if (conformance->client != NULL) {
        assert_int_equal(target_set_option(ret, "client", conformance->client), 0);
    }
    set_options(ret, conformance->options);
    set_options(ret, options);
}

void rig_address(const struct suite *suite, const char *host_port, char *ret, size_t bytes)
{
    const char *whole = suite->broker.address;
    const char *scheme = strstr(whole, "://");
    const char *host = scheme != NULL ? scheme + 3 : whole;

    (void)snprintf(ret, bytes, "%.*s%s%s", (int)(host - whole), whole, host_port,
                   host + strcspn(host, "/"));
}

int64_t rig_deadline(const struct rig *rig)
{
    return mono_ns() + rig->patience_ns;
}

static uint32_t at_least_one(uint32_t count)
{
    return count > 0 ? count : 1;
}

static void fill_spec(struct rig *rig, const struct rig_spec *spec)
{
    struct rig_spec *own = &rig->spec;

    *own = *spec;
    own->topics = at_least_one(spec->topics);
    own->partitions = at_least_one(spec->partitions);
    own->subscriptions = at_least_one(spec->subscriptions);
    own->producers = at_least_one(spec->producers);
    own->consumers = at_least_one(spec->consumers);
    if (own->message_bytes_max == 0) {
        own->message_bytes_max = 100;
    }
    if (own->delivery.in_flight == 0) {
        own->delivery.in_flight = 100;
    }
    if (own->delivery.consume_ack_batch == 0) {
        own->delivery.consume_ack_batch = own->delivery.consume_ack == CONSUME_ACK_BATCH ? 10 : 1;
    }
    ASSERT(own->topics <= RIG_TOPICS_MAX && own->subscriptions <= RIG_SUBSCRIPTIONS_MAX &&
           own->producers <= RIG_CLIENTS_MAX && own->delivery.in_flight <= 4096 &&
           own->consumers * own->subscriptions <= RIG_CLIENTS_MAX &&
           own->producers * own->topics * own->partitions <= RIG_STREAMS_MAX);
}

static void fill_topics(struct rig *rig, uint32_t number)
{
    (void)snprintf(rig->run_id, sizeof rig->run_id, "conformance-%d-%u", (int)getpid(), number);
    for (uint32_t i = 0; i < rig->spec.topics; i++) {
        (void)snprintf(rig->names[i], sizeof rig->names[i], "millrace-%s-%u", rig->run_id, i);
        rig->topics[i] = (struct topic){.name = rig->names[i],
                                        .partitions = rig->spec.partitions,
                                        .subscriptions = rig->spec.subscriptions,
                                        .delivery = &rig->spec.delivery};
        rig->topic_indexes[i] = i;
    }
}

/* Every client uses every topic; producers come first in the trial's numbering. */
static void fill_configs(struct rig *rig)
{
    struct endpoint_config config = {.target = &rig->target,
                                     .run_id = rig->run_id,
                                     .topics = rig->topics,
                                     .topics_count = rig->spec.topics,
                                     .delivery = &rig->spec.delivery,
                                     .message_bytes_max = rig->spec.message_bytes_max,
                                     .drain_ns = 10 * NS_PER_S};

    for (uint32_t i = 0; i < rig->spec.producers; i++) {
        rig->producers[i] = (struct endpoint_client){.client = i,
                                                     .topics = rig->topic_indexes,
                                                     .topics_count = rig->spec.topics,
                                                     .shares_count = 1};
    }
    for (uint32_t i = 0; i < rig->spec.subscriptions * rig->spec.consumers; i++) {
        rig->consumers[i] = (struct endpoint_client){.client = rig->spec.producers + i,
                                                     .subscription = i / rig->spec.consumers,
                                                     .topics = rig->topic_indexes,
                                                     .topics_count = rig->spec.topics,
                                                     .share_index = i % rig->spec.consumers,
                                                     .shares_count = rig->spec.consumers};
    }
    config.role = ROLE_PRODUCER;
    config.clients = rig->producers;
    config.clients_count = rig->spec.producers;
    rig->producer_config = config;
    config.role = ROLE_CONSUMER;
    config.clients = rig->consumers;
    config.clients_count = rig->spec.subscriptions * rig->spec.consumers;
    rig->consumer_config = config;
}

static void open_endpoint(struct rig *rig, struct endpoint_config *config, struct endpoint **ret)
{
    struct errinfo error = {""};

    config->open_deadline_ns = rig_deadline(rig);
    if (rig->suite->ops->open(config, ret, &error) < 0) {
        fail_msg("open: %s", error.text);
    }
}

void rig_open_consumers(struct rig *rig)
{
    open_endpoint(rig, &rig->consumer_config, &rig->consumer);
}

struct rig *rig_open(void **state, const struct rig_spec *spec)
{
    static uint32_t rigs;
    struct suite *suite = rig_suite(state);
    struct rig *rig;
    struct errinfo error = {""};
    struct topic_list list;

    if (spec->consumers > 1 && suite->conformance->no_sharing != NULL) {
        rig_skip("%s", suite->conformance->no_sharing);
    }
    rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    assert_null(open_rig);
    open_rig = rig;
    rig->suite = suite;
    rig->patience_ns =
        suite->conformance->patience_ns != 0 ? suite->conformance->patience_ns : PATIENCE_NS;
    fill_spec(rig, spec);
    fill_topics(rig, rigs++);
    memset(rig->last_seen, 0xff, sizeof rig->last_seen);
    rig->bytes = malloc((size_t)rig->spec.message_bytes_max * SUBMIT_MESSAGES_MAX);
    assert_non_null(rig->bytes);
    rig_target(suite, NULL, spec->options, &rig->target);
    fill_configs(rig);
    list = (struct topic_list){rig->topics, rig->spec.topics};
    if (suite->ops->topics_create(&rig->target, &list, rig_deadline(rig), &error) < 0) {
        fail_msg("topics_create: %s", error.text);
    }
    if (!spec->without_consumers) {
        rig_open_consumers(rig);
    }
    open_endpoint(rig, &rig->producer_config, &rig->producer);
    return rig;
}

void rig_close(struct rig *rig)
{
    struct topic_list list = {rig->topics, rig->spec.topics};
    struct errinfo error = {""};
    int r;

    rig->suite->ops->close(rig->producer);
    rig->suite->ops->close(rig->consumer);
    r = rig->suite->ops->topics_delete(&rig->target, &list, rig_deadline(rig), &error);
    target_done(&rig->target);
    free(rig->bytes);
    free(rig);
    open_rig = NULL;
    if (r < 0) {
        fail_msg("topics_delete: %s", error.text);
    }
}

int rig_teardown(void **state)
{
    (void)state;
    if (open_rig != NULL) {
        rig_close(open_rig);
    }
    return 0;
}

struct delivery rig_confirmed(const struct suite *suite)
{
    const struct catalog_capability *cells = suite->ops->entry->capabilities;

    return (struct delivery){.publish_ack = PUBLISH_ACK_ALL,
                             .consume_ack = cells[CAPABILITY_CONSUME_ACK_EACH].available
                                                ? CONSUME_ACK_EACH
                                                : CONSUME_ACK_NONE,
                             .persistent = cells[CAPABILITY_PERSISTENT].available};
}

void rig_require_address(const struct suite *suite)
{
    if (suite->ops->entry->local) {
        rig_skip("the backend has no address");
    }
}

int rig_loopback_port(bool listening, char *host_port, size_t bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t address_bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_bytes), 0);
    (void)snprintf(host_port, bytes, "127.0.0.1:%u", ntohs(address.sin_port));
    if (listening) {
        assert_int_equal(listen(fd, 8), 0);
    }
    return fd;
}
