/* Agents that drive a broker by different client libraries are told apart. */
#include "fleet_bench.h"

#include "fleet_libraries.h"

#include <stdio.h>

static void join(struct bench *bench, const char *name, uint64_t instance, const char *kafka,
                 const char *mqtt)
{
    struct hello hello = bench_hello(name, instance);

    hello.backends_count = 0;
    if (kafka != NULL) {
        (void)snprintf(hello.backends[hello.backends_count].name, NAME_BYTES, "kafka");
        (void)snprintf(hello.backends[hello.backends_count++].library, NAME_BYTES, "%s", kafka);
    }
    (void)snprintf(hello.backends[hello.backends_count].name, NAME_BYTES, "mqtt");
    (void)snprintf(hello.backends[hello.backends_count++].library, NAME_BYTES, "%s", mqtt);
    assert_true(bench_say_hello(bench, &hello).accepted);
}

static void another_version_on_one_agent_is_told(void **state)
{
    struct bench bench;
    char text[REASON_BYTES] = "";

    (void)state;
    bench_begin(&bench, 3);
    join(&bench, "load1", 1, "librdkafka 2.0.2", "paho 1.3.12");
    join(&bench, "load2", 2, NULL, "paho 1.3.12");
    assert_false(fleet_libraries_differ(bench.fleet, "kafka", text)); /* One agent has none. */
    join(&bench, "load3", 3, "librdkafka 2.3.0", "paho 1.3.12");
    assert_true(fleet_libraries_differ(bench.fleet, "kafka", text));
    assert_string_equal(text, "librdkafka 2.0.2 on load1, librdkafka 2.3.0 on load3");
    assert_false(fleet_libraries_differ(bench.fleet, "mqtt", text));
    assert_false(fleet_libraries_differ(bench.fleet, "amqp", text));
    fleet_libraries_text(bench.fleet, 0, text);
    assert_string_equal(text, "librdkafka 2.0.2");
    fleet_libraries_text(bench.fleet, 1, text);
    assert_string_equal(text, "");
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_version_on_one_agent_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
