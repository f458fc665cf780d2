/* packed: histograms of made reports, sample by sample. What can't be is an ASSERT. */
#ifndef MILLRACE_PACKED_H
#define MILLRACE_PACKED_H

#include "hist.h"

/* Adds samples to those that are in it. */
void packed_record(struct hist_packed *packed, int64_t value_ns);
void packed_record_censored(struct hist_packed *packed, int64_t value_ns, uint64_t count);

#endif
