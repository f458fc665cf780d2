#include "snapshot.h"

#include <stdlib.h>

void counters_add(struct counters *counters, const struct counters *from)
{
    record_add(&counters_record, counters, from);
}

void snapshot_done(struct snapshot *snapshot)
{
    record_done(&snapshot_record, snapshot);
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot != NULL) {
        snapshot_done(snapshot);
        free(snapshot);
    }
}
