/*
 * memory_use: what an agent's clients and messages in flight cost in memory, in one trial. Pure.
 *
 * Per client: what the process grew by from before its workers were made until its clients were
 * open (the allocator gave free memory back both times), through the clients: the client library's
 * memory, the tables of each client, and a share of what each worker has whatever its clients are,
 * which is most of it where there are few.
 *
 * Per message in flight: what the process grew by under load at the most, through the most messages
 * that were in flight at the end of an interval. An upper bound: histograms, sockets' buffers and
 * everything else that load touches for the first time is in it, so it comes near the truth where
 * many messages are in flight.
 */
#ifndef MILLRACE_MEMORY_USE_H
#define MILLRACE_MEMORY_USE_H

#include "result.h"

/* Fewer messages in flight, and what else load touches would be most of the figure. */
#define MEMORY_IN_FLIGHT_MIN 100

struct memory_use {
    uint32_t clients;
    uint64_t before_bytes; /* Resident, before workers and clients were made. */
    uint64_t opened_bytes; /* Once all were. */
    uint64_t bytes_max;    /* The most at the end of an interval. */
    uint64_t in_flight_max;
    double per_client_bytes;    /* NAN: can't be told. */
    double per_in_flight_bytes; /* At most; NAN: can't be told. */
};

extern const struct record memory_use_record; /* As result.json shows it. */

/* False: nothing is known of that agent in that trial. */
bool memory_use_of(const struct result_trial *trial, uint32_t agent, struct memory_use *ret);

#endif
