#include "selfcheck.h"

#include "units.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_OF_SECONDS 0.01 /* A class counts beyond that. */
/* Calls that hold threads up for that share of a second are what makes it late. */
#define IN_CALLS_MIN 0.25
#define LAG_NS_SUSPECT 1e6
#define LAG_NS_INVALID 10e6
#define CEILING_SUSPECT 0.5
#define CEILING_INVALID 0.8

/* What a second of an agent is judged in. */
struct second {
    const struct result_agent_interval *row;
    const struct result_agent *agent;
    double e2e_p99_ns; /* The case's, as shown; 0: there is none. */
};

/* One check of seconds: its value, and the limits of both classes. */
struct second_check {
    const char *name;
    const char *unit;
    double suspect;
    double invalid;
    double (*value)(const struct second *second);
    /* Of the value, where limits are not the same everywhere; NULL: as above. */
    double (*limit)(const struct second *second, bool invalid);
    bool of_schedule; /* Says nothing where messages are sent as fast as possible. */
    const char *advice;
};

static double share(int64_t part_ns, const struct second *second)
{
    return second->row->span_ns > 0 ? (double)part_ns / (double)second->row->span_ns : 0.0;
}

static double load_cpu(const struct second *second)
{
    return share(second->row->strain.load_cpu_ns, second);
}

static double load_wait(const struct second *second)
{
    return share(second->row->strain.load_wait_ns, second);
}

static double ticker(const struct second *second)
{
    return (double)second->row->strain.ticker_late_ns;
}

static double steal(const struct second *second)
{
    uint32_t cpus = second->agent->cpus == 0 ? 1 : second->agent->cpus;

    return share(second->row->strain.steal_ns, second) / cpus;
}

static double throttled(const struct second *second)
{
    return share(second->row->strain.throttled_ns, second);
}

/* Lag while calls are as long is the library's or the broker's: it blocks the thread. */
static double send_lag(const struct second *second)
{
    bool blocked = second->row->call_p99_ns * 2 > second->row->send_lag_p99_ns ||
                   share((int64_t)second->row->blocked_ns, second) > 0.001 ||
                   share(result_in_calls_ns(second->row), second) > IN_CALLS_MIN;

    return blocked ? 0.0 : (double)second->row->send_lag_p99_ns;
}

/* A millisecond is nothing beside latencies of a second. */
static double send_lag_limit(const struct second *second, bool invalid)
{
    return invalid ? fmax(LAG_NS_INVALID, 0.20 * second->e2e_p99_ns)
                   : fmax(LAG_NS_SUSPECT, 0.05 * second->e2e_p99_ns);
}

static const struct second_check second_checks[] = {
    {"send_lag", "ns", 0.0, 0.0, send_lag, send_lag_limit, true,
     "messages were sent late: use more agents, a lower rate, or a quieter host"},
    {"load_thread_cpu", "", 0.70, 0.90, load_cpu, NULL, true,
     "its busiest load thread had no time to spare: use more agents or a lower rate"},
    {"run_queue_wait", "", 0.01, 0.05, load_wait, NULL, true,
     "load threads waited for a CPU: give the agent cores of its own, away from the broker"},
    {"ticker_jitter", "ns", 20e6, 100e6, ticker, NULL, true,
     "a thread that wakes every 10 ms was not let run: the host is too busy, or was stopped"},
    {"steal", "", 0.01, 0.05, steal, NULL, true,
     "the hypervisor gave its CPUs to others: use a host of its own"},
    {"cgroup_throttling", "", 0.0, 0.01, throttled, NULL, true,
     "its CPU limit held it back: raise the limit"},
};
#define SECOND_CHECKS_COUNT (sizeof second_checks / sizeof second_checks[0])

static struct result_check *new_check(struct result *result, const char *name, const char *agent,
                                      const struct result_case *of, struct errinfo *reterr)
{
    struct findings *findings = &result->findings;
    struct result_check *grown =
        realloc(findings->checks, ((size_t)findings->checks_count + 1) * sizeof *findings->checks);
    struct result_check *check;

    if (grown == NULL) {
        (void)errinfo_nomem(reterr);
        return NULL;
    }
    findings->checks = grown;
    check = &grown[findings->checks_count++];
    memset(check, 0, sizeof *check);
    (void)snprintf(check->check, sizeof check->check, "%s", name);
    (void)snprintf(check->agent, sizeof check->agent, "%.63s", agent);
    memcpy(check->case_name, of->name, sizeof check->case_name);
    return check;
}

static void say(struct result_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct result_check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(check->text, sizeof check->text, format, args);
    va_end(args);
}

/* Does the second lie in a measured phase? One that sends as fast as it can has no schedule. */
static bool is_measured(const struct result_trial *trial, const struct result_agent_interval *row,
                        bool of_schedule)
{
    int64_t begin_ns = row->end_ns - row->span_ns;

    for (uint32_t p = 0; p < trial->phases_count; p++) {
        const struct result_phase *phase = &trial->phases[p];

        if (phase->measured && phase->flow[0] == '\0' && !(of_schedule && phase->is_max) &&
            row->end_ns > phase->start_ns && begin_ns < phase->start_ns + phase->duration_ns) {
            return true;
        }
    }
    return false;
}

