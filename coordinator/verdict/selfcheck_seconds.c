/* The signals that every agent reports every second. */
#include "selfcheck_inner.h"

#include "coalesce.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_OF_SECONDS 0.01 /* A class counts beyond that. */
/* Calls that hold threads up for that share of a second are what makes it late. */
#define IN_CALLS_MIN 0.25
#define LAG_NS_INVALID 10e6

/* What a second of an agent is judged in; ten of them, where none was to be doubted. */
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
    double (*value)(const struct second *second); /* NAN: not known, or nothing to judge. */
    /* Of the value, where limits are not the same everywhere; NULL: as above. */
    double (*limit)(const struct second *second, bool invalid);
    /* The share of the second that the value leaves out, as it was not the generator's; NULL: it
     * leaves out nothing. */
    double (*left_out)(const struct second *second);
    bool at_least;                /* Limits are the least that is well. */
    bool of_schedule;             /* Says nothing where messages are sent as fast as possible. */
    const char *cause;            /* Without its full stop: where and how often follows. */
    const char *remedy;           /* A sentence. */
    const char *remedy_in_memory; /* Where there is no broker to get away from; NULL: the same. */
    const char *unknown;          /* Why it was not measured; NULL: it always is. */
};

static double share(int64_t part_ns, const struct second *second)
{
    return second->row->span_ns > 0 ? (double)part_ns / (double)second->row->span_ns : 0.0;
}

static double known_share(int64_t part_ns, const struct second *second)
{
    return part_ns == STRAIN_UNKNOWN ? NAN : share(part_ns, second);
}

/* Time in which messages were due and could not be handed over, or were being handed over to a
 * library that did not return, of one load thread's time. */
static double held_back(const struct second *second)
{
    return fmin(1.0, share((int64_t)second->row->blocked_ns, second) +
                         share(result_in_calls_ns(second->row), second));
}

/* Of what was due in the second; each load thread may have one message on its way at its end. */
static double sent_share(const struct second *second)
{
    double sent = (double)second->row->asked_sent + second->row->load_threads;

    return fmin(1.0, sent / (double)second->row->asked);
}

/* What the window, the broker or its library held back is theirs. */
static double attained(const struct second *second)
{
    return second->row->asked == 0 ? NAN : fmin(1.0, sent_share(second) + held_back(second));
}

static double not_attained(const struct second *second)
{
    return second->row->asked == 0 ? 0.0 : fmin(1.0 - sent_share(second), held_back(second));
}

static double load_cpu(const struct second *second)
{
    return share(strain_busiest_ns(&second->row->strain), second);
}

static double load_wait(const struct second *second)
{
    return known_share(second->row->strain.load_wait_ns, second);
}

static double ticker(const struct second *second)
{
    return (double)second->row->strain.ticker_late_ns;
}

static double steal(const struct second *second)
{
    uint32_t cpus = second->agent->cpus == 0 ? 1 : second->agent->cpus;

    return known_share(second->row->strain.steal_ns, second) / cpus;
}

static double throttled(const struct second *second)
{
    return known_share(second->row->strain.throttled_ns, second);
}

static double recorder_full(const struct second *second)
{
    return share(second->row->strain.recorder_full_ns, second);
}

/* Of the messages that their own client did not hold back: one that is down excuses its own only.
 * Lag while calls are as long is the library's or the broker's: it blocks the thread. Journals from
 * before this was told have all lag in one, so there whatever was blocked excuses all. */
static double send_lag(const struct second *second)
{
    int64_t own_ns = second->row->strain.own_lag_p99_ns;
    int64_t lag_ns = own_ns == STRAIN_UNKNOWN ? second->row->send_lag_p99_ns : own_ns;
    bool excused =
        second->row->call_p99_ns * 2 > lag_ns ||
        share(result_in_calls_ns(second->row), second) > IN_CALLS_MIN ||
        (own_ns == STRAIN_UNKNOWN && share((int64_t)second->row->blocked_ns, second) > 0.001);

    return excused ? 0.0 : (double)lag_ns;
}

