#include "phase_choice.h"

#include "facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_counted(const struct result_phase *phase, bool measured_only)
{
    return phase->flow[0] == '\0' && (phase->measured || !measured_only);
}

/* The higher the more it is worth a row. */
static double worth_of(const struct result_phase *phase)
{
    const struct result_delivery *delivery = &phase->delivery;
    const struct hist *hist;
    bool service;

    if (delivery->lost + delivery->corrupted + delivery->refused + delivery->unconfirmed +
            delivery->errors >
        0) {
        return INFINITY;
    }
    hist = facts_latency(phase, SERIES_E2E, &service);
    hist = hist != NULL ? hist : facts_latency(phase, SERIES_PUBLISH, &service);
    return !phase->measured ? -2.0 : hist == NULL ? -1.0 : (double)hist_percentile(hist, 99.0);
}

static int compare_falling(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left < right) - (left > right);
}

/* The lowest worth that is listed, and how many of exactly that worth are. */
static double lowest_of(double *sorted, uint32_t count, uint32_t most, uint32_t *ret_equal)
{
    double lowest;

    qsort(sorted, count, sizeof *sorted, compare_falling);
    lowest = sorted[most - 1];
    *ret_equal = 0;
    for (uint32_t i = 0; i < most; i++) {
        *ret_equal += sorted[i] == lowest ? 1 : 0;
    }
    return lowest;
}

/* A flow's row goes with that of all flows. */
static void list_flows(const struct result_case *of, bool *listed)
{
    for (uint32_t i = 0; i < of->phases_count; i++) {
        for (uint32_t j = 0; of->phases[i].flow[0] != '\0' && j < of->phases_count; j++) {
            if (of->phases[j].flow[0] == '\0' &&
                strcmp(of->phases[j].name, of->phases[i].name) == 0) {
                listed[i] = listed[j];
                break;
            }
        }
    }
}

struct phase_choice phase_choice_make(const struct result_case *of, bool measured_only,
                                      uint32_t most)
{
    struct phase_choice choice = {.listed = NULL};
    double *worths = calloc((size_t)of->phases_count + 1, sizeof *worths);
    double *sorted = calloc((size_t)of->phases_count + 1, sizeof *sorted);
    uint32_t equal;
    double lowest;

    for (uint32_t i = 0; worths != NULL && sorted != NULL && i < of->phases_count; i++) {
        if (is_counted(&of->phases[i], measured_only)) {
            worths[i] = worth_of(&of->phases[i]);
            sorted[choice.count++] = worths[i];
        }
    }
    if (choice.count > most) {
        choice.listed = calloc(of->phases_count, sizeof *choice.listed);
    }
    if (choice.listed != NULL) {
        lowest = lowest_of(sorted, choice.count, most, &equal);
        for (uint32_t i = 0; i < of->phases_count; i++) {
            bool at_limit = worths[i] == lowest && equal > 0;

            choice.listed[i] =
                is_counted(&of->phases[i], measured_only) && (worths[i] > lowest || at_limit);
            equal -= choice.listed[i] && worths[i] == lowest ? 1 : 0;
        }
        list_flows(of, choice.listed);
        choice.left_out = choice.count - most;
        choice.count = most;
    }
    free(worths);
    free(sorted);
    return choice;
}

bool phase_choice_has(const struct phase_choice *choice, const struct result_case *of,
                      const struct result_phase *phase)
{
    return choice->listed == NULL || choice->listed[phase - of->phases];
}

void phase_choice_done(struct phase_choice *choice)
{
    free(choice->listed);
    *choice = (struct phase_choice){.listed = NULL};
}
