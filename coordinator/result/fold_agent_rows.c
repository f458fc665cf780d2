#include "fold_agent_rows_inner.h"

#include "coalesce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64
#define CALM_LEVELS 3 /* Doublings beyond those that would do. */

/* What may be merged with what, the mildest first. */
enum merging {
    MERGING_CALM,  /* Seconds that nothing is to be said of. */
    MERGING_ALIKE, /* Doubtful ones among themselves, too. */
    MERGING_ANY,
};

/* All that is asked of two neighbours. */
struct place {
    uint32_t bucket; /* Of rows; see snapshot_row(). */
    uint32_t phase;
    bool inside; /* Of the phase, but for its first second. */
    bool down;   /* Clients were, of whatever agent. */
    bool calm;
};

static uint32_t capacity_for(uint32_t count)
{
    uint32_t capacity = CAPACITY_MIN;

    while (capacity < count) {
        capacity *= 2;
    }
    return capacity;
}

static int make_room(struct fold_trial *trial, uint32_t count, struct errinfo *reterr)
{
    uint32_t capacity = capacity_for(count);
    struct result_agent_interval *grown;

    if (count <= trial->agent_intervals_capacity) {
        return 0;
    }
    grown = realloc(trial->agent_intervals, capacity * sizeof *trial->agent_intervals);
    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    trial->agent_intervals = grown;
    trial->agent_intervals_capacity = capacity;
    return 0;
}

int fold_agent_rows_reserve(struct fold_trial *trial, uint64_t count, struct errinfo *reterr)
{
    uint32_t rows_max = trial->agent_rows_max;

    return make_room(trial, count < rows_max ? (uint32_t)count : rows_max, reterr);
}

/* By the limits of the self-check, as coalesce.h has them; journals from before an agent told its
 * own lag have it in one with what others held back. */
static bool is_calm(const struct result_agent_interval *row)
{
    const struct strain *strain = &row->strain;
    double span_ns = (double)row->span_ns;
    int64_t lag_ns =
        strain->own_lag_p99_ns == STRAIN_UNKNOWN ? row->send_lag_p99_ns : strain->own_lag_p99_ns;

    return (double)row->asked_sent + row->load_threads >=
               STRAIN_ATTAINED_SUSPECT * (double)row->asked &&
           (double)lag_ns <= STRAIN_LAG_NS_SUSPECT &&
           (double)strain_busiest_ns(strain) <= STRAIN_LOAD_CPU_SUSPECT * span_ns &&
           (double)strain->load_wait_ns <= STRAIN_LOAD_WAIT_SUSPECT * span_ns &&
           (double)strain->ticker_late_ns <= STRAIN_TICKER_NS_SUSPECT &&
           (double)strain->steal_ns <= STRAIN_STEAL_SUSPECT * span_ns &&
           (double)strain->throttled_ns <= STRAIN_THROTTLED_SUSPECT * span_ns &&
           (double)strain->recorder_full_ns <= STRAIN_RECORDER_FULL_SUSPECT * span_ns;
}

static void find_phase(const struct fold_trial *trial, const struct result_agent_interval *row,
                       struct place *ret)
{
    int64_t from_ns = row->end_ns - row->span_ns;

    ret->inside = false;
    for (uint32_t p = 0; p < trial->entry.phases_count && !ret->inside; p++) {
        ret->phase = p;
        ret->inside = trial->phase_start_ns[p] != INT64_MIN &&
                      from_ns >= trial->phase_start_ns[p] + INTERVAL_NS &&
                      row->end_ns <= trial->phase_end_ns[p];
    }
}

