/*
 * The generator's own ceiling: what a case asks, as fast as possible, before its first trial.
 *
 * It is a run of its own within the run: the same session and agents, the stages of a trial, topics
 * of its own that are removed again, and a fold that nobody else sees. So its messages and
 * latencies are in no figure of the run, and only what it came to stands in the journal.
 */
#include "run_inner.h"

#include "ceiling.h"
#include "plan_calibration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The inner run, with what it borrows. */
struct calibration {
    struct run_config config;
    struct scenario scenario;
    struct run run;
};

static void calibration_free(struct calibration *made)
{
    if (made == NULL) {
        return;
    }
    plan_calibration_done(&made->scenario);
    fold_free(made->run.fold);
    plan_free(made->run.plan);
    free(made->run.cases);
    free(made->run.broker_versions);
    watch_done(&made->run.watch);
    free(made);
}

static int make_lists(struct run *run, const struct target *target, struct errinfo *reterr)
{
    run->cases = calloc(1, sizeof *run->cases);
    run->broker_versions = calloc(1, sizeof *run->broker_versions);
    if (run->cases == NULL || run->broker_versions == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(run->cases[0].name, run->plan->cases[0].name, sizeof run->cases[0].name);
    run_name_backend(target, &run->cases[0]);
    return 0;
}

/* 0, and the caller owns *ret; -EINVAL (the workload does not fit the target), -ENOMEM. */
static int calibration_new(struct run *run, const struct plan_case *of, struct calibration **ret,
                           struct errinfo *reterr)
{
    const struct scenario *scenario = run->config->scenario;
    struct calibration *made = calloc(1, sizeof *made);
    int r;

    if (made == NULL) {
        return errinfo_nomem(reterr);
    }
    made->config = *run->config;
    made->run.config = &made->config;
    made->run.whole = run;
    memcpy(made->run.run_id, run->run_id, sizeof made->run.run_id);
    memcpy(made->run.part_id, run->part_id, sizeof made->run.part_id);
    made->run.session = run->session;
    made->run.session_open = true;
    made->run.progress = run->progress;
    made->run.progress.trials_count = 1;
    made->run.progress.ceiling[0] = '\0';
    made->run.progress.search[0] = '\0';
    r = plan_calibration_init(scenario, of, run->plan_request.agents_count, &made->scenario,
                              reterr);
    if (r == 0) {
        made->config.scenario = &made->scenario;
        made->run.plan_request = run->plan_request;
        made->run.plan_request.scenario = &made->scenario;
        r = plan_make(&made->run.plan_request, &made->run.plan, reterr);
    }
    r = r < 0 ? r : make_lists(&made->run, made->scenario.targets, reterr);
    r = r < 0 ? r : fold_new(&made->run.fold, reterr);
    if (r < 0) {
        calibration_free(made);
        return r;
    }
    run_add_sinks(&made->run);
    *ret = made;
    return 0;
}

static int drive(struct run *inner, uint32_t number, struct errinfo *reterr)
{
    struct plan_trial trial = {.number = number};
    int r;

    if (inner->plan->cases[0].status != CASE_MEASURED) {
        return errinfo_set(reterr, -EINVAL, "%s", inner->plan->cases[0].reason);
    }
    r = run_journal_begin(inner, reterr);
    r = r < 0 ? r : run_journal_agents(inner, reterr);
    r = r < 0 ? r : run_journal_lost(inner, reterr);
    r = r < 0 ? r : run_journal_cases(inner, reterr);
    r = r < 0 ? r : run_fill_trial(inner, NULL, &trial, reterr);
    r = r < 0 ? r : run_trial(inner, &trial, reterr);
    plan_trial_clear(&trial);
    return r;
}

static int take_outcome(const struct calibration *made, struct result_calibration *ret,
                        struct errinfo *reterr)
{
    struct result_trial trial;
    int r = fold_last_trial(made->run.fold, &trial, reterr);

    if (r < 0) {
        return r;
    }
    ceiling_find(&trial, &made->scenario.setups[0], CALIBRATION_PHASE, ret);
    if (made->run.broker_given_up) {
        ret->ceiling_per_s = 0.0;
        (void)snprintf(ret->reason, sizeof ret->reason, "the broker went away meanwhile");
    } else if (ret->ceiling_per_s <= 0.0) {
        (void)snprintf(ret->reason, sizeof ret->reason, "nothing got through");
    }
    result_trial_done(&trial);
    return 0;
}

/* An agent that was lost, the user, and a lack of memory end the run; all else only leaves it
 * without a ceiling. */
static int calibrate(struct run *run, uint32_t case_index, struct result_calibration *ret,
                     struct errinfo *reterr)
{
    struct calibration *made = NULL;
    uint32_t lost_before = fleet_lost_count(run->session->fleet);
    int r = calibration_new(run, &run->plan->cases[case_index], &made, reterr);

    if (r == 0) {
        r = drive(&made->run, CALIBRATION_TRIAL_FIRST + case_index, reterr);
        if (made->run.events.interrupted || r == -EINTR) {
            run_take_interrupt(&made->run);
            r = 0;
        } else if (fleet_lost_count(run->session->fleet) > lost_before && run_goes_on(run)) {
            (void)snprintf(ret->reason, sizeof ret->reason, "an agent was lost meanwhile");
            r = 0;
        } else if (fleet_lost_count(run->session->fleet) > lost_before) {
            run->events.failed = true;
            memcpy(run->events.failed_code, made->run.events.failed_code,
                   sizeof run->events.failed_code);
            memcpy(run->events.failed_text, made->run.events.failed_text,
                   sizeof run->events.failed_text);
            r = r < 0 ? r : -ECONNRESET;
        } else if (r == 0) {
            r = take_outcome(made, ret, reterr);
        }
    }
    calibration_free(made);
    if (r < 0 && r != -ENOMEM && !run->events.failed) {
        (void)snprintf(ret->reason, sizeof ret->reason, "%.250s", reterr->text);
        return 0;
    }
    return r;
}

/* The trials of a search ask more and more: what it has left is said at its end. Not called
 * headroom: that is the result's, where the busiest load thread counts, too. */
static void show(struct run *run, const struct plan_case *of, const struct result_calibration *made)
{
    const struct scenario *scenario = run->config->scenario;
    double asked = plan_calibration_asked(&scenario->setups[of->setup]);
    char factor[HEADROOM_TEXT_BYTES];

    run->progress.ceiling[0] = '\0';
    if (!scenario->search.wanted && asked > 0.0 && made->ceiling_per_s > 0.0) {
        (void)snprintf(run->progress.ceiling, sizeof run->progress.ceiling, "%s the load",
                       result_format_headroom(made->ceiling_per_s / asked, factor));
    }
}

static void tell(struct run *run, const struct plan_case *of, const struct result_calibration *made)
{
    const char *beside_load = run->progress.ceiling;
    char ceiling[UNITS_TEXT_BYTES];

    show(run, of, made);
    if (made->ceiling_per_s <= 0.0) {
        run_notice(run, "the generator's ceiling could not be measured: %s", made->reason);
        return;
    }
    units_format_rate(made->ceiling_per_s, ceiling);
    run_notice(run, "calibrated: the generator alone would reach %s %s%s%s", ceiling,
               plan_calibration_burst(run->config->scenario, of) > 0 ? "on this broker"
                                                                     : "into memory",
               beside_load[0] != '\0' ? ", " : "", beside_load);
}

static int keep(struct run *run, uint32_t case_index, const struct result_calibration *made,
                struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_CALIBRATION};

    entry.as.calibration = (struct entry_calibration){.case_index = case_index, .made = *made};
    return run_journal(run, &entry, reterr);
}

int run_calibrate(struct run *run, const struct plan_trial *trial, struct errinfo *reterr)
{
    const struct plan_case *of = &run->plan->cases[trial->case_index];
    struct result_calibration *made = &run->calibrations[trial->case_index];
    int r;

    if (!plan_calibrates(run->config->scenario, of)) {
        run->progress.ceiling[0] = '\0';
        return 0;
    }
    if (made->ceiling_per_s > 0.0 || made->reason[0] != '\0') {
        show(run, of, made);
        return 0;
    }
    r = calibrate(run, trial->case_index, made, reterr);
    if (r < 0 || run->events.interrupted) {
        return r;
    }
    tell(run, of, made);
    return keep(run, trial->case_index, made, reterr);
}