/* What is shown of the case: the largest end-to-end p99 of its measured phases. */
static double shown_p99_ns(const struct result_case *of)
{
    double p99 = 0.0;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        const struct hist *hist = of->phases[p].latency[SERIES_E2E];

        if (of->phases[p].measured && hist != NULL && hist_count(hist) > 0) {
            p99 = fmax(p99, (double)hist_percentile(hist, 99.0));
        }
    }
    return p99;
}

/* Seconds of one agent and check, by class. */
struct judged {
    uint32_t seconds;
    uint32_t suspect; /* Or worse. */
    uint32_t invalid;
    double worst;
    double suspect_limit; /* Of the worst second. */
    double invalid_limit;
};

static void judge_second(const struct second_check *check, const struct second *second,
                         struct judged *judged)
{
    double value = check->value(second);
    double suspect = check->limit != NULL ? check->limit(second, false) : check->suspect;
    double invalid = check->limit != NULL ? check->limit(second, true) : check->invalid;

    judged->seconds++;
    judged->suspect += value > suspect ? 1 : 0;
    judged->invalid += value > invalid ? 1 : 0;
    if (value >= judged->worst) {
        judged->worst = value;
        judged->suspect_limit = suspect;
        judged->invalid_limit = invalid;
    }
}

static void conclude(const struct second_check *check, const struct judged *judged,
                     struct result_check *row)
{
    double enough = SHARE_OF_SECONDS * judged->seconds;

    row->status = judged->invalid > enough   ? CHECK_INVALID
                  : judged->suspect > enough ? CHECK_SUSPECT
                                             : CHECK_OK;
    row->observed = judged->worst;
    row->limit = row->status == CHECK_INVALID ? judged->invalid_limit : judged->suspect_limit;
    (void)snprintf(row->unit, sizeof row->unit, "%s", check->unit);
    if (row->status == CHECK_OK) {
        say(row, "within its limit in %u of %u seconds", judged->seconds - judged->suspect,
            judged->seconds);
    } else {
        say(row, "beyond its limit in %u of %u seconds: %s",
            row->status == CHECK_INVALID ? judged->invalid : judged->suspect, judged->seconds,
            check->advice);
    }
}

static int check_agent(struct result *result, const struct result_case *of, uint32_t agent,
                       const struct second_check *check, struct errinfo *reterr)
{
    struct second second = {.agent = &result->agents[agent], .e2e_p99_ns = shown_p99_ns(of)};
    struct judged judged = {0};
    struct result_check *row;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
            second.row = &trial->agent_intervals[i];
            if (second.row->agent == agent && is_measured(trial, second.row, check->of_schedule)) {
                judge_second(check, &second, &judged);
            }
        }
    }
    if (judged.seconds == 0) {
        return 0; /* It had nothing to do in this case, or no schedule. */
    }
    row = new_check(result, check->name, result->agents[agent].name, of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    conclude(check, &judged, row);
    return 0;
}

/* Time in which messages were due and could not be handed over, or were being handed over to a
 * library that did not return, of one load thread's time. */
static double blocked_share(const struct result_case *of)
{
    double blocked = 0.0;
    double span = 0.0;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        for (uint32_t i = 0; i < of->trials[t].agent_intervals_count; i++) {
            const struct result_agent_interval *row = &of->trials[t].agent_intervals[i];

            if (is_measured(&of->trials[t], row, true)) {
                blocked += (double)row->blocked_ns + (double)result_in_calls_ns(row);
                span += (double)row->span_ns;
            }
        }
    }
    return span > 0.0 ? blocked / span : 0.0;
}

/* Sent within the phase, of asked. What the window or the broker held back is theirs. */
static int check_attained(struct result *result, const struct result_case *of,
                          struct errinfo *reterr)
{
    double blocked = blocked_share(of);
    uint64_t due = 0;
    uint64_t sent = of->trials_count; /* The last one of a phase may be on its way at its end. */
    struct result_check *row;
    double attained;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        const struct result_phase *phase = &of->phases[p];

        if (phase->measured && !phase->is_max && phase->flow[0] == '\0') {
            due += phase->due;
            sent += phase->sent_in_time;
        }
    }
    if (due == 0) {
        return 0;
    }
    row = new_check(result, "attained", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    attained = fmin((double)sent / (double)due, 1.0);
    row->observed = attained;
    row->limit = attained < 0.99 ? 0.99 : 0.999;
    if (attained >= 0.999) {
        say(row, "what was asked was sent in time");
    } else if (blocked > (1.0 - attained) / 2.0) {
        say(row,
            "held back by the in-flight window, the broker or calls into its library %.3g %% of "
            "the time, not by the generator",
            fmin(blocked, 1.0) * 100.0);
    } else {
        row->status = attained < 0.99 ? CHECK_INVALID : CHECK_SUSPECT;
        say(row, "the generator did not keep up with what was asked: use more agents or a lower "
                 "rate");
    }
    return 0;
}

