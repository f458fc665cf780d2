/*
 * result: what a run came to, as one struct. A fold of the journal: live and afterwards the same
 * code, so a report made years later says the same. Reports read this and nothing else. Owned
 * strings unless said; result_free().
 */
#ifndef MILLRACE_RESULT_H
#define MILLRACE_RESULT_H

#include "findings.h"
#include "heat.h"
#include "hist.h"
#include "plan.h"
#include "seqset.h"
#include "snapshot.h"

#include <stdbool.h>
#include <stdint.h>

#define RESULT_SCHEMA "millrace.result/1"

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_INVALID,
    VERDICT_FAILED,
    VERDICT_REGRESSION,
    VERDICT_INTERRUPTED
};

const char *verdict_name(enum verdict verdict);
int verdict_exit_code(enum verdict verdict); /* As `millrace run --help` has it. */

struct result_reason {
    char code[NAME_BYTES];      /* "lost", "broker_lost", "agent_lost", "cut_off", ... */
    char case_name[NAME_BYTES]; /* "" for the run. */
    char text[ERRINFO_BYTES];
};

struct result_version {
    char name[NAME_BYTES];
    char value[NAME_BYTES];
};

struct result_agent {
    char name[NAME_BYTES];
    char host[NAME_BYTES];
    char kernel[NAME_BYTES];
    char version[NAME_BYTES];
    uint32_t cpus;
    uint32_t usable_cpus_milli; /* Thousandths that it could use of them; 0: not told, */
    uint32_t clients;           /* then neither is this, the most of a trial, */
    double share; /* nor this, of all clients of all trials, 0 to 1; of those since it was resumed,
                     where it is in the last part of a run that was. */
    char libraries[REASON_BYTES]; /* Of clients, where agents differ: "librdkafka 2.0.2, ..." */
    uint64_t memory_bytes;
    bool lost;
    char lost_reason[REASON_BYTES];
    bool fenced;           /* It came back after it was lost, and was told to go. */
    uint32_t lost_trial;   /* Of a lost one: the trial it was lost in, or before; */
    int64_t lost_ns;       /* and when, as offset from its T0; 0: before it; below: not known. */
    int64_t start_skew_ns; /* Largest of the run. */
    int64_t driver_ns_max; /* Longest call of a load thread into a driver other than submit. */
    int64_t clock_offset_ns;
    int64_t clock_bound_ns;
    double clock_drift_ppb;
};

/* A phase's `delivery`, with its sum: received - unexpected + lost + expired + unaccounted =
 * expected. */
struct result_delivery {
    uint64_t sent, acked, refused, unconfirmed;
    uint64_t expected, received, lost, duplicated, reordered, corrupted, expired, unaccounted,
        unexpected, errors;
};

struct result_phase {
    char name[NAME_BYTES];
    char flow[NAME_BYTES]; /* "": all flows. */
    bool measured;
    bool is_max;       /* No intended time: no response latency, nothing asked. */
    uint64_t messages; /* That it was to send, if it is to end by their number; else 0. */
    bool keeps_rate;   /* By the clock, at rates that it is to hold: no ramp, no count. */
    bool confirms;     /* Some producer of it is told what became of its messages. */
    uint32_t producers;
    int64_t start_ns;    /* Offset from T0. */
    int64_t duration_ns; /* As it was, not as planned. */
    double asked_per_s, sent_per_s, acked_per_s, received_per_s, sent_bytes_per_s,
        received_bytes_per_s;
    double asked_peak_per_s; /* As planned: the highest point of a ramp or curve; 0 with `max`. */
    uint64_t due, sent_in_time;
    uint64_t skipped; /* Of due, as they were later than `catch_up` allows. */
    struct result_delivery delivery;
    struct hist *latency[SERIES_COUNT]; /* NULL: no such figure here. */
    uint64_t below_resolution[SERIES_COUNT];
    uint64_t clock_bound_ns; /* The largest that an end to end latency was measured with. */
    /* The longest that an answer or a message may have waited, as agents look at what arrives near
     * a send together with it: publish and end to end latencies may be longer by that. */
    uint64_t resolution_ns;
    int64_t coalesce_ns; /* Messages were sent in ticks of so much; 0: each at its own time. */
    bool lacks_agent; /* One was lost before it had told all of the phase: its part is missing. */
    uint64_t clock_violations; /* Latencies further below 0 than that allows; counted as 0. */
};

