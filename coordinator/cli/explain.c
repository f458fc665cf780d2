#include "cli.h"
#include "cli_options.h"
#include "explain_case.h"
#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const enum cli_option options_taken[] = {CLI_WITH,   CLI_SET,  CLI_TARGET,
                                                CLI_AGENTS, CLI_SEED, CLI_OPTION_COUNT};

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
        "  millrace explain scenarios/quickstart.yaml --agents 4 --target kafka=10.0.0.7:9092\n",
};

static void write_head(const struct scenario *scenario, const struct plan *plan, uint32_t agents)
{
    char duration[UNITS_TEXT_BYTES];
    int64_t sum_ns = 0;

    for (uint32_t i = 0; i < plan->trials_count; i++) {
        sum_ns += plan_trial_ns(&plan->trials[i]);
    }
    (void)printf("%s: %s\n", scenario->name, scenario->description);
    (void)printf("%s, sha256 %.16s\n\n", scenario->path, scenario->sha256);
    (void)printf("%" PRIu32 " case%s, %" PRIu32 " trial%s, %" PRIu32 " agent%s, at most %s of load "
                 "and draining\n",
                 plan->cases_count, plan->cases_count == 1 ? "" : "s", plan->trials_count,
                 plan->trials_count == 1 ? "" : "s", agents, agents == 1 ? "" : "s",
                 units_format_duration(sum_ns, duration));
    (void)printf("unavailable: %s, on_broker_loss: %s\n",
                 scenario->unavailable_skip ? "skip" : "fail",
                 units_format_duration(scenario->on_broker_loss_ns, duration));
}

static void write_cases(const struct scenario *scenario, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cases_count; i++) {
        const struct plan_case *one = &plan->cases[i];
        const struct target *target = &scenario->targets[one->target];

        (void)printf("\ncase %s: %s", one->name, target->backend);
        for (uint32_t a = 0; a < target->addresses_count; a++) {
            (void)printf("%s %s", a == 0 ? " at" : ",", target->addresses[a]);
        }
        if (one->status == CASE_NOT_AVAILABLE) {
            (void)printf("\n  not available: %s\n", one->reason);
            continue;
        }
        (void)printf("\n");
        for (uint32_t t = 0; t < plan->trials_count; t++) {
            if (plan->trials[t].case_index == i && plan->trials[t].repetition == 0) {
                explain_trial(&plan->trials[t]);
            }
        }
    }
}

/* Own agents share this host's cores; those that join would bring their own. */
static int make_plan(const struct scenario *scenario, const struct cli_options *options,
                     struct plan **ret)
{
    struct plan_agent *agents = calloc(options->agents, sizeof agents[0]);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct errinfo error = {"out of memory"};
    int r = -1;

    for (uint32_t i = 0; agents != NULL && i < options->agents; i++) {
        agents[i].cpus = cpus > options->agents ? (uint32_t)cpus / options->agents : 1;
    }
    if (agents != NULL) {
        r = plan_make(
            &(struct plan_request){scenario, agents, options->agents, "RUN", options->seed}, ret,
            &error);
    }
    free(agents);
    if (r < 0) {
        (void)fprintf(stderr, "millrace explain: %s\n", error.text);
        return EXIT_USAGE;
    }
    return 0;
}

int command_explain(int argc, char **argv)
{
    struct cli_options options;
    struct scenario *scenario = NULL;
    struct plan *plan = NULL;
    int code = 0;

    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    code = cli_load_scenario(&options, options.arguments.items[0], &scenario);
    if (code == 0) {
        code = make_plan(scenario, &options, &plan);
    }
    if (code == 0) {
        write_head(scenario, plan, options.agents);
        write_cases(scenario, plan);
    }
    plan_free(plan);
    scenario_free(scenario);
    cli_options_done(&options);
    return code;
}
