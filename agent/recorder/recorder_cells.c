/* recorder_cells: figures by flow and phase. */
#include "invariant.h"
#include "mono.h"
#include "pages.h"
#include "recorder_inner.h"

#include <string.h>

/* So far ahead histograms are there when a phase begins: the collector supplies each 20 ms, and may
 * be kept from it. Of shorter phases at most so many. */
#define AHEAD_NS (200 * NS_PER_MS)
#define AHEAD_PHASES_MAX 64

/* A collector that does not come any more, as the trial is being taken down, must not keep the
 * worker for ever. */
#define SUPPLY_NS_MAX NS_PER_S

static void set_free(struct hist *const series[SERIES_COUNT])
{
    for (int i = 0; i < SERIES_COUNT; i++) {
        hist_free(series[i]);
    }
}

static int set_new(struct recorder_set *ret, struct errinfo *reterr)
{
    struct recorder_set set = {{NULL}};
    int r = 0;

    for (int i = 0; r == 0 && i < SERIES_COUNT; i++) {
        r = hist_new(&set.series[i], reterr);
        /* What came of nothing may be owed to these, see recorder_owes(). */
        if (r == 0 && (i == SERIES_PUBLISH || i == SERIES_E2E)) {
            r = hist_allow_censored(set.series[i], reterr);
        }
    }
    if (r < 0) {
        set_free(set.series);
        return r;
    }
    *ret = set;
    return 0;
}

int recorder_supply(struct recorder *recorder, struct errinfo *reterr)
{
    while (recorder->sets_made - atomic_load_explicit(&recorder->sets_taken, memory_order_acquire) <
           recorder->sets_wanted) {
        struct recorder_set set;
        int r = set_new(&set, reterr);

        if (r < 0) {
            return r;
        }
        ASSERT(ring_push(recorder->sets, &set));
        recorder->sets_made++;
    }
    return 0;
}

uint32_t recorder_clients(const struct recorder *recorder)
{
    return recorder->producers_count + recorder->consumers_count;
}

static int half_init(struct recorder *recorder, struct recorder_half *half, struct errinfo *reterr)
{
    uint32_t clients = recorder_clients(recorder);

    half->cells = pages_new(recorder->cells_count * sizeof *half->cells);
    half->listed = pages_new(recorder->cells_count * sizeof *half->listed);
    half->clients = pages_new((clients + 1) * sizeof *half->clients);
    half->losses =
        pages_new(((size_t)RECORDER_LOSSES_PER_CLIENT * clients + 1) * sizeof *half->losses);
    return half->cells == NULL || half->listed == NULL || half->clients == NULL ||
                   half->losses == NULL
               ? errinfo_nomem(reterr)
               : 0;
}

static void half_done(struct recorder *recorder, struct recorder_half *half)
{
    uint32_t clients = recorder_clients(recorder);

    for (uint32_t i = 0; i < half->listed_count; i++) {
        set_free(half->cells[half->listed[i]].series);
    }
    pages_free(half->cells, recorder->cells_count * sizeof *half->cells);
    pages_free(half->listed, recorder->cells_count * sizeof *half->listed);
    pages_free(half->clients, (clients + 1) * sizeof *half->clients);
    pages_free(half->losses,
               ((size_t)RECORDER_LOSSES_PER_CLIENT * clients + 1) * sizeof *half->losses);
}

/* The most phases that begin within AHEAD_NS of one's begin, that one with them. */
static uint32_t phases_ahead(const struct assignment *assignment)
{
    uint32_t most = 1;
    uint32_t first = 0;
    int64_t since_first_ns = 0;

    for (uint32_t i = 0; i < assignment->phases_count; i++) {
        int64_t duration_ns = assignment->phases[i].duration_ns;

        while (since_first_ns > AHEAD_NS) {
            int64_t passed_ns = assignment->phases[first++].duration_ns;

            since_first_ns -= passed_ns <= AHEAD_NS ? passed_ns : AHEAD_NS + 1;
        }
        most = i - first + 1 > most ? i - first + 1 : most;
        since_first_ns += duration_ns <= AHEAD_NS ? duration_ns : AHEAD_NS + 1;
    }
    return most < AHEAD_PHASES_MAX ? most : AHEAD_PHASES_MAX;
}

