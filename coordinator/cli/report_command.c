#include "archive.h"
#include "cli.h"
#include "cli_options_inner.h"
#include "cli_resume_inner.h"
#include "cli_screen_inner.h"
#include "export.h"
#include "fold.h"
#include "hlog.h"
#include "invariant.h"
#include "sink_fold.h"
#include "summary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const enum cli_option options_taken[] = {CLI_FORMAT, CLI_OPTION_COUNT};

static const struct cli_usage usage = {
    .name = "report",
    .arguments = "RUN_DIR",
    .what =
        "Makes the reports of a run again from its journal (run.bson), also of one that was "
        "cut off.\n"
        "Without --format it makes all reports and shows the summary. The exit code is that of the "
        "run.\n\n"
        "csv writes report.csv (a row per case, phase and flow). Beside it are figures.csv (over\n"
        "trials), objectives.csv, comparisons.csv, searches.csv, search_steps.csv and "
        "selfcheck.csv.",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = options_taken,
    .examples = "  millrace report runs/20261123-201501-1a2b-quickstart\n"
                "  millrace report runs/20261123-201501-1a2b-quickstart --format junit\n",
};

/* In a way that the run itself has not told: the journal was changed since. */
static bool contradicts_itself(const struct result *result)
{
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        if (strcmp(result->reasons[i].code, "audit") == 0) {
            return false;
        }
    }
    return result->violation[0] != '\0';
}

/* Those of a run, but for those that only matter while it lasts. hlog_folder: NULL: no log. */
static int add_sinks(struct sinks *sinks, struct fold *fold, const char *hlog_folder,
                     struct errinfo *reterr)
{
    struct hlog *hlog = NULL;
    int r = hlog_folder == NULL ? 0 : hlog_new(hlog_folder, &hlog, reterr);

    sinks_add(sinks, &sink_fold, fold);
    if (hlog != NULL) {
        sinks_add(sinks, &sink_hlog, hlog);
    }
    return r;
}

/* What its snapshots can have; once the fold has taken its tables. */
static void allow_trial(struct archive_reader *reader, const struct entry_trial *trial)
{
    const struct assignment tables = {.flows = trial->flows,
                                      .flows_count = trial->flows_count,
                                      .phases_count = trial->phases_count};
    const struct snapshot_limits limits = assigned_snapshot_limits(&tables);

    archive_reader_allow(reader, &limits);
}

static int take_all(struct sinks *sinks, struct archive_reader *reader, uint64_t *ret_entries,
                    struct errinfo *reterr)
{
    struct journal_entry entry;
    int r = 0;

    while (r == 0 && (r = archive_next(reader, &entry, reterr)) == 1) {
        ++*ret_entries;
        r = sinks_take(sinks, &entry, reterr);
        if (r == 0 && entry.kind == ENTRY_TRIAL) {
            allow_trial(reader, &entry.as.trial);
        }
        journal_entry_done(&entry);
    }
    return r;
}

/* What reports show of it is not known: they say so, too. */
static int tell_lacks(const struct archive_reader *reader, const char *folder,
                      struct result *result, struct errinfo *reterr)
{
    struct text lacks = {0};

    archive_reader_lacks(reader, &lacks);
    if (text_failed(&lacks)) {
        text_done(&lacks);
        return errinfo_nomem(reterr);
    }
    if (lacks.bytes_count > 0) {
        (void)fprintf(stderr,
                      "millrace report: note: %s/%s was written by an earlier version, which did "
                      "not keep: %s. Where a report would use these, it says nothing, or 0.\n",
                      folder, ARCHIVE_JOURNAL_NAME, lacks.bytes);
        result->journal_lacks = text_take(&lacks);
    }
    return 0;
}

/* Folds the journal; the histogram log, if wanted, is written on the way. *ret_code: how to exit on
 * failure: what is no run's folder is a mistake of the user's, a disk that is full is none. */
