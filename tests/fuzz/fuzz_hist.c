/* Packed histograms: whatever is taken packs to the same bytes again, whatever is refused changes
 * nothing. */
#include "fuzz_target.h"
#include "hist.h"
#include "invariant.h"

#include <string.h>

static uint8_t packed[HIST_PACKED_BYTES_MAX];

static void check_empty(const struct hist *hist)
{
    ASSERT(hist_count(hist) == 0 && hist_over_range(hist) == 0 && hist_censored(hist) == 0);
    ASSERT(hist_min(hist) == 0 && hist_max(hist) == 0 && hist_percentile(hist, 50.0) == 0);
}

static void check_taken(const struct hist *hist, const uint8_t *bytes, size_t bytes_count)
{
    int packed_bytes = hist_pack(hist, packed, sizeof packed);
    int64_t middle = hist_percentile(hist, 50.0);

    ASSERT(packed_bytes >= 0 && (size_t)packed_bytes == bytes_count);
    ASSERT(memcmp(packed, bytes, bytes_count) == 0);
    ASSERT(middle >= hist_min(hist) && middle <= hist_max(hist));
    ASSERT(hist_percentile_most(hist, 50.0) >= middle && hist_censored(hist) <= hist_count(hist));
    ASSERT(hist_count(hist) == 0 || hist_mean(hist) >= (double)hist_min(hist) * 0.999999);
    ASSERT(hist_mean(hist) <= (double)hist_max(hist) * 1.000001);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count)
{
    static struct hist *hist; /* One for all inputs: a reset must leave nothing behind. */
    struct hist_packed taken = {0};

    if (hist == NULL) {
        ASSERT(hist_new(&hist, NULL) == 0);
    }
    if (hist_packed_read(bytes, bytes_count, &taken, NULL) == 0) {
        ASSERT(hist_add_packed(hist, &taken, NULL) == 0);
        ASSERT(taken.count == hist_count(hist) && taken.censored == hist_censored(hist));
        ASSERT(hist_packed_percentile(&taken, 50.0) == hist_percentile(hist, 50.0));
        hist_packed_done(&taken);
        check_taken(hist, bytes, bytes_count);
        hist_reset(hist);
    }
    check_empty(hist);
    return 0;
}
