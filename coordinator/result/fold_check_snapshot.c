/*
 * fold_check_snapshot: whether a snapshot can be of its trial, before anything of it is taken and
 * memory is made for it. It may come from a damaged journal, from an agent that is wrong or from
 * somebody who plays one; in a run of ours what is refused here makes the result invalid.
 */
#include "deadlines.h"
#include "fold_trial_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INTERVALS_MAX UINT32_C(2000000) /* Three weeks of seconds. */
/* Counters and sums of them stay below it, so that no sum of a run wraps around. */
#define COUNTER_MAX (UINT64_C(1) << 60)
/* Of a flow and phase of a trial: those of a case's flows and trials are added up. */
#define SAMPLES_MAX (HIST_COUNT_MAX >> 14)

static_assert(FLOWS_MAX * REPEAT_MAX <= 1 << 14, "so many histograms can be added up");

/* Messages due beyond what the plan asked: more than chance and rounding make of it. */
#define DUE_FACTOR_MAX 10.0
#define DUE_SLACK 1000.0
#define STALL_NS (SILENCE_NS + 5 * NS_PER_S) /* Of an agent that is not lost for it. */
/* A segment begins late and ends late, by as much as the coordinator may stand still; clients are
 * closed and agents have a last word behind it. */
#define SEGMENT_SLACK_NS (LEAD_NS + AGENTS_MAX * LEAD_AGENT_NS + STOP_GRACE_NS + LINK_LOST_NS)
#define END_SLACK_NS (RELEASE_ANSWER_NS + 60 * NS_PER_S)

uint32_t fold_seconds_max(const struct entry_trial *entry)
{
    int64_t length_ns = END_SLACK_NS;

    for (uint32_t i = 0; i < entry->phases_count; i++) {
        const struct assigned_phase *phase = &entry->phases[i];

        /* Who interrupts a drain may begin another one. */
        length_ns += phase->duration_ns * (i + 1 == entry->phases_count ? 2 : 1) + SEGMENT_SLACK_NS;
        if (length_ns / INTERVAL_NS >= INTERVALS_MAX) {
            return INTERVALS_MAX;
        }
    }
    return (uint32_t)(length_ns / INTERVAL_NS) + 1;
}

/* Seconds come one by one, each from every agent: memory is made for those that came. */
static int check_interval(const struct fold_trial *trial, const struct snapshot *snapshot,
                          struct errinfo *reterr)
{
    uint32_t next = trial->agents[snapshot->agent].reported;
    int64_t seconds_max = trial->seconds_max + trial->stood_ns / INTERVAL_NS;

    seconds_max = seconds_max < INTERVALS_MAX ? seconds_max : INTERVALS_MAX;
    if (snapshot->interval >= seconds_max) {
        return errinfo_set(reterr, -EBADMSG,
                           "agent %u reports second %u, but the trial can't last longer than %lld "
                           "s",
                           snapshot->agent, snapshot->interval, (long long)seconds_max);
    }
    if (snapshot->seconds_more >= COALESCED_SECONDS ||
        snapshot_row(snapshot->interval) !=
            snapshot_row(snapshot->interval + (uint32_t)snapshot->seconds_more)) {
        return errinfo_set(reterr, -EBADMSG, "agent %u reports second %u and %llu more as one",
                           snapshot->agent, snapshot->interval,
                           (unsigned long long)snapshot->seconds_more);
    }
    if (snapshot->interval != next) {
        return errinfo_set(reterr, -EBADMSG, "agent %u reports second %u where %u was expected",
                           snapshot->agent, snapshot->interval, next);
    }
    return 0;
}

/* Which counter a latency's samples can't exceed; NULL: one of events that none counts. */
static const uint64_t *counter_of(const struct counters *counters, enum series series)
{
    switch (series) {
    case SERIES_PUBLISH:
    case SERIES_PUBLISH_SERVICE:
        return &counters->acked;
    case SERIES_E2E:
    case SERIES_E2E_SERVICE:
        return &counters->received;
    case SERIES_SEND_LAG:
    case SERIES_CALL:
        return &counters->sent;
    default:
        return NULL;
    }
}

static int bad_row(const struct fold_trial *trial, const struct snapshot *snapshot,
                   const struct snapshot_row *row, const char *what, struct errinfo *reterr)
{
    return errinfo_set(reterr, -EBADMSG, "agent %u, second %u, flow %s, phase %s: %s",
                       snapshot->agent, snapshot->interval, trial->entry.flows[row->flow].name,
                       trial->entry.phases[row->phase].name, what);
}

/* Held against all of the trial so far: the histograms of a second may go on in its next part, in a
 * row without counters. */
static bool samples_fit(const struct fold_cell *cell, const struct snapshot_row *row)
{
    for (int series = 0; series < SERIES_COUNT; series++) {
        const struct hist_packed *hist = &row->series[series];
        const struct hist *before = cell->series[series];
        const uint64_t *counter = counter_of(&row->counters, (enum series)series);
        uint64_t had = before == NULL ? 0 : hist_count(before);
        uint64_t censored = hist->censored + (before == NULL ? 0 : hist_censored(before));

        if (hist->count > SAMPLES_MAX - had) {
            return false;
        }
        /* What never came has a sample and no event. */
        if (counter != NULL && had + hist->count - censored >
                                   *counter + *counter_of(&cell->counters, (enum series)series)) {
            return false;
        }
    }
    return true;
}

