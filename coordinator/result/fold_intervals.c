/* fold_intervals: the rows of a trial: a second each, after an hour ten of them. Percentiles of one
 * are made when every agent has reported it. */
#include "fold_agent_rows_inner.h"

#include <stdlib.h>
#include <string.h>

void fold_open_done(struct fold_open_interval *open)
{
    hist_free(open->e2e);
    hist_free(open->publish);
    hist_free(open->send_lag);
    memset(open, 0, sizeof *open);
}

/* Makes room for so many rows, and more of it than asked: it grows by powers of two. */
static int make_rows(struct fold_trial *trial, uint32_t rows, struct errinfo *reterr)
{
    uint32_t capacity = trial->intervals_capacity == 0 ? 64 : trial->intervals_capacity;
    struct result_interval *intervals;
    uint64_t *expected;
    uint64_t *seen;

    if (rows <= trial->intervals_capacity) {
        return 0;
    }
    while (capacity < rows) {
        capacity *= 2;
    }
    intervals = realloc(trial->intervals, capacity * sizeof *trial->intervals);
    trial->intervals = intervals == NULL ? trial->intervals : intervals;
    expected = realloc(trial->acked_expected, capacity * sizeof(uint64_t));
    trial->acked_expected = expected == NULL ? trial->acked_expected : expected;
    seen = realloc(trial->seen, capacity * sizeof(uint64_t));
    trial->seen = seen == NULL ? trial->seen : seen;
    if (intervals == NULL || expected == NULL || seen == NULL) {
        return errinfo_nomem(reterr);
    }
    trial->intervals_capacity = capacity;
    return 0;
}

int fold_intervals_reserve(struct fold_trial *trial, uint32_t index, struct errinfo *reterr)
{
    int r = make_rows(trial, index + 1, reterr);

    if (r < 0) {
        return r;
    }
    for (uint32_t i = trial->intervals_count; i <= index; i++) {
        uint32_t second = snapshot_row_first(i);
        int64_t length_ns = (snapshot_row_first(i + 1) - second) * INTERVAL_NS;

        trial->intervals[i] = (struct result_interval){
            .index = second, .start_ns = second * INTERVAL_NS, .length_s = (double)length_ns / 1e9};
        trial->acked_expected[i] = 0;
        trial->seen[i] = 0;
    }
    trial->intervals_count = index < trial->intervals_count ? trial->intervals_count : index + 1;
    return 0;
}

/* Of a phase that ends by what happens, its longest time says nothing. */
static uint32_t seconds_certain(const struct fold_trial *trial)
{
    int64_t seconds_max = trial->seconds_max;
    int64_t length_ns = 0;

    for (uint32_t i = 0; i < trial->entry.phases_count; i++) {
        const struct assigned_phase *phase = &trial->entry.phases[i];

        length_ns += phase->messages > 0 || phase->until_drained ? 0 : phase->duration_ns;
        if (length_ns / INTERVAL_NS >= seconds_max) {
            return trial->seconds_max;
        }
    }
    return (uint32_t)(length_ns / INTERVAL_NS);
}

int fold_intervals_hold(struct fold_trial *trial, struct errinfo *reterr)
{
    uint32_t rows = snapshot_row(seconds_certain(trial)) + 1;
    uint64_t reports = (uint64_t)rows * trial->entry.agents_count;
    int r;

    r = make_rows(trial, rows, reterr);
    r = r < 0 ? r : fold_agent_rows_reserve(trial, reports, reterr);
    if (r == 0) {
        /* Written to, or the system would not give it before it is used. */
        memset(trial->intervals, 0, rows * sizeof *trial->intervals);
        memset(trial->acked_expected, 0, rows * sizeof(uint64_t));
        memset(trial->seen, 0, rows * sizeof(uint64_t));
        memset(trial->agent_intervals, 0,
               trial->agent_intervals_capacity * sizeof *trial->agent_intervals);
    }
    return r;
}

int fold_hist_add(struct hist **to, const struct hist_packed *from, struct errinfo *reterr)
{
    int r = 0;

    if (from->count > 0) {
        r = *to == NULL ? hist_new(to, reterr) : 0;
        r = r == 0 ? hist_add_packed(*to, from, reterr) : r;
    }
    return r;
}

static struct result_latency latency_of(const struct hist *hist)
{
    if (hist == NULL || hist_count(hist) == 0) {
        return (struct result_latency){0};
    }
    return (struct result_latency){.samples = hist_count(hist),
                                   .p50 = hist_percentile(hist, 50.0),
                                   .p99 = hist_percentile(hist, 99.0),
                                   .max = hist_max(hist)};
}

static void close_open(const struct fold_open_interval *open, struct result_interval *interval)
{
    interval->e2e = latency_of(open->e2e);
    interval->publish = latency_of(open->publish);
    interval->send_lag = latency_of(open->send_lag);
}

/* The picture is of one latency: end to end where anything is received. */
static int heat_open(const struct fold_open_interval *open, struct heat *e2e, struct heat *publish,
                     struct errinfo *reterr)
{
    uint32_t second = snapshot_row_first(open->index);

    if (open->e2e != NULL && hist_count(open->e2e) > 0) {
        return heat_add(e2e, second, open->e2e, reterr);
    }
    if (e2e->columns_count == 0 && open->publish != NULL && hist_count(open->publish) > 0) {
        return heat_add(publish, second, open->publish, reterr);
    }
    return 0;
}

/* For good. */
static int close_for_good(struct fold_trial *trial, struct fold_open_interval *open,
                          struct errinfo *reterr)
{
    int r = heat_open(open, &trial->heat_e2e, &trial->heat_publish, reterr);

