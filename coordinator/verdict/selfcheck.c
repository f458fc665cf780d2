#include "selfcheck_inner.h"

#include "deadlines.h"
#include "units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CEILING_SUSPECT 0.5
#define CEILING_INVALID 0.8

/* Samples beyond what histograms hold. */
static int check_overflow(struct result *result, const struct result_case *of,
                          struct errinfo *reterr)
{
    double over = 0.0;
    double samples = 0.0;
    struct result_check *row;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        for (int series = 0; series < SERIES_COUNT; series++) {
            const struct hist *hist = of->phases[p].latency[series];

            if (of->phases[p].measured && of->phases[p].flow[0] == '\0' && hist != NULL) {
                over += (double)hist_over_range(hist);
                samples += (double)hist_count(hist);
            }
        }
    }
    if (samples == 0.0) {
        return 0;
    }
    row = selfcheck_row(result, "histogram_overflow", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = over / samples;
    row->limit = row->observed > 0.001 ? 0.001 : 0.0;
    row->status = row->observed > 0.001 ? CHECK_INVALID
                  : row->observed > 0.0 ? CHECK_SUSPECT
                                        : CHECK_OK;
    selfcheck_say(row, row->status == CHECK_OK
                           ? "Every latency fits into its histogram."
                           : "Latencies of more than an hour were recorded as one hour.");
    return 0;
}

/* Seconds that some agent did not report. */
static int check_gaps(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    uint32_t seconds = 0;
    uint32_t gaps = 0;
    struct result_check *row;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        for (uint32_t i = 0; i < of->trials[t].intervals_count; i++) {
            const struct result_interval *one = &of->trials[t].intervals[i];
            uint32_t length = (uint32_t)(result_interval_ns(one) / INTERVAL_NS);

            seconds += length;
            gaps += one->complete ? 0 : length;
        }
    }
    if (seconds == 0) {
        return 0;
    }
    row = selfcheck_row(result, "snapshot_gaps", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = (double)gaps / seconds;
    row->limit = row->observed > 0.001 ? 0.001 : 0.0;
    row->status = row->observed > 0.001 ? CHECK_INVALID : gaps > 0 ? CHECK_SUSPECT : CHECK_OK;
    if (gaps == 0) {
        selfcheck_say(row, "Every agent reported every second.");
    } else {
        selfcheck_say(row, "Reports of an agent are missing for %u of %u seconds.", gaps, seconds);
    }
    return 0;
}

static bool has_trial(const struct result_case *of, uint32_t number)
{
    for (uint32_t t = 0; t < of->trials_count; t++) {
        if (of->trials[t].number == number) {
            return true;
        }
    }
    return false;
}

/* The coordinator, its disk or its terminal stood still: agents measured on, and all that they
 * handed in is there. Told, for who wonders; one that stood for too long has lost its agents. */
