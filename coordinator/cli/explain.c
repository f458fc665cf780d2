#include "cli.h"
#include "cli_options_inner.h"
#include "cli_plan_inner.h"
#include "explain_case_inner.h"
#include "explain_hosts_inner.h"
#include "explain_terms_inner.h"
#include "hosts_commands_inner.h"
#include "mono.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRIALS_LISTED 24

static const enum cli_option options_taken[] = {
    CLI_WITH, CLI_SET, CLI_TARGET, CLI_AGENTS, CLI_HOSTS, CLI_LAUNCH, CLI_SEED, CLI_OPTION_COUNT};

static const struct cli_usage usage = {
    .name = "explain",
    .arguments = "SCENARIO",
    .what =
        "Says what a run would do: cases, trials, flows, clients and rate per agent, who writes "
        "and\nreads which topic, messages, bytes, duration, memory, disk. Touches no broker.",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = options_taken,
    .examples =
        "  millrace explain scenarios/quickstart.yaml\n"
        "  millrace explain scenarios/quickstart.yaml --agents 4 --target kafka=10.0.0.7:9092\n"
        "  millrace explain scenarios/quickstart.yaml --hosts load1,load2\n",
};

/* What is planned, and what it was planned from. */
struct explained {
    struct scenario *scenario;
    struct host_list hosts; /* --hosts; none: all agents are on this one. */
    struct cli_plan planned;
};

/* "3 cases": with the s of several. */
static void write_count(uint32_t count, const char *noun)
{
    (void)printf("%" PRIu32 " %s%s", count, noun, count == 1 ? "" : "s");
}

static void write_head(const struct explained *explained)
{
    const struct scenario *scenario = explained->scenario;
    const struct plan *plan = explained->planned.plan;
    char duration[UNITS_TEXT_BYTES];

    (void)printf("%s: %s\n", scenario->name, scenario->description);
    (void)printf("%s, sha256 %.16s\n\n", scenario->path, scenario->sha256);
    write_count(plan->cases_count, "case");
    (void)printf(", ");
    if (!scenario->search.wanted) {
        write_count(plan->trials_count, "trial");
        (void)printf(", ");
    }
    write_count(explained->planned.request.agents_count, "agent");
    if (scenario->search.wanted) {
        (void)printf("\n");
        explain_search(scenario, plan);
    } else {
        (void)printf(", ");
        explain_time(scenario, plan);
    }
    explain_calibration(scenario, plan);
    (void)printf("unavailable: %s, on_broker_loss: %s\n",
                 scenario->unavailable_skip ? "skip" : "fail",
                 units_format_duration(scenario->on_broker_loss_ns, duration));
    explain_objectives(scenario);
    explain_hosts(&explained->hosts);
}

/* In which order the trials come, as far as a person reads it. */
static void write_order(const struct plan *plan)
{
    if (plan->trials_count <= 1) {
        return;
    }
    (void)printf("\norder of the trials:");
    for (uint32_t i = 0; i < plan->trials_count && i < TRIALS_LISTED; i++) {
        (void)printf("%s %s", i > 0 ? "," : "", plan->cases[plan->trials[i].case_index].name);
    }
    if (plan->trials_count > TRIALS_LISTED) {
        (void)printf(", ... and %" PRIu32 " more", plan->trials_count - TRIALS_LISTED);
    }
    (void)printf("\n");
}

/* Cases of a target differ in their setup only: topics and clients are listed for the first. */
static bool is_first_of_target(const struct plan *plan, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (plan->cases[i].target == plan->cases[index].target &&
            plan->cases[i].status == CASE_MEASURED) {
            return false;
        }
    }
    return true;
}

