#include "timeline.h"

#include <stdlib.h>
#include <string.h>

#define APART_NS_MAX (INT64_MAX / 8)

/* Those that write come first as often as not: a phase has a place for each up to the last. */
static uint32_t agents_of(const struct assignment *assignment)
{
    uint32_t last = assignment->agent;

    for (uint32_t i = 0; i < assignment->writers_count; i++) {
        last = assignment->writers[i].agent > last ? assignment->writers[i].agent : last;
    }
    return last + 1;
}

int timeline_init(struct timeline *timeline, const struct assignment *assignment,
                  struct errinfo *reterr)
{
    uint32_t streams = 0;

    memset(timeline, 0, sizeof *timeline);
    timeline->assignment = assignment;
    timeline->agents_count = agents_of(assignment);
    atomic_store(&timeline->t0_ns, TIMELINE_UNKNOWN_NS);
    for (uint32_t i = 0; i < assignment->flows_count; i++) {
        streams += assignment->flows[i].streams_count;
    }
    timeline->writers = calloc((size_t)streams + 1, sizeof *timeline->writers);
    timeline->writer_t0_ns = calloc((size_t)assignment->phases_count * timeline->agents_count + 1,
                                    sizeof *timeline->writer_t0_ns);
    timeline->phase_start_ns =
        calloc((size_t)assignment->phases_count + 1, sizeof *timeline->phase_start_ns);
    if (timeline->writers == NULL || timeline->writer_t0_ns == NULL ||
        timeline->phase_start_ns == NULL) {
        timeline_done(timeline);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i <= assignment->phases_count; i++) {
        atomic_store(&timeline->phase_start_ns[i], TIMELINE_UNKNOWN_NS);
    }
    for (uint32_t i = 0; i < assignment->writers_count; i++) {
        const struct assigned_writer *writer = &assignment->writers[i];

        for (uint32_t s = 0; s < writer->streams_count; s++) {
            timeline->writers[writer->stream_first + s] = (uint16_t)writer->agent;
        }
    }
    timeline_tell(timeline,
                  &(struct clock_line){.agent = assignment->agent, .valid_from_ns = INT64_MIN});
    return 0;
}

void timeline_done(struct timeline *timeline)
{
    free(timeline->writers);
    free(timeline->writer_t0_ns);
    free(timeline->phase_start_ns);
    timeline->phase_start_ns = NULL;
    timeline->writers = NULL;
    timeline->writer_t0_ns = NULL;
}

static void set_writer_t0(struct timeline *timeline, uint32_t phase, uint32_t agent, int64_t t0_ns)
{
    if (agent < timeline->agents_count) { /* Others write nothing. */
        atomic_store(&timeline->writer_t0_ns[(size_t)phase * timeline->agents_count + agent],
                     t0_ns);
    }
}

void timeline_set(struct timeline *timeline, const struct segment *segment)
{
    int64_t start_ns = segment->start_ns;

    atomic_store(&timeline->t0_ns, segment->t0_ns);
    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        for (uint32_t p = 0; p < segment->peers_count; p++) {
            set_writer_t0(timeline, i, segment->peers[p].agent, segment->peers[p].t0_ns);
        }
        set_writer_t0(timeline, i, timeline->assignment->agent, segment->t0_ns);
        atomic_store(&timeline->phase_start_ns[i], start_ns);
        start_ns += timeline->assignment->phases[i].duration_ns;
    }
}

/* A worker that still reads the place that is written now, half a second after it was left, sees
 * that `told` has moved on and reads the newer one: it never waits, and never mixes two lines. */
void timeline_tell(struct timeline *timeline, const struct clock_line *line)
{
    struct timeline_clock *clock = &timeline->clocks[line->agent];
    uint32_t told = atomic_load_explicit(&clock->told, memory_order_relaxed);
    struct timeline_line *place = &clock->places[(told + 1) % 2];

    atomic_store_explicit(&place->own_ns, line->own_ns, memory_order_release);
    atomic_store_explicit(&place->peer_ns, line->peer_ns, memory_order_release);
    atomic_store_explicit(&place->skew_ppb, line->skew_ppb, memory_order_release);
    atomic_store_explicit(&place->bound_ns, line->bound_ns, memory_order_release);
    atomic_store_explicit(&place->growth_ppb, line->growth_ppb, memory_order_release);
    atomic_store_explicit(&place->valid_from_ns, line->valid_from_ns, memory_order_release);
    atomic_store_explicit(&place->before_ns, line->before_ns, memory_order_release);
    atomic_store_explicit(&clock->told, told + 1, memory_order_release);
}

