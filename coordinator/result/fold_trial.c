#include "fold_agent_rows_inner.h"
#include "fold_threads_inner.h"

#include "deadlines.h"
#include "error_counts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ERRORS_MAX 200
#define SUM_NS_MAX 1e15
#define SETTLED_AFTER_S 5 /* Without a new sample. */

static uint32_t cells_count(const struct fold_trial *trial)
{
    return trial->entry.flows_count * trial->entry.phases_count;
}

/* None begun. NULL: no memory. */
static int64_t *phase_times(uint32_t phases_count)
{
    int64_t *times = calloc((size_t)phases_count + 1, sizeof *times);

    for (uint32_t i = 0; times != NULL && i < phases_count; i++) {
        times[i] = INT64_MIN;
    }
    return times;
}

int fold_trial_init(struct fold_trial *trial, const struct entry_trial *entry,
                    const uint32_t *agent_rows, struct errinfo *reterr)
{
    struct delivery_tables tables;
    int r;

    memset(trial, 0, sizeof *trial);
    r = entry_trial_copy(entry, &trial->entry, reterr);
    if (r < 0) {
        return r;
    }
    tables = (struct delivery_tables){.flows = trial->entry.flows,
                                      .flows_count = entry->flows_count,
                                      .phases_count = entry->phases_count,
                                      .producers = trial->entry.producers,
                                      .producers_count = entry->producers_count};
    trial->clients_count = entry->producers_count + entry->consumers_count;
    trial->seconds_max = fold_seconds_max(entry);
    trial->agent_rows_max = FOLD_AGENT_ROWS_MAX;
    trial->cells = calloc((size_t)cells_count(trial) + 1, sizeof *trial->cells);
    trial->clients = calloc((size_t)trial->clients_count + 1, sizeof *trial->clients);
    trial->agents = calloc((size_t)entry->agents_count + 1, sizeof *trial->agents);
    trial->agent_rows = calloc((size_t)entry->agents_count + 1, sizeof *trial->agent_rows);
    trial->errors = calloc(ERRORS_MAX, sizeof *trial->errors);
    trial->phase_start_ns = phase_times(entry->phases_count);
    trial->phase_end_ns = phase_times(entry->phases_count);
    r = trial->cells == NULL || trial->clients == NULL || trial->agents == NULL ||
                trial->agent_rows == NULL || trial->errors == NULL ||
                trial->phase_start_ns == NULL || trial->phase_end_ns == NULL
            ? errinfo_nomem(reterr)
            : delivery_new(&tables, &trial->delivery, reterr);
    if (r < 0) {
        fold_trial_done(trial);
        return r;
    }
    for (uint32_t i = 0; i < entry->agents_count; i++) {
        trial->agent_rows[i] = agent_rows[i];
    }
    return 0;
}

void fold_trial_done(struct fold_trial *trial)
{
    for (uint32_t i = 0; trial->cells != NULL && i < cells_count(trial); i++) {
        for (int series = 0; series < SERIES_COUNT; series++) {
            hist_free(trial->cells[i].series[series]);
        }
    }
    for (uint32_t i = 0; i < CELLS_OPEN_MAX; i++) {
        fold_open_done(&trial->open[i]);
    }
    delivery_free(trial->delivery);
    free(trial->cells);
    free(trial->phase_start_ns);
    free(trial->phase_end_ns);
    free(trial->intervals);
    heat_done(&trial->heat_e2e);
    heat_done(&trial->heat_publish);
    free(trial->acked_expected);
    free(trial->seen);
    free(trial->agent_intervals);
    free(trial->clients);
    for (uint32_t i = 0; trial->agents != NULL && i < trial->entry.agents_count; i++) {
        free(trial->agents[i].threads);
    }
    free(trial->agents);
    free(trial->agent_rows);
    free(trial->errors);
    fold_outages_done(&trial->outages);
    entry_trial_done(&trial->entry);
    memset(trial, 0, sizeof *trial);
}

static int add_row(struct fold_trial *trial, uint32_t second, const struct snapshot_row *row,
                   struct errinfo *reterr)
{
    struct result_interval *interval = &trial->intervals[snapshot_row(second)];
    struct fold_cell *cell;
    int r = 0;

