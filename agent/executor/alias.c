#include "alias_inner.h"

#include "invariant.h"

#include <stdlib.h>

/* A share of the row, 0 .. 1, as a threshold. */
static uint32_t threshold_of(double share)
{
    return share >= 1.0 ? UINT32_MAX : (uint32_t)(share * 0x1p32);
}

int alias_fill(struct alias_row *rows, double *weights, uint32_t count, struct errinfo *reterr)
{
    /* Rows that have less than an even share from the front, those that have more from the back. */
    uint32_t *work = calloc(count, sizeof *work);
    uint32_t poor = 0;
    uint32_t rich = count;
    double sum = 0.0;

    if (work == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    ASSERT(count > 0 && sum > 0.0);
    for (uint32_t i = 0; i < count; i++) {
        weights[i] = weights[i] / sum * count;
        if (weights[i] < 1.0) {
            work[poor++] = i;
        } else {
            work[--rich] = i;
        }
    }
    while (poor > 0 && rich < count) {
        uint32_t filled = work[--poor];
        uint32_t filler = work[rich];

        rows[filled] = (struct alias_row){threshold_of(weights[filled]), filler};
        weights[filler] -= 1.0 - weights[filled];
        if (weights[filler] < 1.0) {
            rich++;
            work[poor++] = filler;
        }
    }
    /* What is left has an even share but for rounding. */
    for (uint32_t i = 0; i < poor; i++) {
        rows[work[i]] = (struct alias_row){UINT32_MAX, work[i]};
    }
    for (uint32_t i = rich; i < count; i++) {
        rows[work[i]] = (struct alias_row){UINT32_MAX, work[i]};
    }
    free(work);
    return 0;
}
