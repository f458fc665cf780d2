/* recorder_words: errors, what the broker says, and connections that are lost and found. */
#include "recorder_inner.h"

#include "error_counts.h"
#include "invariant.h"

#include <string.h>

uint32_t recorder_error(struct recorder *recorder, const char *text)
{
    struct recorder_half *half = recorder->now;

    return error_counts_add(half->errors, &half->errors_count, RECORDER_ERRORS_MAX, text, 1);
}

void recorder_notice(struct recorder *recorder, const char *text, int64_t offset_ns)
{
    struct recorder_half *half = recorder->now;
    struct notice_delta *notice;
    uint32_t i = 0;

    while (i < half->notices_count && strncmp(half->notices[i].text, text, REASON_BYTES - 1) != 0) {
        i++;
    }
    if (i == RECORDER_NOTICES_MAX) {
        return; /* Broker's words are shown, never summed up: what does not fit is left out. */
    }
    notice = &half->notices[i];
    if (i == half->notices_count) {
        half->notices_count++;
        *notice = (struct notice_delta){.first_ns = offset_ns, .last_ns = offset_ns};
        (void)strncpy(notice->text, text, REASON_BYTES - 1);
    }
    notice->count++;
    notice->first_ns = offset_ns < notice->first_ns ? offset_ns : notice->first_ns;
    notice->last_ns = offset_ns > notice->last_ns ? offset_ns : notice->last_ns;
}

/* Every client whose loss was told finds room to tell that it is back. */
static bool has_room(const struct recorder *recorder, const struct recorder_half *half)
{
    return half->losses_count + recorder->clients_lost + 2 <=
           RECORDER_LOSSES_PER_CLIENT * (recorder->producers_count + recorder->consumers_count);
}

void recorder_lost(struct recorder *recorder, uint32_t client, uint32_t error, int64_t offset_ns)
{
    struct recorder_half *half = recorder->now;

    if (recorder->client_lost[client]) {
        return;
    }
    if (!has_room(recorder, half)) {
        half->losses_untold++;
        return;
    }
    recorder->client_lost[client] = true;
    recorder->clients_lost++;
    half->losses[half->losses_count++] =
        (struct recorder_loss){.client = client, .error = error, .at_ns = offset_ns};
}

void recorder_found(struct recorder *recorder, uint32_t client, int64_t offset_ns)
{
    struct recorder_half *half = recorder->now;

    if (!recorder->client_lost[client]) {
        return;
    }
    recorder->client_lost[client] = false;
    recorder->clients_lost--;
    half->losses[half->losses_count++] =
        (struct recorder_loss){.client = client, .is_back = true, .at_ns = offset_ns};
}
