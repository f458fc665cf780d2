/* recorder_parts: the recorder's struct, shared by its two files: figures and marks (recorder.c)
 * and what happened in words (recorder_words.c). Private to this module. */
#ifndef MILLRACE_RECORDER_PARTS_H
#define MILLRACE_RECORDER_PARTS_H

#include "recorder.h"

/* One stream as seen from one client. The open run grows while messages follow each other. */
struct lane {
    uint32_t stream;
    uint16_t subscription;
    uint16_t kind;
    bool open;
    bool listed;
    uint64_t first;
    uint64_t last;
    uint64_t highest_next; /* Consumers: one beyond the highest seen. */
};

struct recorder {
    const struct assignment *assignment;
    struct recorder_half halves[2];
    uint32_t active;
    uint32_t taken; /* Half that the collector takes next. */
    uint32_t interval;
    bool closed;        /* The final half was handed over. */
    int64_t no_room_ns; /* Since when there was no room; 0: there is. */
    struct ring *runs;
    uint32_t runs_max;
    struct lane *lanes;
    uint32_t lanes_count;
    uint32_t producer_lanes_count;
    uint32_t *open_lanes;
    uint32_t open_lanes_count;
    struct delivery_range *ranges; /* Producer lane x phases_count + phase. */
    uint32_t *producer_first_lane;
    uint32_t *consumer_first_lane;
    uint32_t producers_count;
    uint32_t consumers_count;
    bool *client_lost; /* By client: its loss was told, and not yet that it is back. */
    uint32_t clients_lost;
};

#endif