    close_open(open, &trial->intervals[open->index]);
    fold_open_done(open);
    return r;
}

/* The open slot of an interval; the oldest makes room if all are taken. NULL: it was closed before.
 * 0 or -ENOMEM. */
static int open_of(struct fold_trial *trial, uint32_t index, struct fold_open_interval **ret,
                   struct errinfo *reterr)
{
    int r = 0;
    struct fold_open_interval *oldest = &trial->open[0];

    for (uint32_t i = 0; i < CELLS_OPEN_MAX; i++) {
        struct fold_open_interval *open = &trial->open[i];

        if (open->used && open->index == index) {
            *ret = open;
            return 0;
        }
        if (!open->used || (oldest->used && open->index < oldest->index)) {
            oldest = open;
        }
    }
    if (oldest->used) {
        if (index < oldest->index) {
            *ret = NULL;
            return 0;
        }
        r = close_for_good(trial, oldest, reterr);
    }
    oldest->used = true;
    oldest->index = index;
    *ret = oldest;
    return r;
}

static bool is_paced(const struct fold_trial *trial, const struct snapshot_row *row)
{
    return trial->entry.phases[row->phase].loads[row->flow].load != LOAD_MAX;
}

/* An interval's latencies are responses; with `max` there is none, and the service time stands in.
 */
int fold_intervals_add(struct fold_trial *trial, uint32_t index, const struct snapshot_row *row,
                       struct errinfo *reterr)
{
    struct fold_open_interval *open;
    bool paced = is_paced(trial, row);
    int r = open_of(trial, index, &open, reterr);

    if (r < 0 || open == NULL) {
        return r; /* An agent that is many seconds late: its counts are in, its percentiles of that
                     second are not. */
    }
    r = fold_hist_add(&open->e2e, &row->series[paced ? SERIES_E2E : SERIES_E2E_SERVICE], reterr);
    if (r == 0) {
        r = fold_hist_add(&open->publish,
                          &row->series[paced ? SERIES_PUBLISH : SERIES_PUBLISH_SERVICE], reterr);
    }
    return r < 0 ? r : fold_hist_add(&open->send_lag, &row->series[SERIES_SEND_LAG], reterr);
}

/* Seconds that every agent has reported; UINT32_MAX: nobody has one to report. */
static uint32_t seconds_complete(const struct fold_trial *trial)
{
    uint32_t complete = UINT32_MAX;

    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        if (!trial->agents[i].gone && !trial->agents[i].final &&
            trial->agents[i].reported < complete) {
            complete = trial->agents[i].reported;
        }
    }
    return complete;
}

uint32_t fold_trial_complete(const struct fold_trial *trial)
{
    uint32_t complete = seconds_complete(trial);

    return complete == UINT32_MAX ? trial->seconds_count : complete;
}

uint32_t fold_trial_rows_complete(const struct fold_trial *trial)
{
    uint32_t complete = seconds_complete(trial);

    return complete == UINT32_MAX ? trial->intervals_count : snapshot_row(complete);
}

int fold_intervals_close(struct fold_trial *trial, struct errinfo *reterr)
{
    uint32_t complete = fold_trial_rows_complete(trial);
    int r = 0;

    for (uint32_t i = 0; i < CELLS_OPEN_MAX; i++) {
        struct fold_open_interval *open = &trial->open[i];

        if (open->used && open->index < complete && r == 0) {
            r = close_for_good(trial, open, reterr);
        }
    }
    for (uint32_t i = trial->intervals_count; i > 0 && !trial->intervals[i - 1].complete; i--) {
        trial->intervals[i - 1].complete = i - 1 < complete;
    }
    return r;
}

int fold_trial_heat(const struct fold_trial *trial, struct result_trial *ret,
                    struct errinfo *reterr)
{
    struct heat e2e = {0};
    struct heat publish = {0};
    int r = heat_copy(&trial->heat_e2e, &e2e, reterr);

    r = r == 0 ? heat_copy(&trial->heat_publish, &publish, reterr) : r;
    for (uint32_t i = 0; i < CELLS_OPEN_MAX && r == 0; i++) {
        if (trial->open[i].used) {
            r = heat_open(&trial->open[i], &e2e, &publish, reterr);
        }
    }
    ret->heat_is_e2e = e2e.columns_count > 0;
    ret->heat = ret->heat_is_e2e ? e2e : publish;
    heat_done(ret->heat_is_e2e ? &publish : &e2e);
    return r;
}

int fold_trial_intervals(const struct fold_trial *trial, struct result_interval **ret,
                         uint32_t *ret_count, struct errinfo *reterr)
{
    struct result_interval *intervals =
        calloc((size_t)trial->intervals_count + 1, sizeof *intervals);
    uint64_t expected = 0;
    uint64_t seen = 0;

    if (intervals == NULL) {
        return errinfo_nomem(reterr);
    }
    if (trial->intervals_count > 0) {
        memcpy(intervals, trial->intervals, trial->intervals_count * sizeof *intervals);
    }
    for (uint32_t i = 0; i < CELLS_OPEN_MAX; i++) {
        if (trial->open[i].used) {
            close_open(&trial->open[i], &intervals[trial->open[i].index]);
        }
    }
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        expected += trial->acked_expected[i];
        seen += trial->seen[i];
        intervals[i].backlog = expected > seen ? expected - seen : 0;
    }
    if (trial->has_end && trial->intervals_count > 0) {
        struct result_interval *last = &intervals[trial->intervals_count - 1];
        double length_s = (double)(trial->last_ns - last->start_ns) / 1e9;

        last->length_s = length_s > 0.0 && length_s < last->length_s ? length_s : last->length_s;
    }
    *ret = intervals;
    *ret_count = trial->intervals_count;
    return 0;
}
