#include "headline_groups.h"

#include "facts.h"

#include <stdio.h>
#include <string.h>

bool headline_same_group(const struct result_case *a, const struct result_case *b)
{
    return strcmp(a->target, b->target) == 0 && strcmp(a->variant, b->variant) == 0;
}

bool headline_begins_group(const struct result *result, const struct result_case *result_case)
{
    for (const struct result_case *before = result->cases; before < result_case; before++) {
        if (headline_same_group(before, result_case)) {
            return false;
        }
    }
    return true;
}

bool headline_is_grouped(const struct result *result)
{
    uint32_t rows = 0;
    uint32_t groups = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        uint32_t phases = facts_measured_count(&result->cases[i]);

        rows += phases == 0 ? 1 : phases;
        groups += headline_begins_group(result, &result->cases[i]) ? 1 : 0;
    }
    return rows > HEADLINE_ROWS_MAX && groups < result->cases_count;
}

static uint32_t count_cases(const struct result *result, const struct result_case *first)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        count += headline_same_group(&result->cases[i], first) ? 1 : 0;
    }
    return count;
}

const char *headline_group_name(const struct result *result, const struct result_case *first,
                                char *text)
{
    uint32_t count = count_cases(result, first);

    if (count == 1) {
        (void)snprintf(text, HEADLINE_NAME_BYTES, "%s", first->name);
    } else {
        (void)snprintf(text, HEADLINE_NAME_BYTES, "%s%s%s (%u cases)", first->target,
                       first->variant[0] == '\0' ? "" : "/", first->variant, count);
    }
    return text;
}
