#include "cli_options_inner.h"

#include "cli.h"
#include "fleet.h"
#include "invariant.h"
#include "nearest.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *value; /* NULL: a switch. */
    const char *help;
    void (*names)(struct text *out); /* What the value may be, where a table knows; after help. */
} rows[CLI_OPTION_COUNT] = {
    [CLI_WITH] = {"--with", "FILE", "lay another YAML file over the scenario (repeatable)"},
    [CLI_SET] = {"--set", "KEY=VALUE",
                 "set a key, list items by name: phases.steady.rate=40k/s (repeatable)"},
    [CLI_TARGET] = {"--target", "LABEL[=ADDRESS]",
                    "only this target, or a backend by name (repeatable)"},
    [CLI_AGENTS] = {"--agents", "N", "agents to start, or with --listen to wait for (default 2)"},
    [CLI_SEED] = {"--seed", "N", "repeat the schedule and payloads of an earlier run"},
    [CLI_OUT] = {"--out", "DIR", "where the run goes (default runs/TIME-NAME)"},
    [CLI_LISTEN] = {"--listen", "URL", "wait for agents to join here: tcp://127.0.0.1:7700"},
    [CLI_SELFCHECK] = {"--selfcheck", "strict|warn",
                       "warn: judge as observed what the self-check finds unreliable"},
    [CLI_QUIET] = {"--quiet", NULL, "no progress, only the summary"},
    [CLI_OPEN] = {"--open", NULL, "open the report in a browser"},
    [CLI_TRACE] = {"--trace", "FILE", "also write a record of each message into a new FILE"},
    [CLI_FORMAT] = {"--format", "NAME", "", report_format_names},
};

static void write_option(enum cli_option option)
{
    char left[48];
    struct text names = {0};

    (void)snprintf(left, sizeof left, "%s%s%s", rows[option].name,
                   rows[option].value != NULL ? " " : "",
                   rows[option].value != NULL ? rows[option].value : "");
    if (rows[option].names != NULL) {
        rows[option].names(&names);
    }
    (void)printf("  %-26s %s%s\n", left, rows[option].help,
                 text_failed(&names) || names.bytes == NULL ? "" : names.bytes);
    text_done(&names);
}

static void write_help(const struct cli_usage *usage)
{
    (void)printf("usage: millrace %s%s%s%s\n\n%s\n", usage->name,
                 usage->options[0] != CLI_OPTION_COUNT ? " [OPTION]..." : "",
                 usage->arguments[0] != '\0' ? " " : "", usage->arguments, usage->what);
    if (usage->options[0] != CLI_OPTION_COUNT) {
        (void)printf("\noptions:\n");
    }
    for (const enum cli_option *option = usage->options; *option != CLI_OPTION_COUNT; option++) {
        write_option(*option);
    }
    (void)printf("\nexamples:\n%s", usage->examples);
}

/* Writes the usage error and returns its exit code. */
static int wrong(const struct cli_usage *usage, const char *what, const char *detail)
{
    (void)fprintf(stderr, "millrace %s: %s%s (millrace %s --help)\n", usage->name, what, detail,
                  usage->name);
    return EXIT_USAGE;
}

static int unknown_option(const struct cli_usage *usage, const char *name)
{
    struct nearest nearest;
    char word[64];

    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(name, "="), name);
    nearest_init(&nearest, word);
    for (const enum cli_option *option = usage->options; *option != CLI_OPTION_COUNT; option++) {
        nearest_offer(&nearest, rows[*option].name);
    }
    nearest_offer(&nearest, "--help");
    if (nearest.best == NULL) {
        return wrong(usage, "unknown option ", word);
    }
    (void)fprintf(stderr, "millrace %s: unknown option %s (did you mean %s?)\n", usage->name, word,
                  nearest.best);
    return EXIT_USAGE;
}

static void list_add(struct cli_list *list, const char *item)
{
    list->items[list->count++] = item;
}

static int read_number(const struct cli_usage *usage, enum cli_option option, const char *value,
                       const uint64_t range[2], uint64_t *ret)
{
    char *end = NULL;
    unsigned long long number;
    char what[96];

    ASSERT(value != NULL);
    errno = 0;
    number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno == ERANGE || number < range[0] ||
        number > range[1]) {
        (void)snprintf(what, sizeof what, "%s is a number from %llu to %llu, not ",
                       rows[option].name, (unsigned long long)range[0],
                       (unsigned long long)range[1]);
        return wrong(usage, what, value);
    }
    *ret = number;
    return 0;
}

/* It is a key of the scenario: so the run's own copy has it, too. */
static int take_selfcheck(const struct cli_usage *usage, const char *value, struct cli_options *ret)
{
    bool warns;

    ASSERT(value != NULL);
    warns = strcmp(value, "warn") == 0;
    if (!warns && strcmp(value, "strict") != 0) {
        return wrong(usage, "--selfcheck is strict or warn, not ", value);
    }
    list_add(&ret->set, warns ? "selfcheck=warn" : "selfcheck=strict");
    return 0;
}

/* Told before anything is begun, and the same by every command. */
static int take_listen(const struct cli_usage *usage, const char *value, struct cli_options *ret)
{
    struct errinfo error = {""};

    ASSERT(value != NULL);
    if (fleet_may_listen(value, &error) < 0) {
        return wrong(usage, error.text, "");
    }
    ret->listen = value;
    return 0;
}