/* A millisecond is nothing beside latencies of a second. */
static double send_lag_limit(const struct second *second, bool invalid)
{
    return invalid ? fmax(LAG_NS_INVALID, 0.20 * second->e2e_p99_ns)
                   : fmax(STRAIN_LAG_NS_SUSPECT, 0.05 * second->e2e_p99_ns);
}

static const struct second_check second_checks[] = {
    {.name = "attained",
     .unit = "",
     .suspect = STRAIN_ATTAINED_SUSPECT,
     .invalid = 0.99,
     .value = attained,
     .left_out = not_attained,
     .at_least = true,
     .of_schedule = true,
     .cause = "The load generator did not reach the target rate",
     .remedy = "Use more agents or a lower target rate."},
    {.name = "send_lag",
     .unit = "ns",
     .value = send_lag,
     .limit = send_lag_limit,
     .of_schedule = true,
     .cause = "Messages were sent late",
     .remedy = "Use more agents, a lower target rate, or a host with less other work."},
    {.name = "load_thread_cpu",
     .unit = "",
     .suspect = STRAIN_LOAD_CPU_SUSPECT,
     .invalid = 0.90,
     .value = load_cpu,
     .of_schedule = true,
     .cause = "The busiest load thread was overloaded",
     .remedy = "Use more agents or a lower target rate."},
    {.name = "run_queue_wait",
     .unit = "",
     .suspect = STRAIN_LOAD_WAIT_SUSPECT,
     .invalid = 0.05,
     .value = load_wait,
     .of_schedule = true,
     .cause = "Load threads waited for a CPU",
     .remedy = "Run the agent on a machine (or CPU cores) that the broker does not use.",
     .remedy_in_memory = "Run the agent on a machine with free CPU cores.",
     .unknown = "The kernel does not report how long threads wait for a CPU (no schedstat)."},
    {.name = "ticker_jitter",
     .unit = "ns",
     .suspect = STRAIN_TICKER_NS_SUSPECT,
     .invalid = 100e6,
     .value = ticker,
     .of_schedule = true,
     .cause = "A 10 ms timer fired late, because the host was overloaded or was paused",
     .remedy = "Run the agent on a host with free CPU cores."},
    {.name = "steal",
     .unit = "",
     .suspect = STRAIN_STEAL_SUSPECT,
     .invalid = 0.05,
     .value = steal,
     .cause = "The hypervisor gave the CPUs of the host to other machines",
     .remedy = "Use a host with dedicated CPUs.",
     .unknown = "The host does not report the CPU time that a hypervisor takes (/proc/stat)."},
    {.name = "cgroup_throttling",
     .unit = "",
     .suspect = STRAIN_THROTTLED_SUSPECT,
     .invalid = 0.01,
     .value = throttled,
     .of_schedule = true,
     .cause = "The CPU limit of the agent slowed it down",
     .remedy = "Raise the CPU limit of its control group (cgroup).",
     .unknown = "The control group (cgroup) that may limit the CPU cannot be read."},
    {.name = "recorder_full",
     .unit = "",
     .suspect = STRAIN_RECORDER_FULL_SUSPECT,
     .invalid = 0.001,
     .value = recorder_full,
     .of_schedule = true,
     .cause = "Load threads waited for the recorder (nothing was dropped)",
     .remedy = "Use more agents or a lower target rate."},
};
#define SECOND_CHECKS_COUNT (sizeof second_checks / sizeof second_checks[0])

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
    uint32_t unknown; /* Not among the seconds. */
    double worst;
    double suspect_limit; /* Of the worst second. */
    double invalid_limit;
    double left_out; /* The largest share of a second. */
};

static bool is_beyond(const struct second_check *check, double value, double limit)
{
    return check->at_least ? value < limit : value > limit;
}

static void judge_second(const struct second_check *check, const struct second *second,
                         struct judged *judged)
{
    double value = check->value(second);
    uint32_t seconds = second->row->seconds_more + 1;
    double suspect = check->limit != NULL ? check->limit(second, false) : check->suspect;
    double invalid = check->limit != NULL ? check->limit(second, true) : check->invalid;

