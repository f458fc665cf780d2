/* Option `client` of a target decides which options it takes and what it offers. */
#include "catalog.h"
#include "check.h"
#include "scenario_fixture.h"

#include <stdio.h>
#include <string.h>

/* A scenario whose only target is MQTT with those options, and whose consumers are paused. */
static const char *with_options(const char *options)
{
    static char text[1024];

    (void)snprintf(
        text, sizeof text,
        "millrace: 1\n"
        "targets:\n"
        "  - backend: mqtt\n"
        "    address: mqtt://127.0.0.1:1883\n"
        "    options:\n%s"
        "delivery: { consume_ack: each }\n"
        "phases: [ { name: steady, rate: 1k/s, for: 10s, consume: { paused: true } } ]\n",
        options);
    return text;
}

static void what_a_target_offers_is_that_of_its_client(void **state)
{
    struct fixture *fixture = *state;

    (void)fixture_good(fixture, with_options("      client: own\n"), NULL);
    assert_int_equal(fixture->warnings.bytes_count, 0);
    assert_string_equal(catalog_entry_of(&fixture->scenario->targets[0])->driver, "mqtt/own");
    (void)fixture_good(fixture, with_options("      client: paho\n"), NULL);
    assert_non_null(strstr(fixture->warnings.bytes, "paho takes and acknowledges"));
    assert_string_equal(catalog_entry_of(&fixture->scenario->targets[0])->driver, "mqtt/paho");
}

static void a_client_is_chosen_wherever_it_stands_among_the_options(void **state)
{
    struct fixture *fixture = *state;

    (void)fixture_good(fixture, with_options("      library_queue: 10\n      client: paho\n"),
                       NULL);
    assert_int_equal(catalog_option_number(catalog_find_client("mqtt", "paho"),
                                           &fixture->scenario->targets[0], "library_queue"),
                     10);
}

static void an_option_of_the_other_client_is_refused_where_it_stands(void **state)
{
    fixture_bad(*state, with_options("      client: own\n      library_queue: 10\n"), NULL,
                ".yaml:7:7: targets.mqtt.options.library_queue: is an option of the client paho, "
                "and this target's is own (leave it out, or set client: paho)");
}

static void a_client_that_there_is_not_is_refused_with_those_there_are(void **state)
{
    fixture_bad(*state, with_options("      client: mosquitto\n"), NULL,
                ".yaml:6:15: targets.mqtt.options.client: \"mosquitto\" is not one of its values "
                "(own | paho)");
    fixture_bad(
        *state,
        "millrace: 1\ntargets: [ { backend: memory, options: { client: own } } ]\n" FIXTURE_PHASES,
        NULL, "the memory backend has no such option");
}

static void a_client_comes_from_outside_too(void **state)
{
    struct fixture *fixture = *state;

    (void)fixture_good(fixture, with_options("      qos: 2\n"),
                       &(struct fixture_extra){.set = {"targets.mqtt.options.client=own"}});
    assert_string_equal(catalog_entry_of(&fixture->scenario->targets[0])->driver, "mqtt/own");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_target_offers_is_that_of_its_client),
        cmocka_unit_test(a_client_is_chosen_wherever_it_stands_among_the_options),
        cmocka_unit_test(an_option_of_the_other_client_is_refused_where_it_stands),
        cmocka_unit_test(a_client_that_there_is_not_is_refused_with_those_there_are),
        cmocka_unit_test(a_client_comes_from_outside_too),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
