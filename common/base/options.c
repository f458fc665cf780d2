#include "options.h"

#include "invariant.h"
#include "nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 64

/* What is being read, and where to. */
struct parse {
    const struct options_usage *usage;
    const char *values[ROWS_MAX]; /* Of each option that was given, but for switches. */
    int argc;
    char **argv;
    int index; /* Of the word. */
    char *into;
    struct option_list *arguments;
};

static void write_row(const struct option_row *row)
{
    char left[48];
    struct text names = {0};

    (void)snprintf(left, sizeof left, "%s%s%s", row->name, row->value != NULL ? " " : "",
                   row->value != NULL ? row->value : "");
    if (row->names != NULL) {
        row->names(&names);
    }
    (void)printf("  %-26s %s%s\n", left, row->help,
                 text_failed(&names) || names.bytes == NULL ? "" : names.bytes);
    text_done(&names);
}

static void write_help(const struct options_usage *usage)
{
    bool has_options = usage->rows[0] != NULL;

    (void)printf("usage: %s%s%s%s\n\n%s\n", usage->program, has_options ? " [OPTION]..." : "",
                 usage->arguments[0] != '\0' ? " " : "", usage->arguments, usage->what);
    if (has_options) {
        (void)printf("\noptions:\n");
    }
    for (const struct option_row *const *row = usage->rows; *row != NULL; row++) {
        if ((*row)->help != NULL) {
            write_row(*row);
        }
    }
    (void)printf("\nexamples:\n%s", usage->examples);
}

int options_wrong(const struct options_usage *usage, const char *what, const char *detail)
{
    (void)fprintf(stderr, "%s: %s%s (%s --help)\n", usage->program, what, detail, usage->program);
    return OPTIONS_USAGE;
}

static int unknown_option(const struct options_usage *usage, const char *name)
{
    struct nearest nearest;
    char word[64];

    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(name, "="), name);
    nearest_init(&nearest, word);
    for (const struct option_row *const *row = usage->rows; *row != NULL; row++) {
        if ((*row)->help != NULL) {
            nearest_offer(&nearest, (*row)->name);
        }
    }
    nearest_offer(&nearest, "--help");
    if (nearest.best == NULL) {
        return options_wrong(usage, "unknown option ", word);
    }
    (void)fprintf(stderr, "%s: unknown option %s (did you mean %s?)\n", usage->program, word,
                  nearest.best);
    return OPTIONS_USAGE;
}

/* 0, or the exit code. */
static int list_add(const struct options_usage *usage, struct option_list *list, const char *item)
{
    const char **grown = realloc(list->items, (list->count + 1) * sizeof *grown);

    if (grown == NULL) {
        (void)fprintf(stderr, "%s: out of memory\n", usage->program);
        return OPTIONS_FAILED;
    }
    list->items = grown;
    list->items[list->count++] = item;
    return 0;
}

static int read_number(const struct options_usage *usage, const struct option_row *row,
                       const char *value, uint64_t *ret)
{
    bool is_hex = row->kind == TAKES_HEX;
    char *end = NULL;
    unsigned long long number;
    char what[96];

    errno = 0;
    number = strtoull(value, &end, is_hex ? 16 : 10);
    if (strchr(is_hex ? "0123456789abcdefABCDEF" : "0123456789", value[0]) == NULL ||
        value[0] == '\0' || *end != '\0' || errno == ERANGE || number < row->min ||
        number > row->max) {
        (void)snprintf(what, sizeof what,
                       is_hex ? "%s is a number in hexadecimal from %llx to %llx, not "
                              : "%s is a number from %llu to %llu, not ",
                       row->name, (unsigned long long)row->min, (unsigned long long)row->max);
        return options_wrong(usage, what, value);
    }
    *ret = number;
    return 0;
}

/* Likewise. */
static int take_number(const struct parse *parse, const struct option_row *row, const char *value)
{
    uint64_t number = 0;
    int code = read_number(parse->usage, row, value, &number);

    if (code != 0) {
        return code;
    }
    if (row->kind == TAKES_U32) {
        uint32_t narrow = (uint32_t)number;

        ASSERT(row->max <= UINT32_MAX);
        memcpy(parse->into + row->at, &narrow, sizeof narrow);
    } else {
        memcpy(parse->into + row->at, &number, sizeof number);
    }
    return 0;
}