    cell = &trial->cells[row->flow * trial->entry.phases_count + row->phase];
    counters_add(&cell->counters, &row->counters);
    for (int series = 0; r == 0 && series < SERIES_COUNT; series++) {
        r = fold_hist_add(&cell->series[series], &row->series[series], reterr);
    }
    cell->second = second;
    cell->settled = false;
    record_sum(&result_interval_record, interval, &row->counters);
    return r == 0 ? fold_intervals_add(trial, snapshot_row(second), row, reterr) : r;
}

/* The histograms of a thousand phases took some 0.1 MiB each until the trial's end. What comes late
 * takes its pages again. */
static void settle_cells(struct fold_trial *trial, uint32_t second)
{
    if (second <= trial->settled_second) {
        return;
    }
    trial->settled_second = second;
    for (uint32_t i = 0; i < cells_count(trial); i++) {
        struct fold_cell *cell = &trial->cells[i];

        if (cell->settled || second - cell->second < SETTLED_AFTER_S || second < cell->second) {
            continue;
        }
        cell->settled = true;
        for (int series = 0; series < SERIES_COUNT; series++) {
            if (cell->series[series] != NULL) {
                /* Where memory is short they stay as they are. */
                (void)hist_settle(cell->series[series], NULL);
            }
        }
    }
}

/* Backlog by difference: what was confirmed (once per subscription) and what was new to its
 * subscription in each interval. */
static void add_backlog(struct fold_trial *trial, const struct snapshot *snapshot, uint64_t seen)
{
    uint32_t row = snapshot_row(snapshot->interval);

    for (uint32_t i = 0; i < snapshot->streams_count; i++) {
        for (uint32_t flow = 0; flow < trial->entry.flows_count; flow++) {
            const struct assigned_flow *f = &trial->entry.flows[flow];

            if (snapshot->streams[i].stream - f->stream_first < f->streams_count) {
                trial->acked_expected[row] += seqruns_count(&snapshot->streams[i].acked) *
                                              (f->consumers_count > 0 ? f->subscriptions_count : 0);
            }
        }
    }
    trial->seen[row] += seen;
}

static void add_clients(struct fold_trial *trial, const struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->clients_count; i++) {
        const struct client_delta *from = &snapshot->clients[i];
        struct fold_client *to = &trial->clients[from->client];

        to->messages += from->messages;
        to->bytes += from->bytes;
        to->latency_ns_sum += from->latency_ns_sum;
        to->latency_samples += from->latency_samples;
        to->latency_ns_max =
            from->latency_ns_max > to->latency_ns_max ? from->latency_ns_max : to->latency_ns_max;
    }
}

static void add_errors(struct fold_trial *trial, const struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->errors_count; i++) {
        (void)error_counts_add(trial->errors, &trial->errors_count, ERRORS_MAX,
                               snapshot->errors[i].text, snapshot->errors[i].count);
    }
}

/* In a row of ten seconds the agent may report several times: the most counts. */
static void add_down(struct fold_trial *trial, struct fold_agent *agent, uint32_t row,
                     uint32_t clients_down)
{
    uint32_t told = agent->down_row == row ? agent->down_told : 0;

    if (clients_down > told) {
        trial->intervals[row].clients_down += clients_down - told;
        told = clients_down;
    }
    agent->down_row = row;
    agent->down_told = told;
}

static int add_agent_interval(struct fold_trial *trial, const struct snapshot *snapshot,
                              struct errinfo *reterr)
{
    struct fold_agent *agent = &trial->agents[snapshot->agent];
    const struct health *health = &snapshot->health;
    int64_t span_ns = snapshot->until_ns - agent->until_ns;
    struct result_agent_interval row = {.agent = snapshot->agent,
                                        .index = snapshot->interval,
                                        .seconds_more = (uint32_t)snapshot->seconds_more,
                                        .rss_bytes = health->rss_bytes,
                                        .clients = health->clients,
                                        .load_threads = health->load_threads,
                                        .rss_before_bytes = health->rss_before_bytes,
                                        .rss_opened_bytes = health->rss_opened_bytes,
                                        .outstanding = health->outstanding,
                                        .sent = agent->sent,
                                        .received = agent->received,
                                        .blocked_ns = health->blocked_ns,
                                        .end_ns = snapshot->until_ns,
                                        .span_ns = span_ns,
                                        .strain = health->strain,
                                        .trace_records = health->trace_records,
                                        .trace_dropped = health->trace_dropped,
                                        .due = agent->due,
                                        .asked = agent->asked,
                                        .asked_sent = agent->asked_sent,
                                        .send_lag_p99_ns = agent->send_lag_p99_ns,
                                        .call_p99_ns = agent->call_p99_ns,
                                        .call_ns = agent->call_ns};
    int r;

