#include "cli.h"
#include "cli_options_inner.h"
#include "cli_plan_inner.h"
#include "cli_targets_inner.h"
#include "deadlines.h"
#include "doctor_host_inner.h"
#include "doctor_matrix_inner.h"
#include "plan_demand.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

#define CPUS_MILLI_LOW 2000
#define OPEN_FILES_LOW 4096
#define DETAIL_BYTES (REASON_BYTES + 128)
#define MEMORY_BYTES_LOW (UINT64_C(1) << 30)

static const enum cli_option options_taken[] = {
    CLI_WITH,   CLI_SET,      CLI_TARGET,     CLI_AGENTS,     CLI_LISTEN,       CLI_HOSTS,
    CLI_LAUNCH, CLI_AT,       CLI_TUNNEL,     CLI_SSH,        CLI_SLURM,        CLI_KUBECTL,
    CLI_IMAGE,  CLI_DRY_RUN,  CLI_AGENT_PATH, CLI_PUSH,       CLI_JOIN_TIMEOUT, CLI_INSECURE,
    CLI_TLS_CA, CLI_TLS_CERT, CLI_TLS_KEY,    CLI_TOKEN_FILE, CLI_OPTION_COUNT};

static const struct cli_usage usage = {
    .name = "doctor",
    .arguments = "[SCENARIO]",
    .what =
        "Asks every agent whether it reaches each target of the scenario (name, connection, "
        "login, protocol).\n"
        "Checks that the broker allows what a run does: make a topic, write, confirm, read and "
        "acknowledge one\n"
        "message, remove the topic. Checks that the broker takes the clients and messages of the "
        "scenario.\n"
        "Checks the host of each agent: open files, CPUs, clock source, memory. Several agents are "
        "shown as\n"
        "tables, with the share of each and whether it has room for it.\n"
        "Without a scenario only the hosts.\n"
        "\n"
        "Exit: 0 all well, 4 a target can't be reached from an agent, or takes less than a case "
        "asks for,\nor a host can't do its share.",
    .arguments_min = 0,
    .arguments_max = 1,
    .options = options_taken,
    .examples = "  millrace doctor\n"
                "  millrace doctor scenarios/quickstart.yaml --target kafka=127.0.0.1:9092\n"
                "  millrace doctor big.yaml --listen tcp://127.0.0.1:7700 --agents 4\n"
                "  millrace doctor big.yaml --hosts all\n"
                "  millrace doctor big.yaml --launch ssh:load1,load2\n",
};

/* What show() needs beyond the answers. */
struct doctor {
    const struct scenario *scenario; /* NULL: none is given. */
    uint32_t agents_of_run;
    bool is_here; /* Its agents all run on this host. */
};

static void line(const char *mark, const char *what, const char *detail)
{
    char tamed[DETAIL_BYTES];

    (void)snprintf(tamed, sizeof tamed, "%s", detail);
    text_tame(tamed, false);
    (void)printf("  %-5s %-22s %s\n", mark, what, tamed);
}

static void show_host(const struct fleet_agent *agent, bool own_clock)
{
    const struct hello *hello = &agent->hello;
    char text[4 * NAME_BYTES];
    char amount[UNITS_TEXT_BYTES];

    (void)snprintf(text, sizeof text, "%s on %s, Linux %s", agent->name, hello->host,
                   hello->kernel);
    text_tame(text, false);
    (void)printf("%s\n", text);
    (void)units_format_milli(hello->cpus_milli, amount);
    if (hello->cpus_milli < hello->cpus * 1000) {
        (void)snprintf(text, sizeof text, "%s of %u, by its control group", amount, hello->cpus);
    } else {
        (void)snprintf(text, sizeof text, "%u", hello->cpus);
    }
    line(hello->cpus_milli >= CPUS_MILLI_LOW ? "ok" : "low", "CPUs", text);
    line(hello->memory_bytes >= MEMORY_BYTES_LOW ? "ok" : "low", "memory",
         units_format_bytes((double)hello->memory_bytes, amount));
    (void)snprintf(text, sizeof text, "%llu%s", (unsigned long long)hello->open_files_max,
                   hello->open_files_max >= OPEN_FILES_LOW
                       ? ""
                       : " (raise it with ulimit -n for many clients)");
    line(hello->open_files_max >= OPEN_FILES_LOW ? "ok" : "low", "open files", text);
    /* A read of these costs tens of ns; of hpet or acpi_pm a thousand and more. */
    bool fast = strcmp(hello->clock_source, "tsc") == 0 ||
                strcmp(hello->clock_source, "kvm-clock") == 0 ||
                strcmp(hello->clock_source, "arch_sys_counter") == 0;
    line(fast ? "ok" : "slow", "clock source", hello->clock_source);
    line("ok", "clock", own_clock ? "the coordinator's own" : "related by probes");
}

static void show_limits(const struct broker_limits *limits)
{
    char detail[DETAIL_BYTES];
    char value[UNITS_TEXT_BYTES];
    size_t used = 0;

    for (uint32_t i = 0; i < limits->count && used < sizeof detail; i++) {
        int n = snprintf(detail + used, sizeof detail - used, "%s%s %s", i == 0 ? "" : ", ",
                         limits->items[i].name, units_format_whole(limits->items[i].value, value));

        used += n > 0 ? (size_t)n : 0;
    }
    if (limits->count > 0) {
        line("", "  its limits", detail);
    }
}

