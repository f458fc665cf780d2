#include "check.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct values {
    struct option_list arguments;
    struct option_list with;
    const char *out;
    uint32_t agents;
    bool agents_given;
    uint64_t seed;
    uint64_t token;
    bool quiet;
};

#define AT(member) .at = offsetof(struct values, member)

static int read_word(const char *value, const char **ret, struct errinfo *reterr)
{
    if (strcmp(value, "warn") != 0) {
        return errinfo_set(reterr, -EINVAL, "--judge is warn, not %s", value);
    }
    *ret = "judge=warn";
    return 0;
}

static void names(struct text *out)
{
    text_addf(out, "one of a, b");
}

static const struct option_row rows[] = {
    {.name = "--with", .value = "FILE", .help = "lay over", .kind = TAKES_LIST, AT(with)},
    {.name = "--judge",
     .value = "HOW",
     .help = "",
     .kind = TAKES_LIST,
     .once = true,
     AT(with),
     .read = read_word,
     .names = names},
    {.name = "--out", .value = "DIR", .help = "where to", .kind = TAKES_TEXT, AT(out)},
    {.name = "--agents",
     .value = "N",
     .help = "how many",
     .kind = TAKES_U32,
     .min = 1,
     .max = 256,
     AT(agents),
     .given = offsetof(struct values, agents_given)},
    {.name = "--seed",
     .value = "N",
     .help = "again",
     .kind = TAKES_U64,
     .max = UINT64_MAX,
     AT(seed)},
    {.name = "--token", .value = "N", .kind = TAKES_HEX, .min = 1, .max = UINT64_MAX, AT(token)},
    {.name = "--quiet", .letter = "-q", .help = "say nothing", AT(quiet)},
};
static const struct option_row *const taken[] = {&rows[0], &rows[1], &rows[2], &rows[3],
                                                 &rows[4], &rows[5], &rows[6], NULL};
static const struct options_usage usage = {.program = "tool make",
                                           .arguments = "[FILE]...",
                                           .what = "Makes.",
                                           .arguments_max = 2,
                                           .rows = taken,
                                           .examples = "  tool make a\n"};

/* What was parsed, and what was told meanwhile on one of the streams. */
struct outcome {
    struct values values;
    bool goes_on;
    int code;
    char told[1024];
};

/* words: ended by NULL, the program's name first. */
static void parse(int told_fd, const char *const *words, struct outcome *ret)
{
    FILE *kept = tmpfile();
    int before = dup(told_fd);
    char *argv[24] = {NULL};
    int argc = 0;

    assert_true(kept != NULL && before >= 0);
    for (; words[argc] != NULL; argc++) {
        assert_true(argc < 23);
        argv[argc] = (char *)(uintptr_t)words[argc];
    }
    memset(ret, 0, sizeof *ret);
    (void)fflush(NULL);
    assert_true(dup2(fileno(kept), told_fd) >= 0);
    ret->goes_on =
        options_parse(&usage, argc, argv, &ret->values, &ret->values.arguments, &ret->code);
    (void)fflush(NULL);
    assert_true(dup2(before, told_fd) >= 0);
    (void)close(before);
    rewind(kept);
    ret->told[fread(ret->told, 1, sizeof ret->told - 1, kept)] = '\0';
    (void)fclose(kept);
}

static void done(struct outcome *outcome)
{
    option_list_done(&outcome->values.arguments);
    option_list_done(&outcome->values.with);
}

#define PARSE(outcome, ...)                                                                        \
    parse(STDERR_FILENO, (const char *const[]){"make", __VA_ARGS__, NULL}, outcome)

static void each_kind_goes_where_its_row_says(void **state)
{
    struct outcome outcome;

    (void)state;
    PARSE(&outcome, "a", "--with", "x", "--out=d", "--with=y", "--agents", "3", "--seed=7",
          "--token", "00ff", "-q", "--judge", "warn", "--", "--with");
    assert_true(outcome.goes_on);
    assert_int_equal(outcome.values.arguments.count, 2);
    assert_string_equal(outcome.values.arguments.items[1], "--with");
    assert_int_equal(outcome.values.with.count, 3);
    assert_string_equal(outcome.values.with.items[1], "y");
    assert_string_equal(outcome.values.with.items[2], "judge=warn");
    assert_string_equal(outcome.values.out, "d");
    assert_int_equal(outcome.values.agents, 3);
    assert_true(outcome.values.agents_given && outcome.values.quiet);
    assert_true(outcome.values.seed == 7 && outcome.values.token == 255);
    done(&outcome);
}

