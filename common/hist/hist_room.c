/* hist_room: the memory of a histogram: its counts while it takes samples, its packed form once it
 * is settled. */
#include "hist_inner.h"

#include "invariant.h"
#include "pages.h"

#include <errno.h>
#include <hdr/hdr_histogram.h>
#include <stdlib.h>

/* The library's own hdr_init() takes the counts from calloc(): in an agent with a hundred workers
 * more than a GiB of them was resident, nearly all of it zeros. */
struct hdr_histogram *hist_library_new(void)
{
    struct hdr_histogram *library = calloc(1, sizeof *library);
    struct hdr_histogram_bucket_config config;
    int r = hdr_calculate_bucket_config(1, HIST_NS_MAX, HIST_SIGNIFICANT_DIGITS, &config);

    ASSERT(r == 0 && config.counts_len == HIST_BUCKETS);
    if (library == NULL) {
        return NULL;
    }
    library->counts = pages_new(HIST_COUNTS_BYTES);
    if (library->counts == NULL) {
        free(library);
        return NULL;
    }
    hdr_init_preallocated(library, &config);
    return library;
}

void hist_counts_free(struct hist *hist)
{
    if (hist->library != NULL) {
        pages_free(hist->library->counts, HIST_COUNTS_BYTES);
        free(hist->library);
    }
    pages_free(hist->censored, HIST_COUNTS_BYTES);
    hist->library = NULL;
    hist->counts = NULL;
    hist->censored = NULL;
}

int hist_settle(struct hist *hist, struct errinfo *reterr)
{
    struct hist_packed packed = {0};
    int r;

    if (hist->count == 0 || hist->censored_count > 0 || hist->settled.bytes != NULL) {
        return 0;
    }
    r = hist_packed_of(hist, &packed, reterr);
    if (r < 0) {
        return r;
    }
    hist_counts_free(hist);
    hist->settled = packed;
    return 0;
}

int hist_unsettle(struct hist *hist, struct errinfo *reterr)
{
    if (hist->settled.bytes == NULL) {
        return 0;
    }
    hist->library = hist_library_new();
    if (hist->library == NULL) {
        return errinfo_nomem(reterr);
    }
    hist->counts = hist->library->counts;
    (void)hist_packed_counts(&hist->settled, hist->counts, NULL);
    hist_packed_done(&hist->settled);
    return 0;
}

int hist_allow_censored(struct hist *hist, struct errinfo *reterr)
{
    if (hist_unsettle(hist, reterr) < 0) {
        return -ENOMEM;
    }
    if (hist->censored == NULL) {
        hist->censored = pages_new(HIST_COUNTS_BYTES);
    }
    return hist->censored == NULL ? errinfo_nomem(reterr) : 0;
}
