#include "receiver_parts_inner.h"

void receiver_trace(const struct receiver *receiver, const struct receiver_group *group,
                    const struct event *event, const struct stamp *stamp,
                    const struct latency *latency)
{
    uint32_t subscription = group->clients[event->client].subscription;
    int64_t at_ns = stamp->intended_ns + latency->shown_ns;
    struct trace_record record = {.kind = TRACE_RECEIVED,
                                  .flow = (uint8_t)group->flow,
                                  .flags = latency->paced ? TRACE_PACED : 0,
                                  .stream = stamp->stream,
                                  .sequence = stamp->sequence,
                                  .subscription = (uint16_t)subscription,
                                  .intended_ns = stamp->intended_ns,
                                  .sent_ns = at_ns - latency->service_ns,
                                  .at_ns = at_ns};

    trace_add(receiver->context.trace, &record);
}
