/*
 * fold_trial_inner: one trial while it is folded: histograms and counters by flow and phase, the
 * intervals, the delivery audit. Private to this module.
 */
#ifndef MILLRACE_FOLD_TRIAL_INNER_H
#define MILLRACE_FOLD_TRIAL_INNER_H

#include "delivery.h"
#include "fold.h"
#include "heat.h"

#define CELLS_OPEN_MAX                                                                             \
    16 /* Intervals whose percentiles are not made yet: agents report at different times. */

struct fold_cell {
    struct counters counters;
    struct hist *series[SERIES_COUNT];
    uint32_t second; /* In which something was added last. */
    bool settled;    /* Its histograms are, see hist_settle(). */
};

/* The latencies of an interval, until every agent has reported it. */
struct fold_open_interval {
    bool used;
    uint32_t index;
    struct hist *e2e;
    struct hist *publish;
    struct hist *send_lag;
};

struct fold_client {
    uint64_t messages;
    uint64_t bytes;
    double latency_ns_sum;
    uint64_t latency_samples;
    int64_t latency_ns_max;
};

struct fold_agent {
    uint32_t reported; /* Intervals below are reported. */
    uint64_t sequence; /* Next snapshot. */
    int64_t cpu_ns;    /* At the last interval. */
    int64_t until_ns;
    int64_t settled_ns; /* When it had settled, by its last word of that. */
    int64_t stood_ns;   /* In all, by its own word: stopped and continued, or its host was. */
    bool final;
    bool gone;    /* It was lost, and its word is not waited for. */
    bool refused; /* A snapshot of it was: those after it are, too. */
    uint32_t clients;
    uint32_t clients_down;
    uint32_t down_row;  /* The last row that has clients that were down, ... */
    uint32_t down_told; /* ... and how many. */
    int64_t down_since_ns;
    struct broker_signs signs; /* As of its last interval. */
    uint64_t outstanding;
    uint64_t sent, received, due, asked, asked_sent;
    struct fold_live_agent live;
    struct thread_count *threads;
    uint32_t threads_count;
    int64_t send_lag_p99_ns; /* Largest of the rows since the last interval. */
    int64_t call_p99_ns;
    int64_t call_ns;
};

#define FOLD_LOSSES_MAX (64 * LOSSES_TOLD_MAX) /* Kept of a trial; of agents there are fewer. */
#define FOLD_NOTICES_MAX 32

struct fold_loss {
    uint32_t client;
    int64_t down_ns;
    int64_t up_ns; /* Below down_ns: not back yet. */
    char text[REASON_BYTES];
};

/* Connections that were lost, the broker's words, and whether it is there. */
struct fold_outages {
    struct fold_loss *losses;
    uint32_t losses_count;
    uint64_t losses_untold;
    struct notice_delta *notices;
    uint32_t notices_count;
    int64_t answered_ns; /* The last answer that any agent had. */
    int64_t handed_ns;   /* The last message that nobody confirms. */
    int64_t
        unheard_since_ns; /* Since when such messages went and nothing came; 0: something did. */
};

struct fold_trial {
    struct entry_trial entry;
    struct delivery_audit *delivery;
    struct fold_cell *cells; /* flow x phases_count + phase. */
    uint32_t settled_second; /* In which it was last looked for cells to settle. */
    int64_t *phase_start_ns; /* By phase; INT64_MIN: not begun. */
    int64_t *phase_end_ns;
    struct result_interval *intervals; /* By row; see snapshot_row(). */
    uint32_t intervals_count;
    uint32_t intervals_capacity; /* Also of what goes by interval. */
    uint32_t seconds_count;      /* That any agent has reported. */
    uint32_t seconds_max;        /* More than it can last, but for ... */
    int64_t stood_ns;            /* ... the time in which the agent stood still that did so most. */
    uint64_t *acked_expected; /* By interval: confirmed x subscriptions, and distinct seen; for the
                                 backlog. */
    uint64_t *seen;
    struct fold_open_interval open[CELLS_OPEN_MAX];
    struct heat heat_e2e; /* Of the intervals that are closed. */
    struct heat heat_publish;
    struct result_agent_interval *agent_intervals;
    uint32_t agent_intervals_count;
    uint32_t agent_intervals_capacity;
    uint32_t agent_rows_max; /* So many of them at most, see fold_agent_rows_inner.h. */
    struct fold_client *clients;
    uint32_t clients_count;
    struct fold_agent *agents;
    uint32_t *agent_rows; /* Which of the run's agents each of them is. */
    struct error_delta *errors;
    uint32_t errors_count;
    struct fold_outages outages;
    bool has_end;
    struct entry_trial_end end;
    int64_t last_ns; /* Latest time any agent reported. */
};

