/* Writes every report of a made-up result into a folder, for the browser test and for looking at:
 * write_example FOLDER [faults|clean|hour|empty|cut]. */
#include "file.h"
#include "report.h"
#include "result_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct result *make(const char *kind)
{
    struct fixture_options options = {.seconds = 60, .faults = true, .seed = 11};
    struct result *result;

    if (strcmp(kind, "empty") == 0) {
        result = result_fixture_empty(VERDICT_FAILED);
        result_fixture_reason(result, "no_target", "",
                              "no target could be reached: 127.0.0.1:9092: connection refused");
        return result;
    }
    if (strcmp(kind, "hour") == 0) {
        options = (struct fixture_options){.seconds = 3600, .all_measured = true, .faults = true};
    } else if (strcmp(kind, "clean") == 0) {
        options.faults = false;
        options.all_measured = true;
    }
    result = result_fixture(&options);
    if (strcmp(kind, "cut") == 0) {
        result->cut_off = true;
        result->cut_off_ns = result->started_unix_ns + INT64_C(41000000000);
    }
    return result;
}

int main(int argc, char **argv)
{
    struct errinfo err = {0};
    struct text summary = {0};
    struct result *result;
    int r;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: write_example FOLDER [faults|clean|hour|empty|cut]\n");
        return 2;
    }
    result = make(argc > 2 ? argv[2] : "faults");
    r = file_mkdirs(argv[1], &err);
    for (const struct report_format *format = report_formats(); format->name != NULL && r == 0;
         format++) {
        r = report_write(result, format, argv[1], &err);
    }
    if (r == 0) {
        r = report_summary(result, 100, &summary);
    }
    if (r < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
    } else {
        (void)printf("%s", summary.bytes);
    }
    text_done(&summary);
    result_free(result);
    return r < 0 ? 1 : 0;
}
