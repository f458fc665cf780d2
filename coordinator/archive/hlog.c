#include "hlog.h"

#include "escape.h"
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hlog {
    FILE *file;
    char *path;
    int64_t started_unix_ns;
    struct hist *merged;
    char (*agents)[NAME_BYTES];
    uint32_t agents_count;
    char (*cases)[NAME_BYTES];
    uint32_t cases_count;
    char case_name[NAME_BYTES]; /* Of the running trial. */
    int64_t trial_ns;           /* Its start, counted from the run's. */
};

int hlog_new(const char *folder, struct hlog **ret, struct errinfo *reterr)
{
    struct hlog *hlog = calloc(1, sizeof *hlog);
    int r = hlog == NULL ? errinfo_nomem(reterr) : hist_new(&hlog->merged, reterr);

    if (r == 0) {
        hlog->path = file_join(folder, HLOG_FILE_NAME);
        r = hlog->path == NULL ? errinfo_nomem(reterr) : 0;
    }
    if (r == 0) {
        hlog->file = fopen(hlog->path, "we");
        if (hlog->file == NULL) {
            r = -errno;
            (void)errinfo_set(reterr, r, "%s: can't be written: %s", hlog->path, strerror(-r));
        }
    }
    if (r < 0) {
        (void)hlog_close(hlog, NULL);
        return r;
    }
    *ret = hlog;
    return 0;
}

int hlog_close(struct hlog *hlog, struct errinfo *reterr)
{
    int r = 0;

    if (hlog == NULL) {
        return 0;
    }
    if (hlog->file != NULL && fclose(hlog->file) != 0) {
        r = -errno;
        (void)errinfo_set(reterr, r, "%s: can't be written: %s", hlog->path, strerror(-r));
    }
    hist_free(hlog->merged);
    free(hlog->path);
    free(hlog->agents);
    free(hlog->cases);
    free(hlog);
    return r;
}

static int take_agents(struct hlog *hlog, const struct entry_agents *agents, struct errinfo *reterr)
{
    char(*names)[NAME_BYTES] = calloc((size_t)agents->agents_count + 1, sizeof *names);

    if (names == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < agents->agents_count; i++) {
        memcpy(names[i], agents->agents[i].name, NAME_BYTES);
    }
    free(hlog->agents);
    hlog->agents = names;
    hlog->agents_count = agents->agents_count;
    return 0;
}

static int take_cases(struct hlog *hlog, const struct entry_cases *cases, struct errinfo *reterr)
{
    char(*names)[NAME_BYTES] = calloc((size_t)cases->cases_count + 1, sizeof *names);

    if (names == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < cases->cases_count; i++) {
        memcpy(names[i], cases->cases[i].name, NAME_BYTES);
    }
    free(hlog->cases);
    hlog->cases = names;
    hlog->cases_count = cases->cases_count;
    return 0;
}

static void take_trial(struct hlog *hlog, const struct entry_trial *trial)
{
    hlog->trial_ns = trial->started_unix_ns - hlog->started_unix_ns;
    if (trial->case_index < hlog->cases_count) {
        memcpy(hlog->case_name, hlog->cases[trial->case_index], sizeof hlog->case_name);
    }
}

/* All flows and phases of one metric of a snapshot. */
static int add_metric(struct hlog *hlog, const struct snapshot *snapshot, enum series series,
                      struct errinfo *reterr)
{
    struct text tag = {0};
    int r = 0;

    hist_reset(hlog->merged);
    for (uint32_t i = 0; r == 0 && i < snapshot->rows_count; i++) {
        r = hist_add_packed(hlog->merged, &snapshot->rows[i].series[series], reterr);
    }
    if (r < 0 || hist_count(hlog->merged) == 0) {
        return r;
    }
    escape_tag(hlog->case_name, &tag);
    text_add(&tag, "/");
    escape_tag(hlog->agents[snapshot->agent], &tag);
    text_addf(&tag, "/%s", series_name(series));
    r = text_failed(&tag)
            ? errinfo_nomem(reterr)
            : hist_log_line(hlog->file, tag.bytes, hlog->trial_ns + snapshot->from_ns,
                            snapshot->until_ns - snapshot->from_ns, hlog->merged, reterr);
    text_done(&tag);
    return r;
}

int hlog_add(struct hlog *hlog, const struct journal_entry *entry, struct errinfo *reterr)
{
    int r = 0;

    switch (entry->kind) {
    case ENTRY_RUN:
        hlog->started_unix_ns = entry->as.run.started_unix_ns;
        return hist_log_header(hlog->file, hlog->started_unix_ns, reterr);
    case ENTRY_AGENTS:
        return take_agents(hlog, &entry->as.agents, reterr);
    case ENTRY_CASES:
        return take_cases(hlog, &entry->as.cases, reterr);
    case ENTRY_TRIAL:
        take_trial(hlog, &entry->as.trial);
        return 0;
    case ENTRY_SNAPSHOT:
        for (int series = 0;
             r == 0 && entry->as.snapshot->agent < hlog->agents_count && series < SERIES_COUNT;
             series++) {
            r = add_metric(hlog, entry->as.snapshot, (enum series)series, reterr);
        }
        return r;
    default:
        return 0;
    }
}
