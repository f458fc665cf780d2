#include "made_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STARTED_UNIX_NS INT64_C(1770300202000000000)

struct telling {
    const struct made_journal *journal;
    void (*take)(void *context, const struct journal_entry *entry);
    void *context;
    int64_t now_ns;
};

static void tell(struct telling *telling, struct journal_entry *entry)
{
    telling->now_ns += 1000000;
    entry->at_unix_ns = STARTED_UNIX_NS + telling->now_ns;
    telling->take(telling->context, entry);
}

static void tell_run(struct telling *telling)
{
    static char name[] = "made-up";
    static char scenario[] = "millrace: 1\n";
    struct result_version version = {"millrace", "0.1.0"};
    struct journal_entry entry = {.kind = ENTRY_RUN};

    entry.as.run = (struct entry_run){.run_id = "20260205-140322-3f9a",
                                      .name = name,
                                      .description = name,
                                      .command = name,
                                      .scenario = scenario,
                                      .seed = 7,
                                      .started_unix_ns = STARTED_UNIX_NS,
                                      .versions = &version,
                                      .versions_count = 1};
    tell(telling, &entry);
}

static void tell_agents(struct telling *telling, bool at_end)
{
    const struct made_trial *made = telling->journal->trials[0];
    struct result_agent agents[AGENTS_MAX];
    struct journal_entry entry = {.kind = ENTRY_AGENTS};

    memset(agents, 0, sizeof agents);
    entry.as.agents.agents = agents;
    entry.as.agents.agents_count = made->entry.agents_count;
    for (uint32_t i = 0; i < made->entry.agents_count; i++) {
        (void)snprintf(agents[i].name, sizeof agents[i].name, "agent-%u", i + 1);
        agents[i].cpus = 4;
        agents[i].lost = at_end && made->options.agent_lost == i;
    }
    tell(telling, &entry);
}

static void tell_cases(struct telling *telling)
{
    struct entry_case of = {.name = "memory", .backend = "memory", .target = "memory"};
    struct journal_entry entry = {.kind = ENTRY_CASES};

    entry.as.cases.cases = &of;
    entry.as.cases.cases_count = 1;
    tell(telling, &entry);
}

static void tell_segment(struct telling *telling, const struct made_trial *made, uint32_t trial,
                         int64_t end_ns)
{
    struct journal_entry entry = {.kind = ENTRY_SEGMENT};

    entry.as.segment = (struct entry_segment){
        .trial = trial, .phase_last = made->entry.phases_count - 1, .end_ns = end_ns};
    tell(telling, &entry);
}

static void tell_snapshots(struct telling *telling, struct made_trial *made, uint32_t trial,
                           uint32_t left_out)
{
    uint32_t count = 0;
    struct snapshot **snapshots = made_shuffle(made, &count);

    for (uint32_t i = 0; i + left_out < count; i++) {
        struct journal_entry entry = {.kind = ENTRY_SNAPSHOT};

        snapshots[i]->trial = trial;
        entry.as.snapshot = snapshots[i];
        tell(telling, &entry);
        if (telling->journal->twice) {
            tell(telling, &entry);
            entry.as.snapshot = snapshots[i / 2]; /* An old one, late. */
            tell(telling, &entry);
        }
    }
    free(snapshots);
}

static void tell_trial_end(struct telling *telling, const struct made_trial *made, uint32_t trial)
{
    struct journal_entry entry = {.kind = ENTRY_TRIAL_END};

    entry.as.trial_end.trial = trial;
    entry.as.trial_end.ended = true;
    entry.as.trial_end.ended_ns = MADE_INTERVALS * INTERVAL_NS;
    entry.as.trial_end.status = CASE_MEASURED;
    if (made->options.agent_lost < made->entry.agents_count) {
        entry.as.trial_end.agents[0] =
            (struct agent_end){.agent = made->options.agent_lost, .lost = true};
        entry.as.trial_end.agents_count = 1;
    }
    tell(telling, &entry);
}

static void tell_plan(struct telling *telling)
{
    struct journal_entry entry = {.kind = ENTRY_PLAN};

    entry.as.plan.trials_count = telling->journal->trials_count;
    tell(telling, &entry);
}

static void tell_outcome(struct telling *telling, uint32_t trial)
{
    struct window_count windows = {.trial = trial, .phase = "steady", .windows = 2, .held = 1};
    struct journal_entry entry = {.kind = ENTRY_OUTCOME};

    entry.as.outcome = (struct entry_outcome){.trial = trial,
                                              .windows = &windows,
                                              .windows_count = 1,
                                              .aborted = "as made",
                                              .broker_lost = "as made"};
    tell(telling, &entry);
}

static void tell_resumed(struct telling *telling, uint32_t trials_done)
{
    struct journal_entry entry = {.kind = ENTRY_RESUMED};

    entry.as.resumed = (struct result_resume){.cause = RESUME_KILLED,
                                              .trial = trials_done,
                                              .trials_done = trials_done,
                                              .began_trial = true,
                                              .left_unix_ns = STARTED_UNIX_NS + telling->now_ns,
                                              .part_id = "as-made-r1"};
    telling->now_ns += 60 * INTERVAL_NS;
    entry.as.resumed.resumed_unix_ns = STARTED_UNIX_NS + telling->now_ns;
    tell(telling, &entry);
    tell_agents(telling, false);
    tell_cases(telling);
    tell_plan(telling);
}