/* -EBADMSG for what can't be folded. */
int fold_check_trial(const struct entry_trial *entry, struct errinfo *reterr);
/* Seconds that a trial can last, with all that may hold it up. */
uint32_t fold_seconds_max(const struct entry_trial *entry);
/* Of an agent of the trial; everything that is added up is within its bounds afterwards. */
int fold_check_snapshot(const struct fold_trial *trial, const struct snapshot *snapshot,
                        struct errinfo *reterr);
int fold_check_time(int64_t at_ns, const char *what, struct errinfo *reterr);
/* Of the wall clock: differences of two, with what fold_check_time() takes, don't overflow. */
int fold_check_unix_time(int64_t at_unix_ns, const char *what, struct errinfo *reterr);

/* agent_rows: which of the run's agents the trial's are. */
int fold_trial_init(struct fold_trial *trial, const struct entry_trial *entry,
                    const uint32_t *agent_rows, struct errinfo *reterr);
void fold_trial_done(struct fold_trial *trial);

/* -EBADMSG for what the trial does not have; a snapshot seen before is 0 and changes nothing. */
int fold_trial_snapshot(struct fold_trial *trial, const struct snapshot *snapshot,
                        struct errinfo *reterr);
int fold_trial_segment(struct fold_trial *trial, const struct entry_segment *segment,
                       struct errinfo *reterr);

/* Makes room for a row. */
int fold_intervals_reserve(struct fold_trial *trial, uint32_t row, struct errinfo *reterr);

/* Gets the memory of all that the trial's phases add to both if they run to their end, now: of
 * those that end by the clock. */
int fold_intervals_hold(struct fold_trial *trial, struct errinfo *reterr);

/* Takes latencies into their row, while that is open. */
int fold_intervals_add(struct fold_trial *trial, uint32_t index, const struct snapshot_row *row,
                       struct errinfo *reterr);

/* Closes what every agent has reported by now. 0 or -ENOMEM. */
int fold_intervals_close(struct fold_trial *trial, struct errinfo *reterr);
void fold_open_done(struct fold_open_interval *open);

/* Adds into *to, which is made when there is a first sample. */
int fold_hist_add(struct hist **to, const struct hist_packed *from, struct errinfo *reterr);

/* Makes percentiles of all intervals that are still open, into a copy; the trial goes on. */
int fold_trial_intervals(const struct fold_trial *trial, struct result_interval **ret,
                         uint32_t *ret_count, struct errinfo *reterr);

/* The heat of all intervals, into ret; the trial goes on. 0 or -ENOMEM. */
int fold_trial_heat(const struct fold_trial *trial, struct result_trial *ret,
                    struct errinfo *reterr);

/* fold_outages.c: takes a part's notices and losses, and with the part that carries the health of
 * an interval the signs of the broker. -EBADMSG or -ENOMEM. */
int fold_outages_take(struct fold_trial *trial, const struct snapshot *snapshot,
                      struct errinfo *reterr);
void fold_outages_done(struct fold_outages *outages);

/* Outages and notices of the result; marks are those of the whole run. After its intervals and
 * parties. 0 or -ENOMEM. */
int fold_outages_make(const struct fold_trial *trial, const struct result_mark *marks,
                      uint32_t marks_count, struct result_trial *ret, struct errinfo *reterr);

/* The trial as a result; marks are those of the whole run. */
int fold_trial_result(const struct fold_trial *trial, const struct result_agent *agents,
                      const struct result_mark *marks, uint32_t marks_count,
                      struct result_trial *ret, struct errinfo *reterr);

/* sent = acked + refused + unconfirmed; received - unexpected + lost + expired + unaccounted =
 * expected. */
bool fold_delivery_holds(const struct result_delivery *delivery);

/* Whether those sums hold of a trial's phases and topics, and, once all of it is here, its counters
 * are what the sets of its messages say. If not, ret (REASON_BYTES) says where. */
bool fold_sums_hold(const struct fold_trial *trial, const struct delivery_end *end,
                    const struct result_trial *of, char *ret);

/* Adds what of a flow was sent in the phase and never confirmed or received to its latencies. 0 or
 * -ENOMEM. */
int fold_add_waited(const struct fold_trial *trial, const struct delivery_end *end, uint32_t phase,
                    uint32_t flow, struct result_phase *ret, struct errinfo *reterr);

/* Rates of a phase from its counters and the time that it lasted: its duration, or paced_ns, in
 * which its schedule sends what came due, if that is longer. */
void fold_phase_rates(struct result_phase *phase, const struct counters *sums, int64_t paced_ns);

/* Its latencies are only read from now on: see hist_settle(). */
void fold_phase_settle(struct result_phase *phase);

/* Number of seconds that every agent has reported. */
uint32_t fold_trial_complete(const struct fold_trial *trial);

/* Number of rows of which every agent has reported all seconds. */
uint32_t fold_trial_rows_complete(const struct fold_trial *trial);

#endif
