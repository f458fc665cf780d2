#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

void counters_add(struct counters *counters, const struct counters *from)
{
    record_add(&counters_record, counters, from);
}

static void rows_free(struct snapshot_row *rows, uint32_t rows_count)
{
    for (uint32_t i = 0; rows != NULL && i < rows_count; i++) {
        for (int series = 0; series < SERIES_COUNT; series++) {
            hist_packed_done(&rows[i].series[series]);
        }
    }
    free(rows);
}

static void streams_free(struct stream_delta *streams, uint32_t streams_count)
{
    for (uint32_t i = 0; streams != NULL && i < streams_count; i++) {
        seqruns_done(&streams[i].acked);
        seqruns_done(&streams[i].refused);
        seqruns_done(&streams[i].unconfirmed);
    }
    free(streams);
}

static void readings_free(struct reading_delta *readings, uint32_t readings_count)
{
    for (uint32_t i = 0; readings != NULL && i < readings_count; i++) {
        seqruns_done(&readings[i].seen);
        seqruns_done(&readings[i].again);
        seqruns_done(&readings[i].out_of_order);
    }
    free(readings);
}

void snapshot_done(struct snapshot *snapshot)
{
    rows_free(snapshot->rows, snapshot->rows_count);
    streams_free(snapshot->streams, snapshot->streams_count);
    readings_free(snapshot->readings, snapshot->readings_count);
    free(snapshot->ranges);
    free(snapshot->clients);
    free(snapshot->errors);
    free(snapshot->notices);
    free(snapshot->losses);
    memset(snapshot, 0, sizeof *snapshot);
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot != NULL) {
        snapshot_done(snapshot);
        free(snapshot);
    }
}