/* Of one interval; response where there is one, else service. */
struct result_latency {
    uint64_t samples;
    int64_t p50, p99, max;
};

/* A second of a trial, after COALESCED_FROM of them COALESCED_SECONDS; all agents and flows
 * together; for charts and intervals.jsonl. */
struct result_interval {
    uint32_t index; /* Of its first second. */
    int64_t start_ns;
    double length_s;
    bool complete; /* Every agent reported it. */
    uint64_t due, sent, skipped, acked, received, refused, unconfirmed, errors;
    uint64_t backlog; /* Acked and not yet received, summed over subscriptions, at its end. */
    uint32_t clients_down;
    struct result_latency e2e, publish, send_lag;
};

/* How long its seconds are, also where the last of a trial was shorter. */
static inline int64_t result_interval_ns(const struct result_interval *interval)
{
    uint32_t row = snapshot_row(interval->index);

    return (snapshot_row_first(row + 1) - snapshot_row_first(row)) * INTERVAL_NS;
}

/* Process figures of one agent in one interval. */
struct result_agent_interval {
    uint32_t agent;
    uint32_t index;        /* Of its first second. */
    uint32_t seconds_more; /* That it stands for beside it. */
    double cpu;            /* Cores used. */
    uint64_t rss_bytes;
    uint32_t clients;          /* Of this agent. */
    uint32_t load_threads;     /* Of this agent, too. */
    uint64_t rss_before_bytes; /* Before its clients were opened, and once all were; 0: unknown. */
    uint64_t rss_opened_bytes;
    uint64_t outstanding; /* Messages in flight at its end. */
    uint64_t sent, received;
    /* Time in which messages were due, but the in-flight window was full or the broker away; summed
     * over its load threads. */
    uint64_t blocked_ns;
    int64_t end_ns;       /* Offset from T0. */
    int64_t span_ns;      /* That it covers: a second, or what an agent took longer. */
    struct strain strain; /* How hard it was to keep the schedule. */
    uint64_t due;
    uint64_t asked; /* Of due and sent, those of measured phases and flows that have a rate. */
    uint64_t asked_sent;
    int64_t send_lag_p99_ns; /* Of the flow and phase that had the largest; 0: nothing was paced. */
    int64_t call_p99_ns;
    uint64_t trace_records; /* Of the trial until then, see struct health. */
    uint64_t trace_dropped;
    int64_t call_ns; /* All calls together: over its load threads, more than the span can be. */
};

/* Something that happened: shown on the time axis. */
enum mark_kind {
    MARK_BROKER_DOWN,
    MARK_BROKER_UP,
    MARK_AGENT_LOST,
    MARK_INTERRUPTED,
    MARK_CUT_OFF,
    MARK_ERROR,
    MARK_OBJECTIVE,   /* Missed, so that the trial ended. */
    MARK_REFUSED,     /* Requests that were of no agent of this run. */
    MARK_BROKER_SAYS, /* Of itself, in its own words. */
    MARK_CLOCK,       /* An agent's clock was not what it was taken for, from from_ns to at_ns. */
    MARK_STALL, /* The coordinator, its disk or its terminal stood still, from from_ns to at_ns. */
    MARK_AGENT_SUSPECT, /* Not heard of from from_ns to at_ns, as is the next. */
    MARK_AGENT_BACK,
    MARK_AGENT_FENCED, /* Back after it was lost. */
    MARK_COUNT
};

const char *mark_kind_name(enum mark_kind kind);
bool mark_is_of_agent(enum mark_kind kind);

/* Did it happen at a time? What was refused is counted over the whole run, and told at its end. */
bool mark_has_time(enum mark_kind kind);

struct result_mark {
    enum mark_kind kind;
    uint32_t trial; /* Between two trials the later one, which may never have begun. */
    int64_t at_ns;  /* Offset from the trial's T0; 0: before it. */
    char text[REASON_BYTES];
    int64_t from_ns;         /* CLOCK, STALL, AGENT_*: offset from T0. */
    uint32_t agent;          /* AGENT_*: which one; UINT32_MAX: not known. */
    uint64_t clock_bound_ns; /* CLOCK: latencies of that time are off by up to that. */
};

