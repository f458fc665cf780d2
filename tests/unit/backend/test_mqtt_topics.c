/* How a trial's topics and partitions stand on an MQTT broker. */
#include "check.h"

#include "mqtt_topics.h"

#include <stdlib.h>

static const struct topic orders_and_returns[] = {
    {.name = "orders", .partitions = 4, .subscriptions = 1},
    {.name = "returns", .partitions = 9999999, .subscriptions = 1},
};

static void what_is_written_is_found(void **state)
{
    const struct endpoint_config config = {.topics = orders_and_returns, .topics_count = 2};
    static const uint32_t partitions[] = {0, 3, 9, 10, 12345, 9999998};
    struct mqtt_topics topics;

    (void)state;
    assert_int_equal(mqtt_topics_init(&topics, &config), 0);
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
        char text[MQTT_TOPIC_TEXT_BYTES];
        uint32_t bytes = mqtt_topic_write("returns", partitions[i], text);
        uint32_t topic = 7;
        uint32_t partition = 7;

        assert_int_equal(bytes, strlen(text));
        assert_true(mqtt_topics_find(&topics, text, bytes, &topic, &partition));
        assert_int_equal(topic, 1);
        assert_int_equal(partition, partitions[i]);
    }
    mqtt_topics_done(&topics);
}

static void what_is_not_of_the_trial_is_not_found(void **state)
{
    const struct endpoint_config config = {.topics = orders_and_returns, .topics_count = 2};
    static const char *const names[] = {"",          "orders",     "orders/",        "orders/4",
                                        "order/1",   "orderss/1",  "orders/1x",      "orders/-1",
                                        "/orders/1", "orders/1/1", "orders/00000001"};
    struct mqtt_topics topics;
    uint32_t topic;
    uint32_t partition;

    (void)state;
    assert_int_equal(mqtt_topics_init(&topics, &config), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(mqtt_topics_find(&topics, names[i], strlen(names[i]), &topic, &partition));
    }
    assert_false(mqtt_topics_find(&topics, "orders\0/1", 9, &topic, &partition));
    mqtt_topics_done(&topics);
}

static void consumers_that_share_a_subscription_are_a_group_of_the_run(void **state)
{
    uint32_t indexes[] = {1, 0};
    struct endpoint_client client = {
        .topics = indexes, .topics_count = 2, .subscription = 3, .shares_count = 1};
    const struct endpoint_config config = {.topics = orders_and_returns,
                                           .topics_count = 2,
                                           .clients = &client,
                                           .clients_count = 1,
                                           .run_id = "r7",
                                           .trial = 2};
    char *filter = NULL;

    (void)state;
    assert_int_equal(mqtt_topic_filter(&config, 0, 0, &filter), 0);
    assert_string_equal(filter, "returns/+");
    free(filter);
    client.shares_count = 2;
    assert_int_equal(mqtt_topic_filter(&config, 0, 1, &filter), 0);
    assert_string_equal(filter, "$share/millrace-r7-2-3/orders/+");
    free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_found),
        cmocka_unit_test(what_is_not_of_the_trial_is_not_found),
        cmocka_unit_test(consumers_that_share_a_subscription_are_a_group_of_the_run),
    };

    return cmocka_run_group_tests_name("mqtt_topics", tests, NULL, NULL);
}
