/* recorder_inner: the recorder's structs, shared by its files: making it and handing over
 * (recorder.c), figures (recorder_cells.c), marks (recorder_marks.c) and what happened in words
 * (recorder_words.c). Private to this module. */
#ifndef MILLRACE_RECORDER_INNER_H
#define MILLRACE_RECORDER_INNER_H

#include "recorder.h"

/* Marks of one kind, of one stream, that follow each other. It grows until another takes its place,
 * or until the interval's end. */
struct open_run {
    uint64_t key; /* What it is a run of; 0: none. */
    uint64_t first;
    uint64_t last;
};

/* Open runs have places by what they are a run of. Two that have the same one end each other: that
 * makes more runs, but loses none. */
struct run_table {
    struct open_run *places;
    uint32_t mask;
    uint32_t *open; /* Places in use. */
    uint32_t open_count;
};

/* The next number that is in order, by stream, for SIGHTS_IN_BLOCK neighbours. */
#define SIGHTS_IN_BLOCK 8
struct sights {
    uint64_t next[SIGHTS_IN_BLOCK];
};

/* Where a consumer's sights begin: one entry for each block of its flow's streams. */
struct recorder_consumer {
    size_t block_first;
    uint64_t key; /* What its subscription adds to that of a stream, and to its place. */
    uint32_t stream_first;
    uint32_t place;
};

/* Histograms for a cell. */
struct recorder_set {
    struct hist *series[SERIES_COUNT];
};

struct recorder {
    const struct assignment *assignment;
    uint32_t flows_count;
    struct recorder_half halves[2];
    uint32_t cells_count;      /* Of a half. */
    struct recorder_half *now; /* The one that is written. */
    uint32_t taken;            /* Half that the collector takes next. */
    uint32_t interval;
    bool closed;        /* The final half was handed over. */
    int64_t no_room_ns; /* Since when there was no room; 0: there is. */
    struct ring *sets;  /* From the collector to the worker. */
    uint32_t sets_wanted;
    _Atomic uint32_t sets_taken;
    uint32_t sets_made; /* The collector's. */
    struct ring *runs;
    uint32_t runs_max;
    struct run_table outcomes;
    struct run_table seen;
    uint32_t *lane_streams; /* By producer's lane. */
    uint32_t lanes_count;
    struct delivery_range *ranges; /* phase x lanes_count + lane. */
    _Atomic uint32_t phases_over;
    _Atomic uint32_t phases_begun; /* One beyond the last in which something was sent. */
    uint32_t phases_forgotten;     /* The collector's. */
    struct recorder_consumer *consumers;
    uint32_t *blocks; /* By consumer and streams: which of the sights, 0: not seen yet. */
    size_t blocks_count;
    struct sights *sights;
    uint32_t sights_used;
    uint32_t *producer_first_lane;
    uint32_t producers_count;
    uint32_t consumers_count;
    bool *client_lost; /* By client: its loss was told, and not yet that it is back. */
    uint32_t clients_lost;
};

/* recorder_cells.c */
int recorder_cells_init(struct recorder *recorder, struct errinfo *reterr);
void recorder_cells_done(struct recorder *recorder);
/* Empties a half's cells for its next interval, and frees what this one did not need. */
void recorder_cells_clear(struct recorder *recorder, struct recorder_half *half);

/* recorder_marks.c; after the recorder has counted its clients and lanes. */
int recorder_marks_init(struct recorder *recorder, uint32_t worker, struct errinfo *reterr);
void recorder_marks_done(struct recorder *recorder);
/* Puts all open runs into the ring; false if it has no room for them. */
bool recorder_marks_close(struct recorder *recorder);
bool recorder_marks_can_close(const struct recorder *recorder);

#endif
