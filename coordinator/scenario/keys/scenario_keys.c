#include "scenario_keys.h"

#include "scenario_keys_inner.h"

#include <stddef.h>

/* In the order of scenarios/README.md. */
static const struct scenario_key *const tables[] = {scenario_keys_targets, scenario_keys_traffic,
                                                    scenario_keys_course};

#define TABLES_COUNT (sizeof tables / sizeof tables[0])

static size_t rows_count(const struct scenario_key *table)
{
    size_t count = 0;

    while (table[count].path != NULL) {
        count++;
    }
    return count;
}

const struct scenario_key *scenario_key_root(void)
{
    return tables[0];
}

const struct scenario_key *scenario_key_after(const struct scenario_key *row)
{
    if (row[1].path != NULL) {
        return row + 1;
    }
    for (size_t i = 0; i + 1 < TABLES_COUNT; i++) {
        if (row == tables[i] + rows_count(tables[i]) - 1) {
            return tables[i + 1];
        }
    }
    return NULL;
}
