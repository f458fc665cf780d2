#include "windows.h"

#include "metric_value.h"
#include "units.h"
#include "window_room_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_PHASE UINT32_MAX

/* A window whose seconds are not all there. It is a short phase: metric_value() judges both. */
struct open_window {
    uint32_t index;
    struct counters counters;
    struct hist *hist; /* NULL: no samples. */
};

/* One objective in one phase; without windows (a count that ends the trial) in all of them. */
struct tracker {
    const struct objective *objective;
    uint32_t phase; /* EVERY_PHASE: of all that are not excluded by name. */
    uint32_t flow;  /* UINT32_MAX: all together. */
    int64_t start_ns;
    int64_t end_ns;   /* As planned, until the phase is over; INT64_MIN: not begun. */
    uint32_t planned; /* Windows of the phase as planned. */
    struct open_window open[WINDOWS_OPEN_MAX]; /* By index. */
    uint32_t open_count;
    uint32_t closed; /* Windows below are judged. */
    struct window_count count;
    uint64_t sum; /* Without windows. */
};

struct windows {
    uint32_t phases_count;
    int64_t *phase_ns; /* As planned. */
    struct tracker *trackers;
    uint32_t trackers_count;
};

static uint32_t per_window(const struct tracker *tracker)
{
    return (uint32_t)(tracker->objective->window_ns / INTERVAL_NS);
}

/* How many windows a phase of that length has. Workers end a phase by some ms more or less. */
static uint32_t windows_of(const struct tracker *tracker, int64_t length_ns)
{
    int64_t whole = (length_ns + INTERVAL_NS / 10) / tracker->objective->window_ns;

    return whole < 1 ? 1 : (uint32_t)whole;
}

/* Those that begin before `after` are not judged. */
static uint32_t first_judged(const struct tracker *tracker)
{
    int64_t window_ns = tracker->objective->window_ns;

    return (uint32_t)((tracker->objective->after_ns + window_ns - 1) / window_ns);
}

static bool has_schedule(const struct entry_trial *trial, uint32_t phase, uint32_t flow)
{
    for (uint32_t f = 0; f < trial->flows_count; f++) {
        if ((flow == UINT32_MAX || flow == f) && trial->phases[phase].loads[f].load == LOAD_MAX) {
            return false;
        }
    }
    return true;
}

static void add_tracker(struct windows *windows, const struct tracker *like,
                        const struct entry_trial *trial, uint32_t objective, uint32_t phase)
{
    struct tracker *tracker = &windows->trackers[windows->trackers_count++];

    *tracker = *like;
    tracker->phase = phase;
    tracker->end_ns = INT64_MIN;
    tracker->count.objective = objective;
    tracker->count.trial = trial->number;
    if (phase != EVERY_PHASE) {
        memcpy(tracker->count.phase, trial->phases[phase].name, NAME_BYTES);
    }
}

static uint32_t phase_named(const struct entry_trial *trial, const char *name)
{
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        if (strcmp(trial->phases[p].name, name) == 0) {
            return p;
        }
    }
    return EVERY_PHASE;
}

static void add_trackers(struct windows *windows, const struct objective *objective,
                         uint32_t number, const struct entry_trial *trial)
{
    struct tracker like = {.objective = objective, .flow = UINT32_MAX};

    for (uint32_t f = 0; f < trial->flows_count; f++) {
        like.flow = strcmp(trial->flows[f].name, objective->flow) == 0 ? f : like.flow;
    }
    if ((objective->flow[0] != '\0' && like.flow == UINT32_MAX) ||
        (objective->phase[0] != '\0' && phase_named(trial, objective->phase) == EVERY_PHASE)) {
        return; /* Of another variant. */
    }
    if (objective->window_ns == 0) {
        add_tracker(windows, &like, trial, number, phase_named(trial, objective->phase));
        return;
    }
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        const struct assigned_phase *phase = &trial->phases[p];

        if ((objective->phase[0] != '\0' ? strcmp(phase->name, objective->phase) == 0
                                         : phase->measured) &&
            (!objective->metric.needs_schedule || has_schedule(trial, p, like.flow))) {
            add_tracker(windows, &like, trial, number, p);
        }
    }
}

