/* collector_words: what the broker said, lost connections, and signs of the broker, of all workers
 * together. */
#include "collector_inner.h"

#include "invariant.h"

#include <string.h>

static void take_notice(struct collector *collector, const struct notice_delta *from)
{
    struct notice_delta *to;
    uint32_t at = 0;

    while (at < collector->notices_count && strcmp(collector->notices[at].text, from->text) != 0) {
        at++;
    }
    if (at == COLLECTOR_NOTICES_MAX) {
        return;
    }
    to = &collector->notices[at];
    if (at == collector->notices_count) {
        collector->notices_count++;
        *to = *from;
        return;
    }
    to->count += from->count;
    to->first_ns = from->first_ns < to->first_ns ? from->first_ns : to->first_ns;
    to->last_ns = from->last_ns > to->last_ns ? from->last_ns : to->last_ns;
}

static void take_loss(struct collector *collector, const struct recorder_half *half,
                      const struct recorder_loss *from, uint32_t client)
{
    struct loss_delta *to = &collector->losses[collector->losses_count];

    if (from->is_back != collector->client_lost[client]) {
        return; /* Of a loss that was not told. */
    }
    if (!from->is_back && collector->losses_told == LOSSES_TOLD_MAX) {
        collector->losses_untold++;
        return;
    }
    ASSERT(collector->losses_count < 2 * LOSSES_TOLD_MAX);
    collector->losses_count++;
    collector->losses_told += from->is_back ? 0 : 1;
    collector->client_lost[client] = !from->is_back;
    *to = (struct loss_delta){.client = collector->clients[client].client,
                              .is_back = from->is_back,
                              .at_ns = from->at_ns};
    if (!from->is_back) {
        memcpy(to->text, half->errors[from->error].text, sizeof to->text);
    }
}

void collector_take_words(struct collector *collector, const struct recorder_half *half,
                          uint32_t first_client)
{
    for (uint32_t i = 0; i < half->notices_count; i++) {
        take_notice(collector, &half->notices[i]);
    }
    for (uint32_t i = 0; i < half->losses_count; i++) {
        take_loss(collector, half, &half->losses[i], first_client + half->losses[i].client);
    }
    collector->losses_untold += half->losses_untold;
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns == 0 || (b_ns != 0 && b_ns < a_ns) ? b_ns : a_ns;
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return b_ns > a_ns ? b_ns : a_ns;
}

void collector_take_signs(struct collector *collector, struct broker_signs *ret)
{
    *ret = (struct broker_signs){0};
    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        struct broker_signs *signs = &collector->worker_states[i].signs;

        ret->answered_first_ns = earlier(ret->answered_first_ns, signs->answered_first_ns);
        ret->answered_last_ns = later(ret->answered_last_ns, signs->answered_last_ns);
        ret->waiting_since_ns = earlier(ret->waiting_since_ns, signs->waiting_since_ns);
        ret->handed_ns = later(ret->handed_ns, signs->handed_ns);
        /* A worker that is late with its next interval has not said these again. */
        signs->answered_first_ns = 0;
        signs->answered_last_ns = 0;
    }
}