static int take_text(const struct parse *parse, const struct option_row *row, const char *value)
{
    struct errinfo error = {""};

    if (row->read != NULL && row->read(value, &value, &error) < 0) {
        return options_wrong(parse->usage, error.text, "");
    }
    if (row->kind == TAKES_LIST) {
        return list_add(parse->usage, (struct option_list *)(void *)(parse->into + row->at), value);
    }
    memcpy(parse->into + row->at, &value, sizeof value);
    return 0;
}

static int take_value(const struct parse *parse, const struct option_row *row, const char *value)
{
    static const bool yes = true;

    if (row->given != 0) {
        memcpy(parse->into + row->given, &yes, sizeof yes);
    }
    switch (row->kind) {
    case TAKES_NOTHING:
        memcpy(parse->into + row->at, &yes, sizeof yes);
        return 0;
    case TAKES_TEXT:
    case TAKES_LIST:
        return take_text(parse, row, value);
    default:
        return take_number(parse, row, value);
    }
}

/* Its index; that of the NULL behind them: there is none. */
static uint32_t find_row(const struct options_usage *usage, const char *word, size_t name_bytes)
{
    uint32_t index = 0;

    for (; usage->rows[index] != NULL; index++) {
        const struct option_row *row = usage->rows[index];

        if ((strlen(row->name) == name_bytes && strncmp(row->name, word, name_bytes) == 0) ||
            (row->letter != NULL && strcmp(row->letter, word) == 0)) {
            break;
        }
    }
    ASSERT(index < ROWS_MAX);
    return index;
}

/* The last one would win, and nobody be told. 0, or the exit code. */
static int check_once(struct parse *parse, uint32_t index, const char *value)
{
    const struct option_row *row = parse->usage->rows[index];
    const char *before = parse->values[index];
    struct errinfo error = {""};

    parse->values[index] = value;
    if (before == NULL || (row->kind == TAKES_LIST && !row->once)) {
        return 0;
    }
    (void)errinfo_set(&error, -EINVAL, "%s is given twice, as %.100s and as %.100s", row->name,
                      before, value);
    return options_wrong(parse->usage, error.text, "");
}

/* Takes the word at the index, and its value behind it. */
static int take_option(struct parse *parse)
{
    const char *word = parse->argv[parse->index];
    size_t name_bytes = strcspn(word, "=");
    const char *value = word[name_bytes] == '=' ? word + name_bytes + 1 : NULL;
    uint32_t index = find_row(parse->usage, word, name_bytes);
    const struct option_row *row = parse->usage->rows[index];
    int code;

    if (row == NULL) {
        return unknown_option(parse->usage, word);
    }
    if (row->kind == TAKES_NOTHING) {
        return value != NULL ? options_wrong(parse->usage, row->name, " takes no value")
                             : take_value(parse, row, NULL);
    }
    if (value == NULL && parse->index + 1 == parse->argc) {
        return options_wrong(parse->usage, row->name, " needs a value");
    }
    if (value == NULL) {
        value = parse->argv[++parse->index];
    }
    code = check_once(parse, index, value);
    return code != 0 ? code : take_value(parse, row, value);
}

static int check_arguments(const struct options_usage *usage, const struct option_list *arguments)
{
    if (arguments->count < usage->arguments_min) {
        return options_wrong(usage, "an argument is missing: ", usage->arguments);
    }
    if (arguments->count > usage->arguments_max) {
        return options_wrong(usage,
                             "one argument too many: ", arguments->items[usage->arguments_max]);
    }
    return 0;
}

static int take_words(struct parse *parse)
{
    bool only_arguments = false;
    int code = 0;

    for (parse->index = 1; code == 0 && parse->index < parse->argc; parse->index++) {
        const char *word = parse->argv[parse->index];

        if (only_arguments || word[0] != '-' || word[1] == '\0') {
            code = list_add(parse->usage, parse->arguments, word);
        } else if (strcmp(word, "--") == 0) {
            only_arguments = true;
        } else {
            code = take_option(parse);
        }
    }
    return code != 0 ? code : check_arguments(parse->usage, parse->arguments);
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

bool options_parse(const struct options_usage *usage, int argc, char **argv, void *into,
                   struct option_list *arguments, int *ret_exit)
{
    struct parse parse = {
        .usage = usage, .argc = argc, .argv = argv, .into = into, .arguments = arguments};

    if (asks_for_help(argc, argv)) {
        write_help(usage);
        *ret_exit = 0;
        return false;
    }
    *ret_exit = take_words(&parse);
    return *ret_exit == 0;
}

void option_list_done(struct option_list *list)
{
    free(list->items);
    *list = (struct option_list){0};
}
