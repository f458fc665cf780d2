#include "check.h"

#include "address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void for_each_entry(void (*check)(const struct catalog_entry *entry))
{
    for (const struct catalog_entry *const *at = catalog_all(); *at != NULL; at++) {
        check(*at);
    }
}

static void for_each_option(void (*check)(const struct catalog_entry *entry,
                                          const struct catalog_option *option))
{
    for (const struct catalog_entry *const *at = catalog_all(); *at != NULL; at++) {
        for (const struct catalog_option *option = (*at)->options; option->key != NULL; option++) {
            check(*at, option);
        }
    }
}

static const struct catalog_entry *entry_of(const char *name)
{
    const struct catalog_entry *entry = catalog_find(name);

    assert_non_null(entry);
    return entry;
}

static void catalog_has_the_backends_of_the_contract_in_order(void **state)
{
    static const char *const names[] = {"memory", "kafka", "rabbitmq", "mqtt"};
    const size_t count = sizeof names / sizeof names[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_non_null(catalog_backend(i));
        assert_string_equal(catalog_backend(i)->name, names[i]);
        assert_ptr_equal(catalog_find(names[i]), catalog_backend(i));
    }
    assert_null(catalog_backend(count));
    assert_null(catalog_find("kafk"));
    assert_null(catalog_find(""));
}

/* An entry without a client is the only one of its backend; one with a client has the option that
 * chooses it, whose default is the client of catalog_find(). */
static void check_client(const struct catalog_entry *entry)
{
    const struct catalog_option *option = catalog_option_find(entry, "client");
    char driver[64];

    if (entry->client == NULL) {
        assert_null(option);
        assert_string_equal(entry->driver, entry->name);
        assert_ptr_equal(catalog_find_client(entry->name, ""), entry);
        assert_ptr_equal(catalog_find(entry->name), entry);
        return;
    }
    (void)snprintf(driver, sizeof driver, "%s/%s", entry->name, entry->client);
    assert_string_equal(entry->driver, driver);
    assert_ptr_equal(catalog_find_client(entry->name, entry->client), entry);
    assert_non_null(option);
    assert_int_equal(catalog_option_check(option, entry->client, NULL), 0);
    assert_string_equal(option->default_value, catalog_find(entry->name)->client);
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        assert_non_null(catalog_find_client(entry->name, option->choices[i]));
    }
    assert_true(entry->client_unnamed == (catalog_find_client(entry->name, "") == entry));
}

static void every_client_of_a_backend_is_chosen_by_its_option(void **state)
{
    (void)state;
    for_each_entry(check_client);
    assert_null(catalog_find_client("memory", "own"));
    assert_null(catalog_find_client("mqtt", "libmosquitto"));
}

static void an_older_journal_that_names_no_client_means_paho(void **state)
{
    (void)state;
    assert_string_equal(catalog_find_client("mqtt", "")->driver, "mqtt/paho");
}

static void a_target_has_the_client_of_its_option(void **state)
{
    char backend[] = "mqtt";
    struct target target = {.backend = backend};

    (void)state;
    assert_ptr_equal(catalog_entry_of(&target), catalog_find("mqtt"));
    assert_int_equal(target_set_option(&target, "client", "own"), 0);
    assert_ptr_equal(catalog_entry_of(&target), catalog_find_client("mqtt", "own"));
    assert_int_equal(target_set_option(&target, "client", "paho"), 0);
    assert_ptr_equal(catalog_entry_of(&target), catalog_find_client("mqtt", "paho"));
    assert_int_equal(target_set_option(&target, "client", "other"), 0);
    assert_null(catalog_entry_of(&target));
    target.backend = NULL;
    target_done(&target);
}

static void an_option_that_one_client_has_is_found_from_the_other(void **state)
{
    const struct catalog_entry *own = catalog_find_client("mqtt", "own");

    (void)state;
    assert_null(catalog_option_find(own, "library_queue"));
    assert_ptr_equal(catalog_other_with(own, "library_queue"), catalog_find_client("mqtt", "paho"));
    assert_null(catalog_other_with(own, "prefetch"));
    assert_null(catalog_other_with(catalog_find("memory"), "library_queue"));
}

static void assert_text(const char *entry, const char *what, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        fail_msg("%s: %s has no text", entry, what);
    }
}

