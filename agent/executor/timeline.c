#include "timeline.h"

#include <stdlib.h>
#include <string.h>

int timeline_init(struct timeline *timeline, const struct assignment *assignment,
                  struct errinfo *reterr)
{
    uint32_t streams = 0;

    memset(timeline, 0, sizeof *timeline);
    timeline->assignment = assignment;
    atomic_store(&timeline->t0_ns, TIMELINE_UNKNOWN_NS);
    for (uint32_t i = 0; i < PHASES_MAX; i++) {
        atomic_store(&timeline->phase_start_ns[i], TIMELINE_UNKNOWN_NS);
    }
    for (uint32_t i = 0; i < assignment->flows_count; i++) {
        streams += assignment->flows[i].streams_count;
    }
    timeline->writers = calloc((size_t)streams + 1, sizeof *timeline->writers);
    if (timeline->writers == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < assignment->writers_count; i++) {
        const struct assigned_writer *writer = &assignment->writers[i];

        for (uint32_t s = 0; s < writer->streams_count; s++) {
            timeline->writers[writer->stream_first + s] = (uint16_t)writer->agent;
        }
    }
    return 0;
}

void timeline_done(struct timeline *timeline)
{
    free(timeline->writers);
    timeline->writers = NULL;
}

void timeline_set(struct timeline *timeline, const struct segment *segment)
{
    int64_t start_ns = segment->start_ns;

    for (uint32_t i = 0; i < segment->peers_count; i++) {
        const struct peer_clock *peer = &segment->peers[i];

        atomic_store(&timeline->writer_offset_ns[peer->agent], peer->offset_ns);
        atomic_store(&timeline->writer_bound_ns[peer->agent], peer->bound_ns);
    }
    atomic_store(&timeline->t0_ns, segment->t0_ns);
    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        atomic_store(&timeline->phase_start_ns[i], start_ns);
        start_ns += timeline->assignment->phases[i].duration_ns;
    }
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
