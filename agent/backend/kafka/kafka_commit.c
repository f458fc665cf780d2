#include "kafka_commit_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <stdlib.h>

/* A poll() gives at most KAFKA_HELD_MAX messages after the last look at what is unanswered. */
#define RING (2 * KAFKA_ACKS_MAX)
static_assert(KAFKA_HELD_MAX <= RING - KAFKA_ACKS_MAX, "a poll's messages can all be acknowledged");

int kafka_commit_init(struct kafka_handle *handle, struct errinfo *reterr)
{
    handle->commits.tokens = calloc(RING, sizeof *handle->commits.tokens);
    return handle->commits.tokens == NULL ? errinfo_nomem(reterr) : 0;
}

/* ---- Positions ------------------------------------------------------------------------------ */

static void add_position(struct endpoint *endpoint, uint32_t slot,
                         rd_kafka_topic_partition_list_t *list)
{
    const struct kafka_reading *reading = &endpoint->readings[endpoint->slots[slot].reading];

    rd_kafka_topic_partition_list_add(list, endpoint->config->topics[reading->topic].name,
                                      (int32_t)(slot - reading->slot_first))
        ->offset = endpoint->slots[slot].acked;
    endpoint->slots[slot].committed = endpoint->slots[slot].acked;
}

/* Every partition of the client of which more is acknowledged than committed. */
static void add_all(struct endpoint *endpoint, const struct kafka_handle *handle,
                    rd_kafka_topic_partition_list_t *list)
{
    for (uint32_t i = 0; i < handle->readings_count; i++) {
        const struct kafka_reading *reading = &endpoint->readings[handle->reading_first + i];

        for (uint32_t slot = reading->slot_first; slot < reading->slot_first + reading->partitions;
             slot++) {
            if (endpoint->slots[slot].acked > endpoint->slots[slot].committed) {
                add_position(endpoint, slot, list);
            }
        }
    }
}

/* What poll() gave of the client's partitions up to now counts as acknowledged. A few of these
 * messages may have come after the one that is. */
static void acknowledge_others(struct endpoint *endpoint, const struct kafka_handle *handle,
                               uint32_t except)
{
    for (uint32_t i = 0; i < handle->readings_count; i++) {
        const struct kafka_reading *reading = &endpoint->readings[handle->reading_first + i];

        for (uint32_t slot = reading->slot_first; slot < reading->slot_first + reading->partitions;
             slot++) {
            if (slot != except) {
                endpoint->slots[slot].acked = endpoint->slots[slot].consumed;
            }
        }
    }
}

/* ---- Commits -------------------------------------------------------------------------------- */

/* Takes list. The opaque says up to where the answer answers. */
static void commit(struct kafka_handle *handle, rd_kafka_topic_partition_list_t *list)
{
    if (rd_kafka_commit_queue(handle->client, list, handle->queue, NULL,
                              (void *)(uintptr_t)handle->commits.end) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        handle->commits.under_way++;
    }
    rd_kafka_topic_partition_list_destroy(list);
}

int kafka_commit_ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    uint32_t slot = (uint32_t)(token >> KAFKA_OFFSET_BITS);
    int64_t position = (int64_t)(token & ((UINT64_C(1) << KAFKA_OFFSET_BITS) - 1)) + 1;
    rd_kafka_topic_partition_list_t *list;
    struct kafka_commits *commits;
    struct kafka_handle *handle;

    ASSERT(slot < endpoint->slots_count);
    handle = &endpoint->handles[endpoint->readings[endpoint->slots[slot].reading].client];
    commits = &handle->commits;
    ASSERT(commits->tokens != NULL);
    if (handle->down) {
        return -ENOTCONN;
    }
    if (commits->end - commits->first == RING) {
        return -EAGAIN;
    }
    commits->tokens[commits->end++ % RING] = token;
    if (position > endpoint->slots[slot].acked) {
        endpoint->slots[slot].acked = position;
    }
    if (multiple) {
        acknowledge_others(endpoint, handle, slot);
    }
    if (commits->under_way >= KAFKA_COMMITS_MAX) {
        commits->waiting = true;
        return 0;
    }
    list = rd_kafka_topic_partition_list_new(1);
    if (multiple || commits->waiting) {
        commits->waiting = false;
        add_all(endpoint, handle, list);
    } else {
        add_position(endpoint, slot, list);
    }
    commit(handle, list);
    return 0;
}

void kafka_commit_answered(struct endpoint *endpoint, struct kafka_handle *handle)
{
    struct kafka_commits *commits = &handle->commits;
    rd_kafka_topic_partition_list_t *list;

    commits->under_way -= commits->under_way > 0 ? 1 : 0;
    if (!commits->waiting) {
        return;
    }
    commits->waiting = false;
    list = rd_kafka_topic_partition_list_new(1);
    add_all(endpoint, handle, list);
    commit(handle, list);
}

void kafka_commit_take(struct endpoint *endpoint, struct kafka_handle *handle,
                       rd_kafka_event_t *event, struct kafka_out *out)
{
    struct kafka_commits *commits = &handle->commits;
    uint64_t until = (uint64_t)(uintptr_t)rd_kafka_event_opaque(event);
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    int64_t at_ns = mono_ns();

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR__NO_OFFSET) {
        out->events[out->count++] = (struct event){.kind = EVENT_ERROR,
                                                   .client = handle->first_client,
                                                   .at_ns = at_ns,
                                                   .text = rd_kafka_err2str(error)};
        commits->first = until > commits->first ? until : commits->first;
    } else {
        kafka_handle_lives(endpoint, handle);
    }
    while (commits->first < until && out->count < out->max) {
        out->events[out->count++] =
            (struct event){.kind = EVENT_CONSUME_ACKED,
                           .client = handle->first_client,
                           .at_ns = at_ns,
                           .token = commits->tokens[commits->first++ % RING]};
    }
    if (commits->first < until) {
        handle->half = event;
        return;
    }
    rd_kafka_event_destroy(event);
    kafka_commit_answered(endpoint, handle);
}
