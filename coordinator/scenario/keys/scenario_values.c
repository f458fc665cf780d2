#include "bounds.h"
#include "host_label.h"
#include "mono.h"
#include "scenario_keys.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_BYTES 32

static bool is_alnum(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

bool scenario_name_is_right(const char *name)
{
    size_t bytes = strlen(name);

    if (bytes == 0 || bytes >= NAME_BYTES || !is_alnum(name[0])) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (!is_alnum(name[i]) && strchr("._-", name[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* A limit as a scenario would write it: exact, in the largest unit without a fraction. */
static const char *write_number(enum key_type type, int64_t number, char *text)
{
    static const struct {
        enum key_type type;
        int64_t factor;
        const char *unit;
    } units[] = {{KEY_BYTES, INT64_C(1) << 30, "GiB"},
                 {KEY_BYTES, 1 << 20, "MiB"},
                 {KEY_BYTES, 1 << 10, "KiB"},
                 {KEY_DURATION, 3600 * NS_PER_S, "h"},
                 {KEY_DURATION, 60 * NS_PER_S, "m"},
                 {KEY_DURATION, NS_PER_S, "s"},
                 {KEY_DURATION, NS_PER_MS, "ms"},
                 {KEY_DURATION, NS_PER_US, "us"},
                 {KEY_DURATION, 1, "ns"}};

    if (type == KEY_PERCENT || type == KEY_DECIMAL) {
        (void)snprintf(text, NUMBER_TEXT_BYTES, "%.10g%s", (double)number / 1000.0,
                       type == KEY_PERCENT ? "%" : "");
        return text;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].type == type && number != 0 && number % units[i].factor == 0) {
            (void)snprintf(text, NUMBER_TEXT_BYTES, "%lld%s", (long long)(number / units[i].factor),
                           units[i].unit);
            return text;
        }
    }
    (void)snprintf(text, NUMBER_TEXT_BYTES, "%lld%s", (long long)number,
                   type == KEY_DURATION ? "s" : "");
    return text;
}

static int parse_percent(const char *text, int64_t *ret)
{
    double percent = 0.0;
    int r = units_parse_percent(text, &percent);

    if (r < 0 || percent > 1e9) {
        return r < 0 ? r : -ERANGE;
    }
    *ret = llround(percent * 100000.0);
    return 0;
}

/* Thousandths are what is left of a point that moves three places. */
static int parse_decimal(const char *text, int64_t *ret)
{
    char moved[NUMBER_TEXT_BYTES];
    uint64_t number = 0;
    size_t whole = strspn(text, "0123456789");
    const char *rest = text[whole] == '.' ? text + whole + 1 : text + whole;
    size_t places = strspn(rest, "0123456789");
    int r;

    if (whole == 0 || whole > 9 || places > 3 || rest[places] != '\0' ||
        (text[whole] == '.' && places == 0)) {
        return -EINVAL;
    }
    (void)snprintf(moved, sizeof moved, "%.*s%.*s%.*s", (int)whole, text, (int)places, rest,
                   (int)(3 - places), "000");
    r = units_parse_count(moved, &number);
    *ret = (int64_t)number;
    return r;
}

static int parse_number(enum key_type type, const char *text, int64_t *ret)
{
    uint64_t number = 0;
    int r;

    switch (type) {
    case KEY_DURATION:
        return units_parse_duration_ns(text, ret);
    case KEY_PERCENT:
        return parse_percent(text, ret);
    case KEY_DECIMAL:
        return parse_decimal(text, ret);
    case KEY_BYTES:
        r = units_parse_bytes(text, &number);
        break;
    default:
        r = units_parse_count(text, &number);
        break;
    }
    if (r == 0) {
        *ret = (int64_t)number;
    }
    return r;
}

static int check_number(const struct scenario_key *row, const char *text, int64_t *ret,
                        struct errinfo *reterr)
{
    static const char *const forms[] = {[KEY_COUNT] = "a count (such as 8, 20k or 1M)",
                                        [KEY_BYTES] = "a size (such as 512, 1kB, 4KiB or 1MiB)",
                                        [KEY_DURATION] = "a duration (such as 250ms, 10s or 5m)",
                                        [KEY_DECIMAL] = "a number (such as 0.5 or 0.999)",
                                        [KEY_PERCENT] = "a percentage (such as 50% or 150%)"};
    char low[NUMBER_TEXT_BYTES];
    char high[NUMBER_TEXT_BYTES];
    int64_t number = 0;
    int r = parse_number(row->type, text, &number);

    if (r == -EINVAL) {
        return errinfo_set(reterr, -EINVAL, "\"%.64s\" is not %s", text, forms[row->type]);
    }
    if (r < 0 || number < row->min || number > row->max) {
        if (row->min == row->max) {
            return errinfo_set(reterr, -EINVAL, "\"%.64s\" is not known (%s)", text,
                               write_number(row->type, row->min, low));
        }
        return errinfo_set(reterr, -EINVAL, "\"%.64s\" is out of range (%s to %s)", text,
                           write_number(row->type, row->min, low),
                           write_number(row->type, row->max, high));
    }
    *ret = number;
    return 0;
}

/* "4KiB..64KiB", or a single size as a range of one. */
static int check_range(const struct scenario_key *row, const char *text, struct key_value *ret,
                       struct errinfo *reterr)
{
    const char *dots = strstr(text, "..");
    struct scenario_key end = *row;
    char low[NUMBER_TEXT_BYTES];
    int r;

    end.type = KEY_BYTES;
    if (dots == NULL) {
        r = check_number(&end, text, &ret->number, reterr);
        ret->number_max = ret->number;
        return r;
    }
    (void)snprintf(low, sizeof low, "%.*s", (int)(dots - text), text);
    r = check_number(&end, low, &ret->number, reterr);
    r = r < 0 ? r : check_number(&end, dots + 2, &ret->number_max, reterr);
    if (r == 0 && ret->number > ret->number_max) {
        return errinfo_set(reterr, -EINVAL, "\"%.64s\" runs backwards (the smaller size first)",
                           text);
    }
    return r;
}

static int check_rate(const struct scenario_key *row, const char *text, struct key_value *ret,
                      struct errinfo *reterr)
{
    bool words = row->type == KEY_PHASE_RATE;
    struct rate rate = {0};
    int r;

    if (words && (strcmp(text, "max") == 0 || strcmp(text, "none") == 0)) {
        ret->number = text[0] == 'm' ? PHASE_RATE_MAX : PHASE_RATE_NONE;
        return 0;
    }
    r = units_parse_rate(text, &rate);
    if (r == -EINVAL) {
        return errinfo_set(reterr, -EINVAL,
                           "\"%.64s\" is not a rate (such as 800/s, 20k/s or 1/30s%s)", text,
                           words ? "; or max, none" : "");
    }
    if (r == 0 && rate.messages == 0 && !row->zero_too) {
        return errinfo_set(reterr, -EINVAL, "\"%.64s\" is no rate (more than 0%s)", text,
                           words ? "; none stops sending" : "");
    }
    if (r < 0 || rate_per_s(rate) > RATE_PER_S_MAX) {
        return errinfo_set(reterr, -EINVAL, "\"%.64s\" is out of range (at most %.0fM/s)", text,
                           RATE_PER_S_MAX / 1e6);
    }
    ret->number = PHASE_RATE_RATE;
    ret->rate = rate;
    return 0;
}

static void list_words(const char *const *words, char *list, size_t list_bytes)
{
    size_t used = 0;

    list[0] = '\0';
    for (size_t i = 0; words[i] != NULL && used < list_bytes; i++) {
        used +=
            (size_t)snprintf(list + used, list_bytes - used, "%s%s", i > 0 ? " | " : "", words[i]);
    }
}

static int check_choice(const struct scenario_key *row, const char *text, int64_t *ret,
                        struct errinfo *reterr)
{
    char known[128];

    for (size_t i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], text) == 0) {
            *ret = (int64_t)i;
            return 0;
        }
    }
    list_words(row->choices, known, sizeof known);
    if (row->map_form != NULL) {
        size_t used = strlen(known);

        (void)snprintf(known + used, sizeof known - used, " | %s", row->map_form);
    }
    for (size_t i = 0; row->later_choices != NULL && row->later_choices[i] != NULL; i++) {
        if (strcmp(row->later_choices[i], text) == 0) {
            return errinfo_set(reterr, -EINVAL, "\"%s\" is not supported yet (%s)", text, known);
        }
    }
    return errinfo_set(reterr, -EINVAL, "\"%.64s\" is not one of its words (%s)", text, known);
}

