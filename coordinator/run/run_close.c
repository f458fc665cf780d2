/* The end of a run: its judgement, the closing entry of the journal, the reports. */
#include "run_inner.h"

#include "close_parts.h"
#include "compare.h"
#include "deadlines.h"
#include "export.h"
#include "host_limits.h"
#include "insight.h"
#include "mono.h"
#include "noise.h"
#include "selfcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int judge(struct run *run, struct result *result, struct errinfo *reterr)
{
    const struct scenario *scenario = run->config->scenario;
    const struct judge_terms terms = {.objectives = scenario->objectives,
                                      .objectives_count = scenario->objectives_count,
                                      .windows = run->watch.counts,
                                      .windows_count = run->watch.counts_count,
                                      .compare = &scenario->compare,
                                      .selfcheck_warns = scenario->selfcheck_warns};
    int r = selfcheck_find(result, reterr);

    run_resume_judge(run);
    if (r == 0) {
        r = compare_result(result, &scenario->compare, reterr);
    }
    if (r == 0) {
        r = judge_result(result, &terms, &run->events, reterr);
    }
    if (r == 0 && !scenario->search.wanted) { /* A search's trials are not of one load. */
        r = noise_find(result, &terms, reterr);
    }
    return r < 0 ? r : insight_find(result, reterr);
}

static int journal_close(struct run *run, const struct result *result, struct errinfo *reterr)
{
    struct close_parts parts;
    struct journal_entry entry = {.kind = ENTRY_CLOSE};
    int r = 0;

    close_parts_init(&parts, result);
    while (r == 0 && close_parts_next(&parts, &entry.as.close)) {
        r = run_journal(run, &entry, reterr);
    }
    return r;
}

/* A case of which no trial was begun was not measured, whatever was planned. */
static void leave_out_cases(struct run *run)
{
    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        struct entry_case *entry = &run->cases[i];

        if (entry->status != CASE_MEASURED || run->cases_begun[i]) {
            continue;
        }
        entry->status = CASE_SKIPPED;
        if (run->target_lost[run->plan->cases[i].target]) {
            (void)snprintf(entry->reason, sizeof entry->reason,
                           "not begun: the broker of its target went away before");
        } else if (run->events.failed) {
            (void)snprintf(entry->reason, sizeof entry->reason, "not begun: %.230s",
                           run->events.failed_text);
        } else {
            (void)snprintf(entry->reason, sizeof entry->reason,
                           "not begun: the run was interrupted before");
        }
    }
}

/* The page, the summary and result.json say the verdict: none of them may stay with one that the
 * exit code contradicts. So all go, which also makes room, and are written with the failure. The
 * journal is whole: a report made with room will say what the run came to. */
static int write_reports(const struct run *run, struct result *result, struct errinfo *reterr)
{
    int r = export_write_all(result, run->folder, reterr);

    if (r < 0) {
        (void)judge_failure(result, run_failure_code(r), reterr->text, NULL);
        export_remove_all(run->folder);
        (void)export_write_all(result, run->folder, NULL);
    }
    return r;
}

static void tell_one_refused(struct run *run, const char *text)
{
    run_notice(run, "refused: %s", text);
    (void)run_journal_mark(run, MARK_REFUSED, 0, text, NULL);
}

/* Tells what was refused at the door: it may explain why an agent is missing, and it is not in the
 * figures. Late copies are nobody's concern. */
