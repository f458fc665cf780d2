/* Over which client each target was driven, where its backend has several. */
#include "check.h"

#include "clients.h"
#include "result_fixture.h"
#include "summary.h"

#include <stdio.h>
#include <string.h>

/* The fixture's first three cases, which were measured, on MQTT. */
static struct result *make(const char *first, const char *second, const char *third)
{
    const struct fixture_options options = {.seconds = 5, .seed = 5};
    struct result *result = result_fixture(&options);
    const char *const clients[] = {first, second, third};

    for (uint32_t i = 0; i < 3; i++) {
        (void)snprintf(result->cases[i].backend, NAME_BYTES, "mqtt");
        (void)snprintf(result->cases[i].client, NAME_BYTES, "%s", clients[i]);
        (void)snprintf(result->cases[i].target, NAME_BYTES, "target-%u", i + 1);
    }
    (void)snprintf(result->versions[1].name, NAME_BYTES, "mqtt/paho");
    (void)snprintf(result->versions[1].value, NAME_BYTES, "paho.mqtt.c 1.3.11");
    return result;
}

static void expect_line(struct result *result, const char *line)
{
    struct text out = {0};

    assert_int_equal(clients_line(result, &out), line != NULL);
    assert_string_equal(line == NULL ? "" : line, out.bytes == NULL ? "" : out.bytes);
    text_done(&out);
    result_free(result);
}

static void one_client_is_named_with_its_library_and_targets(void **state)
{
    (void)state;
    expect_line(make("paho", "paho", "paho"),
                "client paho (paho.mqtt.c 1.3.11) on target-1, target-2, target-3");
}

static void different_clients_are_named_as_what_may_differ(void **state)
{
    (void)state;
    expect_line(make("paho", "own", "paho"),
                "client paho (paho.mqtt.c 1.3.11) on target-1, target-3; client own on target-2: "
                "what differs between them may come from the client, not the broker");
}

static void backends_of_one_client_are_not_spoken_of(void **state)
{
    const struct fixture_options options = {.seconds = 5, .seed = 5};

    (void)state;
    expect_line(result_fixture(&options), NULL);
    expect_line(make("", "", ""), NULL);
}

static void a_case_that_was_not_measured_makes_no_difference(void **state)
{
    struct result *result = make("paho", "own", "paho");
    uint32_t trials_count = result->cases[1].trials_count;

    (void)state;
    assert_true(clients_mixed(result));
    assert_true(clients_differ(&result->cases[0], &result->cases[1]));
    assert_false(clients_differ(&result->cases[0], &result->cases[2]));
    result->cases[1].trials_count = 0;
    assert_false(clients_mixed(result));
    result->cases[1].trials_count = trials_count;
    result_free(result);
}

static void the_terminal_says_it(void **state)
{
    struct result *result = make("paho", "paho", "paho");
    struct text out = {0};

    (void)state;
    assert_int_equal(summary_write(result, 110, &out), 0);
    assert_non_null(strstr(out.bytes, "\n  client paho (paho.mqtt.c 1.3.11) on target-1, "));
    text_done(&out);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_client_is_named_with_its_library_and_targets),
        cmocka_unit_test(different_clients_are_named_as_what_may_differ),
        cmocka_unit_test(backends_of_one_client_are_not_spoken_of),
        cmocka_unit_test(a_case_that_was_not_measured_makes_no_difference),
        cmocka_unit_test(the_terminal_says_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
