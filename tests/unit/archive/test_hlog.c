#include "check.h"
#include "file.h"
#include "hlog.h"
#include "packed.h"
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t count_of(const char *text, const char *part)
{
    uint32_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

static void add_snapshot(struct hlog *hlog, uint32_t agent, uint32_t interval)
{
    struct snapshot_row rows[2] = {{.phase = 0}, {.phase = 1}};
    struct snapshot snapshot = {.agent = agent,
                                .interval = interval,
                                .from_ns = (int64_t)interval * INTERVAL_NS,
                                .until_ns = (int64_t)(interval + 1) * INTERVAL_NS,
                                .rows = rows,
                                .rows_count = 2};
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT};

    entry.as.snapshot = &snapshot;
    for (int i = 0; i < 2; i++) {
        packed_record(&rows[i].series[SERIES_E2E], 1000);
    }
    packed_record(&rows[0].series[SERIES_CALL], 10);
    assert_int_equal(hlog_add(hlog, &entry, NULL), 0);
    hist_packed_done(&rows[0].series[SERIES_E2E]);
    hist_packed_done(&rows[1].series[SERIES_E2E]);
    hist_packed_done(&rows[0].series[SERIES_CALL]);
}

static void begin(struct hlog *hlog)
{
    struct result_agent agents[2] = {{.name = "left"}, {.name = "right"}};
    struct entry_case cases[1] = {{.name = "rabbit 3.10"}};
    struct journal_entry entry = {.kind = ENTRY_RUN};

    entry.as.run.started_unix_ns = INT64_C(1795469491000000000);
    assert_int_equal(hlog_add(hlog, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_AGENTS};
    entry.as.agents.agents = agents;
    entry.as.agents.agents_count = 2;
    assert_int_equal(hlog_add(hlog, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_CASES};
    entry.as.cases.cases = cases;
    entry.as.cases.cases_count = 1;
    assert_int_equal(hlog_add(hlog, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_TRIAL};
    entry.as.trial.started_unix_ns = INT64_C(1795469491000000000) + 5 * INTERVAL_NS;
    assert_int_equal(hlog_add(hlog, &entry, NULL), 0);
}

static void hlog_has_a_line_per_second_agent_and_metric(void **state)
{
    char folder[TEMP_BYTES];
    char path[sizeof folder + sizeof HLOG_FILE_NAME + 1];
    struct hlog *hlog = NULL;
    char *text = NULL;
    size_t text_bytes = 0;

    (void)state;
    assert_non_null(mkdtemp(temp_name(folder, "hlog")));
    assert_int_equal(hlog_new(folder, &hlog, NULL), 0);
    begin(hlog);
    for (uint32_t interval = 0; interval < 3; interval++) {
        add_snapshot(hlog, 0, interval);
        add_snapshot(hlog, 1, interval);
    }
    assert_int_equal(hlog_close(hlog, NULL), 0);
    (void)snprintf(path, sizeof path, "%s/%s", folder, HLOG_FILE_NAME);
    assert_int_equal(file_read_all(path, 1 << 20, &text, &text_bytes, NULL), 0);
    assert_int_equal(count_of(text, "\nTag="), 3 * 2 * 2);
    assert_int_equal(count_of(text, "/left/e2e,"), 3);
    assert_int_equal(count_of(text, "/right/call,"), 3);
    /* The trial began 5 s into the run; its second interval begins a second later. */
    assert_non_null(strstr(text, "/left/e2e,6.000,1.000,"));
    free(text);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void hlog_names_the_folder_that_can_not_be_written(void **state)
{
    struct hlog *hlog = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_true(hlog_new("/nowhere/at/all", &hlog, &error) < 0);
    assert_non_null(strstr(error.text, "/nowhere/at/all"));
    assert_null(hlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hlog_has_a_line_per_second_agent_and_metric),
        cmocka_unit_test(hlog_names_the_folder_that_can_not_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
