/* Writes every report of a made-up result into a folder, for the browser test and for looking at:
 * write_example FOLDER
 * [faults|clean|hour|one|empty|cut|hostile|sweep|compared|search|scaling|repeat]. */
#include "export.h"
#include "file.h"
#include "result_fixture.h"
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What would run if it were not escaped. */
static void make_hostile(struct result *result)
{
    static const char nasty[] = "</script><img src=x onerror=alert(1)><script>alert(2)</script>";
    struct result_trial *trial = &result->cases[1].trials[0];

    for (uint32_t i = 0; i < result->cases_count; i++) {
        (void)snprintf(result->cases[i].name, NAME_BYTES, "%.10u%.50s", i, nasty);
        (void)snprintf(result->cases[i].reason, REASON_BYTES, "%s", nasty);
    }
    (void)snprintf(trial->phases[3].name, NAME_BYTES, "%.63s", nasty);
    (void)snprintf(trial->errors[0].text, REASON_BYTES, "%s", nasty);
    (void)snprintf(trial->parties[2].name, TOPIC_NAME_BYTES, "%s", nasty);
    (void)snprintf(result->marks[0].text, REASON_BYTES, "%s", nasty);
    result_fixture_reason(result, "x", nasty, nasty);
    result_fixture_set(&result->name, nasty);
    result_fixture_set(&result->scenario, nasty);
}

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
    } else if (strcmp(kind, "clean") == 0 || strcmp(kind, "scaling") == 0) {
        options.faults = false;
        options.all_measured = true;
    }
    result = result_fixture(&options);
    if (strcmp(kind, "hostile") == 0) {
        make_hostile(result);
    } else if (strcmp(kind, "one") == 0) {
        result->verdict = VERDICT_INTERRUPTED;
        result_fixture_keep(result, 1);
    } else if (strcmp(kind, "sweep") == 0) {
        result->verdict = VERDICT_PASS;
        result_fixture_findings(result);
        result->findings.comparisons_count = 0;
        result_fixture_sweep(result);
    } else if (strcmp(kind, "compared") == 0) {
        result->verdict = VERDICT_PASS;
        result_fixture_findings(result);
        result->findings.comparisons[1].high = 900.0; /* As two pairs may have it. */
    } else if (strcmp(kind, "scaling") == 0) {
        result->verdict = VERDICT_PASS;
        result_fixture_scaling(result);
    } else if (strcmp(kind, "repeat") == 0) {
        result_fixture_repeat(result, 3);
    } else if (strcmp(kind, "search") == 0) {
        result->verdict = VERDICT_PASS;
        result_fixture_search(result);
    } else if (strcmp(kind, "cut") == 0) {
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
        (void)fprintf(stderr, "usage: write_example FOLDER [KIND]\n");
        return 2;
    }
    result = make(argc > 2 ? argv[2] : "faults");
    r = file_mkdirs(argv[1], &err);
    for (const struct export_format *format = export_formats(); format->name != NULL && r == 0;
         format++) {
        r = format->write != NULL ? export_write(result, format, argv[1], &err) : 0;
    }
    if (r == 0) {
        r = summary_write(result, 100, &summary);
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
