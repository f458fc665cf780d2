#include "check.h"
#include "cli.h"
#include "cli_options_inner.h"

#include <string.h>

static const enum cli_option taken[] = {CLI_WITH,         CLI_SET,      CLI_TARGET,      CLI_AGENTS,
                                        CLI_SEED,         CLI_OUT,      CLI_LISTEN,      CLI_QUIET,
                                        CLI_OPEN,         CLI_FORMAT,   CLI_SELFCHECK,   CLI_HOSTS,
                                        CLI_JOIN_TIMEOUT, CLI_INSECURE, CLI_OPTION_COUNT};
static const struct cli_usage usage = {.name = "test",
                                       .arguments = "SCENARIO",
                                       .what = "Tests.",
                                       .arguments_min = 1,
                                       .arguments_max = 2,
                                       .options = taken,
                                       .examples = "  millrace test a.yaml\n"};

/* Parses words (ended by NULL, the command's name first). */
static bool parse(const char *const *words, struct cli_options *ret, int *ret_exit)
{
    static char kept[16][64]; /* Options borrow from argv. */
    char *argv[17] = {NULL};
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        assert_true(argc < 16 && strlen(words[argc]) < sizeof kept[0]);
        memcpy(kept[argc], words[argc], strlen(words[argc]) + 1);
        argv[argc] = kept[argc];
    }
    *ret_exit = 0;
    return cli_parse(&usage, argc, argv, ret, ret_exit);
}

#define PARSE(options, exit_code, ...)                                                             \
    parse((const char *const[]){"test", __VA_ARGS__, NULL}, options, exit_code)

static void options_and_arguments_may_be_mixed(void **state)
{
    struct cli_options options;
    int code = 0;

    (void)state;
    assert_true(PARSE(&options, &code, "--with", "a", "x.yaml", "--with=b", "--set", "k=v",
                      "--quiet", "y.yaml", "--agents", "3", "--seed=18446744073709551615"));
    assert_int_equal(options.arguments.count, 2);
    assert_string_equal(options.arguments.items[1], "y.yaml");
    assert_int_equal(options.with.count, 2);
    assert_string_equal(options.with.items[1], "b");
    assert_string_equal(options.set.items[0], "k=v");
    assert_int_equal(options.agents, 3);
    assert_true(options.agents_given);
    assert_true(options.seed == UINT64_MAX);
    assert_true(options.quiet);
    assert_false(options.open);
    cli_options_done(&options);
}

static void how_the_self_check_judges_is_set_as_the_key_of_the_scenario(void **state)
{
    struct cli_options options;
    int code = 0;

    (void)state;
    assert_true(PARSE(&options, &code, "x.yaml", "--selfcheck", "warn"));
    assert_int_equal(options.set.count, 1);
    assert_string_equal(options.set.items[0], "selfcheck=warn");
    cli_options_done(&options);
    assert_false(PARSE(&options, &code, "x.yaml", "--selfcheck=off"));
    assert_int_equal(code, 2);
}

static void beyond_this_host_is_listened_for_hosts_or_insecurely(void **state)
{
    static const char url[] = "tcp://0.0.0.0:7700";
    struct cli_options options;
    int code = 0;

    (void)state;
    assert_false(PARSE(&options, &code, "x.yaml", "--listen", url));
    assert_int_equal(code, 2);
    assert_true(PARSE(&options, &code, "x.yaml", "--listen", url, "--hosts", "load1"));
    assert_string_equal(options.hosts, "load1");
    cli_options_done(&options);
    assert_true(PARSE(&options, &code, "x.yaml", "--insecure", "--listen", url));
    assert_true(options.insecure);
    cli_options_done(&options);
    assert_false(PARSE(&options, &code, "x.yaml", "--insecure"));
    assert_int_equal(code, 2);
}

static void a_time_to_join_is_a_duration(void **state)
{
    struct cli_options options;
    int code = 0;

    (void)state;
    assert_true(PARSE(&options, &code, "x.yaml", "--join-timeout", "90s"));
    assert_string_equal(options.join_timeout, "90s");
    cli_options_done(&options);
    assert_false(PARSE(&options, &code, "x.yaml", "--join-timeout", "soon"));
    assert_false(PARSE(&options, &code, "x.yaml", "--join-timeout", "1ms"));
    assert_int_equal(code, 2);
}

static void defaults_are_those_of_the_contract(void **state)
{
    struct cli_options options;
    int code = 0;

    (void)state;
    assert_true(PARSE(&options, &code, "x.yaml"));
    assert_int_equal(options.agents, 2);
    assert_false(options.agents_given || options.seed_given || options.quiet);
    assert_null(options.out);
    assert_null(options.listen);
    cli_options_done(&options);
}

static void what_follows_two_dashes_is_an_argument(void **state)
{
    struct cli_options options;
    int code = 0;

    (void)state;
    assert_true(PARSE(&options, &code, "--", "--set"));
    assert_string_equal(options.arguments.items[0], "--set");
    cli_options_done(&options);
}

static void a_wrong_command_line_is_refused(void **state)
{
    static const char *const wrong[][4] = {
        {"test", NULL},
        {"test", "a", "--sett", NULL},
        {"test", "a", "--set", NULL},
        {"test", "a", "--quiet=1", NULL},
        {"test", "--agents=0", "a", NULL},
        {"test", "--agents=1025", "a", NULL},
        {"test", "--agents=2x", "a", NULL},
        {"test", "--agents=-1", "a", NULL},
        {"test", "--agents=", "a", NULL},
        {"test", "--seed=18446744073709551616", "a", NULL},
        {"test", "-x", "a", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cli_options options;
        int code = 0;

        assert_false(parse(wrong[i], &options, &code));
        assert_int_equal(code, EXIT_USAGE);
    }
}

static void one_argument_too_many_is_refused(void **state)
{
    struct cli_options options;
    int code = 0;

    (void)state;
    assert_false(PARSE(&options, &code, "a", "b", "c"));
    assert_int_equal(code, EXIT_USAGE);
}

static void help_wins_over_everything(void **state)
{
    struct cli_options options;
    int code = 7;

    (void)state;
    assert_false(PARSE(&options, &code, "--no-such-thing", "--help"));
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_may_be_mixed),
        cmocka_unit_test(how_the_self_check_judges_is_set_as_the_key_of_the_scenario),
        cmocka_unit_test(beyond_this_host_is_listened_for_hosts_or_insecurely),
        cmocka_unit_test(a_time_to_join_is_a_duration),
        cmocka_unit_test(defaults_are_those_of_the_contract),
        cmocka_unit_test(what_follows_two_dashes_is_an_argument),
        cmocka_unit_test(a_wrong_command_line_is_refused),
        cmocka_unit_test(one_argument_too_many_is_refused),
        cmocka_unit_test(help_wins_over_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