static void check_texts(const struct catalog_entry *entry)
{
    assert_text(entry->name, "title", entry->title);
    assert_text(entry->name, "client_library", entry->client_library);
    assert_text(entry->name, "topic_note", entry->topic_note);
    assert_text(entry->name, "subscription_note", entry->subscription_note);
    assert_text(entry->name, "clean_note", entry->clean_note);
    assert_non_null(entry->equivalences);
    assert_text(entry->name, "equivalences", entry->equivalences[0]);
    for (int i = 0; i < CAPABILITY_COUNT; i++) {
        assert_text(entry->name, capability_name((enum capability)i), entry->capabilities[i].note);
    }
    assert_true(entry->capabilities[CAPABILITY_PERSISTENT].available ||
                entry->capabilities[CAPABILITY_NOT_PERSISTENT].available);
    assert_true(entry->local == (entry->default_port == 0));
}

static void every_backend_says_what_the_words_mean_on_it(void **state)
{
    (void)state;
    for_each_entry(check_texts);
}

static void check_is_found(const struct catalog_entry *entry, const struct catalog_option *option)
{
    assert_ptr_equal(catalog_option_find(entry, option->key), option);
    assert_null(catalog_option_find(entry, "no_such_option"));
}

static void names_of_capabilities_and_options_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < CAPABILITY_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(capability_name((enum capability)i),
                                    capability_name((enum capability)j));
        }
    }
    for_each_option(check_is_found);
}

static void check_default(const struct catalog_entry *entry, const struct catalog_option *option)
{
    struct errinfo error = {""};

    assert_non_null(option->default_value);
    if (catalog_option_check(option, option->default_value, &error) < 0) {
        fail_msg("%s: %s: %s", entry->name, option->key, error.text);
    }
    if (option->type != OPTION_TEXT) {
        (void)catalog_value_number(option, option->default_value);
    }
}

static void every_default_is_a_value_that_its_option_takes(void **state)
{
    (void)state;
    for_each_option(check_default);
}

