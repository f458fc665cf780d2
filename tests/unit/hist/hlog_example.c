/* Writes an .hlog file of made-up histograms to argv[1] and says in JSON lines on stdout what it
 * holds, for readers in other languages to compare with. */
#include "hist.h"
#include "random.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define START_UNIX_NS INT64_C(1700000000123000000)
#define LINES 6

static const double percentiles[] = {1, 25, 50, 75, 90, 91, 95, 99, 99.9, 99.99, 99.999};

/* Up to about an hour in the last line, so that the upper octaves are used; the fourth is empty. */
static void fill(struct hist *hist, int line)
{
    struct random random;

    random_seed(&random, (uint64_t)line);
    for (int i = 0; i < (line == 3 ? 0 : 10000 * (line + 1)); i++) {
        double magnitude = random_unit(&random) * (line == LINES - 1 ? 12.5 : 3.0 + line);

        hist_record(hist, (int64_t)pow(10.0, magnitude));
    }
}

static int write_line(FILE *file, struct hist *hist, int line)
{
    char tag[32];
    int64_t start_ns = line * INT64_C(1000000000);

    (void)snprintf(tag, sizeof tag, "agent-%d/e2e", line % 2);
    if (hist_log_line(file, tag, start_ns, INT64_C(1000000000), hist, NULL) < 0) {
        return -1;
    }
    (void)printf("{\"tag\":\"%s\",\"start_ms\":%" PRId64 ",\"count\":%" PRIu64 ",\"max\":%" PRId64
                 ",\"min\":%" PRId64 ",\"mean\":%.3f,\"percentiles\":{",
                 tag, (START_UNIX_NS + start_ns) / 1000000, hist_count(hist), hist_max(hist),
                 hist_min(hist), hist_mean(hist));
    for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
        (void)printf("%s\"%g\":%" PRId64, i == 0 ? "" : ",", percentiles[i],
                     hist_percentile(hist, percentiles[i]));
    }
    (void)printf("}}\n");
    return 0;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "w") : NULL;
    struct hist *hist = NULL;
    int r = 0;

    if (file == NULL || hist_new(&hist, NULL) < 0 ||
        hist_log_header(file, START_UNIX_NS, NULL) < 0) {
        return EXIT_FAILURE;
    }
    for (int line = 0; r == 0 && line < LINES; line++) {
        hist_reset(hist);
        fill(hist, line);
        r = write_line(file, hist, line);
    }
    hist_free(hist);
    return fclose(file) == 0 && r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