static int read_journal(const char *folder, bool with_hlog, struct result **ret, int *ret_code,
                        struct errinfo *reterr)
{
    struct archive_reader *reader = NULL;
    struct fold *fold = NULL;
    struct sinks sinks = {0};
    struct result *result = NULL;
    uint64_t entries = 0;
    int closed;
    int r = archive_reader_new(folder, &reader, reterr);

    if (r == 0) {
        r = fold_new(&fold, reterr);
    }
    *ret_code = r == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
    if (r == 0) {
        r = add_sinks(&sinks, fold, with_hlog ? folder : NULL, reterr);
        *ret_code = r < 0 ? EXIT_FAILED : *ret_code;
    }
    if (r == 0) {
        r = take_all(&sinks, reader, &entries, reterr);
        if (sinks.refused_by == &sink_fold) {
            (void)errinfo_prefix(reterr, r, "%s/%s", folder, ARCHIVE_JOURNAL_NAME);
        } else if (sinks.refused_by != NULL) {
            *ret_code = EXIT_FAILED;
        }
    }
    closed = sinks_close(&sinks, 0, r == 0 ? reterr : NULL);
    if (r == 0 && entries == 0) {
        r = errinfo_set(reterr, -ENODATA,
                        "%s/%s: is empty: the run ended before anything was written (a full disk?)",
                        folder, ARCHIVE_JOURNAL_NAME);
    }
    if (r == 0) {
        r = closed < 0 ? closed : fold_result(fold, &result, reterr);
        *ret_code = r < 0 ? EXIT_FAILED : *ret_code;
    }
    if (r == 0 && contradicts_itself(result)) {
        r = errinfo_set(reterr, -EBADMSG, "%s/%s: its figures contradict each other: %s", folder,
                        ARCHIVE_JOURNAL_NAME, result->violation);
        *ret_code = EXIT_USAGE;
    }
    if (r == 0) {
        r = tell_lacks(reader, folder, result, reterr);
    }
    if (r < 0) {
        result_free(result);
    } else {
        *ret = result;
    }
    fold_free(fold);
    archive_reader_free(reader);
    return r;
}

/* format: NULL for all that a run writes. */
static int write_reports(const struct result *result, const char *folder,
                         const struct export_format *format, struct errinfo *reterr)
{
    int r = 0;

    if (format == NULL) {
        return export_write_all(result, folder, reterr);
    }
    if (format->write != NULL) {
        r = export_write_named(result, format->name, folder, reterr);
    }
    if (r == 0) {
        (void)printf("%s/%s\n", folder, format->file_name);
    }
    return r;
}

static int refuse_format(const char *name)
{
    struct text names = {0};

    export_format_names(&names);
    (void)fprintf(stderr, "millrace report: --format %s is not known (%s)\n", name,
                  text_failed(&names) ? "" : names.bytes);
    text_done(&names);
    return EXIT_USAGE;
}

int command_report(int argc, char **argv)
{
    struct cli_options options;
    struct errinfo error = {""};
    struct result *result = NULL;
    struct text summary = {0};
    const struct export_format *format = NULL;
    const char *folder;
    int code = 0;
    int r;

    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    folder = options.arguments.items[0];
    if (options.format != NULL && (format = export_format_find(options.format)) == NULL) {
        code = refuse_format(options.format);
        cli_options_done(&options);
        return code;
    }
    r = read_journal(folder, format == NULL || format->write == NULL, &result, &code, &error);
    if (r == 0) {
        code = EXIT_FAILED;
        r = write_reports(result, folder, format, &error);
    }
    if (r == 0 && format == NULL &&
        summary_write(result, cli_screen_width(STDOUT_FILENO), &summary) == 0 &&
        summary.bytes != NULL) {
        text_tame(summary.bytes, true);
        (void)printf("%s\nreport: %s/report.html\n", summary.bytes, folder);
        cli_resume_tell(result, folder);
    }
    if (r < 0) {
        text_tame(error.text, true);
        (void)fprintf(stderr, "millrace report: %s\n", error.text);
    }
    ASSERT(r < 0 || result != NULL);
    code = r < 0 ? code : verdict_exit_code(result->verdict);
    text_done(&summary);
    result_free(result);
    cli_options_done(&options);
    return code;
}
