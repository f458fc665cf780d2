/*
 * units: the one place where numbers with units are read and written.
 *
 * Reading is strict, as scenarios/README.md has it: 512, 1kB, 1KiB; 250ms, 5m; 20k, 1M; 800/s,
 * 20k/s, 1/30s. Writing is for people: three significant digits, "4.12 ms", "18,100/s", "1.20M/s",
 * "1.02 GiB"; digits in groups of three from four on. In UTF-8: "25.6 µs".
 * Pure.
 */
#ifndef MILLRACE_UNITS_H
#define MILLRACE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_BYTES 32

/* A rate kept as a fraction, so that a schedule has no rounding error: messages in each per_ns. 0/x
 * is no load. */
struct rate {
    uint64_t messages;
    uint64_t per_ns;
};

/* Each returns 0 and sets *ret, or -EINVAL (not of the form) or -ERANGE (too large). *ret is
 * untouched then. */
int units_parse_bytes(const char *text, uint64_t *ret);
int units_parse_duration_ns(const char *text, int64_t *ret);
int units_parse_count(const char *text, uint64_t *ret);
int units_parse_rate(const char *text, struct rate *ret);
int units_parse_percent(const char *text, double *ret); /* "150%" gives 1.5. */

double rate_per_s(struct rate rate);

/* rate x percent, in lowest terms; percent_millis is in thousandths of a percent (150 % = 150000).
 */
struct rate rate_scale(struct rate rate, uint64_t percent_millis);

/* Each writes into text (UNITS_TEXT_BYTES) and returns it. */
const char *units_format_ns(double ns, char *text);
const char *units_format_bytes(double bytes, char *text);
const char *units_format_count(double count, char *text);
const char *units_format_rate(double per_s, char *text);
const char *units_format_whole(uint64_t count, char *text);       /* "2,064": not rounded. */
const char *units_format_milli(uint32_t thousandths, char *text); /* "1.5", "0.25": not rounded. */
const char *units_format_duration(int64_t ns,
                                  char *text); /* "2 h 05 min", "1 min", "30 s": whole spans. */

#endif
