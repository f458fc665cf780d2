#ifndef MADE_DAY_H
#define MADE_DAY_H

/* A trial of hours as its agents tell it, and one histogram of all that was measured beside it. */
#include "coalesce.h"
#include "disk.h"
#include "fold.h"
#include "random.h"
#include "watch.h"

#define FLOWS 2
#define PHASES 3 /* Half of the time each, then what is left is drained. */
#define DRAIN_SECONDS 5
#define MESSAGES                                                                                   \
    100 /* Of a producer and second; each agent has a producer and a consumer a flow. */
#define MEASURED_COUNT 6

extern const enum series day_measured[MEASURED_COUNT];

struct day {
    uint32_t seconds; /* Of load. */
    uint32_t agents;
    struct random random;
    struct entry_trial entry;
    struct hist *truth[FLOWS][PHASES][SERIES_COUNT];
    struct hist *second; /* Of one series. */
    struct coalesce *coalesce;
    struct fold *fold;
    struct disk *disk;
    struct watch watch;
    struct sinks sinks;
    uint64_t entries;
    uint64_t frame_bytes;
    uint64_t sequences[AGENTS_MAX];
};

/* Every percentile of the result is that of the one histogram, every row has its messages once;
 * otherwise the process says what is wrong, and ends. */
void day_check(const struct day *day, const struct result_trial *trial);

#endif
