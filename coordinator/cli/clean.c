#include "catalog.h"
#include "cli.h"
#include "cli_options_inner.h"
#include "cli_targets_inner.h"
#include "deadlines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum cli_option options_taken[] = {
    CLI_AGENTS,  CLI_LISTEN,     CLI_HOSTS,   CLI_LAUNCH,       CLI_AT,
    CLI_TUNNEL,  CLI_SSH,        CLI_SLURM,   CLI_KUBECTL,      CLI_IMAGE,
    CLI_DRY_RUN, CLI_AGENT_PATH, CLI_PUSH,    CLI_JOIN_TIMEOUT, CLI_INSECURE,
    CLI_TLS_CA,  CLI_TLS_CERT,   CLI_TLS_KEY, CLI_TOKEN_FILE,   CLI_OPTION_COUNT};

static const struct cli_usage usage = {
    .name = "clean",
    .arguments = "TARGET...",
    .what =
        "Removes what killed runs left on brokers: everything whose name begins with millrace-. "
        "Runs that are\n"
        "under way there lose their topics too. TARGET is a scenario file (all of its targets) or\n"
        "BACKEND=ADDRESS.",
    .arguments_min = 1,
    .arguments_max = TARGETS_MAX,
    .options = options_taken,
    .examples = "  millrace clean kafka=127.0.0.1:9092\n"
                "  millrace clean rabbitmq=amqp://127.0.0.1:5672/%2f\n"
                "  millrace clean scenarios/quickstart.yaml\n"
                "  millrace clean scenarios/quickstart.yaml --hosts load1\n"
                "  millrace clean scenarios/quickstart.yaml --launch ssh:load1\n",
};

static int show(const struct cli_targets *ask, const struct host_list *hosts,
                struct session *session, const struct status *const *answers)
{
    int code = 0;

    (void)hosts;
    (void)session;
    for (uint32_t t = 0; t < answers[0]->results_count && t < ask->targets_count; t++) {
        const struct probe_result *result = &answers[0]->results[t];
        const struct catalog_entry *entry = catalog_entry_of(&ask->targets[t]);

        if (result->failure != PROBE_OK) {
            char reason[REASON_BYTES];

            memcpy(reason, result->reason, sizeof reason);
            text_tame(reason, false);
            (void)fprintf(stderr, "millrace clean: %s: %s\n", ask->targets[t].label, reason);
            code = EXIT_FAILED;
            continue;
        }
        (void)printf("%s: %u topics removed%s%s%s\n", ask->targets[t].label, result->removed,
                     entry->clean_note == NULL ? "" : " (",
                     entry->clean_note == NULL ? "" : entry->clean_note,
                     entry->clean_note == NULL ? "" : ")");
    }
    return code;
}

/* BACKEND=ADDRESS as a target of its own. Returns the exit code. */
static int plain_target(const char *text, struct target *ret)
{
    const char *equals = strchr(text, '=');
    char name[NAME_BYTES];
    struct errinfo error = {""};
    const struct catalog_entry *entry;

    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    entry = catalog_find(name);
    if (entry == NULL) {
        (void)fprintf(stderr, "millrace clean: %s is not a backend (millrace backends)\n", name);
        return EXIT_USAGE;
    }
    if (catalog_address_check(entry, equals + 1, &error) < 0) {
        (void)fprintf(stderr, "millrace clean: %s\n", error.text);
        return EXIT_USAGE;
    }
    ret->label = strdup(text);
    ret->backend = strdup(name);
    ret->addresses = calloc(1, sizeof(char *));
    if (ret->label == NULL || ret->backend == NULL || ret->addresses == NULL) {
        return EXIT_FAILED;
    }
    ret->addresses[0] = strdup(equals + 1);
    ret->addresses_count = ret->addresses[0] == NULL ? 0 : 1;
    return 0;
}

static int scenario_targets(const struct cli_options *options, const char *path,
                            struct target *targets, uint32_t *targets_count)
{
    struct scenario *scenario = NULL;
    int code = cli_load_scenario(options, path, &scenario);

    for (uint32_t i = 0; code == 0 && i < scenario->targets_count && *targets_count < TARGETS_MAX;
         i++) {
        if (catalog_entry_of(&scenario->targets[i])->local) {
            continue; /* Lives and dies with an agent. */
        }
        code =
            target_copy(&scenario->targets[i], &targets[(*targets_count)++]) < 0 ? EXIT_FAILED : 0;
    }
    scenario_free(scenario);
    return code;
}

int command_clean(int argc, char **argv)
{
    struct cli_options options;
    struct target targets[TARGETS_MAX] = {0};
    uint32_t targets_count = 0;
    struct cli_targets ask = {.command_name = "clean",
                              .kind = COMMAND_CLEAN,
                              .targets = targets,
                              .deadline_ns = CLEAN_NS,
                              .show = show};
    int code = 0;

    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    for (uint32_t i = 0; code == 0 && i < options.arguments.count && targets_count < TARGETS_MAX;
         i++) {
        const char *text = options.arguments.items[i];

        code = strchr(text, '=') != NULL
                   ? plain_target(text, &targets[targets_count++])
                   : scenario_targets(&options, text, targets, &targets_count);
    }
    if (code == 0 && targets_count == 0) {
        (void)printf("nothing to clean: the memory backend leaves nothing behind\n");
    } else if (code == 0) {
        ask.targets_count = targets_count;
        options.agents = options.agents_given ? options.agents : 1;
        code = cli_ask_targets(&options, &ask);
    }
    for (uint32_t i = 0; i < targets_count; i++) {
        target_done(&targets[i]);
    }
    cli_options_done(&options);
    return code;
}
