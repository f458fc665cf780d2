#include "units.h"

#include "mono.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may follow a number, and what it multiplies by. Longest first where one begins another. */
struct suffix {
    const char *text;
    uint64_t factor;
};

static const struct suffix bytes_suffixes[] = {
    {"", 1},          {"B", 1},           {"kB", 1000},        {"KiB", 1024}, {"MB", 1000000},
    {"MiB", 1048576}, {"GB", 1000000000}, {"GiB", 1073741824}, {NULL, 0},
};
static const struct suffix duration_suffixes[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", 60 * UINT64_C(1000000000)},
    {"h", 3600 * UINT64_C(1000000000)},
    {NULL, 0},
};
static const struct suffix count_suffixes[] = {
    {"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0},
};

#define DECIMALS_MAX 9

/* Digits with an optional fraction, exactly: mantissa / 10^decimals. Returns where the number
 * ended, or NULL. */
static const char *parse_decimal(const char *text, uint64_t *mantissa, uint64_t *divisor)
{
    uint64_t value = 0;
    uint64_t scale = 1;
    int decimals = -1;

    if (!isdigit((unsigned char)*text)) {
        return NULL;
    }
    for (; isdigit((unsigned char)*text) || (*text == '.' && decimals < 0); text++) {
        if (*text == '.') {
            decimals = 0;
            continue;
        }
        if (value > UINT64_C(100000000000000000) || decimals == DECIMALS_MAX) {
            return NULL;
        }
        value = value * 10 + (uint64_t)(*text - '0');
        if (decimals >= 0) {
            decimals++;
            scale *= 10;
        }
    }
    if (decimals == 0) {
        return NULL;
    }
    *mantissa = value;
    *divisor = scale;
    return text;
}

static int parse_with_suffix(const char *text, size_t text_bytes, const struct suffix *suffixes,
                             uint64_t *ret)
{
    uint64_t mantissa;
    uint64_t divisor;
    const char *rest = parse_decimal(text, &mantissa, &divisor);
    size_t rest_bytes;
    unsigned __int128 value;

    if (rest == NULL || rest > text + text_bytes) {
        return -EINVAL;
    }
    rest_bytes = (size_t)(text + text_bytes - rest);
    while (suffixes->text != NULL && (strlen(suffixes->text) != rest_bytes ||
                                      strncmp(suffixes->text, rest, rest_bytes) != 0)) {
        suffixes++;
    }
    if (suffixes->text == NULL) {
        return -EINVAL;
    }
    value = (unsigned __int128)mantissa * suffixes->factor;
    if (value % divisor != 0) {
        return -EINVAL;
    }
    value /= divisor;
    if (value > INT64_MAX) {
        return -ERANGE;
    }
    *ret = (uint64_t)value;
    return 0;
}

int units_parse_bytes(const char *text, uint64_t *ret)
{
    return parse_with_suffix(text, strlen(text), bytes_suffixes, ret);
}

int units_parse_duration_ns(const char *text, int64_t *ret)
{
    uint64_t value = 0;
    int r = parse_with_suffix(text, strlen(text), duration_suffixes, &value);

    if (r == 0) {
        *ret = (int64_t)value;
    }
    return r;
}

int units_parse_count(const char *text, uint64_t *ret)
{
    return parse_with_suffix(text, strlen(text), count_suffixes, ret);
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static struct rate rate_reduce(uint64_t messages, uint64_t per_ns)
{
    uint64_t divisor = greatest_common_divisor(messages, per_ns);

    return (struct rate){.messages = messages / divisor, .per_ns = per_ns / divisor};
}

int units_parse_rate(const char *text, struct rate *ret)
{
    const char *slash = strchr(text, '/');
    uint64_t mantissa;
    uint64_t divisor;
    uint64_t messages;
    uint64_t per = 1;
    const char *unit;
    int r;

    if (slash == NULL) {
        return -EINVAL;
    }
    /* "0.5/s" has no whole count: scale both sides by the decimal's divisor. */
    unit = parse_decimal(text, &mantissa, &divisor);
    if (unit == NULL) {
        return -EINVAL;
    }
    r = parse_with_suffix(text, (size_t)(slash - text), count_suffixes, &messages);
    if (r == -EINVAL && unit == slash) {
        messages = mantissa;
    } else if (r < 0) {
        return r;
    } else {
        divisor = 1;
    }
    unit = slash + 1;
    if (isdigit((unsigned char)*unit)) {
        r = parse_with_suffix(unit, strlen(unit), duration_suffixes, &per);
    } else {
        char with_one[16];

        if (snprintf(with_one, sizeof with_one, "1%s", unit) >= (int)sizeof with_one) {
            return -EINVAL;
        }
        r = parse_with_suffix(with_one, strlen(with_one), duration_suffixes, &per);
    }
    if (r < 0) {
        return r;
    }
    if (per == 0) {
        return -EINVAL;
    }
    if (per > INT64_MAX / divisor) {
        return -ERANGE;
    }
    *ret = rate_reduce(messages, per * divisor);
    return 0;
}

int units_parse_percent(const char *text, double *ret)
{
    uint64_t mantissa;
    uint64_t divisor;
    const char *rest = parse_decimal(text, &mantissa, &divisor);

    if (rest == NULL || strcmp(rest, "%") != 0) {
        return -EINVAL;
    }
    *ret = (double)mantissa / (double)divisor / 100.0;
    return 0;
}

double rate_per_s(struct rate rate)
{
    return rate.per_ns == 0 ? 0.0 : (double)rate.messages * 1e9 / (double)rate.per_ns;
}

struct rate rate_scale(struct rate rate, uint64_t percent_millis)
{
    unsigned __int128 messages = (unsigned __int128)rate.messages * percent_millis;
    unsigned __int128 per_ns = (unsigned __int128)rate.per_ns * 100000;

    /* Beyond 64 bits the last binary digits go: 2^-63 of a rate is nothing any clock can show. */
    while (messages > INT64_MAX || per_ns > INT64_MAX) {
        messages >>= 1;
        per_ns >>= 1;
    }
    return rate_reduce((uint64_t)messages, per_ns == 0 ? 1 : (uint64_t)per_ns);
}

/* Three significant digits of value in its unit: 4.12, 41.2, 412. What is less than a tenth has its
 * digits, too: one message an hour is no "0.00/s". */
static const char *format_scaled(double value, const char *unit, char *text)
{
    double magnitude = fabs(value);
    int decimals = magnitude >= 99.95 || magnitude == 0.0 ? 0 : magnitude >= 9.995 ? 1 : 2;

    if (magnitude > 0.0 && magnitude < 0.0995) {
        decimals = 2 - (int)floor(log10(magnitude));
        decimals = decimals > DECIMALS_MAX ? DECIMALS_MAX : decimals;
    }
    (void)snprintf(text, UNITS_TEXT_BYTES, "%.*f%s", decimals, value, unit);
    return text;
}

const char *units_format_ns(double ns, char *text)
{
    double magnitude = fabs(ns);

    if (magnitude < 999.5) {
        (void)snprintf(text, UNITS_TEXT_BYTES, "%.0f ns", ns);
        return text;
    }
    if (magnitude < 999.5e3) {
        return format_scaled(ns / 1e3, " µs", text);
    }
    if (magnitude < 999.5e6) {
        return format_scaled(ns / 1e6, " ms", text);
    }
    return format_scaled(ns / 1e9, " s", text);
}

const char *units_format_bytes(double bytes, char *text)
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    size_t i = 0;

    while (fabs(bytes) >= 1023.5 && i < 4) {
        bytes /= 1024.0;
        i++;
    }
    if (i == 0) {
        (void)snprintf(text, UNITS_TEXT_BYTES, "%.0f B", bytes);
        return text;
    }
    return format_scaled(bytes, units[i], text);
}

const char *units_format_whole(uint64_t count, char *text)
{
    char digits[UNITS_TEXT_BYTES];
    int digits_count = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t used = 0;

    for (int i = 0; i < digits_count; i++) {
        if (i > 0 && (digits_count - i) % 3 == 0) {
            text[used++] = ',';
        }
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

const char *units_format_count(double count, char *text)
{
    static const char *const units[] = {"", "k", "M", "G"};
    size_t i = 0;

    if (fabs(count) < 9999.5 && count == floor(count)) {
        return count < 0.0 ? format_scaled(count, "", text)
                           : units_format_whole((uint64_t)count, text);
    }
    while (fabs(count) >= 999.5 && i < 3) {
        count /= 1000.0;
        i++;
    }
    return format_scaled(count, units[i], text);
}

const char *units_format_milli(uint32_t thousandths, char *text)
{
    size_t used = (size_t)snprintf(text, UNITS_TEXT_BYTES, "%" PRIu32 ".%03" PRIu32,
                                   thousandths / 1000, thousandths % 1000);

    while (text[used - 1] == '0') {
        used--;
    }
    used -= text[used - 1] == '.' ? 1 : 0;
    text[used] = '\0';
    return text;
}

/* Three digits of it, the others zeros: "18,100/s". */
static const char *format_thousands(double per_s, char *text)
{
    double step = per_s < 9995.0 ? 10.0 : per_s < 99950.0 ? 100.0 : 1000.0;

    (void)units_format_whole((uint64_t)(round(per_s / step) * step), text);
    memcpy(text + strlen(text), "/s", sizeof "/s");
    return text;
}

const char *units_format_rate(double per_s, char *text)
{
    if (per_s >= 999.5 && per_s < 999.5e3) {
        return format_thousands(per_s, text);
    }
    if (fabs(per_s) >= 999.5) {
        static const char *const units[] = {"k/s", "M/s", "G/s"};
        size_t i = 0;

        per_s /= 1000.0;
        while (fabs(per_s) >= 999.5 && i < 2) {
            per_s /= 1000.0;
            i++;
        }
        return format_scaled(per_s, units[i], text);
    }
    return format_scaled(per_s, "/s", text);
}

/* "2 h 05 min"; without what is zero of the smaller one. */
static const char *format_two(int64_t large, const char *large_unit, int64_t small,
                              const char *small_unit, char *text)
{
    int used = snprintf(text, UNITS_TEXT_BYTES, "%lld %s", (long long)large, large_unit);

    if (small > 0) {
        (void)snprintf(text + used, UNITS_TEXT_BYTES - (size_t)used, " %02lld %s", (long long)small,
                       small_unit);
    }
    return text;
}

const char *units_format_duration(int64_t ns, char *text)
{
    int64_t s = ns / NS_PER_S;

    if (ns < 10 * NS_PER_S && ns % NS_PER_S != 0) {
        return units_format_ns((double)ns, text);
    }
    if (s < 60) {
        (void)snprintf(text, UNITS_TEXT_BYTES, "%lld s", (long long)s);
        return text;
    }
    return s < 7200 ? format_two(s / 60, "min", s % 60, "s", text)
                    : format_two(s / 3600, "h", s / 60 % 60, "min", text);
}