    if (agent->cpu_ns > 0 && span_ns > 0 && health->cpu_ns > agent->cpu_ns) {
        row.cpu = (double)(health->cpu_ns - agent->cpu_ns) / (double)span_ns;
    }
    r = fold_agent_rows_add(trial, &row, reterr);
    if (r < 0) {
        return r;
    }
    agent->live = (struct fold_live_agent){agent->sent + agent->received, agent->send_lag_p99_ns};
    agent->cpu_ns = health->cpu_ns;
    agent->until_ns = snapshot->until_ns;
    agent->clients = health->clients;
    agent->clients_down = health->clients_down;
    agent->down_since_ns = health->down_since_ns;
    agent->outstanding = health->outstanding;
    agent->sent = 0;
    agent->received = 0;
    agent->due = 0;
    agent->asked = 0;
    agent->asked_sent = 0;
    agent->send_lag_p99_ns = 0;
    agent->call_p99_ns = 0;
    agent->call_ns = 0;
    add_down(trial, agent, snapshot_row(snapshot->interval), health->clients_down);
    return 0;
}

static void raise_to(int64_t *p99_ns, const struct hist_packed *hist)
{
    int64_t value_ns = hist_packed_percentile(hist, 99.0);

    *p99_ns = value_ns > *p99_ns ? value_ns : *p99_ns;
}

/* A damaged journal may hold any sum. */
static int64_t sum_ns(const struct hist_packed *hist)
{
    return (int64_t)fmin(hist_packed_sum(hist), SUM_NS_MAX);
}

static void add_asked(struct fold_agent *agent, const struct entry_trial *entry,
                      const struct snapshot_row *row)
{
    const struct assigned_phase *phase = &entry->phases[row->phase];

    if (phase->measured && phase->loads[row->flow].load == LOAD_RATE) {
        agent->asked += row->counters.due;
        agent->asked_sent += row->counters.sent_in_time;
    }
}

/* The part that carries the health is the first of its interval. */
static int take_parts(struct fold_trial *trial, const struct snapshot *snapshot,
                      struct errinfo *reterr)
{
    struct fold_agent *agent = &trial->agents[snapshot->agent];
    uint64_t seen_before = delivery_seen(trial->delivery);
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < snapshot->rows_count; i++) {
        r = add_row(trial, snapshot->interval, &snapshot->rows[i], reterr);
        agent->sent += snapshot->rows[i].counters.sent_now;
        agent->received += snapshot->rows[i].counters.received_now;
        agent->due += snapshot->rows[i].counters.due;
        if (r == 0) {
            add_asked(agent, &trial->entry, &snapshot->rows[i]);
        }
        raise_to(&agent->send_lag_p99_ns, &snapshot->rows[i].series[SERIES_SEND_LAG]);
        raise_to(&agent->call_p99_ns, &snapshot->rows[i].series[SERIES_CALL]);
        agent->call_ns += sum_ns(&snapshot->rows[i].series[SERIES_CALL]);
    }
    if (r == 0) {
        add_clients(trial, snapshot);
        r = delivery_add(trial->delivery, snapshot, reterr);
    }
    if (r == 0) {
        add_backlog(trial, snapshot, delivery_seen(trial->delivery) - seen_before);
        add_errors(trial, snapshot);
        r = fold_outages_take(trial, snapshot, reterr);
    }
    if (r == 0) {
        r = fold_threads_take(trial, snapshot, reterr);
    }
    if (r == 0) {
        if (snapshot->health.rss_bytes > 0) {
            r = add_agent_interval(trial, snapshot, reterr);
        }
    }
    return r;
}