/* What the run's cases ask of each target, against what it told the first agent that it takes. */
static int show_demands(const struct doctor *doctor, const struct host_list *hosts,
                        const struct status *answer)
{
    struct errinfo error = {""};
    struct cli_plan plan;
    int code = 0;
    int r = hosts == NULL ? cli_plan_make(doctor->scenario, doctor->agents_of_run, 0, &plan, &error)
                          : cli_plan_make_hosts(doctor->scenario, hosts, 0, &plan, &error);

    if (r < 0) {
        line("FAIL", "plan", error.text);
        code = EXIT_FAILED;
    } else {
        for (uint32_t i = 0; i < plan.plan->cases_count; i++) {
            const struct plan_case *of = &plan.plan->cases[i];
            const struct scenario *scenario = doctor->scenario;
            struct plan_demand demand = plan_demand_of(
                &scenario->setups[of->setup], catalog_entry_of(&scenario->targets[of->target]));
            char what[NAME_BYTES + 16];
            char why[PLAN_DEMAND_BYTES];

            /* Agents that join come from hosts of their own. */
            demand.host_connections = doctor->is_here ? demand.connections : 0;
            if (of->status != CASE_MEASURED || of->target >= answer->results_count ||
                plan_demand_check(&demand, &answer->results[of->target].limits, why) == 0) {
                continue;
            }
            (void)snprintf(what, sizeof what, "case %s", of->name);
            line("FAIL", what, why);
            code = EXIT_FAILED;
        }
    }
    cli_plan_done(&plan);
    return code;
}

/* One agent is told of at length, several in tables. */
static bool show_one(const struct cli_targets *ask, const struct session *session,
                     const struct status *const *answers)
{
    bool all = true;

    for (uint32_t a = 0; a < fleet_agents(session->fleet); a++) {
        show_host(fleet_agent(session->fleet, a), fleet_clock_is_own(session->fleet, a));
        for (uint32_t t = 0; t < answers[a]->results_count && t < ask->targets_count; t++) {
            const struct probe_result *result = &answers[a]->results[t];
            const char *client = catalog_entry_of(&ask->targets[t])->client;
            char what[NAME_BYTES + 16];
            char detail[DETAIL_BYTES];
            char took[UNITS_TEXT_BYTES];

            (void)snprintf(what, sizeof what, "target %s", ask->targets[t].label);
            if (result->failure == PROBE_OK) {
                (void)snprintf(detail, sizeof detail, "%s%sin %s%s%s%s%s", result->broker_version,
                               result->broker_version[0] == '\0' ? "" : " ",
                               units_format_ns((double)result->took_ns, took),
                               client == NULL ? "" : " over client ", client == NULL ? "" : client,
                               result->reason[0] == '\0' ? "" : "; ", result->reason);
                line("ok", what, detail);
                show_limits(&result->limits);
                continue;
            }
            all = false;
            (void)snprintf(detail, sizeof detail, "%s: %s", probe_failure_name(result->failure),
                           result->reason);
            line("FAIL", what, detail);
            show_limits(&result->limits);
        }
    }
    return all;
}

static int show(const struct cli_targets *ask, const struct host_list *hosts,
                struct session *session, const struct status *const *answers)
{
    const struct doctor *doctor = ask->context;
    bool one = fleet_agents(session->fleet) == 1;
    bool fit = true;
    bool well;
    int planned = 0;

    if (one) {
        well = show_one(ask, session, answers);
    } else {
        doctor_show_hosts(session);
        well = doctor_show_targets(ask, session, answers);
    }
    if (doctor->scenario != NULL && (!one || !doctor->is_here)) {
        planned = doctor_show_shares(doctor->scenario, hosts, session, &fit);
        well = well && fit;
    }
    /* What can't be planned was told by then. */
    if (doctor->scenario != NULL && planned == 0 && show_demands(doctor, hosts, answers[0]) != 0) {
        well = false;
    }
    return well ? 0 : EXIT_FAILED;
}

static bool is_here(const struct cli_options *options)
{
    const struct launcher_ops *launcher = options->launched.launcher;

    return options->listen == NULL && options->hosts == NULL &&
           (launcher == NULL || launcher->own_host);
}

int command_doctor(int argc, char **argv)
{
    struct cli_options options;
    struct scenario *scenario = NULL;
    struct cli_targets ask = {.command_name = "doctor",
                              .kind = COMMAND_PROBE,
                              .deadline_ns = PROBE_NS,
                              .looks = true,
                              .show = show};
    struct doctor doctor = {.is_here = true};
    int code = 0;

    ask.context = &doctor;
    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    if (options.arguments.count > 0) {
        code = cli_load_scenario(&options, options.arguments.items[0], &scenario);
    }
    if (code == 0) {
        ask.targets = scenario == NULL ? NULL : scenario->targets;
        ask.targets_count = scenario == NULL ? 0 : scenario->targets_count;
        if (scenario != NULL) {
            ask.look = plan_look_of(scenario);
        }
        doctor = (struct doctor){
            .scenario = scenario, .agents_of_run = options.agents, .is_here = is_here(&options)};
        options.agents = options.agents_given || options.listen != NULL ? options.agents : 1;
        code = cli_ask_targets(&options, &ask);
        if (doctor.is_here && code != EXIT_USAGE) {
            doctor_host_show(scenario, doctor.agents_of_run);
        }
    }
    scenario_free(scenario);
    cli_options_done(&options);
    return code;
}
