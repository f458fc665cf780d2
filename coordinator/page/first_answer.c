#include "charts_cases_inner.h"
#include "charts_scaling_inner.h"
#include "first_inner.h"

void first_answer(const struct result *result, struct document *doc)
{
    const struct findings *findings = &result->findings;

    if (findings->searches_count > 0) {
        for (uint32_t i = 0; i < findings->searches_count && i < FIRST_SEARCHES_MAX; i++) {
            charts_search(result, &findings->searches[i], doc);
        }
    } else if (findings->comparisons_count > 0) {
        first_forest(result, doc);
    } else {
        charts_scaling(result, doc);
        charts_sweep(result, doc);
    }
}
