#include "fleet_refusals_inner.h"

#include "deadlines.h"
#include "mono.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The place of these words; REFUSALS_KEPT: they are new. */
static uint32_t find(const struct fleet_refusals *refusals, const char *text)
{
    uint32_t index = 0;

    while (index < REFUSALS_KEPT && strcmp(refusals->items[index].text, text) != 0) {
        index++;
    }
    return index;
}

static void keep(struct fleet_refusals *refusals, uint32_t index, int64_t now_ns, const char *text)
{
    if (index == REFUSALS_KEPT) {
        index = refusals->next;
        refusals->next = (refusals->next + 1) % REFUSALS_KEPT;
        (void)snprintf(refusals->items[index].text, sizeof refusals->items[index].text, "%s", text);
    }
    refusals->items[index].at_ns = now_ns;
    refusals->items[index].waits = true;
}

void fleet_refusals_add(struct fleet_refusals *refusals, int64_t now_ns, const char *format, ...)
{
    char text[ERRINFO_BYTES];
    va_list arguments;
    uint32_t index;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    index = find(refusals, text);
    if (index < REFUSALS_KEPT && (refusals->items[index].waits ||
                                  now_ns - refusals->items[index].at_ns < REFUSED_AGAIN_NS)) {
        return;
    }
    if (refusals->news_count == 0 || now_ns - refusals->since_ns >= REFUSED_AGAIN_NS) {
        refusals->since_ns = now_ns;
        refusals->news_count = 0;
    }
    if (refusals->news_count > REFUSALS_TOLD) {
        return;
    }
    if (refusals->news_count++ == REFUSALS_TOLD) {
        (void)snprintf(text, sizeof text,
                       "more than %d for different reasons within %lld s: the others are not told",
                       REFUSALS_TOLD, (long long)(REFUSED_AGAIN_NS / NS_PER_S));
        index = find(refusals, text);
    }
    keep(refusals, index, now_ns, text);
}

const char *fleet_refusals_take(struct fleet_refusals *refusals)
{
    for (uint32_t i = 0; i < REFUSALS_KEPT; i++) {
        uint32_t index = (refusals->next + i) % REFUSALS_KEPT;

        if (refusals->items[index].waits) {
            refusals->items[index].waits = false;
            memcpy(refusals->told, refusals->items[index].text, sizeof refusals->told);
            return refusals->told;
        }
    }
    return "";
}