static struct place place_of(const struct fold_trial *trial,
                             const struct result_agent_interval *row, uint32_t level)
{
    uint32_t of = snapshot_row(row->index);
    struct place place = {.bucket = of >> level,
                          .down =
                              of < trial->intervals_count && trial->intervals[of].clients_down > 0,
                          .calm = is_calm(row)};

    find_phase(trial, row, &place);
    return place;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static uint64_t larger_count(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static struct result_agent_interval sum_of(const struct result_agent_interval *first,
                                           const struct result_agent_interval *second)
{
    struct result_agent_interval sum = *second; /* What is a state is that of the last one. */
    double spans_ns = (double)first->span_ns + (double)second->span_ns;

    sum.index = first->index;
    sum.seconds_more = first->seconds_more + second->seconds_more + 1;
    sum.cpu = spans_ns > 0.0
                  ? (first->cpu * (double)first->span_ns + second->cpu * (double)second->span_ns) /
                        spans_ns
                  : fmax(first->cpu, second->cpu);
    sum.rss_bytes = larger_count(first->rss_bytes, second->rss_bytes);
    sum.outstanding = larger_count(first->outstanding, second->outstanding);
    sum.sent += first->sent;
    sum.received += first->received;
    sum.blocked_ns += first->blocked_ns;
    sum.span_ns += first->span_ns;
    sum.strain = first->strain;
    coalesce_add_strain(&sum.strain, &second->strain);
    sum.due += first->due;
    sum.asked += first->asked;
    sum.asked_sent += first->asked_sent;
    sum.send_lag_p99_ns = larger(first->send_lag_p99_ns, second->send_lag_p99_ns);
    sum.call_p99_ns = larger(first->call_p99_ns, second->call_p99_ns);
    sum.call_ns += first->call_ns;
    return sum;
}

/* False: they stay as they are. */
static bool merge(const struct fold_trial *trial, struct result_agent_interval *first,
                  const struct result_agent_interval *second, uint32_t level, enum merging merging)
{
    struct place a = place_of(trial, first, level);
    struct place b = place_of(trial, second, level);
    struct result_agent_interval sum;

    if (first->index + first->seconds_more + 1 != second->index || a.bucket != b.bucket ||
        !a.inside || !b.inside || a.phase != b.phase || a.down != b.down ||
        (merging != MERGING_ANY && a.calm != b.calm) || (merging == MERGING_CALM && !a.calm)) {
        return false;
    }
    sum = sum_of(first, second);
    /* What is granted each second once adds up. */
    if (merging == MERGING_CALM && !is_calm(&sum)) {
        return false;
    }
    *first = sum;
    return true;
}

/* One pass over all rows, which stay in the order in which they came. */
static void merge_rows(struct fold_trial *trial, uint32_t level, enum merging merging)
{
    struct result_agent_interval *rows = trial->agent_intervals;
    uint32_t last[AGENTS_MAX]; /* Of each agent, among those that stay. */
    uint32_t count = 0;

    memset(last, 0xff, sizeof last);
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        uint32_t before = last[rows[i].agent];

        if (before == UINT32_MAX || !merge(trial, &rows[before], &rows[i], level, merging)) {
            last[rows[i].agent] = count;
            rows[count++] = rows[i];
        }
    }
    trial->agent_intervals_count = count;
}

/* Rows that all would be, had none been merged. */
static uint64_t count_single(const struct fold_trial *trial)
{
    uint64_t single = 0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        single += snapshot_row(row->index + row->seconds_more) - snapshot_row(row->index) + 1;
    }
    return single;
}

/* Rows of calm seconds become longer than it takes before doubtful ones are touched. */
static void merge_down_to(struct fold_trial *trial, uint32_t rows_max)
{
    uint64_t single = count_single(trial);
    uint32_t level = 0;

    while (single >> level > rows_max) {
        level++;
    }
    for (uint32_t more = 0; more <= CALM_LEVELS && trial->agent_intervals_count > rows_max;
         more++) {
        merge_rows(trial, level + more, MERGING_CALM);
    }
    /* Those at the ends of phases are more than were reckoned with: twice as long is enough. */
    for (uint32_t more = 0; more < 2 && trial->agent_intervals_count > rows_max; more++) {
        merge_rows(trial, level + more, MERGING_ALIKE);
        if (trial->agent_intervals_count > rows_max) {
            merge_rows(trial, level + more, MERGING_ANY);
        }
    }
}

int fold_agent_rows_add(struct fold_trial *trial, const struct result_agent_interval *row,
                        struct errinfo *reterr)
{
    int r;

    if (trial->agent_intervals_count >= trial->agent_rows_max) {
        uint32_t enough = trial->agent_rows_max / 4 * 3;

        merge_down_to(trial, enough);
        if (trial->agent_intervals_count > enough) { /* Not to try it again with each row. */
            trial->agent_rows_max += trial->agent_rows_max / 2;
        }
    }
    r = make_room(trial, trial->agent_intervals_count + 1, reterr);
    if (r == 0) {
        trial->agent_intervals[trial->agent_intervals_count++] = *row;
    }
    return r;
}

void fold_agent_rows_shrink(struct fold_trial *trial, uint32_t rows_max)
{
    uint32_t capacity;
    struct result_agent_interval *less;

    merge_down_to(trial, rows_max);
    capacity = capacity_for(trial->agent_intervals_count);
    if (trial->agent_intervals == NULL || capacity >= trial->agent_intervals_capacity) {
        return;
    }
    less = realloc(trial->agent_intervals, capacity * sizeof *less);
    if (less != NULL) {
        trial->agent_intervals = less;
        trial->agent_intervals_capacity = capacity;
    }
}
