/* What several questions of a judgement need. */
#include "judge_inner.h"

#include "text.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int judge_add_reason(struct result *result, const char *code, const char *case_name,
                     const char *text, struct errinfo *reterr)
{
    struct result_reason *grown =
        realloc(result->reasons, ((size_t)result->reasons_count + 1) * sizeof *result->reasons);
    struct result_reason *reason;

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    result->reasons = grown;
    reason = &grown[result->reasons_count++];
    memset(reason, 0, sizeof *reason);
    (void)snprintf(reason->code, sizeof reason->code, "%s", code);
    (void)snprintf(reason->case_name, sizeof reason->case_name, "%s", case_name);
    (void)text_fitf(reason->text, sizeof reason->text, "%s", text);
    return 0;
}

void judge_write_value(const struct metric *metric, double value, char *text)
{
    if (strcmp(metric->unit, "ns") == 0) {
        (void)units_format_ns(value, text);
    } else if (metric->kind == METRIC_RATE) {
        (void)units_format_rate(value, text);
    } else if (metric->kind == METRIC_ATTAINED) {
        (void)snprintf(text, UNITS_TEXT_BYTES, "%.2f %%", value * 100.0);
    } else {
        (void)snprintf(text, UNITS_TEXT_BYTES, "%.0f", value);
    }
}

bool judge_has_flows(const struct result_phase *phases, uint32_t phases_count)
{
    for (uint32_t i = 0; i < phases_count; i++) {
        if (phases[i].flow[0] != '\0') {
            return true;
        }
    }
    return false;
}
