#include "hist.h"

#include "hist_inner.h"
#include "invariant.h"

#include <errno.h>
#include <hdr/hdr_histogram.h>
#include <hdr/hdr_histogram_log.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S_DOUBLE 1e9
#define NS_PER_MS_DOUBLE 1e6

static int stream_error(struct errinfo *reterr)
{
    int code = errno > 0 ? -errno : -EIO;

    return errinfo_set(reterr, code, "cannot write the histogram log: %s", strerror(-code));
}

/* Lines carry seconds since BaseTime. Readers that don't know BaseTime take StartTime for it, as
 * the lines' times are small. */
int hist_log_header(FILE *file, int64_t start_unix_ns, struct errinfo *reterr)
{
    double start_s = (double)start_unix_ns / NS_PER_S_DOUBLE;
    time_t start = (time_t)(start_unix_ns / INT64_C(1000000000));
    struct tm utc;
    char date[32] = "";

    if (gmtime_r(&start, &utc) != NULL) {
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    errno = 0;
    if (fprintf(file,
                "#[Logged by Millrace]\n"
                "#[Histogram log format version 1.3]\n"
                "#[StartTime: %.3f (seconds since epoch), %s]\n"
                "#[BaseTime: %.3f (seconds since epoch)]\n"
                "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                "\"Interval_Compressed_Histogram\"\n",
                start_s, date, start_s) < 0) {
        return stream_error(reterr);
    }
    return 0;
}

/* The library counts, sums up and knows its extremes only when it records by itself; its encoder
 * looks at max_value for where to stop. */
static void tell_library(const struct hist *hist)
{
    hist->library->total_count = (int64_t)hist->count;
    hist->library->min_value = hist->count == 0 ? INT64_MAX : hist_clamped(hist->min_ns);
    hist->library->max_value = hist->count == 0 ? 0 : hist_clamped(hist->max_ns);
}

int hist_log_line(FILE *file, const char *tag, int64_t start_ns, int64_t length_ns,
                  const struct hist *hist, struct errinfo *reterr)
{
    char *encoded = NULL;
    int r = 0;

    if (tag[0] == '\0' || strpbrk(tag, ", \t\r\n") != NULL) {
        return errinfo_set(reterr, -EINVAL, "histogram log: '%s' can't be a tag", tag);
    }
    ASSERT(hist->library != NULL);
    tell_library(hist);
    if (hdr_log_encode(hist->library, &encoded) != 0) {
        return errinfo_nomem(reterr);
    }
    errno = 0;
    if (fprintf(file, "Tag=%s,%.3f,%.3f,%.3f,%s\n", tag, (double)start_ns / NS_PER_S_DOUBLE,
                (double)length_ns / NS_PER_S_DOUBLE, (double)hist_max(hist) / NS_PER_MS_DOUBLE,
                encoded) < 0) {
        r = stream_error(reterr);
    }
    free(encoded);
    return r;
}
