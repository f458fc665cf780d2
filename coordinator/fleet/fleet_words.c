#include "fleet_words_inner.h"

#include "text.h"

void fleet_tame_hello(struct hello *hello)
{
    text_tame(hello->version, false);
    text_tame(hello->name, false);
    text_tame(hello->host_name, false);
    text_tame(hello->host, false);
    text_tame(hello->kernel, false);
    text_tame(hello->boot_id, false);
    text_tame(hello->time_namespace, false);
    text_tame(hello->clock_source, false);
    text_tame(hello->busy, false);
    for (uint32_t i = 0; i < hello->backends_count; i++) {
        text_tame(hello->backends[i].name, false);
        text_tame(hello->backends[i].library, false);
    }
}

void fleet_tame_status(struct status *status)
{
    text_tame(status->text, false);
    text_tame(status->broker_version, false);
    for (uint32_t i = 0; i < status->results_count; i++) {
        text_tame(status->results[i].reason, false);
        text_tame(status->results[i].broker_version, false);
    }
}

void fleet_tame_snapshot(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->errors_count; i++) {
        text_tame(snapshot->errors[i].text, false);
    }
    for (uint32_t i = 0; i < snapshot->notices_count; i++) {
        text_tame(snapshot->notices[i].text, false);
    }
    for (uint32_t i = 0; i < snapshot->losses_count; i++) {
        text_tame(snapshot->losses[i].text, false);
    }
    for (uint32_t i = 0; i < snapshot->threads_count; i++) {
        text_tame(snapshot->threads[i].name, false);
    }
}