/* Two agents' clocks are related no better than the sum of their bounds. */
static double clock_bound_ns(const struct result *result)
{
    double first = 0.0;
    double second = 0.0;

    for (uint32_t i = 0; i < result->agents_count; i++) {
        double bound = (double)result->agents[i].clock_bound_ns;

        if (bound > first) {
            second = first;
            first = bound;
        } else if (bound > second) {
            second = bound;
        }
    }
    return first + second;
}

static int check_clock(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    double bound = clock_bound_ns(result);
    double p50 = 0.0;
    struct result_check *row;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        const struct hist *hist = of->phases[p].latency[SERIES_E2E_SERVICE];

        if (of->phases[p].measured && hist != NULL && hist_count(hist) > 0) {
            double here = (double)hist_percentile(hist, 50.0);

            p50 = p50 == 0.0 ? here : fmin(p50, here);
        }
    }
    if (result->agents_count < 2 || bound == 0.0 || p50 == 0.0) {
        return 0; /* One clock, or no one-way figure. */
    }
    row = new_check(result, "clock_bound", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = bound / p50;
    row->limit = row->observed > 1.0 ? 1.0 : 0.1;
    row->status = row->observed > 1.0   ? CHECK_INVALID
                  : row->observed > 0.1 ? CHECK_SUSPECT
                                        : CHECK_OK;
    say(row, row->status == CHECK_OK
                 ? "clocks are related well enough for the latencies measured"
                 : "clocks are related no better than that share of the median end to end: put "
                   "producers and consumers on one host, or nearer to the coordinator");
    return 0;
}

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
    row = new_check(result, "histogram_overflow", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = over / samples;
    row->limit = row->observed > 0.001 ? 0.001 : 0.0;
    row->status = row->observed > 0.001 ? CHECK_INVALID
                  : row->observed > 0.0 ? CHECK_SUSPECT
                                        : CHECK_OK;
    say(row, row->status == CHECK_OK ? "every latency fits into its histogram"
                                     : "latencies of more than an hour were recorded as one hour");
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
            seconds++;
            gaps += of->trials[t].intervals[i].complete ? 0 : 1;
        }
    }
    if (seconds == 0) {
        return 0;
    }
    row = new_check(result, "snapshot_gaps", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = (double)gaps / seconds;
    row->limit = row->observed > 0.001 ? 0.001 : 0.0;
    row->status = row->observed > 0.001 ? CHECK_INVALID : gaps > 0 ? CHECK_SUSPECT : CHECK_OK;
    if (gaps == 0) {
        say(row, "every agent reported every second");
    } else {
        say(row, "%u of %u seconds lack an agent's report", gaps, seconds);
    }
    return 0;
}

/* What is asked, of what the generator alone could do. With `max` nothing is asked. */
static int check_ceiling(struct result *result, const struct result_case *of,
                         struct errinfo *reterr)
{
    double headroom = result_headroom(of);
    char factor[HEADROOM_TEXT_BYTES];
    char ceiling[UNITS_TEXT_BYTES];
    struct result_check *row;

    if (headroom <= 0.0) {
        return 0;
    }
    row = new_check(result, "ceiling", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = 1.0 / headroom;
    row->status = row->observed > CEILING_INVALID   ? CHECK_INVALID
                  : row->observed > CEILING_SUSPECT ? CHECK_SUSPECT
                                                    : CHECK_OK;
    row->limit = row->status == CHECK_INVALID ? CEILING_INVALID : CEILING_SUSPECT;
    say(row,
        "headroom %s: the generator alone reached %s, into memory, without the broker's "
        "load beside it and its client library%s",
        result_format_headroom(headroom, factor),
        units_format_rate(of->calibration.ceiling_per_s, ceiling),
        row->status == CHECK_OK ? "" : ": use more agents or a lower rate");
    return 0;
}

static int check_case(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    int r = check_attained(result, of, reterr);

    for (uint32_t a = 0; a < result->agents_count; a++) {
        for (size_t i = 0; r == 0 && i < SECOND_CHECKS_COUNT; i++) {
            r = check_agent(result, of, a, &second_checks[i], reterr);
        }
    }
    r = r < 0 ? r : check_ceiling(result, of, reterr);
    r = r < 0 ? r : check_clock(result, of, reterr);
    r = r < 0 ? r : check_overflow(result, of, reterr);
    return r < 0 ? r : check_gaps(result, of, reterr);
}

int selfcheck_find(struct result *result, struct errinfo *reterr)
{
    int r = 0;

    free(result->findings.checks);
    result->findings.checks = NULL;
    result->findings.checks_count = 0;
    for (uint32_t i = 0; r == 0 && i < result->cases_count; i++) {
        if (result->cases[i].trials_count > 0) {
            r = check_case(result, &result->cases[i], reterr);
        }
    }
    return r;
}
