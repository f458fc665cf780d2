/* sender_signs: whether the broker is there for those who send: answers, waiting, lost connections.
 */
#include "sender_parts_inner.h"

int64_t sender_offset_ns(const struct sender *sender, int64_t at_ns)
{
    if (at_ns == 0 || sender->t0_ns == 0) {
        return 0;
    }
    return at_ns > sender->t0_ns ? at_ns - sender->t0_ns : 1; /* 0 would be: never. */
}

void sender_note_answer(struct sender *sender, int64_t at_ns)
{
    sender->answered_first_ns = sender->answered_first_ns == 0 ? at_ns : sender->answered_first_ns;
    sender->answered_last_ns = at_ns;
}

void sender_note_waiting(struct sender *sender, int64_t now_ns)
{
    bool waits = sender->t0_ns != 0 &&
                 (sender->outstanding > 0 || sender->heap_count < sender->producers_count);

    sender->waiting_since_ns = !waits                          ? 0
                               : sender->waiting_since_ns == 0 ? now_ns
                                                               : sender->waiting_since_ns;
}

void sender_account_signs(struct sender *sender, struct broker_signs *signs)
{
    signs->answered_first_ns = sender_offset_ns(sender, sender->answered_first_ns);
    signs->answered_last_ns = sender_offset_ns(sender, sender->answered_last_ns);
    signs->waiting_since_ns = sender_offset_ns(sender, sender->waiting_since_ns);
    signs->handed_ns = sender_offset_ns(sender, sender->handed_ns);
    sender->answered_first_ns = 0;
    sender->answered_last_ns = 0;
}

void sender_link_event(struct sender *sender, struct sender_group *group, const struct event *event)
{
    struct recorder *recorder = sender->context.recorder;
    uint32_t client = sender->producers[group->producer_first + event->client].record_index;
    int64_t offset_ns = sender_offset_ns(sender, event->at_ns);

    if (!reconnect_event(&group->reconnect, event, recorder,
                         &recorder_cell(recorder, group->flow, sender->phase_now)->counters)) {
        return;
    }
    sender_look_at_link(sender, group, event->client);
    if (event->kind == EVENT_UP) {
        recorder_found(recorder, client, offset_ns);
    } else {
        recorder_lost(recorder, client, group->reconnect.error, offset_ns);
    }
}
