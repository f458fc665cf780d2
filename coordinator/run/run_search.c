/* The trials of a search: which rate comes next is its decision, here they are made. */
#include "run_parts.h"

#include "search_step.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list of findings, one longer. NULL if memory ran out. */
static void *one_more(void *list, uint32_t count, size_t element_bytes)
{
    char *grown = realloc(list, ((size_t)count + 1) * element_bytes);

    if (grown != NULL) {
        memset(grown + count * element_bytes, 0, element_bytes);
    }
    return grown;
}

static int add_step(struct run *run, const struct result_search_step *step, struct errinfo *reterr)
{
    struct findings *found = &run->found;
    struct result_search_step *grown =
        one_more(found->search_steps, found->search_steps_count, sizeof *grown);

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    found->search_steps = grown;
    grown[found->search_steps_count++] = *step;
    return 0;
}

static int add_answer(struct run *run, const struct search *search, const char *case_name,
                      struct errinfo *reterr)
{
    struct findings *found = &run->found;
    struct result_search *grown = one_more(found->searches, found->searches_count, sizeof *grown);

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    found->searches = grown;
    search_answer(search, &grown[found->searches_count]);
    (void)snprintf(grown[found->searches_count++].case_name, NAME_BYTES, "%s", case_name);
    return 0;
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
                                 .confirms = trial->confirms};
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
    r = plan_trial_fill(&run->plan_request, run->plan, &setup, &step, reterr);
    free(setup.phases);
    r = r < 0 ? r : run_trial(run, &step, reterr);
    plan_trial_clear(&step);
    return r < 0 ? r : judge_step(run, of, trial, ret, reterr);
}

static void tell(const struct run *run, const struct result_search_step *step)
{
    char rate[UNITS_TEXT_BYTES];

    run_notice(run, "%s: %s %s%s%s%s", step->case_name, units_format_rate(step->asked_per_s, rate),
               step->outcome == STEP_GOOD  ? "held"
               : step->outcome == STEP_BAD ? "did not hold"
                                           : "is void",
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
    int r = 0;

    search_init(&search, &config);
    while (r == 0 && !run->events.interrupted && !run_interrupted(run) &&
           !run->target_lost[run->plan->cases[first->case_index].target] &&
           search_next(&search, &trial)) {
        struct result_search_step step;

        show(run, &search, &trial);
        r = make_step(run, first, &trial, search.trials, &step, reterr);
        if (r == 0 && !run->events.interrupted) {
            tell(run, &step);
            search_tell(&search, step.outcome, step.reason);
            r = add_step(run, &step, reterr);
        }
    }
    run->progress.search[0] = '\0';
    if (add_answer(run, &search, case_name, reterr) < 0) {
        return r < 0 ? r : errinfo_nomem(reterr);
    }
    return r;
}