/* Who was slower than the rest. */
enum party_kind { PARTY_PRODUCER, PARTY_CONSUMER, PARTY_TOPIC, PARTY_PARTITION, PARTY_AGENT };

struct result_party {
    enum party_kind kind;
    char name[TOPIC_NAME_BYTES]; /* "consumer 3 of subscription 1 (agent-2)". */
    /* Those of a kind with the same flow and subscription do the same work. "" and 0 where there is
     * no such thing. */
    char flow[NAME_BYTES];
    uint32_t subscription;
    uint64_t messages;
    double latency_ns_mean; /* 0: no samples. */
    int64_t latency_ns_max;
};

/* Audit line per topic and subscription. */
struct result_audit {
    char flow[NAME_BYTES];
    char topic[TOPIC_NAME_BYTES];
    uint32_t subscription;
    struct result_delivery delivery;
    /* The first few ranges of what went wrong: "stream 3: lost 120-140". */
    char detail[ERRINFO_BYTES];
};

/* A span in which no client could use the broker, or in which one client had no connection while
 * others had. */
enum outage_kind { OUTAGE_BROKER, OUTAGE_CLIENT, OUTAGE_KINDS_COUNT };

struct result_outage {
    enum outage_kind kind;
    char client[TOPIC_NAME_BYTES]; /* As among the parties; "" of a broker's. */
    bool is_producers;             /* Of a client's: it sends. */
    char flow[NAME_BYTES];         /* Likewise: its flow. */
    int64_t down_ns;               /* Offset from T0. */
    int64_t up_ns;                 /* Below down_ns: it never came back. */
    uint64_t backlog_peak;         /* Of a broker's, as is unconfirmed. */
    uint64_t unconfirmed;
    uint32_t clients; /* Of a broker's: that lost their connection in it, as far as it was told. */
    char text[REASON_BYTES];
};

/* Threads of an agent's process that have one name, at the end of a trial's first second. */
struct result_threads {
    uint32_t agent;
    struct thread_count of;
};

struct result_trial {
    uint32_t number;
    uint32_t repetition;
    bool ended; /* false: cut off. */
    struct result_phase
        *phases; /* Per phase: all flows first (flow ""), then each flow if there are several. */
    uint32_t phases_count;
    struct result_interval *intervals;
    uint32_t intervals_count;
    struct heat heat; /* End to end, ... */
    bool heat_is_e2e; /* ... or publish, where nothing was received. */
    struct result_agent_interval *agent_intervals;
    uint32_t agent_intervals_count;
    struct result_audit *audit;
    uint32_t audit_count;
    struct result_party *parties;
    uint32_t parties_count;
    struct result_outage *outages;
    uint32_t outages_count;
    uint64_t outages_untold; /* Lost connections that are not among them: there were too many. */
    struct notice_delta *notices; /* What the broker said of itself, by text. */
    uint32_t notices_count;
    struct error_delta *errors; /* Texts with counts, most frequent first. */
    uint32_t errors_count;
    struct result_threads *threads; /* By agent. */
    uint32_t threads_count;
    char violation[REASON_BYTES]; /* Where a sum of it does not hold; "": they do. */
};

/* What a sweep gave a key in a case. */
struct result_parameter {
    char key[NAME_BYTES];
    char value[NAME_BYTES]; /* As written. */
    double number;          /* In the key's own unit (bytes, ns, /s); NAN: it is no number. */
};

/*
 * What the generator alone could do with a case's workload on its target, by the CPU time that it
 * took. In journals of before it is the rate that was reached into memory, whatever the target:
 * neither the broker's load on the hosts nor the cost of its client library is in that. Of several
 * flows all were sent at once, each as fast as it could: their sum stands beside the sum of what is
 * asked of them.
 */
struct result_calibration {
    double ceiling_per_s;      /* 0: not measured. */
    int64_t duration_ns;       /* That was measured. */
    uint64_t burst_messages;   /* That it was to be on a broker; 0: it was into memory. */
    double cpu_ns_per_message; /* Of the busiest thread; 0: not known, as in journals of before. */
    char reason[REASON_BYTES]; /* Why there is no ceiling; "" with one, or if none was wanted. */
};

