/* Limits that single keys keep and all of them together may not: what a run holds of cases, phases
 * and objectives. */
#include "scenario_sums_inner.h"

/* Told at the key that makes it so many; a scenario that an override brought there has none. */
static void refuse(struct loading *loading, const char *key, uint64_t sum, const char *what,
                   int most)
{
    const struct node *node = node_child(loading->tree.root, key);

    problems_add(&loading->tree.problems, (node != NULL ? node : loading->tree.root)->at, key,
                 "come to %llu %s, more than a run can have (at most %d)", (unsigned long long)sum,
                 what, most);
}

/* Rows of a case: a count is judged over all phases, the rest in each that is measured, unless one
 * is named. */
static uint64_t judged_of(const struct scenario *scenario, const struct scenario_setup *setup)
{
    uint64_t measured = 0;
    uint64_t sum = OBJECTIVES_IMPLIED_MAX;

    for (uint32_t i = 0; i < setup->phases_count; i++) {
        measured += setup->phases[i].measured ? 1 : 0;
    }
    for (uint32_t i = 0; i < scenario->objectives_count; i++) {
        const struct objective *objective = &scenario->objectives[i];

        sum += objective->phase[0] != '\0' ||
                       (objective->metric.kind == METRIC_COUNT && objective->window_ns == 0)
                   ? 1
                   : measured;
    }
    return sum;
}

static uint64_t rows_of(const struct scenario_setup *setup)
{
    uint64_t flows = setup->flows_count > 1 ? (uint64_t)setup->flows_count + 1 : 1;

    return flows * setup->phases_count;
}

void check_sums(struct loading *loading)
{
    const struct scenario *scenario = loading->scenario;
    uint64_t cases = (uint64_t)scenario->setups_count * scenario->targets_count;
    uint64_t judged = 0;
    uint64_t cells = 0;
    uint64_t rows = 0;

    for (uint32_t i = 0; i < scenario->setups_count; i++) {
        const struct scenario_setup *setup = &scenario->setups[i];
        uint64_t own_cells = (uint64_t)setup->flows_count * setup->phases_count;

        cells = own_cells > cells ? own_cells : cells;
        judged += judged_of(scenario, setup) * scenario->targets_count;
        rows += rows_of(setup) * scenario->targets_count * scenario->repeat;
    }
    if (loading->tree.problems.failed || loading->tree.problems.count > 0) {
        return; /* Of what is wrong by itself there is no sum. */
    }
    if (cells > CELLS_MAX) {
        refuse(loading, "phases", cells, "phases x flows of a trial", CELLS_MAX);
    } else if (rows > PHASE_ROWS_MAX) {
        refuse(loading, "phases", rows, "phases x flows of all trials", PHASE_ROWS_MAX);
    }
    if (cases <= CASES_MAX && judged > OBJECTIVE_ROWS_MAX) {
        refuse(loading, "objectives", judged,
               "objectives (the implied ones too) in phases of all cases", OBJECTIVE_ROWS_MAX);
    }
}