static bool counters_fit(const struct counters *had, const struct counters *more)
{
    for (uint32_t i = 0; i < counters_record.fields_count; i++) {
        const struct field *field = &counters_record.fields[i];
        uint32_t count = field->type == FIELD_COUNTERS ? field->names_count : 1;

        for (uint32_t n = 0; n < count; n++) {
            uint64_t a = 0;
            uint64_t b = 0;

            memcpy(&a, (const char *)had + field->offset + n * sizeof a, sizeof a);
            memcpy(&b, (const char *)more + field->offset + n * sizeof b, sizeof b);
            if (b > COUNTER_MAX || a > COUNTER_MAX - b) {
                return false;
            }
        }
    }
    return true;
}

/* More messages came due than the plan can have asked for until then: they are somebody else's. */
static bool due_fits(const struct fold_trial *trial, const struct snapshot *snapshot,
                     const struct snapshot_row *row, uint64_t had)
{
    const struct assigned_phase *phase = &trial->entry.phases[row->phase];
    int64_t begin_ns = trial->phase_start_ns[row->phase];
    int64_t end_ns = (int64_t)(snapshot->interval + snapshot->seconds_more + 1) * INTERVAL_NS;
    int64_t span_ns = phase->duration_ns;
    double rate;

    if (phase->loads[row->flow].load != LOAD_RATE || begin_ns == INT64_MIN) {
        return true;
    }
    if (end_ns - begin_ns < span_ns) {
        span_ns = end_ns - begin_ns;
    }
    span_ns = span_ns > 0 ? span_ns : 0;
    rate = rate_per_s(phase->loads[row->flow].rate);
    /* A worker that stood still counts what came due meanwhile into the second in which it stopped;
     * with aligned arrivals every producer has a message at once. */
    return (double)had + (double)row->counters.due <=
           DUE_FACTOR_MAX * rate * ((double)span_ns / 1e9) +
               rate * ((double)(STALL_NS + trial->stood_ns) / 1e9) +
               2.0 * trial->entry.flows[row->flow].producers_count + DUE_SLACK;
}

static int check_row(const struct fold_trial *trial, const struct snapshot *snapshot,
                     const struct snapshot_row *row, struct errinfo *reterr)
{
    const struct fold_cell *cell;

    if (row->flow >= trial->entry.flows_count || row->phase >= trial->entry.phases_count) {
        return errinfo_set(reterr, -EBADMSG,
                           "a row of flow %u, phase %u, which the trial does not have", row->flow,
                           row->phase);
    }
    cell = &trial->cells[row->flow * trial->entry.phases_count + row->phase];
    if (!counters_fit(&cell->counters, &row->counters)) {
        return bad_row(trial, snapshot, row, "counters that can't be", reterr);
    }
    if (!samples_fit(cell, row)) {
        return bad_row(trial, snapshot, row, "more latencies than messages", reterr);
    }
    if (!due_fits(trial, snapshot, row, cell->counters.due)) {
        return bad_row(trial, snapshot, row,
                       "more than ten times as many messages came due as the plan asked", reterr);
    }
    return 0;
}

/* In one snapshot each cell is reported once. */
static int check_rows(const struct fold_trial *trial, const struct snapshot *snapshot,
                      struct errinfo *reterr)
{
    uint32_t phases_count = trial->entry.phases_count;
    bool *seen = calloc((size_t)trial->entry.flows_count * phases_count + 1, sizeof *seen);
    int r = seen == NULL ? errinfo_nomem(reterr) : 0;

    for (uint32_t i = 0; r == 0 && i < snapshot->rows_count; i++) {
        const struct snapshot_row *row = &snapshot->rows[i];
        size_t cell = (size_t)row->flow * phases_count + row->phase;

        r = check_row(trial, snapshot, row, reterr);
        if (r == 0 && seen[cell]) {
            r = bad_row(trial, snapshot, row, "reported twice in one report", reterr);
        }
        if (r == 0) {
            seen[cell] = true;
        }
    }
    free(seen);
    return r;
}

int fold_check_snapshot(const struct fold_trial *trial, const struct snapshot *snapshot,
                        struct errinfo *reterr)
{
    int r = check_interval(trial, snapshot, reterr);

    if (r == 0) {
        r = fold_check_time(snapshot->until_ns, "a snapshot", reterr);
    }
    if (r == 0) {
        r = fold_check_time(snapshot->from_ns, "a snapshot", reterr);
    }
    if (r == 0) {
        r = check_rows(trial, snapshot, reterr);
    }
    for (uint32_t i = 0; r == 0 && i < snapshot->clients_count; i++) {
        if (snapshot->clients[i].client >= trial->clients_count) {
            r = errinfo_set(reterr, -EBADMSG, "client %u, which the trial does not have",
                            snapshot->clients[i].client);
        }
    }
    return r;
}
