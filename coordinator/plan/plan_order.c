/* In which order trials are run. */
#include "plan_inner.h"

#include "random.h"

#include <errno.h>
#include <stdlib.h>

/* Once through all cases in an order of chance (Fisher and Yates), so that a sweep's parameter does
 * not rise with time. */
static void shuffle(uint32_t *cases, uint32_t count, uint64_t seed)
{
    struct random random;

    random_seed(&random, seed);
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)(random_next(&random) % i);
        uint32_t swap = cases[i - 1];

        cases[i - 1] = cases[other];
        cases[other] = swap;
    }
}

/* A B, B A, B A, A B: repetition by repetition forwards or backwards as in the sequence of Thue and
 * Morse, which takes out drifts that are linear and quadratic in time. */
static bool runs_backwards(uint32_t repetition)
{
    return __builtin_parity(repetition) != 0;
}

int plan_order_trials(const struct plan_request *request, struct plan *plan, struct errinfo *reterr)
{
    const struct scenario *scenario = request->scenario;
    uint32_t *cases = calloc((size_t)plan->cases_count + 1, sizeof *cases);
    uint32_t count = 0;

    for (uint32_t i = 0; cases != NULL && i < plan->cases_count; i++) {
        if (plan->cases[i].status == CASE_MEASURED) {
            cases[count++] = i;
        }
    }
    if ((uint64_t)count * scenario->repeat > TRIALS_MAX) {
        free(cases);
        return errinfo_set(reterr, -EINVAL, "%llu trials are more than the %d of a run",
                           (unsigned long long)count * scenario->repeat, TRIALS_MAX);
    }
    plan->trials = calloc((size_t)count * scenario->repeat + 1, sizeof plan->trials[0]);
    if (cases == NULL || plan->trials == NULL) {
        free(cases);
        return errinfo_nomem(reterr);
    }
    /* Targets that are measured once each are measured in the file's order. */
    if (scenario->setups_count > 1 || scenario->repeat > 1) {
        shuffle(cases, count, request->seed);
    }
    for (uint32_t repetition = 0; repetition < scenario->repeat; repetition++) {
        for (uint32_t i = 0; i < count; i++) {
            struct plan_trial *trial = &plan->trials[plan->trials_count];

            trial->number = plan->trials_count++;
            trial->case_index = cases[runs_backwards(repetition) ? count - 1 - i : i];
            trial->repetition = repetition;
        }
    }
    free(cases);
    return 0;
}
