#include "small_assignment.h"

#include "check.h"

#include "mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *zeros(size_t items, size_t item_bytes)
{
    void *memory = calloc(items, item_bytes);

    assert_non_null(memory);
    return memory;
}

void small_assignment(struct assignment *ret, const char *run_id)
{
    *ret = (struct assignment){.tag = 7,
                               .workers_count = 1,
                               .topics_owner = true,
                               .flows = zeros(1, sizeof *ret->flows),
                               .flows_count = 1,
                               .topics = zeros(1, sizeof *ret->topics),
                               .topics_count = 1,
                               .phases = zeros(2, sizeof *ret->phases),
                               .phases_count = 2,
                               .producers = zeros(1, sizeof *ret->producers),
                               .producers_count = 1,
                               .consumers = zeros(1, sizeof *ret->consumers),
                               .consumers_count = 1,
                               .writers = zeros(1, sizeof *ret->writers),
                               .writers_count = 1};
    (void)snprintf(ret->run_id, sizeof ret->run_id, "%s", run_id);
    ret->target.label = strdup("memory");
    ret->target.backend = strdup("memory");
    ret->flows[0] = (struct assigned_flow){.name = "main",
                                           .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1},
                                           .delivery = {.in_flight = 10, .consume_ack_batch = 1},
                                           .topics_count = 1,
                                           .partitions = 1,
                                           .producers_count = 1,
                                           .subscriptions_count = 1,
                                           .consumers_count = 1,
                                           .streams_count = 1};
    (void)snprintf(ret->topics[0].name, sizeof ret->topics[0].name, "millrace-%s-0", run_id);
    for (uint32_t i = 0; i < 2; i++) {
        (void)snprintf(ret->phases[i].name, sizeof ret->phases[i].name, "phase %u", i);
        ret->phases[i].duration_ns = 3600 * NS_PER_S;
        ret->phases[i].loads[0].load = LOAD_RATE;
        ret->phases[i].loads[0].rate = (struct rate){1, NS_PER_MS};
    }
    ret->producers[0] = (struct assigned_producer){.topic_stride = 1, .topics_count = 1};
    ret->consumers[0] = (struct assigned_consumer){
        .client = 1, .topic_stride = 1, .topics_count = 1, .shares_count = 1};
    ret->writers[0] = (struct assigned_writer){.streams_count = 1};
    assert_int_equal(assignment_check(ret, NULL), 0);
}
