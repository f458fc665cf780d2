/* The trials of a search: which rate comes next is its decision, here they are made. */
#include "run_inner.h"

#include "search_step.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was found out so far goes to the journal at once: it outlives the coordinator. */
static int keep(struct run *run, const struct search *search, const char *case_name,
                const struct result_search_step *step, struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_SEARCH};
    struct entry_search *to = &entry.as.search;

    search_answer(search, &to->answer);
    (void)snprintf(to->answer.case_name, sizeof to->answer.case_name, "%s", case_name);
    to->has_step = step != NULL;
    if (step != NULL) {
        to->step = *step;
    }
    return run_journal(run, &entry, reterr);
}

/* "searching at 12.3k/s (10.0k/s held, 20.0k/s did not)" */
static void show(struct run *run, const struct search *search, const struct search_trial *trial)
{
    char rate[UNITS_TEXT_BYTES];
    char lower[UNITS_TEXT_BYTES];
    char upper[UNITS_TEXT_BYTES];
    char *note = run->progress.search;
    size_t note_bytes = sizeof run->progress.search;

    (void)units_format_rate(trial->rate_per_s, rate);
    (void)units_format_rate(search->lower_per_s, lower);
    (void)units_format_rate(search->upper_per_s, upper);
    (void)snprintf(note, note_bytes, "%s %s", trial->confirms ? "confirming" : "searching at",
                   rate);
    if (search->lower_per_s > 0.0 && search->upper_per_s > 0.0) {
        (void)snprintf(note + strlen(note), note_bytes - strlen(note), " (%s held, %s did not)",
                       lower, upper);
    } else if (search->lower_per_s > 0.0) {
        (void)snprintf(note + strlen(note), note_bytes - strlen(note), " (%s held)", lower);
    } else if (search->upper_per_s > 0.0) {
        (void)snprintf(note + strlen(note), note_bytes - strlen(note), " (%s did not hold)", upper);
    }
}

static int judge_step(struct run *run, const struct plan_case *of, const struct search_trial *trial,
                      struct result_search_step *ret, struct errinfo *reterr)
{
    const struct scenario *scenario = run->config->scenario;
    struct search_terms terms = {.objectives = scenario->objectives,
                                 .objectives_count = scenario->objectives_count,
                                 .target = scenario->targets[of->target].label,
                                 .case_name = of->name,
                                 .asked_per_s = trial->rate_per_s,
                                 .confirms = trial->confirms,
                                 .selfcheck_warns = scenario->selfcheck_warns,
                                 .calibration = run->calibrations[of - run->plan->cases]};
    struct result_agent *agents = NULL;
    struct result_trial made;
    int r = run_agents_now(run, &agents, &terms.agents_count, reterr);

    terms.agents = agents;
    r = r < 0 ? r : fold_last_trial(run->fold, &made, reterr);
    if (r == 0) {
        r = search_step(&made, &terms, ret, reterr);
        result_trial_done(&made);
    }
    free(agents);
    return r;
}

/* A trial with topics and a number of its own. */
static int make_step(struct run *run, const struct plan_trial *first,
                     const struct search_trial *trial, uint32_t repetition,
                     struct result_search_step *ret, struct errinfo *reterr)
{
    const struct scenario *scenario = run->config->scenario;
    const struct plan_case *of = &run->plan->cases[first->case_index];
    struct plan_trial step = {
        .number = run->search_trials, .case_index = first->case_index, .repetition = repetition};
    struct scenario_setup setup;
    int r = scenario_search_setup(scenario, &scenario->setups[of->setup], trial->rate_per_s,
                                  trial->confirms, &setup, reterr);

    if (r < 0) {
        return r;
    }
    run->search_trials++;
    do {
        r = run_fill_trial(run, &setup, &step, reterr);
        r = r < 0 ? r : run_trial(run, &step, reterr);
        plan_trial_clear(&step);
    } while (r == -EAGAIN);
    free(setup.phases);
    return r < 0 ? r : judge_step(run, of, trial, ret, reterr);
}

static void tell(const struct run *run, const struct result_search_step *step)
{
    char rate[UNITS_TEXT_BYTES];

    run_notice(run, "%s: %s: %s%s%s%s", step->case_name, units_format_rate(step->asked_per_s, rate),
               step->outcome == STEP_GOOD  ? "held"
               : step->outcome == STEP_BAD ? "did not hold"
                                           : "invalid trial, repeated",
               step->confirms ? " (to confirm it)" : "", step->reason[0] != '\0' ? ": " : "",
               step->reason);
}

int run_search(struct run *run, const struct plan_trial *first, struct errinfo *reterr)
{
    const struct scenario_search *wanted = &run->config->scenario->search;
    const char *case_name = run->plan->cases[first->case_index].name;
    const struct search_config config = {wanted->from_per_s, wanted->to_per_s, wanted->width};
    struct search search;
    struct search_trial trial;
    int r;

    search_init(&search, &config);
    r = run_resume_search(run, case_name, &search, reterr);
    r = r < 0 ? r : keep(run, &search, case_name, NULL, reterr);
    while (r == 0 && !run->events.interrupted && !run_interrupted(run) &&
           !run->target_lost[run->plan->cases[first->case_index].target] &&
           search_next(&search, &trial)) {
        struct result_search_step step;

        show(run, &search, &trial);
        r = make_step(run, first, &trial, search.trials, &step, reterr);
        if (r == 0 && !run->events.interrupted) {
            tell(run, &step);
            search_tell(&search, step.outcome, step.reason);
            r = keep(run, &search, case_name, &step, reterr);
        }
    }
    run->progress.search[0] = '\0';
    return r;
}
