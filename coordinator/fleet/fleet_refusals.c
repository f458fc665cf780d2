#include "fleet_refusals_inner.h"

#include "deadlines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fleet_refusals_add(struct fleet_refusals *refusals, int64_t now_ns, const char *format, ...)
{
    char text[ERRINFO_BYTES];
    va_list arguments;
    uint32_t index = 0;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    while (index < REFUSALS_KEPT && strcmp(refusals->items[index].text, text) != 0) {
        index++;
    }
    if (index < REFUSALS_KEPT && (refusals->items[index].waits ||
                                  now_ns - refusals->items[index].at_ns < REFUSED_AGAIN_NS)) {
        return;
    }
    if (index == REFUSALS_KEPT) {
        index = refusals->next;
        refusals->next = (refusals->next + 1) % REFUSALS_KEPT;
        memcpy(refusals->items[index].text, text, sizeof text);
    }
    refusals->items[index].at_ns = now_ns;
    refusals->items[index].waits = true;
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
