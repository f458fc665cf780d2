/* What the generator alone could do: an entry for each case whose workload was calibrated. */
#include "fold_inner.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

const struct result_calibration *fold_calibration(const struct fold *fold, uint32_t case_index)
{
    for (uint32_t i = 0; i < fold->calibrations_count; i++) {
        if (fold->calibrations[i].case_index == case_index) {
            return &fold->calibrations[i].made;
        }
    }
    return NULL;
}

static bool can_be(double figure)
{
    return isfinite(figure) && figure >= 0.0;
}

int fold_add_calibration(struct fold *fold, const struct entry_calibration *entry,
                         struct errinfo *reterr)
{
    struct entry_calibration *grown;

    if (entry->case_index >= fold->cases_count ||
        fold_calibration(fold, entry->case_index) != NULL) {
        return errinfo_set(reterr, -EBADMSG, "a calibration of case %u, which does not fit the run",
                           entry->case_index);
    }
    if (!can_be(entry->made.ceiling_per_s) || !can_be(entry->made.cpu_ns_per_message)) {
        return errinfo_set(reterr, -EBADMSG, "a calibration of case %u to a rate that can't be",
                           entry->case_index);
    }
    grown = realloc(fold->calibrations,
                    ((size_t)fold->calibrations_count + 1) * sizeof *fold->calibrations);
    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    fold->calibrations = grown;
    fold->calibrations[fold->calibrations_count++] = *entry;
    return 0;
}