/* The last one won, and nothing was said. */
static void an_option_with_one_value_is_given_once(void **state)
{
    struct outcome outcome;

    (void)state;
    PARSE(&outcome, "--agents", "2", "--out", "d", "--agents=3");
    assert_true(!outcome.goes_on && outcome.code == OPTIONS_USAGE);
    assert_string_equal(outcome.told,
                        "tool make: --agents is given twice, as 2 and as 3 (tool make --help)\n");
    done(&outcome);
    PARSE(&outcome, "--out=a", "--out", "a");
    assert_string_equal(outcome.told,
                        "tool make: --out is given twice, as a and as a (tool make --help)\n");
    done(&outcome);
    PARSE(&outcome, "--judge", "warn", "--judge", "warn");
    assert_true(!outcome.goes_on && outcome.code == OPTIONS_USAGE);
    done(&outcome);
    PARSE(&outcome, "--with", "x", "--with", "x", "-q", "--quiet");
    assert_true(outcome.goes_on);
    done(&outcome);
}

static void what_is_not_given_stays_as_it_was(void **state)
{
    struct outcome outcome;

    (void)state;
    PARSE(&outcome, "a");
    assert_true(outcome.goes_on);
    assert_false(outcome.values.agents_given || outcome.values.quiet);
    assert_null(outcome.values.out);
    done(&outcome);
}

static void what_is_wrong_is_told_in_one_sentence(void **state)
{
    static const struct {
        const char *word;
        const char *told;
    } wrong[] = {
        {"--ot=d", "tool make: unknown option --ot (did you mean --out?)\n"},
        {"--tokens=1", "tool make: unknown option --tokens (tool make --help)\n"},
        {"-x", "tool make: unknown option -x (tool make --help)\n"},
        {"--out", "tool make: --out needs a value (tool make --help)\n"},
        {"--quiet=1", "tool make: --quiet takes no value (tool make --help)\n"},
        {"--agents=0", "tool make: --agents is a number from 1 to 256, not 0 (tool make --help)\n"},
        {"--agents=2x",
         "tool make: --agents is a number from 1 to 256, not 2x (tool make --help)\n"},
        {"--agents=", "tool make: --agents is a number from 1 to 256, not  (tool make --help)\n"},
        {"--seed=18446744073709551616",
         "tool make: --seed is a number from 0 to 18446744073709551615, not 18446744073709551616 "
         "(tool make --help)\n"},
        {"--seed=-1", "tool make: --seed is a number from 0 to 18446744073709551615, not -1 "
                      "(tool make --help)\n"},
        {"--token=0", "tool make: --token is a number in hexadecimal from 1 to ffffffffffffffff, "
                      "not 0 (tool make --help)\n"},
        {"--judge=x", "tool make: --judge is warn, not x (tool make --help)\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct outcome outcome;

        PARSE(&outcome, "a", wrong[i].word);
        assert_false(outcome.goes_on);
        assert_int_equal(outcome.code, OPTIONS_USAGE);
        assert_string_equal(outcome.told, wrong[i].told);
        done(&outcome);
    }
}

static void one_argument_too_many_is_told(void **state)
{
    struct outcome outcome;

    (void)state;
    PARSE(&outcome, "a", "b", "c");
    assert_false(outcome.goes_on);
    assert_string_equal(outcome.told, "tool make: one argument too many: c (tool make --help)\n");
    done(&outcome);
}

static void help_is_made_of_the_rows_and_wins(void **state)
{
    struct outcome outcome;

    (void)state;
    parse(STDOUT_FILENO, (const char *const[]){"make", "--no-such", "--help", NULL}, &outcome);
    assert_false(outcome.goes_on);
    assert_int_equal(outcome.code, 0);
    assert_string_equal(outcome.told, "usage: tool make [OPTION]... [FILE]...\n"
                                      "\n"
                                      "Makes.\n"
                                      "\n"
                                      "options:\n"
                                      "  --with FILE                lay over\n"
                                      "  --judge HOW                one of a, b\n"
                                      "  --out DIR                  where to\n"
                                      "  --agents N                 how many\n"
                                      "  --seed N                   again\n"
                                      "  --quiet                    say nothing\n"
                                      "\n"
                                      "examples:\n"
                                      "  tool make a\n");
    done(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_goes_where_its_row_says),
        cmocka_unit_test(an_option_with_one_value_is_given_once),
        cmocka_unit_test(what_is_not_given_stays_as_it_was),
        cmocka_unit_test(what_is_wrong_is_told_in_one_sentence),
        cmocka_unit_test(one_argument_too_many_is_told),
        cmocka_unit_test(help_is_made_of_the_rows_and_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