static void tell_search(struct telling *telling, uint32_t trial)
{
    struct journal_entry entry = {.kind = ENTRY_SEARCH};

    entry.as.search = (struct entry_search){
        .answer = {.case_name = "memory", .lower_per_s = 100.0, .limit = "as made"},
        .has_step = true,
        .step = {.case_name = "memory", .trial = trial, .asked_per_s = 100.0}};
    tell(telling, &entry);
}

static void tell_calibration(struct telling *telling)
{
    struct journal_entry entry = {.kind = ENTRY_CALIBRATION};

    entry.as.calibration.made =
        (struct result_calibration){.ceiling_per_s = 1e6, .duration_ns = 3 * INTERVAL_NS};
    tell(telling, &entry);
}

static void tell_marks(struct telling *telling, uint32_t trial)
{
    for (int kind = 0; kind < MARK_COUNT; kind++) {
        struct journal_entry entry = {.kind = ENTRY_MARK};

        entry.as.mark = (struct result_mark){.kind = (enum mark_kind)kind,
                                             .trial = trial,
                                             .at_ns = kind * INTERVAL_NS,
                                             .agent = UINT32_MAX,
                                             .text = "as made"};
        if (kind == MARK_CLOCK) {
            entry.as.mark.at_ns = MADE_INTERVALS * INTERVAL_NS;
            entry.as.mark.from_ns = entry.as.mark.at_ns - INTERVAL_NS / 2;
            entry.as.mark.clock_bound_ns = MADE_CLOCK_BOUND_NS;
        }
        tell(telling, &entry);
    }
}

static void tell_close(struct telling *telling)
{
    struct result_check check = {.check = "send_lag", .case_name = "memory", .text = "as made"};
    struct result_comparison comparison = {
        .case_name = "memory", .baseline = "memory", .metric = "e2e.p99", .ratio = 1.5, .pairs = 2};
    struct result_search search = {.case_name = "memory", .limit = "as made"};
    struct result_search_step step = {.case_name = "memory", .outcome = STEP_BAD};
    struct result_insight insight = {
        .rule = "size_knee", .text = "as made", .figures = {{"x", 1.0, "/s"}}, .figures_count = 1};
    struct result_noise noise = {.objective = "lost == 0", .trials = 2, .spread = 0.1};
    const struct findings findings = {&check, 1, &comparison, 1, &search, 1,
                                      &step,  1, &insight,    1, &noise,  1};
    struct result_reason reason = {.code = "lost", .case_name = "memory", .text = "as made"};
    struct result_objective objective = {
        .text = "lost == 0", .case_name = "memory", .met = MET_NO, .observed = 3, .samples = 10};
    struct journal_entry entry = {.kind = ENTRY_CLOSE};

    entry.as.close = (struct entry_close){.verdict = VERDICT_FAIL,
                                          .ended_unix_ns = STARTED_UNIX_NS + telling->now_ns,
                                          .reasons = &reason,
                                          .reasons_count = 1,
                                          .objectives = &objective,
                                          .objectives_count = 1};
    if (telling->journal->judged) {
        entry.as.close.findings = findings;
    }
    tell(telling, &entry);
}

void made_journal_each(const struct made_journal *journal,
                       void (*take)(void *context, const struct journal_entry *entry),
                       void *context)
{
    struct telling telling = {.journal = journal, .take = take, .context = context};

    tell_run(&telling);
    tell_agents(&telling, false);
    tell_cases(&telling);
    if (journal->calibrated) {
        tell_calibration(&telling);
    }
    for (uint32_t trial = 0; trial < journal->trials_count; trial++) {
        struct made_trial *made = journal->trials[trial];
        bool cut_off = journal->cut_off && trial + 1 == journal->trials_count;
        struct journal_entry entry = {.kind = ENTRY_TRIAL};

        entry.as.trial = made->entry;
        entry.as.trial.number = trial;
        entry.as.trial.repetition = trial;
        (void)snprintf(entry.as.trial.broker_version, sizeof entry.as.trial.broker_version,
                       "made-up 1.0");
        tell(&telling, &entry);
        tell_segment(&telling, made, trial, -1);
        tell_snapshots(&telling, made, trial, cut_off ? journal->cut_last : 0);
        if (cut_off) {
            return;
        }
        tell_segment(&telling, made, trial, MADE_INTERVALS * INTERVAL_NS);
        if (journal->judged) {
            tell_marks(&telling, trial);
        }
        if (journal->resumed) {
            tell_outcome(&telling, trial);
        }
        tell_trial_end(&telling, made, trial);
        if (journal->resumed && trial + 1 < journal->trials_count) {
            tell_resumed(&telling, trial + 1);
        }
        if (journal->searched) {
            tell_search(&telling, trial);
        }
    }
    tell_agents(&telling, true);
    tell_close(&telling);
}
