#include "sender_parts_inner.h"

static_assert(FLOWS_MAX <= UINT8_MAX && SUBSCRIPTIONS_MAX <= UINT16_MAX &&
                  AGENTS_MAX <= UINT16_MAX && STREAMS_MAX <= UINT32_MAX,
              "a trace's record has room for every number");

void sender_trace(const struct sender *sender, const struct sender_group *group,
                  const struct outstanding *slot, const struct event *event)
{
    const struct producer *producer = &sender->producers[group->producer_first + event->client];
    struct trace_record record = {.kind = TRACE_SETTLED,
                                  .outcome = event->kind == EVENT_ACKED     ? TRACE_ACKED
                                             : event->kind == EVENT_REFUSED ? TRACE_REFUSED
                                                                            : TRACE_UNCONFIRMED,
                                  .flow = (uint8_t)group->flow,
                                  .flags = (uint8_t)((slot->paced ? TRACE_PACED : 0) |
                                                     (group->confirms ? TRACE_CONFIRMED : 0)),
                                  .stream = producer->stream_first + slot->stream,
                                  .sequence = slot->sequence,
                                  .sent_ns = slot->start_ns - sender->t0_ns,
                                  .at_ns = event->at_ns - sender->t0_ns};

    record.intended_ns = slot->paced ? slot->intended_ns - sender->t0_ns : record.sent_ns;
    trace_add(sender->context.trace, &record);
}
