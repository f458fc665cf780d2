#include "rig.h"

#include "cases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_NS (20 * NS_PER_S)
#define NOWHERE_NS (2 * NS_PER_S)

static int64_t control_deadline(void)
{
    return mono_ns() + CONTROL_NS;
}

/* Two topics of a name that only this test uses. */
struct pair {
    struct target target;
    struct delivery delivery;
    char names[2][TOPIC_NAME_BYTES];
    struct topic topics[2];
    struct topic_list list;
};

static void pair_init(struct pair *pair, const struct suite *suite, const char *name)
{
    memset(pair, 0, sizeof *pair);
    rig_target(suite, NULL, NULL, &pair->target);
    pair->delivery = (struct delivery){.in_flight = 100, .consume_ack_batch = 1};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(pair->names[i], sizeof pair->names[i], "millrace-%s-%d-%d", name,
                       (int)getpid(), i);
        pair->topics[i] = (struct topic){.name = pair->names[i],
                                         .partitions = 2,
                                         .subscriptions = 2,
                                         .delivery = &pair->delivery};
    }
    pair->list = (struct topic_list){pair->topics, 2};
}

static void create(const struct suite *suite, const struct pair *pair)
{
    struct errinfo error = {""};

    if (suite->ops->topics_create(&pair->target, &pair->list, control_deadline(), &error) < 0) {
        fail_msg("topics_create: %s", error.text);
    }
}

static void delete (const struct suite *suite, const struct pair *pair)
{
    struct errinfo error = {""};

    if (suite->ops->topics_delete(&pair->target, &pair->list, control_deadline(), &error) < 0) {
        fail_msg("topics_delete: %s", error.text);
    }
}

void topics_can_be_made_and_removed_and_made_again(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct pair pair;

    pair_init(&pair, suite, "again");
    delete (suite, &pair); /* What is not there is no error. */
    create(suite, &pair);
    delete (suite, &pair);
    create(suite, &pair);
    delete (suite, &pair);
    delete (suite, &pair);
    target_done(&pair.target);
}

void making_a_topic_that_exists_is_refused(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct pair pair;

    if (suite->conformance->implicit_topics) {
        rig_skip("topics are not objects of this broker");
    }
    pair_init(&pair, suite, "exists");
    pair.list.topics_count = 1;
    create(suite, &pair);
    assert_int_equal(
        suite->ops->topics_create(&pair.target, &pair.list, control_deadline(), &error), -EEXIST);
    assert_non_null(strstr(error.text, pair.names[0]));
    delete (suite, &pair);
    target_done(&pair.target);
}

void clean_removes_what_was_left_behind(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    uint32_t removed = 0;
    struct pair pair;

    if (suite->conformance->implicit_topics) {
        rig_skip("topics are not objects of this broker");
    }
    if (suite->conformance->broker != NULL && !suite->broker.ours) {
        rig_skip("others may use the broker at %s", suite->broker.address);
    }
    pair_init(&pair, suite, "left");
    create(suite, &pair);
    if (suite->ops->clean(&pair.target, control_deadline(), &removed, &error) < 0) {
        fail_msg("clean: %s", error.text);
    }
    assert_true(removed >= 2);
    create(suite, &pair); /* Nothing of them is left that could be in the way. */
    delete (suite, &pair);
    if (suite->ops->clean(&pair.target, control_deadline(), &removed, &error) < 0) {
        fail_msg("clean: %s", error.text);
    }
    assert_int_equal(removed, 0);
    target_done(&pair.target);
}

/* A producer's endpoint there must not open. */
static void open_nowhere(const struct suite *suite, struct pair *pair, const char *host_port)
{
    static const uint32_t topic_index = 0;
    struct endpoint_client client = {.topics = &topic_index, .topics_count = 1, .shares_count = 1};
    struct endpoint_config config = {.target = &pair->target,
                                     .role = ROLE_PRODUCER,
                                     .run_id = "conformance-nowhere",
                                     .topics = pair->topics,
                                     .topics_count = 2,
                                     .clients = &client,
                                     .clients_count = 1,
                                     .delivery = &pair->delivery,
                                     .message_bytes_max = 100,
                                     .drain_ns = NS_PER_S};
    struct endpoint *endpoint = NULL;
    struct errinfo error = {""};

    pair->delivery.publish_ack = PUBLISH_ACK_ALL;
    config.open_deadline_ns = mono_ns() + NOWHERE_NS;
    assert_true(suite->ops->open(&config, &endpoint, &error) < 0);
    assert_null(endpoint);
    assert_true(mono_ns() < config.open_deadline_ns + RIG_SLACK_NS);
    assert_non_null(strstr(error.text, host_port));
}

void control_calls_without_a_broker_fail_in_time_with_a_sentence(void **state)
{
    const struct suite *suite = rig_suite(state);
    int64_t deadline_ns = mono_ns() + NOWHERE_NS;
    struct errinfo error = {""};
    uint32_t removed = 0;
    char address[256];
    char host_port[64];
    struct pair pair;
    int fd;

    rig_require_address(suite);
    fd = rig_loopback_port(false, host_port, sizeof host_port);
    rig_address(suite, host_port, address, sizeof address);
    pair_init(&pair, suite, "nowhere");
    target_done(&pair.target);
    rig_target(suite, address, NULL, &pair.target);
    if (!suite->conformance->implicit_topics) {
        assert_true(suite->ops->clean(&pair.target, deadline_ns, &removed, &error) < 0);
        assert_true(mono_ns() < deadline_ns + RIG_SLACK_NS);
        assert_non_null(strstr(error.text, host_port));
        error.text[0] = '\0';
        deadline_ns = mono_ns() + NOWHERE_NS;
        assert_true(suite->ops->topics_create(&pair.target, &pair.list, deadline_ns, &error) < 0);
        assert_true(mono_ns() < deadline_ns + RIG_SLACK_NS);
        assert_non_null(strstr(error.text, host_port));
    }
    open_nowhere(suite, &pair, host_port);
    (void)close(fd);
    target_done(&pair.target);
}
