#include "verdict_badge.h"

#include "facts.h"

#include <string.h>

bool verdict_was_sent(const struct result *result)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        struct result_delivery delivery;

        facts_delivery(&result->cases[i], &delivery);
        if (delivery.sent > 0 || delivery.received > 0) {
            return true;
        }
    }
    return false;
}

/* A lost agent is no busy host: what is missing is told by itself. */
static bool host_was_busy(const struct result *result)
{
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        if (result->findings.checks[i].status == CHECK_INVALID &&
            strcmp(result->findings.checks[i].check, "agent_lost") != 0) {
            /* The trials of a search that were not reliable were made again. */
            return result->findings.searches_count == 0;
        }
    }
    return false;
}

const char *verdict_badge(const struct result *result)
{
    static const char *const words[] = {
        [VERDICT_PASS] = "PASS",          [VERDICT_FAIL] = "FAIL",
        [VERDICT_INVALID] = "NOT JUDGED", [VERDICT_REGRESSION] = "REGRESSION",
        [VERDICT_FAILED] = "NOT RUN",     [VERDICT_INTERRUPTED] = "STOPPED",
    };

    if (result->verdict == VERDICT_INTERRUPTED) {
        return words[VERDICT_INTERRUPTED];
    }
    if (result->cut_off || (result->verdict == VERDICT_FAILED && verdict_was_sent(result))) {
        return "INCOMPLETE";
    }
    if (result->verdict == VERDICT_PASS && host_was_busy(result)) {
        return "PASS (host busy)";
    }
    return words[result->verdict];
}
