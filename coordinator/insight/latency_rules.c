/* latency_rules: what the histograms of a phase tell by themselves. */
#include "rules_inner.h"

#include "units.h"

#include <math.h>

/* Percentile q needs 10 / (1 - q) samples, or it stands on fewer than ten. */
#define SAMPLES_P99_9 10000
#define SAMPLES_P99 1000

/* One queue with random service has exponential latencies, whose p99.9 is ln(1000) / ln(2) = 10
 * medians. What lies beyond has another cause than ordinary queueing. */
#define TAIL_RATIO_MIN 10.0

/* What is shorter is of the order of the operating system's own delays: a sleep ends 31 us
 * late at the median and 106 us at p99 (tests/accuracy/README.md, "Sending on time"). */
#define TAIL_NS_MIN 5e6
#define WAIT_NS_MIN 1e6

/* Slow messages that fall into at most that share of the seconds come in bursts. By chance, with as
 * many slow messages as seconds, 1 - 1/e = 63 % of the seconds had one; with fewer it can't be
 * told. */
#define BURST_SHARE_MAX 0.25

/* Without at least that part of a load thread's time in which sending was held back, the wait is
 * the generator's own: the self-check has that. */
#define HELD_SHARE_MIN 0.01

/* Neighbouring values of a histogram are as far apart (HIST_SIGNIFICANT_DIGITS): a percentile is
 * the highest of its bucket, the highest latency of a second may lie below it and in the same one.
 */
#define HIST_PRECISION 1e-3

/* Of what was asked; what is sent beyond it was due in the phase before. */
#define SENT_ALL_MIN 0.995

/* A tenth of a load thread's time: below it windows that are full at times are ordinary. */
#define IN_FLIGHT_SHARE_MIN 0.1

/* Half of what is shown is waiting that the service time hides. */
#define OMISSION_RATIO_MIN 2.0

static bool has(const struct result_phase *phase, enum series series, uint64_t samples)
{
    return phase->latency[series] != NULL && hist_count(phase->latency[series]) >= samples;
}

/* End to end where there is such a thing, from the intended time where there is one. */
static enum series headline(const struct result_phase *phase)
{
    static const enum series order[] = {SERIES_E2E, SERIES_E2E_SERVICE, SERIES_PUBLISH};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (phase->latency[order[i]] != NULL) {
            return order[i];
        }
    }
    return SERIES_PUBLISH_SERVICE;
}

static const char *what_of(enum series series)
{
    return series == SERIES_E2E || series == SERIES_E2E_SERVICE ? "end to end"
                                                                : "until it was confirmed";
}

/* Seconds of all trials, and those with a message slower than limit_ns. */
static void count_seconds(const struct result_case *of, uint32_t phase, double limit_ns,
                          uint32_t *ret_seconds, uint32_t *ret_slow)
{
    bool e2e = headline(&of->phases[phase]) == SERIES_E2E ||
               headline(&of->phases[phase]) == SERIES_E2E_SERVICE;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        for (uint32_t i = 0; phase < trial->phases_count && i < trial->intervals_count; i++) {
            const struct result_interval *interval = &trial->intervals[i];

            if (insight_within(interval, &trial->phases[phase])) {
                int64_t max = e2e ? interval->e2e.max : interval->publish.max;

                *ret_seconds += 1;
                *ret_slow += (double)max >= limit_ns ? 1 : 0;
            }
        }
    }
}