/* Keys are what a scenario writes; help is shown as a sentence. */
static void check_writing(const struct catalog_entry *entry, const struct catalog_option *option)
{
    size_t help_bytes = option->help != NULL ? strlen(option->help) : 0;

    assert_int_equal(strspn(option->key, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                     strlen(option->key));
    if (help_bytes < 10 || option->help[help_bytes - 1] != '.') {
        fail_msg("%s: %s: help is no sentence", entry->name, option->key);
    }
    assert_true((option->type == OPTION_CHOICE) == (option->choices != NULL));
    assert_true(option->min <= option->max);
}

static void every_option_is_written_as_the_others_are(void **state)
{
    (void)state;
    for_each_option(check_writing);
}

static void option_check_says_what_would_be_right(void **state)
{
    static const char *const choices[] = {"classic", "quorum", NULL};
    static const struct catalog_option option[] = {
        {"flag", OPTION_BOOL, "true", 0, 0, NULL, ""},
        {"kind", OPTION_CHOICE, "classic", 0, 0, choices, ""},
        {"room", OPTION_BYTES, "1KiB", 512, 4096, NULL, ""},
        {"wait", OPTION_DURATION, "1s", 1000000, 5000000000, NULL, ""},
        {"count", OPTION_COUNT, "5", 1, 20000, NULL, ""},
    };
    static const struct {
        int option;
        const char *value;
        const char *hint;
    } wrong[] = {
        {0, "yes", "true or false"},
        {0, "", "true or false"},
        {1, "mirrored", "classic | quorum"},
        {2, "1KB", "a size such as"},
        {2, "511", "out of range"},
        {2, "4097", "4.00 KiB"},
        {3, "5", "a duration such as"},
        {3, "6s", "1.00 ms to 5.00 s"},
        {4, "-1", "a count such as"},
        {4, "21k", "1 to 20.0k"},
        {4, "0", "out of range"},
        {2, "99999999999999999999999", "a size such as"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct errinfo error = {""};

        assert_int_equal(catalog_option_check(&option[wrong[i].option], wrong[i].value, &error),
                         -EINVAL);
        if (strstr(error.text, wrong[i].hint) == NULL ||
            strstr(error.text, wrong[i].value) == NULL) {
            fail_msg("\"%s\" does not name \"%s\" and \"%s\"", error.text, wrong[i].value,
                     wrong[i].hint);
        }
    }
    assert_int_equal(catalog_option_check(&option[2], "4KiB", NULL), 0);
    assert_int_equal(catalog_option_check(&option[3], "5s", NULL), 0);
    assert_int_equal(catalog_option_check(&option[4], "20k", NULL), 0);
}

static void option_number_gives_base_units(void **state)
{
    static const char *const choices[] = {"classic", "quorum", NULL};
    static const struct catalog_option flag = {"flag", OPTION_BOOL, "true", 0, 0, NULL, ""};
    static const struct catalog_option kind = {"kind", OPTION_CHOICE, "", 0, 0, choices, ""};
    static const struct catalog_option room = {"room", OPTION_BYTES, "", 0, 1 << 20, NULL, ""};
    static const struct catalog_option wait = {"wait", OPTION_DURATION, "", 0, 1 << 30, NULL, ""};

    (void)state;
    assert_int_equal(catalog_value_number(&flag, "true"), 1);
    assert_int_equal(catalog_value_number(&flag, "false"), 0);
    assert_int_equal(catalog_value_number(&kind, "quorum"), 1);
    assert_int_equal(catalog_value_number(&room, "64KiB"), 65536);
    assert_int_equal(catalog_value_number(&wait, "250ms"), 250000000);
}

static void address_check_takes_the_forms_of_each_backend(void **state)
{
    static const char *const right[][2] = {
        {"memory", ""},
        {"kafka", "127.0.0.1:9092"},
        {"kafka", "broker-1.example:19092"},
        {"kafka", "[::1]:9092"},
        {"rabbitmq", "amqp://127.0.0.1:5672/%2f"},
        {"rabbitmq", "amqp://127.0.0.1"},
        {"rabbitmq", "amqps://host:5671/vhost"},
        {"rabbitmq", "amqp://[::1]:5672/"},
        {"rabbitmq", "amqp://[fe80::1%eth0]/"},
        {"rabbitmq", "amqp://[::ffff:127.0.0.1]:5672/"},
        {"rabbitmq", "amqp://h/caf%C3%A9"},
        {"rabbitmq", "amqp://h/caf\xc3\xa9"},
        {"rabbitmq", "amqp://h/a%2fb%3fc"},
        {"mqtt", "mqtt://127.0.0.1:1883"},
        {"mqtt", "mqtts://host:8883"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct errinfo error = {""};

        if (catalog_address_check(entry_of(right[i][0]), right[i][1], &error) != 0) {
            fail_msg("%s", error.text);
        }
    }
}

/* Each was taken once, and meant something else than it said. */
static void address_check_says_how_an_address_is_written(void **state)
{
    static const char *const wrong[][3] = {
        {"rabbitmq", "amqp://h/v?heartbeat=5", "options:"},
        {"rabbitmq", "amqp://h/v#5", "options:"},
        {"rabbitmq", "amqp://h/a/b", "%2f"},
        {"rabbitmq", "amqp://h/v/", "%2f"},
        {"rabbitmq", "amqp://h/%zz", "%2f"},
        {"rabbitmq", "amqp://h/%2", "%2f"},
        {"rabbitmq", "amqp://h/a%00b", "%2f"},
        {"rabbitmq", "amqp://h/a b", "%20"},
        {"rabbitmq", "amqp://::1:5672", "[::1]"},
        {"rabbitmq", "amqp://::1", "[::1]"},
        {"rabbitmq", "amqp://[::1", "[::1]"},
        {"rabbitmq", "amqp://[host]:5672", "[::1]"},
        {"rabbitmq", "amqp://[]:5672", "[::1]"},
        {"rabbitmq", "amqp://[::1]5672", "amqp://HOST:PORT/VHOST"},
        {"rabbitmq", "amqp://::1]:5672", "[::1]"},
        {"kafka", "::1:9092", "[::1]"},
        {"kafka", "a:b:9092", "[::1]"},
        {"kafka", "[::1:9092", "[::1]"},
        {"mqtt", "mqtt://::1:1883", "[::1]"},
        {"mqtt", "mqtt://host:1883/", "mqtt://HOST:PORT"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct errinfo error = {""};

        if (catalog_address_check(entry_of(wrong[i][0]), wrong[i][1], &error) != -EINVAL) {
            fail_msg("%s takes \"%s\"", wrong[i][0], wrong[i][1]);
        }
        if (strstr(error.text, wrong[i][2]) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", error.text, wrong[i][2]);
        }
    }
}

static void address_parse_gives_what_is_dialled(void **state)
{
    struct address address;

    (void)state;
    assert_int_equal(
        address_parse(entry_of("rabbitmq"), "amqps://[::1]:5671/caf%C3%A9%2Fx", &address, NULL), 0);
    assert_string_equal(address.host, "::1");
    assert_int_equal(address.port, 5671);
    assert_true(address.tls);
    assert_string_equal(address.path, "caf\xc3\xa9/x");
    assert_int_equal(address_parse(entry_of("rabbitmq"), "amqp://h", &address, NULL), 0);
    assert_string_equal(address.host, "h");
    assert_int_equal(address.port, 0);
    assert_false(address.tls);
    assert_string_equal(address.path, "");
    assert_int_equal(address_parse(entry_of("kafka"), "b:9", &address, NULL), 0);
    assert_string_equal(address.host, "b");
    assert_int_equal(address.port, 9);
}

static void address_check_refuses_what_is_no_address(void **state)
{
    static const char *const wrong[][2] = {
        {"memory", "localhost"},
        {"kafka", ""},
        {"kafka", "localhost"},
        {"kafka", ":9092"},
        {"kafka", "localhost:"},
        {"kafka", "localhost:0"},
        {"kafka", "localhost:65536"},
        {"kafka", "localhost:99999999999999999999"},
        {"kafka", "localhost:9092x"},
        {"kafka", "localhost: 9092"},
        {"kafka", "localhost:+9092"},
        {"kafka", "[::1]"},
        {"rabbitmq", ""},
        {"rabbitmq", "127.0.0.1:5672"},
        {"rabbitmq", "http://127.0.0.1:5672"},
        {"rabbitmq", "amqp://"},
        {"rabbitmq", "amqpx://127.0.0.1"},
        {"rabbitmq", "amqp://host:port/"},
        {"rabbitmq", "amqp://guest:guest@127.0.0.1:5672"}, /* Passwords have their own key. */
        {"mqtt", "127.0.0.1:1883"},
        {"mqtt", "amqp://127.0.0.1:1883"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct errinfo error = {""};

        if (catalog_address_check(entry_of(wrong[i][0]), wrong[i][1], &error) != -EINVAL) {
            fail_msg("%s takes \"%s\"", wrong[i][0], wrong[i][1]);
        }
        assert_true(error.text[0] != '\0');
    }
}

static void a_target_has_the_default_of_what_it_does_not_say(void **state)
{
    const struct catalog_entry *entry = catalog_find("memory");
    struct target target = {0};

    (void)state;
    assert_int_equal(catalog_option_number(entry, &target, "prefetch"),
                     catalog_value_number(catalog_option_find(entry, "prefetch"),
                                          catalog_option_text(entry, &target, "prefetch")));
    assert_string_equal(catalog_option_text(entry, &target, "prefetch"),
                        catalog_option_find(entry, "prefetch")->default_value);
    assert_int_equal(target_set_option(&target, "prefetch", "7"), 0);
    assert_int_equal(catalog_option_number(entry, &target, "prefetch"), 7);
    assert_string_equal(catalog_option_text(entry, &target, "prefetch"), "7");
    target_done(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalog_has_the_backends_of_the_contract_in_order),
        cmocka_unit_test(every_client_of_a_backend_is_chosen_by_its_option),
        cmocka_unit_test(an_older_journal_that_names_no_client_means_paho),
        cmocka_unit_test(a_target_has_the_client_of_its_option),
        cmocka_unit_test(an_option_that_one_client_has_is_found_from_the_other),
        cmocka_unit_test(every_backend_says_what_the_words_mean_on_it),
        cmocka_unit_test(names_of_capabilities_and_options_are_unique),
        cmocka_unit_test(every_default_is_a_value_that_its_option_takes),
        cmocka_unit_test(every_option_is_written_as_the_others_are),
        cmocka_unit_test(option_check_says_what_would_be_right),
        cmocka_unit_test(option_number_gives_base_units),
        cmocka_unit_test(address_check_takes_the_forms_of_each_backend),
        cmocka_unit_test(address_check_refuses_what_is_no_address),
        cmocka_unit_test(address_check_says_how_an_address_is_written),
        cmocka_unit_test(address_parse_gives_what_is_dialled),
        cmocka_unit_test(a_target_has_the_default_of_what_it_does_not_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