/* An agent tells it with the second in which it stopped, which also has what came due meanwhile. */
static void add_standstill(struct fold_trial *trial, struct fold_agent *agent, int64_t late_ns)
{
    if (late_ns >= STANDSTILL_NS && late_ns < COMMAND_NS_MAX - agent->stood_ns) {
        agent->stood_ns += late_ns;
    }
    trial->stood_ns = agent->stood_ns > trial->stood_ns ? agent->stood_ns : trial->stood_ns;
}

int fold_trial_snapshot(struct fold_trial *trial, const struct snapshot *snapshot,
                        struct errinfo *reterr)
{
    struct fold_agent *agent;
    uint32_t end;
    int r;

    if (snapshot->agent >= trial->entry.agents_count) {
        return errinfo_set(reterr, -EBADMSG,
                           "a snapshot of agent %u, which the trial does not have",
                           snapshot->agent);
    }
    agent = &trial->agents[snapshot->agent];
    if (snapshot->sequence < agent->sequence) {
        return 0; /* Sent again after a lost answer. */
    }
    /* What was refused does not stand in the journal. Nor may what comes after it: reports are
     * differences to those before, and where one is lacking a reader would take the rest for what
     * they are not. The result is invalid in any case. */
    if (agent->refused) {
        return errinfo_set(reterr, -EALREADY, "a report of agent %u was refused before this one",
                           snapshot->agent);
    }
    if (snapshot->sequence > agent->sequence) {
        agent->refused = true;
        return errinfo_set(reterr, -EBADMSG,
                           "snapshot %llu of agent %u came where %llu was expected",
                           (unsigned long long)snapshot->sequence, snapshot->agent,
                           (unsigned long long)agent->sequence);
    }
    add_standstill(trial, agent, snapshot->health.strain.ticker_late_ns);
    r = fold_check_snapshot(trial, snapshot, reterr);
    r = r < 0 ? r : fold_intervals_reserve(trial, snapshot_row(snapshot->interval), reterr);
    r = r < 0 ? r : take_parts(trial, snapshot, reterr);
    if (r < 0) {
        agent->refused = true;
        return r;
    }
    agent->sequence += snapshot->parts_more + 1;
    end = snapshot->interval + (uint32_t)snapshot->seconds_more + 1;
    if (snapshot->last_part) {
        agent->reported = end;
    }
    if (end > trial->seconds_count) {
        trial->seconds_count = end;
    }
    if (snapshot->settled) {
        agent->outstanding = 0;
        agent->settled_ns = snapshot->until_ns;
    }
    agent->final = agent->final || snapshot->final;
    trial->last_ns = snapshot->until_ns > trial->last_ns ? snapshot->until_ns : trial->last_ns;
    r = fold_intervals_close(trial, reterr);
    settle_cells(trial, snapshot->interval);
    return r;
}

int fold_trial_segment(struct fold_trial *trial, const struct entry_segment *segment,
                       struct errinfo *reterr)
{
    int64_t at_ns = segment->start_ns;

    if (segment->phase_first > segment->phase_last ||
        segment->phase_last >= trial->entry.phases_count) {
        return errinfo_set(reterr, -EBADMSG,
                           "a segment of phases %u to %u, which the trial does not have",
                           segment->phase_first, segment->phase_last);
    }
    if (fold_check_time(segment->start_ns, "a segment", reterr) < 0 ||
        fold_check_time(segment->end_ns, "the end of a segment", reterr) < 0) {
        return -EBADMSG;
    }
    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        int64_t end_ns = at_ns + trial->entry.phases[i].duration_ns;

        /* A segment that was stopped ends its last phases early. */
        if (segment->end_ns >= 0 && (end_ns > segment->end_ns || i == segment->phase_last)) {
            end_ns = segment->end_ns > at_ns ? segment->end_ns : at_ns;
        }
        /* A phase that ended by the clock has its planned length; the workers' word comes some ms
         * later. */
        if (segment->end_ns >= 0 && end_ns > at_ns + trial->entry.phases[i].duration_ns) {
            end_ns = at_ns + trial->entry.phases[i].duration_ns;
        }
        trial->phase_start_ns[i] = at_ns;
        trial->phase_end_ns[i] = end_ns;
        at_ns = end_ns;
    }
    return 0;
}