static int write_case(const struct explained *explained, uint32_t index, struct errinfo *reterr)
{
    const struct plan_case *one = &explained->planned.plan->cases[index];
    const struct target *target = &explained->scenario->targets[one->target];
    struct plan_trial trial = {.case_index = index};
    int r;

    (void)printf("\ncase %s: %s", one->name, catalog_entry_of(target)->driver);
    for (uint32_t a = 0; a < target->addresses_count; a++) {
        (void)printf("%s %s", a == 0 ? " at" : ",", target->addresses[a]);
    }
    if (one->status == CASE_NOT_AVAILABLE) {
        (void)printf("\n  not available: %s\n", one->reason);
        return 0;
    }
    if (explained->scenario->repeat > 1) {
        (void)printf(", ");
        write_count(explained->scenario->repeat, "trial");
    }
    (void)printf("\n");
    if (target->tls) {
        (void)printf("  tls: %s\n", catalog_entry_of(target)->capabilities[CAPABILITY_TLS].note);
    }
    for (uint32_t i = 0; i < explained->planned.plan->trials_count; i++) {
        if (explained->planned.plan->trials[i].case_index == index) {
            trial.number = explained->planned.plan->trials[i].number;
            break;
        }
    }
    r = plan_trial_fill(&explained->planned.request, explained->planned.plan, NULL, &trial, reterr);
    if (r == 0 && explained->scenario->search.wanted) {
        (void)printf("  (the first trial of the search; others have another rate)\n");
    }
    if (r == 0) {
        explain_trial(&trial, explained->planned.names,
                      is_first_of_target(explained->planned.plan, index));
    }
    plan_trial_clear(&trial);
    return r;
}

/* As `run` has it: --agents lowers how many of a fleet there are. */
static int lower_fleet(uint32_t agents, struct host_list *hosts, struct errinfo *reterr)
{
    struct host_entry *fleet = NULL;
    uint32_t fleets = 0;

    for (uint32_t i = 0; i < hosts->count; i++) {
        if (hosts->entries[i].fleet_count > 0) {
            fleet = &hosts->entries[i];
            fleets++;
        }
    }
    if (fleets != 1 || agents > fleet->fleet_count) {
        return errinfo_set(reterr, -EINVAL,
                           "--agents with --hosts is how many of a fleet (hosts add --any) there "
                           "are, %s",
                           fleets == 0   ? "and none is among them"
                           : fleets == 1 ? "and that is for fewer"
                                         : "and several are among them");
    }
    fleet->fleet_count = agents;
    return 0;
}

static int plan_it(struct explained *explained, const struct cli_options *options,
                   struct errinfo *reterr)
{
    struct hosts *hosts = NULL;
    int r;

    if (options->hosts == NULL) {
        return cli_plan_make(explained->scenario, options->agents, options->seed,
                             &explained->planned, reterr);
    }
    r = hosts_open(NULL, &hosts, reterr);
    r = r < 0
            ? r
            : hosts_select(hosts, options->hosts, hosts_command_now_s(), &explained->hosts, reterr);
    hosts_free(hosts);
    if (r == 0 && options->agents_given) {
        r = lower_fleet(options->agents, &explained->hosts, reterr);
    }
    return r < 0 ? r
                 : cli_plan_make_hosts(explained->scenario, &explained->hosts, options->seed,
                                       &explained->planned, reterr);
}

static int explain(struct explained *explained, const struct cli_options *options)
{
    struct errinfo error = {""};
    int r = plan_it(explained, options, &error);

    if (r == 0) {
        write_head(explained);
        for (uint32_t i = 0; r == 0 && i < explained->planned.plan->cases_count; i++) {
            r = write_case(explained, i, &error);
        }
        write_order(explained->planned.plan);
    }
    if (r < 0) {
        (void)fprintf(stderr, "millrace explain: %s\n", error.text);
        return EXIT_USAGE;
    }
    return 0;
}

int command_explain(int argc, char **argv)
{
    struct cli_options options;
    struct explained explained = {0};
    int code = 0;

    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    code = cli_load_scenario(&options, options.arguments.items[0], &explained.scenario);
    if (code == 0) {
        code = explain(&explained, &options);
    }
    cli_plan_done(&explained.planned);
    host_list_done(&explained.hosts);
    scenario_free(explained.scenario);
    cli_options_done(&options);
    return code;
}