static void tell_refused(struct run *run)
{
    struct fleet_door door = fleet_door(run->session->fleet);
    char text[REASON_BYTES];

    for (int i = 0; i < FLEET_DROP_COUNT; i++) {
        uint64_t count = fleet_dropped(run->session->fleet, (enum fleet_drop)i);

        if (count == 0 || i == FLEET_DROP_LATE) {
            continue;
        }
        (void)snprintf(text, sizeof text, "%llu %s %s", (unsigned long long)count,
                       count == 1 ? "request" : "requests", fleet_drop_words((enum fleet_drop)i));
        tell_one_refused(run, text);
    }
    if (door.unknown > 0) {
        (void)snprintf(text, sizeof text, "%llu %s no agent said hello in %lld s",
                       (unsigned long long)door.unknown,
                       door.unknown == 1 ? "connection through which" : "connections through which",
                       (long long)(UNKNOWN_NS / NS_PER_S));
        tell_one_refused(run, text);
    }
    if (door.broken > 0) {
        (void)snprintf(text, sizeof text, "at least %llu %s that ended in the handshake of TLS",
                       (unsigned long long)door.broken,
                       door.broken == 1 ? "connection" : "connections");
        tell_one_refused(run, text);
    }
    if (door.files_taken > 0) {
        (void)snprintf(text, sizeof text,
                       "connections beyond the %llu open files that the coordinator may have",
                       (unsigned long long)door.files_taken);
        tell_one_refused(run, text);
    }
    if (door.surplus > 0) {
        (void)snprintf(text, sizeof text, "%llu %s beyond %u at once",
                       (unsigned long long)door.surplus,
                       door.surplus == 1 ? "connection" : "connections", door.connections_max);
        tell_one_refused(run, text);
    }
}

/* Until all of the journal is on the disk. Agents are answered meanwhile, or they would give the
 * coordinator up. */
static int wait_for_disk(struct run *run, struct errinfo *reterr)
{
    int64_t began_ns = mono_ns();
    int64_t deadline_ns = began_ns + DISK_END_NS;
    bool told = false;
    int r;

    while ((r = sinks_flush(&run->sinks, mono_ns() + TURN_MS * NS_PER_MS, reterr)) == -EAGAIN) {
        int64_t now_ns = mono_ns();
        int64_t most_ns = now_ns + DISK_CALLED_NS;

        if (run_interrupted(run) && deadline_ns > most_ns) {
            deadline_ns = most_ns;
        }
        if (now_ns >= deadline_ns) {
            run->disk_given_up = true;
            return errinfo_set(reterr, -ENOBUFS, "the disk did not take it within %lld s",
                               (long long)((now_ns - began_ns) / NS_PER_S));
        }
        if (!told && now_ns - began_ns >= STANDSTILL_NS) {
            told = true;
            run_notice(run, "%s: waiting for the disk, at most %lld s more", run->folder,
                       (long long)((deadline_ns - now_ns) / NS_PER_S));
        }
        if (run->session_open) {
            session_turn(run->session, 0);
        }
        run_show(run, now_ns);
    }
    return r;
}

/* Nobody is needed for the reports. With the port goes what strangers hold, who could have all open
 * files but those that were kept. */
static void leave_agents(struct run *run)
{
    if (run->session_open) {
        session_close(run->session);
        run->session_open = false;
    }
    host_open_files_raise(0);
}

int run_close(struct run *run, struct result **ret, struct errinfo *reterr)
{
    struct result *result = NULL;
    struct errinfo error = {""};
    int written;
    int r;

    if (run->session_open) {
        tell_refused(run);
        (void)run_journal_agents(run, NULL); /* With losses and clocks as they ended. */
    }
    if (run->plan != NULL && run->cases != NULL && run->cases_begun != NULL) {
        leave_out_cases(run);
        (void)run_journal_cases(run, NULL);
    }
    r = fold_result(run->fold, &result, reterr);
    if (r == 0) {
        r = judge(run, result, reterr);
    }
    if (r < 0) {
        result_free(result);
        return r;
    }
    result->ended_unix_ns = wall_unix_ns();
    result->cut_off = false;
    r = journal_close(run, result, &error);
    if (r == 0) {
        r = wait_for_disk(run, &error);
    }
    if (r < 0) {
        char text[ERRINFO_BYTES];

        /* A full disk can't be written down on it; the reports may lie on another, or be short. */
        (void)snprintf(text, sizeof text, "the journal could not be closed: %.400s", error.text);
        (void)judge_failure(result, run_failure_code(r), text, NULL);
        (void)errinfo_set(reterr, r, "%s", text);
    }
    leave_agents(run);
    /* They lie in the same folder: who gave its disk up must not begin to wait for it again. */
    written = run->disk_given_up ? 0 : write_reports(run, result, &error);
    if (r == 0 && written < 0) {
        r = errinfo_set(reterr, written, "%s", error.text);
    }
    *ret = result;
    return r;
}
