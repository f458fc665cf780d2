#include "memory_use.h"

#include <math.h>

static const struct field memory_use_fields[] = {
    FIELD(memory_use, clients),
    FIELD(memory_use, before_bytes),
    FIELD(memory_use, opened_bytes),
    FIELD_NAMED(memory_use, bytes_max, "max_bytes"),
    FIELD(memory_use, in_flight_max),
    FIELD(memory_use, per_client_bytes, .or_nan = true),
    FIELD(memory_use, per_in_flight_bytes, .or_nan = true),
};

const struct record memory_use_record = RECORD(memory_use);

static double share(uint64_t from_bytes, uint64_t to_bytes, uint64_t count)
{
    return to_bytes > from_bytes ? (double)(to_bytes - from_bytes) / (double)count : NAN;
}

bool memory_use_of(const struct result_trial *trial, uint32_t agent, struct memory_use *ret)
{
    struct memory_use use = {.per_client_bytes = NAN, .per_in_flight_bytes = NAN};

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (row->agent != agent || row->rss_opened_bytes == 0 || row->rss_before_bytes == 0) {
            continue;
        }
        use.clients = row->clients;
        use.before_bytes = row->rss_before_bytes;
        use.opened_bytes = row->rss_opened_bytes;
        use.bytes_max = row->rss_bytes > use.bytes_max ? row->rss_bytes : use.bytes_max;
        use.in_flight_max =
            row->outstanding > use.in_flight_max ? row->outstanding : use.in_flight_max;
    }
    if (use.opened_bytes == 0) {
        return false;
    }
    if (use.clients > 0) {
        use.per_client_bytes = share(use.before_bytes, use.opened_bytes, use.clients);
    }
    if (use.in_flight_max >= MEMORY_IN_FLIGHT_MIN) {
        use.per_in_flight_bytes = share(use.opened_bytes, use.bytes_max, use.in_flight_max);
    }
    *ret = use;
    return true;
}