#define INTERVAL_TRIALS_MIN 5

/* A metric over the trials of a case: the trial is what statistics count. */
struct result_figure {
    char phase[NAME_BYTES];
    char flow[NAME_BYTES];     /* "": all flows. */
    char metric[METRIC_BYTES]; /* As objectives name it: "e2e.p99", "received_rate". */
    char unit[UNIT_BYTES];
    uint32_t trials; /* That have the metric. */
    double median;
    double mean;
    /* Of times the 95 % t interval on the logarithm, of the geometric mean, and of less than
     * INTERVAL_TRIALS_MIN trials the lowest and the highest; of all else that of the mean, from 0
     * on. With one trial NAN, as is high. */
    double low;
    double high;
    double min;
    double max;
    bool at_least;        /* In a trial it is a lower bound: so are mean and max. */
    bool median_at_least; /* And so is the median. */
};

struct result_case {
    char name[NAME_BYTES];
    char backend[NAME_BYTES];
    char client[NAME_BYTES]; /* "": the backend has one client only, or had then. */
    char target[NAME_BYTES];
    char variant[NAME_BYTES]; /* "" if there are none. */
    struct result_parameter *parameters;
    uint32_t parameters_count;
    char address[REASON_BYTES];
    enum case_status status;
    char reason[REASON_BYTES];
    char broker_version[NAME_BYTES];
    const char *const *equivalence; /* From the catalog; NULL-terminated; borrowed. */
    struct result_phase *phases;    /* All trials merged. */
    uint32_t phases_count;
    struct result_trial *trials;
    uint32_t trials_count;
    struct result_calibration calibration;
    struct result_figure *figures; /* By phase, flow, metric. */
    uint32_t figures_count;
    uint32_t checks_first; /* Its rows among findings.checks, once the self-check was made. */
    uint32_t checks_count;
};

/* How the part of a run before a resumption ended. */
enum resume_cause {
    RESUME_KILLED, /* Nothing in the journal says how. */
    RESUME_INTERRUPTED,
    RESUME_FAILED,
    RESUME_CAUSES_COUNT
};

#define RESUMES_MAX 1000

const char *resume_cause_name(enum resume_cause cause); /* "killed", ... */

/* Where a run was resumed: what came before has other agents, or the same ones at another time. */
struct result_resume {
    enum resume_cause cause;
    uint32_t trial;           /* Number of the trial that was made first. */
    uint32_t trials_done;     /* Whole ones that were there. */
    bool began_trial;         /* Another was under way: nothing of it is left, it was made again. */
    int64_t left_unix_ns;     /* The last that was kept, before it was left; ... */
    int64_t resumed_unix_ns;  /* ... and when it was resumed. */
    char part_id[NAME_BYTES]; /* In the names of its topics, in place of the run's. */
    /* Known once its agents are; compared with those of the part before. */
    uint32_t agents_count; /* 0: it had none. */
    uint32_t agents_new;   /* 0 if no part before had any. */
    uint32_t agents_gone;
};

enum met { MET_NO, MET_YES, MET_NOT_AVAILABLE };

/* In windows observed and limit are shares of them, in percent. */
struct result_objective {
    char text[NAME_BYTES * 2]; /* "lost == 0" */
    char case_name[NAME_BYTES];
    char phase[NAME_BYTES]; /* "": all phases. */
    char flow[NAME_BYTES];  /* "": all flows. */
    enum met met;
    bool has_observed; /* Ask result_has_observed(). */
    double observed;
    bool at_least; /* Observed is a lower bound: messages never came. */
    double limit;
    char unit[UNIT_BYTES];
    int64_t window_ns; /* 0: judged on the whole phase. */
    uint64_t samples;
    char reason[REASON_BYTES];
};

/* Was a value seen, whether it was judged or not? Earlier journals tell it of what was judged only.
 */
bool result_has_observed(const struct result_objective *objective);

