/* Writes result.json and intervals.jsonl of a made-up result into a folder; check_result.js reads
 * them. */
#include "archive.h"
#include "file.h"
#include "result_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_file(const char *folder, const char *name, const char *text)
{
    char *path = file_join(folder, name);
    int r = path == NULL ? -1 : file_write_all(path, text, strlen(text), NULL);

    free(path);
    return r;
}

/* What a script stumbles over: quotes, control characters, bytes that are no UTF-8, numbers that a
 * double can't hold or that are none, figures that don't exist. */
static void make_awkward(struct result *result)
{
    struct result_phase *phase = &result->cases[0].phases[0];

    result_fixture_set(&result->name, "a \"name\"\n\\ with \x01 \xFF { [ , : \xC3\xA9");
    result->seed = UINT64_MAX;
    result->cut_off = true;
    result->cut_off_ns = 1770300262123456789;
    phase->delivery.sent = (UINT64_C(1) << 53) + 1;
    phase->delivery.acked = UINT64_C(1) << 53;
    phase->sent_per_s = (double)NAN;
    phase->acked_per_s = (double)INFINITY;
    phase->received_per_s = 0.1;
    phase->is_max = true;
    result->cases[0].phases[1].duration_ns = 0;
}

int main(int argc, char **argv)
{
    struct fixture_options options = {.seconds = 5, .faults = true, .seed = 1};
    struct result *result = result_fixture(&options);
    struct text intervals = {0};
    char *json = NULL;
    int r = argc == 2 ? 0 : -1;

    if (r == 0) {
        r = archive_result_json(result, &json, NULL);
    }
    if (r == 0) {
        r = archive_intervals_jsonl(result, &intervals, NULL);
    }
    if (r == 0) {
        r = write_file(argv[1], "result.json", json);
    }
    if (r == 0) {
        r = write_file(argv[1], "intervals.jsonl", intervals.bytes);
    }
    free(json);
    json = NULL;
    make_awkward(result);
    if (r == 0) {
        r = archive_result_json(result, &json, NULL);
    }
    if (r == 0) {
        r = write_file(argv[1], "awkward.json", json);
    }
    free(json);
    text_done(&intervals);
    result_free(result);
    return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