static void add_tail(struct insights *insights, const struct result_case *of, uint32_t index)
{
    const struct result_phase *phase = &of->phases[index];
    enum series series = headline(phase);
    double p50 = insight_percentile(phase, series, 50.0);
    double p99_9 = insight_percentile(phase, series, 99.9);
    struct result_insight *insight = insight_new(insights, of->name, p99_9 / fmax(p50, 1.0));
    char tail[UNITS_TEXT_BYTES];
    char median[UNITS_TEXT_BYTES];
    uint32_t seconds = 0;
    uint32_t slow = 0;

    insight_place(insight, of, phase->name, phase->flow);
    insight_say(insight->text,
                "one message in 1000 took longer than %s %s, %.0f times the median of %s",
                units_format_ns(p99_9, tail), what_of(series), p99_9 / fmax(p50, 1.0),
                units_format_ns(p50, median));
    insight_figure(insight, "p50", p50, "ns");
    insight_figure(insight, "p99.9", p99_9, "ns");
    insight_figure(insight, "samples", (double)hist_count(phase->latency[series]), "messages");
    /* The intervals are those of all flows together. */
    if (phase->flow[0] == '\0') {
        count_seconds(of, index, p99_9 * (1.0 - HIST_PRECISION), &seconds, &slow);
    }
    if (seconds > 0 && slow == 0) {
        insight_say(insight->text, ". All of them are in the first second of the phase or in its "
                                   "last, incomplete second.");
    } else if (seconds > 0) {
        insight_say(insight->text, ". They are in %u of %u seconds.", slow, seconds);
    }
    if (seconds > 0) {
        insight_figure(insight, "seconds", seconds, "");
        insight_figure(insight, "seconds_slow", slow, "");
    }
    if (seconds > 0 && slow == 0) {
        insight_say(insight->advice, "To leave the beginning out of the figures, put a longer "
                                     "phase with measure: false before it.");
    } else if (seconds > 0 && slow <= BURST_SHARE_MAX * seconds &&
               (double)hist_count(phase->latency[series]) / 1000.0 >= seconds) {
        insight_say(insight->advice, "They come in bursts. Look at the slow seconds in the latency "
                                     "chart, and at the broker and its host at that time.");
    } else {
        insight_say(
            insight->advice,
            "An objective on the median or the mean does not notice them. Set one on p99.9.");
    }
}

/* Is the tail the generator's own lateness? Then it is none of the broker's. */
static bool is_own_lag(const struct result_phase *phase, double tail_ns)
{
    return phase->latency[SERIES_SEND_LAG] != NULL &&
           insight_percentile(phase, SERIES_SEND_LAG, 99.9) > tail_ns / 2.0;
}

void rule_tail(struct insights *insights, const struct result_case *of)
{
    for (uint32_t i = 0; i < of->phases_count; i++) {
        const struct result_phase *phase = &of->phases[i];
        enum series series = headline(phase);
        double tail_ns;

        /* Where the load changes, the tail is that of the most of it. */
        if (!insight_row(of, phase) || !has(phase, series, SAMPLES_P99_9) ||
            !insight_is_steady(&of->trials[0], &of->trials[0].phases[i])) {
            continue;
        }
        tail_ns = insight_percentile(phase, series, 99.9);
        if (tail_ns >= TAIL_NS_MIN && !is_own_lag(phase, tail_ns) &&
            tail_ns > TAIL_RATIO_MIN * insight_percentile(phase, series, 50.0)) {
            add_tail(insights, of, i);
        }
    }
}

static void add_omission(struct insights *insights, const struct result_case *of,
                         const struct result_phase *phase, enum series response,
                         enum series service)
{
    double response_ns = insight_percentile(phase, response, 99.0);
    double service_ns = insight_percentile(phase, service, 99.0);
    struct result_insight *insight = insight_new(insights, of->name, response_ns - service_ns);
    char due[UNITS_TEXT_BYTES];
    char sent[UNITS_TEXT_BYTES];

    insight_place(insight, of, phase->name, phase->flow);
    insight_say(insight->text,
                "p99 %s is %s from the scheduled time and %s from the send. Messages waited "
                "before they were sent. Figures that begin at the send do not have that wait.",
                what_of(response), units_format_ns(response_ns, due),
                units_format_ns(service_ns, sent));
    insight_say(insight->advice,
                "Quote the first figure. For latencies that producers do not wait for, lower the "
                "rate or raise delivery.in_flight.");
    insight_figure(insight, "response_p99", response_ns, "ns");
    insight_figure(insight, "service_p99", service_ns, "ns");
    insight_figure(insight, "samples", (double)hist_count(phase->latency[response]), "messages");
}

