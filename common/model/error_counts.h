/* error_counts: a list of error texts with their counts, of a fixed room: what does not fit is
 * counted under "other errors", never under a text that it did not have. */
#ifndef MILLRACE_ERROR_COUNTS_H
#define MILLRACE_ERROR_COUNTS_H

#include "snapshot.h"

#define ERRORS_OTHER "other errors"

/* Adds to the text's count, in a list with room for errors_max (at least 2), the last of which is
 * for ERRORS_OTHER. A text is its first REASON_BYTES - 1 bytes. Returns its place. */
uint32_t error_counts_add(struct error_delta *errors, uint32_t *errors_count, uint32_t errors_max,
                          const char *text, uint64_t count);

#endif