int recorder_cells_init(struct recorder *recorder, struct errinfo *reterr)
{
    int r = 0;

    recorder->cells_count = recorder->flows_count * recorder->assignment->phases_count;
    /* Of the phase that is left, too, and in both halves. */
    recorder->sets_wanted = 2 * (1 + phases_ahead(recorder->assignment)) * recorder->flows_count;
    if (recorder->sets_wanted > 2 * recorder->cells_count) {
        recorder->sets_wanted = 2 * recorder->cells_count;
    }
    for (int i = 0; r == 0 && i < 2; i++) {
        r = half_init(recorder, &recorder->halves[i], reterr);
    }
    if (r == 0) {
        r = ring_new(sizeof(struct recorder_set), recorder->sets_wanted + 1, &recorder->sets,
                     reterr);
    }
    return r == 0 ? recorder_supply(recorder, reterr) : r;
}

void recorder_cells_done(struct recorder *recorder)
{
    struct recorder_set set;

    half_done(recorder, &recorder->halves[0]);
    half_done(recorder, &recorder->halves[1]);
    while (recorder->sets != NULL && ring_pop(recorder->sets, &set)) {
        set_free(set.series);
    }
    ring_free(recorder->sets);
}

/* Should the collector not be fast enough: a sample that waits is told, one that is lost is not. */
static void wait_for_set(struct recorder *recorder, struct recorder_half *half,
                         struct recorder_set *ret)
{
    int64_t begin_ns = mono_ns();
    int64_t now_ns = begin_ns;

    while (!ring_pop(recorder->sets, ret)) {
        if (now_ns >= begin_ns + SUPPLY_NS_MAX) {
            ASSERT(set_new(ret, NULL) == 0);
            half->full_ns += now_ns - begin_ns;
            return; /* It was none of those that are counted. */
        }
        mono_sleep_until(now_ns + NS_PER_MS);
        now_ns = mono_ns();
    }
    half->full_ns += now_ns - begin_ns;
    (void)atomic_fetch_add_explicit(&recorder->sets_taken, 1, memory_order_release);
}

/* Apart, so that the way past it is short: it is taken several times for each message. */
__attribute__((noinline, cold)) static struct recorder_cell *list(struct recorder *recorder,
                                                                  struct recorder_cell *cell)
{
    struct recorder_half *half = recorder->now;
    struct recorder_set set;

    if (ring_pop(recorder->sets, &set)) {
        (void)atomic_fetch_add_explicit(&recorder->sets_taken, 1, memory_order_release);
    } else {
        wait_for_set(recorder, half, &set);
    }
    memcpy(cell->series, set.series, sizeof cell->series);
    cell->listed = true;
    half->listed[half->listed_count++] = (uint32_t)(cell - half->cells);
    return cell;
}

struct recorder_cell *recorder_cell(struct recorder *recorder, uint32_t flow, uint32_t phase)
{
    struct recorder_cell *cell = &recorder->now->cells[phase * recorder->flows_count + flow];

    return cell->listed ? cell : list(recorder, cell);
}

static bool is_empty(const struct recorder_cell *cell)
{
    static const struct counters none;
    bool empty = memcmp(&cell->counters, &none, sizeof none) == 0;

    for (int i = 0; empty && i < SERIES_COUNT; i++) {
        empty = hist_count(cell->series[i]) == 0;
    }
    return empty;
}

static void cell_clear(struct recorder_cell *cell)
{
    memset(&cell->counters, 0, sizeof cell->counters);
    for (int i = 0; i < SERIES_COUNT; i++) {
        hist_reset(cell->series[i]);
    }
}

void recorder_cells_clear(struct recorder *recorder, struct recorder_half *half)
{
    uint32_t lowest = recorder->cells_count;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < half->listed_count; i++) {
        uint32_t index = half->listed[i];
        struct recorder_cell *cell = &half->cells[index];

        if (is_empty(cell)) {
            set_free(cell->series);
            memset(cell, 0, sizeof *cell);
            continue;
        }
        cell_clear(cell);
        half->listed[kept++] = index;
        lowest = index < lowest ? index : lowest;
    }
    if (kept < half->listed_count) { /* All before the lowest are zeros: they need no memory. */
        pages_clear(half->cells, 0, lowest * sizeof *half->cells);
    }
    half->listed_count = kept;
}
