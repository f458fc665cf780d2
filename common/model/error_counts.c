#include "error_counts.h"

#include "invariant.h"

#include <string.h>

static uint32_t place_of(const struct error_delta *errors, uint32_t errors_count, const char *text)
{
    uint32_t at = 0;

    while (at < errors_count && strncmp(errors[at].text, text, REASON_BYTES - 1) != 0) {
        at++;
    }
    return at;
}

uint32_t error_counts_add(struct error_delta *errors, uint32_t *errors_count, uint32_t errors_max,
                          const char *text, uint64_t count)
{
    uint32_t at = place_of(errors, *errors_count, text);

    ASSERT(errors_max >= 2 && *errors_count <= errors_max);
    if (at == *errors_count && at + 1 >= errors_max) {
        text = ERRORS_OTHER;
        at = place_of(errors, *errors_count, text);
        ASSERT(at < errors_max); /* Its place is kept for it. */
    }
    if (at == *errors_count) {
        memset(&errors[at], 0, sizeof errors[at]);
        (void)strncpy(errors[at].text, text, REASON_BYTES - 1);
        (*errors_count)++;
    }
    errors[at].count += count;
    return at;
}
