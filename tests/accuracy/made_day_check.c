/* What the result of a made day must come to. */

#include "made_day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *of, const char *series)
{
    (void)fprintf(stderr, "made_day: %s of %s %s is not that of one histogram\n", what, of, series);
    exit(1);
}

/* Every percentile, and the sum of it all. */
static void check_same(const struct hist *is, const struct hist *truth, const char *phase,
                       const char *series)
{
    if (is == NULL || hist_count(is) != hist_count(truth)) {
        fail("the number of samples", phase, series);
    }
    for (double percentile = 0.0; percentile <= 100.0; percentile += 0.05) {
        if (hist_percentile(is, percentile) != hist_percentile(truth, percentile)) {
            fail("a percentile", phase, series);
        }
    }
    if (hist_sum(is) > hist_sum(truth) || hist_sum(is) < hist_sum(truth)) {
        fail("the sum", phase, series);
    }
}

static void check_phases(const struct day *day, const struct result_trial *trial)
{
    uint32_t checked = 0;

    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *phase = &trial->phases[i];

        for (uint32_t f = 0; f < FLOWS; f++) {
            for (uint32_t p = 0; p + 1 < PHASES; p++) {
                if (strcmp(phase->flow, day->entry.flows[f].name) != 0 ||
                    strcmp(phase->name, day->entry.phases[p].name) != 0) {
                    continue;
                }
                for (size_t m = 0; m < MEASURED_COUNT; m++) {
                    check_same(phase->latency[day_measured[m]], day->truth[f][p][day_measured[m]],
                               phase->name, series_name(day_measured[m]));
                }
                checked++;
            }
        }
    }
    if (checked != FLOWS * (PHASES - 1)) {
        fail("a phase", "the trial", "");
    }
}

/* Rows of one second, then of ten, that have every message once. */
static void check_rows(const struct day *day, const struct result_trial *trial)
{
    uint64_t sent = 0;
    double seconds = 0.0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *row = &trial->intervals[i];

        sent += row->sent;
        seconds += row->length_s;
        if (!row->complete || row->index != snapshot_row_first(i) ||
            (row->start_ns < day->seconds / 2 * INTERVAL_NS && row->e2e.samples != row->received)) {
            fail("a row", "the trial", "");
        }
    }
    if (sent != (uint64_t)FLOWS * MESSAGES * day->agents * day->seconds ||
        seconds != (double)(day->seconds + DRAIN_SECONDS)) {
        fail("the sum of rows", "the trial", "");
    }
}

void day_check(const struct day *day, const struct result_trial *trial)
{
    check_phases(day, trial);
    check_rows(day, trial);
}
