#include "packed.h"

#include "invariant.h"

#include <stddef.h>

/* What is in it already, in a histogram that is used for all of them: to map one each time takes
 * longer than all the rest. */
static struct hist *unpacked(const struct hist_packed *packed)
{
    static struct hist *hist;

    if (hist == NULL) {
        ASSERT(hist_new(&hist, NULL) == 0);
        ASSERT(hist_allow_censored(hist, NULL) == 0);
    }
    hist_reset(hist);
    ASSERT(hist_add_packed(hist, packed, NULL) == 0);
    return hist;
}

static void pack_again(struct hist_packed *packed, const struct hist *hist)
{
    hist_packed_done(packed);
    ASSERT(hist_packed_of(hist, packed, NULL) == 0);
}

void packed_record(struct hist_packed *packed, int64_t value_ns)
{
    struct hist *hist = unpacked(packed);

    hist_record(hist, value_ns);
    pack_again(packed, hist);
}

void packed_record_censored(struct hist_packed *packed, int64_t value_ns, uint64_t count)
{
    struct hist *hist = unpacked(packed);

    hist_record_censored(hist, value_ns, count);
    pack_again(packed, hist);
}
