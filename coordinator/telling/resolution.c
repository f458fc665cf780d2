#include "resolution_inner.h"

#include "facts.h"
#include "hist.h"
#include "units.h"

#define SHARE 0.1 /* Of the median; below it nobody reads a latency that finely. */

static double median_of(const struct result_phase *phase)
{
    const struct hist *hist = phase->latency[SERIES_E2E] != NULL ? phase->latency[SERIES_E2E]
                                                                 : phase->latency[SERIES_PUBLISH];

    return hist != NULL && hist_count(hist) > 0 ? (double)hist_percentile(hist, 50.0) : 0.0;
}

static const struct result_phase *worst_of(const struct result *result)
{
    const struct result_phase *worst = NULL;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = NULL;

        while ((phase = facts_measured_next(&result->cases[i], phase)) != NULL) {
            bool counts =
                phase->coalesce_ns > 0 || (double)phase->resolution_ns > SHARE * median_of(phase);

            if (phase->resolution_ns > 0 && counts &&
                (worst == NULL || phase->resolution_ns > worst->resolution_ns)) {
                worst = phase;
            }
        }
    }
    return worst;
}

bool resolution_line(const struct result *result, struct text *out)
{
    const struct result_phase *worst = worst_of(result);
    char text[UNITS_TEXT_BYTES];

    if (worst == NULL) {
        return false;
    }
    text_addf(out, "resolution %s: latencies can be too long by that",
              units_format_ns((double)worst->resolution_ns, text));
    if (worst->coalesce_ns > 0) {
        text_addf(out, "; messages were sent in ticks of %s",
                  units_format_ns((double)worst->coalesce_ns, text));
    }
    return true;
}