/* 0, or the exit code. */
static int take_option(const struct cli_usage *usage, enum cli_option option, const char *value,
                       struct cli_options *ret)
{
    uint64_t number = 0;
    int r = 0;

    switch (option) {
    case CLI_WITH:
        list_add(&ret->with, value);
        break;
    case CLI_SET:
        list_add(&ret->set, value);
        break;
    case CLI_TARGET:
        list_add(&ret->targets, value);
        break;
    case CLI_AGENTS:
        r = read_number(usage, option, value, (const uint64_t[]){1, AGENTS_MAX}, &number);
        ret->agents = (uint32_t)number;
        ret->agents_given = true;
        break;
    case CLI_SEED:
        r = read_number(usage, option, value, (const uint64_t[]){0, UINT64_MAX}, &ret->seed);
        ret->seed_given = true;
        break;
    case CLI_OUT:
        ret->out = value;
        break;
    case CLI_LISTEN:
        r = take_listen(usage, value, ret);
        break;
    case CLI_TRACE:
        ret->trace = value;
        break;
    case CLI_FORMAT:
        ret->format = value;
        break;
    case CLI_SELFCHECK:
        r = take_selfcheck(usage, value, ret);
        break;
    case CLI_QUIET:
        ret->quiet = true;
        break;
    default:
        ret->open = true;
        break;
    }
    return r;
}

/* Takes argv[*index], and its value behind it. 0, or the exit code. */
static int take_word(const struct cli_usage *usage, int argc, char **argv, int *index,
                     struct cli_options *ret)
{
    const char *word = argv[*index];
    size_t name_bytes = strcspn(word, "=");
    const char *value = word[name_bytes] == '=' ? word + name_bytes + 1 : NULL;

    for (const enum cli_option *option = usage->options; *option != CLI_OPTION_COUNT; option++) {
        const char *name = rows[*option].name;

        if (strlen(name) != name_bytes || strncmp(name, word, name_bytes) != 0) {
            continue;
        }
        if (rows[*option].value == NULL) {
            return value != NULL ? wrong(usage, name, " takes no value")
                                 : take_option(usage, *option, NULL, ret);
        }
        if (value == NULL && *index + 1 == argc) {
            return wrong(usage, name, " needs a value");
        }
        if (value == NULL) {
            *index += 1;
            value = argv[*index];
        }
        return take_option(usage, *option, value, ret);
    }
    return unknown_option(usage, word);
}

static int check_arguments(const struct cli_usage *usage, const struct cli_options *options)
{
    if (options->arguments.count < usage->arguments_min) {
        return wrong(usage, "an argument is missing: ", usage->arguments);
    }
    if (options->arguments.count > usage->arguments_max) {
        return wrong(usage,
                     "one argument too many: ", options->arguments.items[usage->arguments_max]);
    }
    return 0;
}

void cli_options_done(struct cli_options *options)
{
    free(options->arguments.items);
    free(options->with.items);
    free(options->set.items);
    free(options->targets.items);
    memset(options, 0, sizeof *options);
}

static int parse_words(const struct cli_usage *usage, int argc, char **argv,
                       struct cli_options *ret)
{
    bool only_arguments = false;
    int r = 0;

    for (int i = 1; r == 0 && i < argc; i++) {
        if (only_arguments || argv[i][0] != '-' || argv[i][1] == '\0') {
            list_add(&ret->arguments, argv[i]);
        } else if (strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else {
            r = take_word(usage, argc, argv, &i, ret);
        }
    }
    return r != 0 ? r : check_arguments(usage, ret);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

bool cli_parse(const struct cli_usage *usage, int argc, char **argv, struct cli_options *ret,
               int *ret_exit)
{
    struct cli_options options = {.agents = 2};
    size_t room = (size_t)argc + 1;

    if (asks_for_help(argc, argv)) {
        write_help(usage);
        *ret_exit = 0;
        return false;
    }
    options.arguments.items = calloc(room, sizeof options.arguments.items[0]);
    options.with.items = calloc(room, sizeof options.with.items[0]);
    options.set.items = calloc(room, sizeof options.set.items[0]);
    options.targets.items = calloc(room, sizeof options.targets.items[0]);
    if (options.arguments.items == NULL || options.with.items == NULL ||
        options.set.items == NULL || options.targets.items == NULL) {
        (void)fprintf(stderr, "millrace %s: out of memory\n", usage->name);
        *ret_exit = EXIT_FAILED;
    } else {
        *ret_exit = parse_words(usage, argc, argv, &options);
    }
    if (*ret_exit != 0) {
        cli_options_done(&options);
        return false;
    }
    *ret = options;
    return true;
}

static void write_lines(const char *prefix, const struct text *text)
{
    const char *line = text->bytes;

    while (line != NULL && *line != '\0') {
        int length = (int)strcspn(line, "\n");

        (void)fprintf(stderr, "%s%.*s\n", prefix, length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

int cli_load_scenario(const struct cli_options *options, const char *path, struct scenario **ret)
{
    const struct scenario_sources sources = {.path = path,
                                             .with = options->with.items,
                                             .with_count = options->with.count,
                                             .set = options->set.items,
                                             .set_count = options->set.count,
                                             .targets = options->targets.items,
                                             .targets_count = options->targets.count};
    struct text problems = {0};
    struct text warnings = {0};
    int r = scenario_load(&sources, ret, &problems, &warnings);

    write_lines("", &problems);
    write_lines("warning: ", &warnings);
    text_done(&problems);
    text_done(&warnings);
    if (r == 0) {
        return 0;
    }
    return r == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
}