    if (isnan(value)) {
        judged->unknown += seconds;
        return;
    }
    judged->suspect += is_beyond(check, value, suspect) ? seconds : 0;
    judged->invalid += is_beyond(check, value, invalid) ? seconds : 0;
    if (judged->seconds == 0 || is_beyond(check, value, judged->worst)) {
        judged->worst = value;
        judged->suspect_limit = suspect;
        judged->invalid_limit = invalid;
    }
    if (check->left_out != NULL) {
        judged->left_out = fmax(judged->left_out, check->left_out(second));
    }
    judged->seconds += seconds;
}

static void say_well(const struct judged *judged, struct result_check *row)
{
    if (judged->left_out > 0.001) {
        selfcheck_say(
            row,
            "Within the limit in %u of %u seconds. The in-flight window, the broker or the client "
            "library delayed up to %.3g %% of a second, which is not counted.",
            judged->seconds - judged->suspect, judged->seconds, judged->left_out * 100.0);
    } else {
        selfcheck_say(row, "Within the limit in %u of %u seconds.",
                      judged->seconds - judged->suspect, judged->seconds);
    }
}

static void conclude(const struct second_check *check, const struct judged *judged, bool in_memory,
                     struct result_check *row)
{
    double enough = SHARE_OF_SECONDS * judged->seconds;

    (void)snprintf(row->unit, sizeof row->unit, "%s", check->unit);
    if (judged->seconds == 0) {
        row->status = CHECK_NOT_MEASURED;
        row->observed = NAN;
        row->limit = check->suspect;
        selfcheck_say(row, "Not measured. %s", check->unknown);
        return;
    }
    row->status = judged->invalid > enough   ? CHECK_INVALID
                  : judged->suspect > enough ? CHECK_SUSPECT
                                             : CHECK_OK;
    row->observed = judged->worst;
    row->limit = row->status == CHECK_INVALID ? judged->invalid_limit : judged->suspect_limit;
    if (row->status == CHECK_OK) {
        say_well(judged, row);
    } else {
        selfcheck_say(
            row, "%s in %u of %u seconds. To fix it: %s", check->cause,
            row->status == CHECK_INVALID ? judged->invalid : judged->suspect, judged->seconds,
            in_memory && check->remedy_in_memory != NULL ? check->remedy_in_memory : check->remedy);
    }
}

/* One second of an agent, by each check that has something to say of it. */
static void judge_by_all(const struct second *second, bool scheduled, struct judged *judged)
{
    for (size_t c = 0; c < SECOND_CHECKS_COUNT; c++) {
        if (scheduled || !second_checks[c].of_schedule) {
            judge_second(&second_checks[c], second, &judged[c]);
        }
    }
}

/* judged: by agent, then by check. */
static void judge_seconds(const struct result *result, const struct result_case *of,
                          struct judged *judged)
{
    struct second second = {.e2e_p99_ns = shown_p99_ns(of)};

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
            second.row = &trial->agent_intervals[i];
            if (second.row->agent < result->agents_count && is_measured(trial, second.row, false)) {
                second.agent = &result->agents[second.row->agent];
                judge_by_all(&second, is_measured(trial, second.row, true),
                             &judged[second.row->agent * SECOND_CHECKS_COUNT]);
            }
        }
    }
}

int selfcheck_seconds(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    struct judged *judged =
        calloc((size_t)result->agents_count * SECOND_CHECKS_COUNT + 1, sizeof *judged);
    int r = 0;

    if (judged == NULL) {
        return errinfo_nomem(reterr);
    }
    judge_seconds(result, of, judged);
    for (size_t i = 0; r == 0 && i < result->agents_count * SECOND_CHECKS_COUNT; i++) {
        const struct second_check *check = &second_checks[i % SECOND_CHECKS_COUNT];
        struct result_check *row;

        if (judged[i].seconds == 0 && (judged[i].unknown == 0 || check->unknown == NULL)) {
            continue; /* The agent had nothing to do in this case, or no schedule. */
        }
        row = selfcheck_row(result, check->name, result->agents[i / SECOND_CHECKS_COUNT].name, of,
                            reterr);
        if (row == NULL) {
            r = -ENOMEM;
        } else {
            conclude(check, &judged[i], strcmp(of->backend, "memory") == 0, row);
        }
    }
    free(judged);
    return r;
}