/* At most so many. */
static uint32_t trackers_of(const struct objective *objective, const struct entry_trial *trial,
                            const char *target)
{
    if ((objective->window_ns == 0 && !objective->abort) ||
        (objective->target[0] != '\0' && strcmp(objective->target, target) != 0)) {
        return 0;
    }
    return objective->window_ns == 0 || objective->phase[0] != '\0' ? 1 : trial->phases_count;
}

int windows_new(const struct objective *objectives, uint32_t objectives_count,
                const struct entry_trial *trial, const char *target, struct windows **ret,
                struct errinfo *reterr)
{
    struct windows *windows = calloc(1, sizeof *windows);
    size_t most = 0;

    for (uint32_t i = 0; i < objectives_count; i++) {
        most += trackers_of(&objectives[i], trial, target);
    }
    if (windows != NULL) {
        windows->trackers = calloc(most + 1, sizeof *windows->trackers);
        windows->phase_ns = calloc((size_t)trial->phases_count + 1, sizeof *windows->phase_ns);
    }
    if (windows == NULL || windows->trackers == NULL || windows->phase_ns == NULL) {
        windows_free(windows);
        return errinfo_nomem(reterr);
    }
    windows->phases_count = trial->phases_count;
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        windows->phase_ns[p] = trial->phases[p].duration_ns;
    }
    for (uint32_t i = 0; i < objectives_count; i++) {
        if (trackers_of(&objectives[i], trial, target) > 0) {
            add_trackers(windows, &objectives[i], i, trial);
        }
    }
    *ret = windows;
    return 0;
}

void windows_free(struct windows *windows)
{
    if (windows == NULL) {
        return;
    }
    for (uint32_t i = 0; i < windows->trackers_count; i++) {
        for (uint32_t w = 0; w < windows->trackers[i].open_count; w++) {
            hist_free(windows->trackers[i].open[w].hist);
        }
    }
    free(windows->trackers);
    free(windows->phase_ns);
    free(windows);
}

static void begin_or_end(struct tracker *tracker, int64_t start_ns, int64_t end_ns)
{
    if (tracker->objective->window_ns == 0) {
        return;
    }
    if (tracker->end_ns == INT64_MIN) {
        tracker->planned = windows_of(tracker, end_ns - start_ns);
    }
    tracker->start_ns = start_ns;
    tracker->end_ns = end_ns;
}

void windows_segment(struct windows *windows, const struct entry_segment *segment)
{
    int64_t start_ns = segment->start_ns;

    for (uint32_t p = segment->phase_first; p <= segment->phase_last && p < windows->phases_count;
         p++) {
        int64_t end_ns = start_ns + windows->phase_ns[p];

        if (segment->end_ns >= 0 && segment->end_ns < end_ns) {
            end_ns = segment->end_ns > start_ns ? segment->end_ns : start_ns;
        }
        for (uint32_t i = 0; i < windows->trackers_count; i++) {
            if (windows->trackers[i].phase == p) {
                begin_or_end(&windows->trackers[i], start_ns, end_ns);
            }
        }
        start_ns = end_ns;
    }
}

/* The value of a window, as of a phase that was as long. */
static struct metric_value value_of(const struct tracker *tracker, const struct open_window *window)
{
    const struct counters *counters = &window->counters;
    struct result_phase phase = {
        .due = counters->due, .sent_in_time = counters->sent_in_time, .skipped = counters->skipped};
    int64_t first_ns = tracker->start_ns / INTERVAL_NS * INTERVAL_NS;
    int64_t from_ns = first_ns + (int64_t)window->index * tracker->objective->window_ns;
    int64_t until_ns = from_ns + tracker->objective->window_ns;
    double length_s;