bool timeline_is_told(const struct timeline *timeline, uint32_t agent)
{
    return atomic_load(&timeline->clocks[agent].told) > 0;
}

/* Loads with acquire: the look at `told` that ends the reading can't come before them. */
static struct clock_line read_line(const struct timeline_clock *clock)
{
    struct clock_line line;
    uint32_t told;

    do {
        const struct timeline_line *place;

        told = atomic_load_explicit(&clock->told, memory_order_acquire);
        place = &clock->places[told % 2];
        line = (struct clock_line){
            .own_ns = atomic_load_explicit(&place->own_ns, memory_order_acquire),
            .peer_ns = atomic_load_explicit(&place->peer_ns, memory_order_acquire),
            .skew_ppb = atomic_load_explicit(&place->skew_ppb, memory_order_acquire),
            .bound_ns = atomic_load_explicit(&place->bound_ns, memory_order_acquire),
            .growth_ppb = atomic_load_explicit(&place->growth_ppb, memory_order_acquire),
            .valid_from_ns = atomic_load_explicit(&place->valid_from_ns, memory_order_acquire),
            .before_ns = atomic_load_explicit(&place->before_ns, memory_order_acquire)};
    } while (atomic_load_explicit(&clock->told, memory_order_relaxed) != told);
    return line;
}

/* A stamp or a line that is beyond all sense still gives a number. */
static int64_t apart_ns(int64_t a_ns, int64_t b_ns)
{
    int64_t apart;

    if (__builtin_sub_overflow(a_ns, b_ns, &apart)) {
        return a_ns < b_ns ? -APART_NS_MAX : APART_NS_MAX;
    }
    return apart > APART_NS_MAX ? APART_NS_MAX : apart < -APART_NS_MAX ? -APART_NS_MAX : apart;
}

static int64_t part_ns(double ppb, int64_t of_ns)
{
    return (int64_t)(ppb * 1e-9 * (double)of_ns);
}

__attribute__((noinline)) static int64_t convert(const struct timeline_clock *clock,
                                                 int64_t peer_ns, int64_t *ret_bound_ns)
{
    struct clock_line line = read_line(clock);
    int64_t since_ns = apart_ns(peer_ns, line.peer_ns);
    int64_t own_ns = line.own_ns + since_ns + part_ns(line.skew_ppb, since_ns);

    *ret_bound_ns = line.bound_ns + part_ns(line.growth_ppb, since_ns < 0 ? -since_ns : since_ns) +
                    (own_ns < line.valid_from_ns ? line.before_ns : 0);
    return own_ns;
}

int64_t timeline_own_ns(const struct timeline *timeline, uint32_t writer, int64_t peer_ns,
                        int64_t *ret_bound_ns)
{
    if (writer != timeline->assignment->agent) {
        return convert(&timeline->clocks[writer], peer_ns, ret_bound_ns);
    }
    *ret_bound_ns = 0; /* The line of one's own clock is known. */
    return peer_ns;
}

int64_t timeline_intended_ns(const struct timeline *timeline, uint32_t writer, uint32_t phase,
                             int64_t offset_ns)
{
    int64_t t0_ns = atomic_load_explicit(
        &timeline->writer_t0_ns[(size_t)phase * timeline->agents_count + writer],
        memory_order_relaxed);
    int64_t intended_ns;

    return __builtin_add_overflow(t0_ns, offset_ns, &intended_ns) ? offset_ns : intended_ns;
}

uint32_t timeline_phase(const struct timeline *timeline, int64_t offset_ns, uint32_t hint)
{
    uint32_t last = timeline->assignment->phases_count - 1;
    uint32_t phase = hint;

    while (phase > 0 && offset_ns < atomic_load_explicit(&timeline->phase_start_ns[phase],
                                                         memory_order_relaxed)) {
        phase--;
    }
    while (phase < last && offset_ns >= atomic_load_explicit(&timeline->phase_start_ns[phase + 1],
                                                             memory_order_relaxed)) {
        phase++;
    }
    return phase;
}