static int check_stalls(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    const struct result_mark *longest = NULL;
    struct result_check *row;

    for (uint32_t i = 0; i < result->marks_count; i++) {
        const struct result_mark *mark = &result->marks[i];

        if (mark->kind == MARK_STALL && has_trial(of, mark->trial) &&
            (longest == NULL || mark->at_ns - mark->from_ns > longest->at_ns - longest->from_ns)) {
            longest = mark;
        }
    }
    if (longest == NULL) {
        return 0;
    }
    row = selfcheck_row(result, "coordinator", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    (void)snprintf(row->unit, sizeof row->unit, "s");
    row->observed = (double)(longest->at_ns - longest->from_ns) / 1e9;
    row->status = CHECK_OK;
    selfcheck_say(row, "%s", longest->text);
    return 0;
}

/* What was sent of what is asked, of what the generator alone could do. With `max` nothing is
 * asked.
 */
static int check_ceiling(struct result *result, const struct result_case *of,
                         struct errinfo *reterr)
{
    char text[REASON_BYTES];
    struct result_check *row;

    if (result_ceiling_share(of) <= 0.0) {
        return 0;
    }
    row = selfcheck_row(result, "ceiling", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = result_ceiling_reached(of);
    row->status = row->observed > CEILING_INVALID   ? CHECK_INVALID
                  : row->observed > CEILING_SUSPECT ? CHECK_SUSPECT
                                                    : CHECK_OK;
    row->limit = row->status == CHECK_INVALID ? CEILING_INVALID : CEILING_SUSPECT;
    selfcheck_say(row, "%s%s%s", result_describe_headroom(of, text),
                  of->calibration.cpu_ns_per_message > 0.0
                      ? ""
                      : ", measured without the load of a broker and its client library",
                  row->status == CHECK_OK ? ""
                                          : ". To fix it: Use more agents or a lower target rate.");
    return 0;
}

/* Far more came due than the plan can have asked for: the reports are not of this run, whatever
 * else they say. */
#define DUE_TIMES_MAX 10.0

/* An agent that stood still tells what came due meanwhile with the second in which it stopped. That
 * may lie so long before the phase of these messages, or after it where threads waited for another.
 */
#define STALL_NS (SILENCE_NS + 5 * NS_PER_S)

/* It may be longer where the coordinator stood still likewise: then nobody is lost for it. The
 * agent's ticker and its load threads go on in any order: it may be told with the second before
 * that of the messages. */
static int64_t told_standstill_ns(const struct result_trial *trial, uint32_t row)
{
    const struct result_agent_interval *second = &trial->agent_intervals[row];
    int64_t longest_ns = 0;

    for (uint32_t i = 0; i <= row; i++) {
        const struct result_agent_interval *one = &trial->agent_intervals[i];
        int64_t late_ns = one->strain.ticker_late_ns;

        if (one->agent == second->agent && one->end_ns > second->end_ns - STANDSTILL_NS &&
            late_ns >= STANDSTILL_NS && late_ns > longest_ns) {
            longest_ns = late_ns;
        }
    }
    return longest_ns < COMMAND_NS_MAX ? longest_ns : COMMAND_NS_MAX;
}

/* What the phases ask at most whose messages can be told with a second, of an agent that stood
 * still for so long; NAN where that has no bound. */
static double planned_per_s(const struct result_trial *trial,
                            const struct result_agent_interval *second, int64_t stood_ns,
                            uint32_t *ret_producers)
{
    int64_t stall_ns = STALL_NS + stood_ns;
    int64_t from_ns = second->end_ns - second->span_ns;
    double peak = 0.0;

    *ret_producers = 0;
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        const struct result_phase *phase = &trial->phases[p];

        if (phase->flow[0] != '\0' || phase->start_ns - stall_ns >= second->end_ns ||
            phase->start_ns + phase->duration_ns + stall_ns <= from_ns) {
            continue;
        }
        if (phase->is_max) {
            return (double)NAN;
        }
        peak = fmax(peak, phase->asked_peak_per_s);
        *ret_producers = phase->producers > *ret_producers ? phase->producers : *ret_producers;
    }
    return peak;
}

static bool is_beyond(const struct result_trial *trial, const struct result_agent_interval *second,
                      int64_t stood_ns, double *ret_planned)
{
    uint32_t producers;
    double planned = planned_per_s(trial, second, stood_ns, &producers);
    double span_s = (double)(second->span_ns + stood_ns) / 1e9 + 1.0; /* Ends are told late. */

    *ret_planned = planned;
    return planned > 0.0 &&
           (double)second->due > DUE_TIMES_MAX * (planned * span_s + (double)producers);
}

static bool is_beyond_plan(const struct result_trial *trial, uint32_t row, double *ret_planned)
{
    const struct result_agent_interval *second = &trial->agent_intervals[row];

    return is_beyond(trial, second, 0, ret_planned) &&
           is_beyond(trial, second, told_standstill_ns(trial, row), ret_planned);
}

static int check_due(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
            const struct result_agent_interval *second = &trial->agent_intervals[i];
            double planned;
            struct result_check *row;

            if (!is_beyond_plan(trial, i, &planned)) {
                continue;
            }
            row = selfcheck_row(
                result, "planned_due",
                second->agent < result->agents_count ? result->agents[second->agent].name : "", of,
                reterr);
            if (row == NULL) {
                return -ENOMEM;
            }
            (void)snprintf(row->unit, sizeof row->unit, "/s");
            row->observed = (double)second->due / ((double)second->span_ns / 1e9);
            row->limit = DUE_TIMES_MAX * planned;
            row->status = CHECK_INVALID;
            selfcheck_say(row,
                          "In second %u more messages were scheduled than ten times the plan. The "
                          "report is of another run, or it is damaged.",
                          second->index);
            return 0;
        }
    }
    return 0;
}

/* A case that was given up before its load has nothing that could be doubted. */
static bool has_run(const struct result_case *of)
{
    for (uint32_t p = 0; p < of->phases_count; p++) {
        const struct result_phase *phase = &of->phases[p];

        if (phase->measured && phase->flow[0] == '\0' && phase->duration_ns > 0) {
            return true;
        }
    }
    return false;
}

static int check_case(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    int r = selfcheck_seconds(result, of, reterr);

    r = r < 0 ? r : check_due(result, of, reterr);
    r = r < 0 ? r : check_ceiling(result, of, reterr);
    r = r < 0 ? r : selfcheck_clocks(result, of, reterr);
    r = r < 0 ? r : check_overflow(result, of, reterr);
    r = r < 0 ? r : check_stalls(result, of, reterr);
    r = r < 0 ? r : selfcheck_lost(result, of, reterr);
    return r < 0 ? r : check_gaps(result, of, reterr);
}

int selfcheck_find(struct result *result, struct errinfo *reterr)
{
    int r = 0;

    free(result->findings.checks);
    result->findings.checks = NULL;
    result->findings.checks_count = 0;
    for (uint32_t i = 0; r == 0 && i < result->cases_count; i++) {
        struct result_case *of = &result->cases[i];

        of->checks_first = result->findings.checks_count;
        if (of->trials_count > 0 && has_run(of)) {
            r = check_case(result, of, reterr);
        }
        of->checks_count = result->findings.checks_count - of->checks_first;
    }
    return r;
}