    from_ns = from_ns < tracker->start_ns ? tracker->start_ns : from_ns;
    /* The last one is as long as the phase goes on; none is longer. */
    if (window->index + 1 >= tracker->planned || until_ns > tracker->end_ns) {
        until_ns = tracker->end_ns;
    }
    phase.duration_ns = until_ns - from_ns;
    length_s = (double)phase.duration_ns / 1e9;
    if (length_s > 0.0) {
        phase.sent_per_s = (double)counters->sent_now / length_s;
        phase.acked_per_s = (double)counters->acked_now / length_s;
        phase.received_per_s = (double)counters->received_now / length_s;
    }
    phase.delivery.sent = counters->sent;
    phase.delivery.received = counters->received;
    phase.delivery.refused = counters->refused;
    phase.delivery.unconfirmed = counters->unconfirmed;
    phase.delivery.corrupted = counters->corrupted;
    phase.delivery.errors = counters->errors;
    phase.latency[tracker->objective->metric.series] = window->hist;
    return metric_value(&tracker->objective->metric, NULL, &phase);
}

/* A second in which nothing moved has a rate and counts all the same: 0. */
static bool is_known_of_nothing(const struct tracker *tracker)
{
    enum metric_kind kind = tracker->objective->metric.kind;

    return kind == METRIC_RATE || kind == METRIC_COUNT;
}

static void judge_window(struct tracker *tracker, const struct open_window *window)
{
    struct window_count *count = &tracker->count;
    struct metric_value value;

    if (window->index < first_judged(tracker)) {
        return;
    }
    value = value_of(tracker, window);
    count->windows++;
    if (value.missing != NULL || (value.samples == 0 && !is_known_of_nothing(tracker))) {
        return;
    }
    if (metric_holds(tracker->objective, value.value, value.most)) {
        uint64_t room = window_room(tracker->objective, window->hist);

        count->room = count->held == 0 || room < count->room ? room : count->room;
        count->held++;
    }
    count->samples += value.samples;
    if (!count->has_worst) {
        count->worst = value.value;
    } else if (tracker->objective->relation == RELATION_GREATER ||
               tracker->objective->relation == RELATION_GREATER_OR_EQUAL) {
        count->worst = fmin(count->worst, value.value);
    } else {
        count->worst = fmax(count->worst, value.value);
    }
    count->has_worst = true;
}

/* Judges the next window; one of which nothing came has no samples. */
static void close_next(struct tracker *tracker)
{
    struct open_window window = {.index = tracker->closed};

    if (tracker->open_count > 0 && tracker->open[0].index == tracker->closed) {
        window = tracker->open[0];
        tracker->open_count--;
        memmove(&tracker->open[0], &tracker->open[1],
                tracker->open_count * sizeof tracker->open[0]);
    }
    judge_window(tracker, &window);
    hist_free(window.hist);
    tracker->closed++;
}

/* NULL: it is judged already. */
static struct open_window *open_of(struct tracker *tracker, uint32_t index)
{
    uint32_t at;

    /* An agent that is so many windows late misses the oldest. */
    while (tracker->open_count == WINDOWS_OPEN_MAX &&
           tracker->open[WINDOWS_OPEN_MAX - 1].index < index) {
        close_next(tracker);
    }
    if (index < tracker->closed) {
        return NULL;
    }
    for (at = 0; at < tracker->open_count && tracker->open[at].index < index; at++) {
    }
    if (at < tracker->open_count && tracker->open[at].index == index) {
        return &tracker->open[at];
    }
    if (tracker->open_count == WINDOWS_OPEN_MAX) {
        return NULL;
    }
    memmove(&tracker->open[at + 1], &tracker->open[at],
            (tracker->open_count - at) * sizeof tracker->open[0]);
    tracker->open_count++;
    tracker->open[at] = (struct open_window){.index = index};
    return &tracker->open[at];
}

static int add_row(struct tracker *tracker, uint32_t interval, const struct snapshot_row *row,
                   struct errinfo *reterr)
{
    uint32_t first = (uint32_t)(tracker->start_ns / INTERVAL_NS);
    const struct hist_packed *hist = &row->series[tracker->objective->metric.series];
    struct open_window *window;
    uint32_t index;
    int r = 0;

