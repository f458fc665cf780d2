/*
 * hlog: HdrHistogram's interval log. A result keeps one histogram per phase, so there is one line
 * per case, phase, flow and metric with the phase's start and length, not one per second; the start
 * counts from the start of the case's own trial.
 */
#include "escape.h"
#include "formats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int add_phase(FILE *file, const struct result_case *result_case,
                     const struct result_phase *phase, struct errinfo *reterr)
{
    int r = 0;

    for (int series = 0; series < SERIES_COUNT && r == 0; series++) {
        const struct hist *hist = phase->latency[series];
        struct text tag = {0};

        if (hist == NULL || hist_count(hist) == 0) {
            continue;
        }
        escape_tag(result_case->name, &tag);
        text_add(&tag, "/");
        escape_tag(phase->name, &tag);
        if (phase->flow[0] != '\0') {
            text_add(&tag, "/");
            escape_tag(phase->flow, &tag);
        }
        text_addf(&tag, "/%s", series_name((enum series)series));
        r = text_failed(&tag)
                ? errinfo_nomem(reterr)
                : hist_log_line(file, tag.bytes, phase->start_ns, phase->duration_ns, hist, reterr);
        text_done(&tag);
    }
    return r;
}

int hlog_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    char *bytes = NULL;
    size_t bytes_count = 0;
    FILE *file = open_memstream(&bytes, &bytes_count);
    int r;

    if (file == NULL) {
        return errinfo_nomem(reterr);
    }
    r = hist_log_header(file, result->started_unix_ns, reterr);
    for (uint32_t i = 0; i < result->cases_count && r == 0; i++) {
        for (uint32_t j = 0; j < result->cases[i].phases_count && r == 0; j++) {
            r = add_phase(file, &result->cases[i], &result->cases[i].phases[j], reterr);
        }
    }
    if (fclose(file) != 0 && r == 0) {
        r = errinfo_nomem(reterr);
    }
    if (r == 0) {
        text_add_bytes(out, bytes, bytes_count);
    }
    free(bytes);
    return r;
}
