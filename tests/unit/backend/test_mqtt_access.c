#include "check.h"

#include "mono.h"
#include "mqtt_access_inner.h"

#include <stdlib.h>
#include <string.h>

static void make_target(struct target *target, const char *first, const char *second)
{
    memset(target, 0, sizeof *target);
    target->addresses = (char **)calloc(2, sizeof(char *));
    assert_non_null(target->addresses);
    target->addresses[0] = strdup(first);
    target->addresses[1] = strdup(second);
    target->addresses_count = 2;
}

/* Bug: every client dialled the first address, so a cluster was tested by one of its nodes. */
static void mqtt_clients_are_spread_over_the_addresses_by_their_number(void **state)
{
    struct target target;
    struct mqtt_access access;

    (void)state;
    make_target(&target, "mqtt://127.0.0.1:1884", "mqtts://node-b.test");
    for (uint32_t client = 0; client < 4; client++) {
        assert_int_equal(mqtt_access_init(&target, client, &access, NULL), 0);
        assert_string_equal(access.uris[client % 2], "tcp://127.0.0.1:1884");
        assert_string_equal(access.uris[1 - client % 2], "ssl://node-b.test:8883");
        mqtt_access_done(&access);
    }
    target_done(&target);
}

static void mqtt_numbers_that_are_known_are_taken_over_in_the_clients_order(void **state)
{
    struct target target;
    struct mqtt_access known;
    struct mqtt_access access;
    struct errinfo error = {""};

    (void)state;
    make_target(&target, "mqtt://127.0.0.1:1884", "mqtt://[::1]:1885");
    assert_int_equal(mqtt_access_init(&target, 0, &known, NULL), 0);
    assert_int_equal(mqtt_access_resolve(&known, mono_ns() + NS_PER_S, &error), 0);
    assert_int_equal(known.uris_count, 2);
    for (uint32_t client = 0; client < 4; client++) {
        assert_int_equal(mqtt_access_init(&target, client, &access, NULL), 0);
        assert_int_equal(mqtt_access_resolve_as(&access, &known, &error), 0);
        assert_string_equal(access.uris[client % 2], "tcp://127.0.0.1:1884");
        assert_string_equal(access.uris[1 - client % 2], "tcp://[::1]:1885");
        mqtt_access_done(&access);
    }
    mqtt_access_done(&known);
    target_done(&target);
}

/* paho would look it up under its lock, and keep every client waiting. */
static void mqtt_a_name_that_is_not_known_is_no_address_to_dial(void **state)
{
    struct target target;
    struct mqtt_access access;
    struct errinfo error = {""};

    (void)state;
    make_target(&target, "mqtt://no-such-host.invalid", "mqtt://127.0.0.1:1884"); /* RFC 6761 */
    assert_int_equal(mqtt_access_init(&target, 0, &access, NULL), 0);
    assert_int_equal(mqtt_access_resolve(&access, mono_ns() + 20 * NS_PER_S, &error), 0);
    assert_int_equal(access.uris_count, 1);
    assert_string_equal(access.uris[0], "tcp://127.0.0.1:1884");
    mqtt_access_done(&access);
    target_done(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_clients_are_spread_over_the_addresses_by_their_number),
        cmocka_unit_test(mqtt_numbers_that_are_known_are_taken_over_in_the_clients_order),
        cmocka_unit_test(mqtt_a_name_that_is_not_known_is_no_address_to_dial),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