    if (tracker->objective->window_ns == 0) {
        tracker->sum +=
            record_counter(&counters_record, &row->counters, tracker->objective->metric.name);
        return 0;
    }
    tracker->count.censored += hist->censored;
    if (tracker->end_ns == INT64_MIN) {
        return 0;
    }
    index = interval < first ? 0 : (interval - first) / per_window(tracker);
    index = index >= tracker->planned ? tracker->planned - 1 : index;
    window = open_of(tracker, index);
    if (window == NULL) {
        return 0;
    }
    counters_add(&window->counters, &row->counters);
    if (tracker->objective->metric.kind != METRIC_LATENCY || hist->count == 0) {
        return 0;
    }
    r = window->hist == NULL ? hist_new(&window->hist, reterr) : 0;
    return r == 0 ? hist_add_packed(window->hist, hist, reterr) : r;
}

int windows_snapshot(struct windows *windows, const struct snapshot *snapshot,
                     struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; i < windows->trackers_count; i++) {
        struct tracker *tracker = &windows->trackers[i];

        for (uint32_t k = 0; r == 0 && k < snapshot->rows_count; k++) {
            const struct snapshot_row *row = &snapshot->rows[k];

            if ((tracker->phase == row->phase || tracker->phase == EVERY_PHASE) &&
                (tracker->flow == row->flow || tracker->flow == UINT32_MAX)) {
                r = add_row(tracker, snapshot->interval, row, reterr);
            }
        }
    }
    return r;
}

void windows_advance(struct windows *windows, uint32_t intervals)
{
    for (uint32_t i = 0; i < windows->trackers_count; i++) {
        struct tracker *tracker = &windows->trackers[i];
        int64_t first = tracker->start_ns / INTERVAL_NS;

        if (tracker->objective->window_ns == 0 || tracker->end_ns == INT64_MIN) {
            continue;
        }
        /* To the last one belongs what comes until the trial is over. A phase that ended early has
         * no window after its end. */
        while (tracker->closed + 1 < tracker->planned &&
               first + ((int64_t)tracker->closed + 1) * per_window(tracker) <= intervals &&
               tracker->closed < windows_of(tracker, tracker->end_ns - tracker->start_ns)) {
            close_next(tracker);
        }
    }
}

static bool is_missed(const struct tracker *tracker)
{
    const struct objective *objective = tracker->objective;
    uint32_t skipped = first_judged(tracker);
    double judged = tracker->planned > skipped ? (double)(tracker->planned - skipped) : 0.0;

    /* So many may fail, of those that the phase will have. */
    return (double)(tracker->count.windows - tracker->count.held) >
           (1.0 - objective->within) * judged + 1e-9;
}

bool windows_missed(const struct windows *windows, char *text)
{
    for (uint32_t i = 0; i < windows->trackers_count; i++) {
        const struct tracker *tracker = &windows->trackers[i];
        const struct objective *objective = tracker->objective;

        if (!objective->abort) {
            continue;
        }
        if (objective->window_ns == 0) {
            if (tracker->sum > 0 && (double)tracker->sum >= objective->limit &&
                !objective_holds(objective, (double)tracker->sum)) {
                (void)snprintf(text, REASON_BYTES, "%s was missed: it was %llu by then",
                               objective->text, (unsigned long long)tracker->sum);
                return true;
            }
        } else if (is_missed(tracker)) {
            (void)snprintf(text, REASON_BYTES, "%s was missed in %s: %u of %u windows did not hold",
                           objective->text, tracker->count.phase,
                           tracker->count.windows - tracker->count.held, tracker->count.windows);
            return true;
        }
    }
    return false;
}

int windows_finish(struct windows *windows, struct window_count **list, uint32_t *list_count,
                   struct errinfo *reterr)
{
    struct window_count *grown =
        realloc(*list, ((size_t)*list_count + windows->trackers_count + 1) * sizeof *grown);

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    *list = grown;
    for (uint32_t i = 0; i < windows->trackers_count; i++) {
        struct tracker *tracker = &windows->trackers[i];
        uint32_t whole;

        if (tracker->objective->window_ns == 0 || tracker->end_ns <= tracker->start_ns) {
            continue; /* No windows, or the phase never began. */
        }
        whole = windows_of(tracker, tracker->end_ns - tracker->start_ns);
        while (tracker->closed < whole) {
            close_next(tracker);
        }
        grown[(*list_count)++] = tracker->count;
    }
    return 0;
}