struct result {
    char run_id[NAME_BYTES];
    char *name;
    char *description;
    enum verdict verdict;
    bool cut_off;       /* The journal has no closing document: the coordinator died. */
    int64_t cut_off_ns; /* Wall time of the last document. */
    struct result_reason *reasons;
    uint32_t reasons_count;
    int64_t started_unix_ns;
    int64_t ended_unix_ns;
    uint64_t seed;
    bool selfcheck_warns; /* What the self-check doubts was judged as it was observed. */
    char *command;
    char *scenario; /* Effective, secrets removed. */
    char scenario_sha256[65];
    struct result_version *versions;
    uint32_t versions_count;
    char *
        journal_lacks; /* Fields that its journal, of an earlier version, does not have; or NULL. */
    struct result_agent *agents;
    uint32_t agents_count;
    struct result_resume *resumes; /* In their order. */
    uint32_t resumes_count;
    bool resumable;          /* Its journal has what it takes to go on with it. */
    uint32_t trials_planned; /* Of all cases; 0: of a search, or not known. */
    struct result_case *cases;
    uint32_t cases_count;
    struct result_objective *objectives;
    uint32_t objectives_count;
    struct findings findings;
    struct result_mark *marks;
    uint32_t marks_count;
    /* What was refused by the fold, or the first sum that does not hold, and where; "": none. No
     * figure is safe then. */
    char violation[ERRINFO_BYTES];
};

/* Tables of what a result holds (result_records.c, case_records.c). Of a case, of a trial and of
 * the result itself those tables hold what stands before and after what is made of histograms. */
extern const struct record result_reason_record;
extern const struct record result_version_record;
extern const struct record result_agent_record;
extern const struct record result_delivery_record;
extern const struct record result_phase_record;
extern const struct record result_interval_record;
extern const struct record result_mark_record;
extern const struct record result_resume_record;
extern const struct record result_outage_record;
extern const struct record result_parameter_record;
extern const struct record result_calibration_record;
extern const struct record result_figure_record;
extern const struct record result_objective_record;
extern const struct record result_trial_head_record;
extern const struct record result_trial_events_record;
extern const struct record result_case_record;
extern const struct record result_head_record;
extern const struct record result_verdict_record;
extern const struct record result_texts_record;

/* Has the phase rates? Not over no time; and a drain of microseconds has none to speak of: what
 * came in was on its way before, and over so short a time any count is a rate of thousands. */
bool result_phase_has_rates(const struct result_phase *phase);

/* The highest rate that is asked in a measured phase of the case; 0: none has one. */
double result_asked_peak(const struct result_case *of);

/* That, of the generator's ceiling: 0.3; 0 without one of the two. */
double result_ceiling_share(const struct result_case *of);

/* Likewise of what was sent of it: what a broker held back did not bring the generator nearer to
 * its ceiling. */
double result_ceiling_reached(const struct result_case *of);

/* The share of its CPU that the busiest thread of an agent used, a load thread or one of its client
 * library, over a measured phase with a rate: the largest; 0: not known, or no memory. */
double result_load_share(const struct result_case *of);

/*
 * How much more the generator could have done: 3.4; 0 without a ceiling. By its ceiling, or by its
 * busiest thread where that says less and is to be heeded: if it is near its end
 * (STRAIN_LOAD_CPU_SUSPECT), or the ceiling is one into memory that leaves the client library out.
 * Below, most of what a paced thread takes are its wakes, which become fewer as the load grows.
 */
double result_headroom(const struct result_case *of);

/* Is it the busiest thread that the headroom goes by? */
bool result_headroom_by_thread(const struct result_case *of);

/* "headroom 3.4x: the generator alone would reach 95.0k/s on this broker (CPU of its busiest
 * thread: 10.5 us a message)"; in REASON_BYTES. "" without one. */
const char *result_describe_headroom(const struct result_case *of, char *text);

/* As people read it: two digits, from 10 on whole. */
#define HEADROOM_TEXT_BYTES 16
const char *result_format_headroom(double headroom,
                                   char *text); /* "3.4x", in HEADROOM_TEXT_BYTES. */

void result_free(struct result *result);

void result_phases_free(struct result_phase *phases, uint32_t phases_count);

/* Frees what a trial owns. */
void result_trial_done(struct result_trial *trial);

/* How long calls into the client library held an agent's load threads up in an interval, at least:
 * what of the calls' time can't have been computing or waiting for a processor, were every thread
 * as busy as the busiest one. Summed over the threads. */
int64_t result_in_calls_ns(const struct result_agent_interval *row);

#endif