static int check_bool(const char *text, int64_t *ret, struct errinfo *reterr)
{
    bool is_true = strcmp(text, "true") == 0;

    if (!is_true && strcmp(text, "false") != 0) {
        return errinfo_set(reterr, -EINVAL, "\"%.64s\" is not a boolean (true or false)", text);
    }
    *ret = is_true;
    return 0;
}

int scenario_key_parse(const struct scenario_key *row, const char *text, struct key_value *ret,
                       struct errinfo *reterr)
{
    switch (row->type) {
    case KEY_BOOL:
        return check_bool(text, &ret->number, reterr);
    case KEY_CHOICE:
        return check_choice(row, text, &ret->number, reterr);
    case KEY_RATE:
    case KEY_PHASE_RATE:
        return check_rate(row, text, ret, reterr);
    case KEY_NAME:
        if (!scenario_name_is_right(text)) {
            return errinfo_set(reterr, -EINVAL, "\"%.64s\" is not a name (" SCENARIO_NAME_FORM ")",
                               text);
        }
        return 0;
    case KEY_LABEL:
        return host_label_check(text, reterr);
    case KEY_BYTES_RANGE:
        return check_range(row, text, ret, reterr);
    case KEY_COUNT:
    case KEY_BYTES:
    case KEY_DURATION:
    case KEY_DECIMAL:
    case KEY_PERCENT:
        if (row->zero_word != NULL && strcmp(text, row->zero_word) == 0) {
            ret->number = 0;
            return 0;
        }
        return check_number(row, text, &ret->number, reterr);
    default:
        return 0;
    }
}
