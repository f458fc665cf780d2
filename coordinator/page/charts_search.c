#include "charts_cases_inner.h"
#include "charts_inner.h"
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Smallest rate first; those that do not count are left out. Returns how many. */
static uint32_t steps_of(const struct result *result, const char *case_name,
                         struct result_search_step *ret)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->findings.search_steps_count; i++) {
        const struct result_search_step *step = &result->findings.search_steps[i];
        uint32_t at = count;

        if (strcmp(step->case_name, case_name) != 0 || step->outcome == STEP_VOID ||
            step->e2e_p99_ns <= 0) {
            continue;
        }
        for (; at > 0 && ret[at - 1].asked_per_s > step->asked_per_s; at--) {
            ret[at] = ret[at - 1];
        }
        ret[at] = *step;
        count++;
    }
    return count;
}

static void add_rates(const struct result *result, const struct result_search *search,
                      const struct result_search_step *steps, uint32_t count, struct document *doc)
{
    const struct result_case *result_case = facts_case(result, search->case_name);
    uint32_t colour = result_case == NULL ? 0 : facts_colour(result, result_case);
    char caption[REASON_BYTES];
    struct chart chart;

    chart_begin(&chart, "xy", "ns", true, "search");
    chart_x(&chart, "asked rate", "rate", false, NULL, 0);
    chart_bounds(&chart, search->lower_per_s, search->upper_per_s);
    chart_table(&chart);
    for (uint32_t i = 0; i < count; i++) {
        chart_value(&chart, steps[i].asked_per_s);
    }
    chart_series(&chart, "e2e p99", colour, "solid");
    for (uint32_t i = 0; i < count; i++) {
        chart_value(&chart, (double)steps[i].e2e_p99_ns);
    }
    chart_series(&chart, "e2e p50", colour, "dash");
    for (uint32_t i = 0; i < count; i++) {
        chart_value(&chart, steps[i].e2e_p50_ns > 0 ? (double)steps[i].e2e_p50_ns : CHART_NONE);
    }
    chart_end(&chart);
    (void)snprintf(caption, sizeof caption, "%s: latency against the asked rate",
                   search->case_name);
    doc_chart(doc, caption, &chart.json);
}

void charts_search(const struct result *result, const struct result_search *search,
                   struct document *doc)
{
    struct result_search_step *steps =
        calloc((size_t)result->findings.search_steps_count + 1, sizeof *steps);
    uint32_t count;

    if (steps == NULL) {
        doc->failed = true;
        return;
    }
    count = steps_of(result, search->case_name, steps);
    if (count > 0) {
        add_rates(result, search, steps, count, doc);
    }
    free(steps);
}
