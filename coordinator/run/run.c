#include "run_inner.h"

#include "deadlines.h"
#include "file.h"
#include "fleet_libraries.h"
#include "log.h"
#include "mono.h"
#include "random.h"
#include "session_plan.h"
#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS_FOLDER "runs"

/* "20261123-201501-1a2b": sorts by time, and two runs of one second differ. */
static void name_run(char *run_id)
{
    time_t now = (time_t)(wall_unix_ns() / NS_PER_S);
    struct tm tm;
    size_t used;

    (void)gmtime_r(&now, &tm);
    used = strftime(run_id, NAME_BYTES, "%Y%m%d-%H%M%S", &tm);
    (void)snprintf(run_id + used, NAME_BYTES - used, "-%04x",
                   (unsigned)(random_entropy() & 0xffff));
}

static int make_folder(struct run *run, struct errinfo *reterr)
{
    const struct run_config *config = run->config;
    int r;

    if (config->out != NULL) {
        run->folder = strdup(config->out);
    } else if (asprintf(&run->folder, "%s/%s-%s", RUNS_FOLDER, run->run_id,
                        config->scenario->name) < 0) {
        run->folder = NULL;
    }
    run->agents_folder = run->folder == NULL ? NULL : file_join(run->folder, "agents");
    if (run->agents_folder == NULL) {
        return errinfo_nomem(reterr);
    }
    r = file_mkdirs(run->folder, reterr);
    if (r == 0) {
        /* The folder goes to the outcome. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        r = disk_new(run->folder, DISK_WAITING_BYTES_MAX, &run->disk, reterr);
    }
    if (r == 0) {
        r = file_mkdirs(run->agents_folder, reterr);
    }
    if (r == 0) {
        char *log = file_join(run->folder, "coordinator.log");

        r = log == NULL ? errinfo_nomem(reterr) : log_open(log, reterr);
        free(log);
    }
    if (r == 0) {
        disk_take_log(run->disk);
    }
    return r;
}

/* Before the folder: a trace that can't be is no reason to leave one behind; nor the other way. */
static int make_files(struct run *run, struct errinfo *reterr)
{
    const char *trace = run->config->trace;
    int r = trace == NULL ? 0 : trace_create(trace, run->run_id, reterr);

    if (r < 0) {
        return r;
    }
    r = make_folder(run, reterr);
    if (r < 0 && trace != NULL) {
        (void)unlink(trace);
    }
    return r;
}

static void tell_waiting(void *context, const struct session_waiting *waiting)
{
    struct run *run = context;

    run->progress.agents_joined = waiting->joined;
    run->progress.agents_wanted = waiting->wanted;
    if (waiting->missing == NULL) {
        run_stage(run, "waiting for agents", waiting->url);
    } else if (waiting->joined < waiting->wanted) {
        run_notice(run, "%s", waiting->missing); /* Says what the stage would, and who. */
    }
}

static void tell_refused(void *context, const char *why)
{
    run_notice(context, "refused: %s", why);
}

static void tell_launched(void *context, const char *line)
{
    run_notice(context, "%s", line);
}

/* What is special about a case. */
static void fill_setup(const struct scenario_setup *setup, struct entry_case *ret)
{
    memcpy(ret->variant, setup->variant, sizeof ret->variant);
    ret->parameters_count = setup->parameters_count;
    for (uint32_t i = 0; i < setup->parameters_count; i++) {
        memcpy(ret->parameters[i].key, setup->parameters[i].key, sizeof ret->parameters[i].key);
        memcpy(ret->parameters[i].value, setup->parameters[i].value,
               sizeof ret->parameters[i].value);
        ret->parameters[i].number = setup->parameters[i].number;
    }
}

static int make_plan(struct run *run, struct errinfo *reterr)
{
    const struct run_config *config = run->config;
    const struct scenario *scenario = config->scenario;
    int r;

    run->plan_request = (struct plan_request){.scenario = scenario,
                                              .agents = run->plan_agents,
                                              .agents_count = fleet_agents(run->session->fleet),
                                              .order = run->plan_order,
                                              .run_id = run->part_id,
                                              .seed = run->config->seed};
    session_plan_agents(run->session, run->config->hosts, run->plan_agents, run->plan_order);
    r = plan_make(&run->plan_request, &run->plan, reterr);
    if (r < 0) {
        return r;
    }
    run->cases = calloc((size_t)run->plan->cases_count + 1, sizeof *run->cases);
    run->calibrations = calloc((size_t)run->plan->cases_count + 1, sizeof *run->calibrations);
    run->broker_versions = calloc((size_t)run->plan->cases_count + 1, sizeof *run->broker_versions);
    run->cases_begun = calloc((size_t)run->plan->cases_count + 1, sizeof *run->cases_begun);
    if (run->cases == NULL || run->cases_begun == NULL || run->broker_versions == NULL ||
        run->calibrations == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < run->plan->cases_count; i++) {
        const struct plan_case *from = &run->plan->cases[i];
        const struct target *target = &scenario->targets[from->target];

        memcpy(run->cases[i].name, from->name, sizeof run->cases[i].name);
        run_name_backend(target, &run->cases[i]);
        (void)snprintf(run->cases[i].target, NAME_BYTES, "%s", target->label);
        (void)snprintf(run->cases[i].address, REASON_BYTES, "%s",
                       target->addresses_count > 0 ? target->addresses[0] : "");
        memcpy(run->cases[i].reason, from->reason, sizeof run->cases[i].reason);
        run->cases[i].status = from->status;
        fill_setup(&scenario->setups[from->setup], &run->cases[i]);
    }
    run->progress.trials_count = run->plan->trials_count;
    r = run_journal_cases(run, reterr);
    r = r < 0 ? r : run_journal_plan(run, reterr);
    return r < 0 || config->resume == NULL ? r : run_resume_plan(run, reterr);
}

/* Of the drivers that the scenario's targets have. */
static void warn_of_libraries(const struct run *run)
{
    const struct scenario *scenario = run->config->scenario;

    for (uint32_t i = 0; i < scenario->targets_count; i++) {
        const struct catalog_entry *entry = catalog_entry_of(&scenario->targets[i]);
        bool told = false;
        char text[REASON_BYTES];

        for (uint32_t before = 0; before < i; before++) {
            told = told || catalog_entry_of(&scenario->targets[before]) == entry;
        }
        if (!told && fleet_libraries_differ(run->session->fleet, entry->driver, text)) {
            run_notice(run,
                       "client libraries of %s differ: %s. What is measured may differ by the "
                       "agent",
                       entry->driver, text);
        }
    }
}

static int gather(struct run *run, struct session_config *session, struct errinfo *reterr)
{
    const struct run_config *config = run->config;
    int r;

    *session = (struct session_config){.launch = config->launch,
                                       .listen = config->listen,
                                       .agents_count = config->agents_count,
                                       .access = config->access,
                                       .join_ns = config->join_ns,
                                       .log_folder = run->agents_folder,
                                       .trace_path = config->trace,
                                       .run_id = run->part_id,
                                       .interrupts = config->interrupts,
                                       .on_waiting = tell_waiting,
                                       .on_refused = tell_refused,
                                       .on_told = tell_launched,
                                       .context = run};
    r = session_open(run->session, session, reterr);
    run->session_open = r == 0;
    if (r == 0) {
        warn_of_libraries(run);
    }
    return r == 0 ? run_journal_agents(run, reterr) : r;
}

/* By the process that left the run. A search knows its steps. */
static bool is_made(const struct run *run, const struct plan_trial *trial)
{
    const struct resume *resume = run->config->resume;

    return resume != NULL && !resume->searched && resume_has_trial(resume, trial->number);
}

static int run_trials(struct run *run, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < run->plan->trials_count; i++) {
        struct plan_trial *trial = &run->plan->trials[i];

        run->trial_next = trial->number;
        if (run->events.interrupted || run_interrupted(run)) {
            run_take_interrupt(run);
            break;
        }
        if (is_made(run, trial) || run->cases[trial->case_index].status != CASE_MEASURED ||
            run->target_lost[run->plan->cases[trial->case_index].target]) {
            continue;
        }
        r = run_calibrate(run, trial, reterr);
        if (r < 0 || run->events.interrupted) {
            break;
        }
        if (run->config->scenario->search.wanted) {
            r = run_search(run, trial, reterr);
        } else {
            do {
                r = run_fill_trial(run, NULL, trial, reterr);
                r = r < 0 ? r : run_trial(run, trial, reterr);
                plan_trial_clear(trial);
            } while (r == -EAGAIN);
        }
    }
    return r;
}

/* What ended the run, unless a trial has said it already. */
static void take_failure(struct run *run, int code, const struct errinfo *error)
{
    if (code == -EINTR) {
        run_take_interrupt(run);
        return;
    }
    if (code < 0 && !run->events.failed) {
        run->events.failed = true;
        (void)snprintf(run->events.failed_code, sizeof run->events.failed_code, "%s",
                       run_failure_code(code));
        (void)snprintf(run->events.failed_text, sizeof run->events.failed_text, "%s", error->text);
    }
}

/* True: the disk was given up, and its thread left behind. */
static bool run_done(struct run *run)
{
    bool disk_waits;

    if (run->session_open) {
        session_close(run->session);
    }
    disk_waits = sinks_close(&run->sinks, mono_ns() + (run->disk_given_up ? 0 : DISK_CALLED_NS),
                             NULL) == -EAGAIN;
    fold_free(run->fold);
    plan_free(run->plan);
    free(run->cases);
    free(run->cases_begun);
    free(run->rooms);
    free(run->broker_versions);
    free(run->calibrations);
    watch_done(&run->watch);
    free(run->agents_folder);
    log_close();
    return disk_waits;
}

static int begin(struct run *run, struct errinfo *reterr)
{
    int r;

    name_run(run->run_id);
    memcpy(run->part_id, run->run_id, sizeof run->part_id);
    r = make_files(run, reterr);
    run_add_sinks(run);
    return r < 0 ? r : run_journal_begin(run, reterr);
}

/* The config is the session's for as long as it is open. */
static int make(struct run *run, struct session_config *session, struct errinfo *reterr)
{
    int r = gather(run, session, reterr);

    r = r < 0 ? r : make_plan(run, reterr);
    r = r < 0 ? r : run_preflight(run, reterr);
    r = r < 0 ? r : run_detect(run, reterr);
    r = r < 0 || run->config->resume == NULL ? r : run_resume_clean(run, reterr);
    return r < 0 ? r : run_trials(run, reterr);
}

int run_scenario(const struct run_config *config, struct run_outcome *outcome,
                 struct errinfo *reterr)
{
    struct session session = {0};
    struct session_config session_config;
    struct run run = {.config = config, .session = &session};
    struct errinfo error = {""};
    struct errinfo closing = {""};
    int r;

    memset(outcome, 0, sizeof *outcome);
    r = fold_new(&run.fold, reterr);
    if (r == 0) {
        r = config->resume != NULL ? run_resume_begin(&run, reterr) : begin(&run, reterr);
    }
    if (r < 0) {
        (void)run_done(&run);
        free(run.folder);
        return r;
    }
    if (config->resume == NULL || resume_has_left(config->resume)) {
        r = make(&run, &session_config, &error);
    }
    take_failure(&run, r, &error);
    r = run_close(&run, &outcome->result, &closing);
    if (r < 0 && outcome->result == NULL) {
        (void)errinfo_set(reterr, r, "%s", closing.text);
    } else if (r < 0) {
        /* The figures are there, but not all of what was to be written. */
        run_notice(&run, "%s", closing.text);
        outcome->result->verdict = VERDICT_FAILED;
        r = 0;
    }
    outcome->folder = run.folder;
    outcome->disk_waits = run_done(&run);
    return r;
}

void run_outcome_done(struct run_outcome *outcome)
{
    result_free(outcome->result);
    free(outcome->folder);
    memset(outcome, 0, sizeof *outcome);
}