/* Were messages late because the broker held producers up: by full windows, or within calls? */
static bool is_held(const struct result_case *of, uint32_t index, double wait_ns)
{
    const struct result_phase *phase = &of->phases[index];

    return insight_blocked_s(of, index) >= HELD_SHARE_MIN * (double)phase->duration_ns / 1e9 ||
           (phase->latency[SERIES_CALL] != NULL &&
            insight_percentile(phase, SERIES_CALL, 99.0) >= wait_ns / 2.0);
}

void rule_coordinated_omission(struct insights *insights, const struct result_case *of)
{
    static const enum series pairs[][2] = {{SERIES_E2E, SERIES_E2E_SERVICE},
                                           {SERIES_PUBLISH, SERIES_PUBLISH_SERVICE}};

    for (uint32_t i = 0; i < of->phases_count; i++) {
        const struct result_phase *phase = &of->phases[i];

        for (size_t p = 0; insight_row(of, phase) && p < sizeof pairs / sizeof pairs[0]; p++) {
            double response_ns;
            double service_ns;

            if (!has(phase, pairs[p][0], SAMPLES_P99) || !has(phase, pairs[p][1], SAMPLES_P99)) {
                continue;
            }
            response_ns = insight_percentile(phase, pairs[p][0], 99.0);
            service_ns = insight_percentile(phase, pairs[p][1], 99.0);
            if (response_ns - service_ns >= WAIT_NS_MIN &&
                response_ns >= OMISSION_RATIO_MIN * service_ns &&
                is_held(of, i, response_ns - service_ns)) {
                add_omission(insights, of, phase, pairs[p][0], pairs[p][1]);
                break; /* Of one cause: once is enough. */
            }
        }
    }
}

static void add_in_flight(struct insights *insights, const struct result_case *of, uint32_t index,
                          double share)
{
    const struct result_phase *phase = &of->phases[index];
    struct result_insight *insight = insight_new(insights, of->name, share);
    char asked[UNITS_TEXT_BYTES];
    char sent[UNITS_TEXT_BYTES];
    char confirm[UNITS_TEXT_BYTES];

    insight_place(insight, of, phase->name, "");
    insight_say(
        insight->text,
        "for %.0f %% of the time of a load thread producers could not send. Their in-flight "
        "window or the queue of the client library was full. ",
        share * 100.0);
    if (phase->sent_per_s < SENT_ALL_MIN * phase->asked_per_s) {
        insight_say(insight->text, "Only %s of %s were sent.",
                    units_format_rate(phase->sent_per_s, sent),
                    units_format_rate(phase->asked_per_s, asked));
    } else {
        insight_say(insight->text, "The target rate of %s was reached, but messages were late.",
                    units_format_rate(phase->asked_per_s, asked));
    }
    insight_figure(insight, "held_back", share * 100.0, "%");
    insight_figure(insight, "asked_rate", phase->asked_per_s, "/s");
    insight_figure(insight, "sent_rate", phase->sent_per_s, "/s");
    if (phase->latency[SERIES_PUBLISH_SERVICE] != NULL) {
        double confirm_ns = hist_mean(phase->latency[SERIES_PUBLISH_SERVICE]);
        double needed = phase->asked_per_s * confirm_ns / 1e9;

        /* Little's law: L = rate x time. */
        insight_say(
            insight->advice,
            "A confirm takes %s on average, so this rate needs %.0f messages in flight over "
            "all producers. Raise delivery.in_flight and the queue of the client library, "
            "or lower the rate.",
            units_format_ns(confirm_ns, confirm), needed);
        insight_figure(insight, "confirm_mean", confirm_ns, "ns");
        insight_figure(insight, "in_flight_needed", needed, "messages");
    }
}

void rule_in_flight_limits(struct insights *insights, const struct result_case *of)
{
    for (uint32_t i = 0; i < of->phases_count; i++) {
        const struct result_phase *phase = &of->phases[i];
        double share = insight_blocked_s(of, i) / ((double)phase->duration_ns / 1e9);

        if (insight_whole_row(phase) && !phase->is_max && share >= IN_FLIGHT_SHARE_MIN) {
            add_in_flight(insights, of, i, share);
        }
    }
}
