/* executor_fixture: assignments by hand for tests of the executor, and virtual time to run them in.
 */
#ifndef MILLRACE_TEST_EXECUTOR_FIXTURE_H
#define MILLRACE_TEST_EXECUTOR_FIXTURE_H

#include "check.h"

#include "assignment.h"
#include "mono.h"

#define FIXTURE_PHASES 8
#define FIXTURE_CLIENTS 64

struct fixture {
    struct assignment assignment;
    struct assigned_flow flows[2];
    struct assigned_topic topics[2];
    struct assigned_phase phases[FIXTURE_PHASES];
    struct curve_point points[2];
    struct assigned_producer producers[FIXTURE_CLIENTS];
    struct assigned_consumer consumers[FIXTURE_CLIENTS];
    struct assigned_writer writers[1];
};

/* One flow of one topic with one partition, messages of 100 B, 10 in flight; no phases and no
 * clients yet; one worker. */
void fixture_init(struct fixture *fixture);

/* Appends a phase; the load is that of flow 0. */
struct assigned_phase *fixture_phase(struct fixture *fixture, enum load load, struct rate rate,
                                     int64_t duration_ns);

/* Appends a producer of flow 0 that writes all topics and partitions; a consumer that reads them.
 */
void fixture_producer(struct fixture *fixture);
void fixture_consumer(struct fixture *fixture, uint32_t subscription);

#endif
