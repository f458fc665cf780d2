#include "catalog.h"
#include "cli.h"
#include "cli_agent_inner.h"
#include "cli_options_inner.h"
#include "nearest.h"

#include <stdio.h>
#include <string.h>

static const enum cli_option options_taken[] = {CLI_OPTION_COUNT};

static const struct cli_usage usage = {
    .name = "backends",
    .arguments = "[NAME]",
    .what = "Lists the backends and whether this build has them; with NAME the options,\n"
            "capabilities and equivalence notes of one.",
    .arguments_max = 1,
    .options = options_taken,
    .examples = "  millrace backends\n"
                "  millrace backends rabbitmq\n",
};

/* What millrace-agent was built with. */
struct built {
    struct backend_version versions[BACKENDS_MAX];
    int count; /* Negative: it could not be asked; the reason is in error. */
    struct errinfo error;
};

static const char *built_library(const struct built *built, const char *name)
{
    for (int i = 0; i < built->count; i++) {
        if (strcmp(built->versions[i].name, name) == 0) {
            return built->versions[i].library;
        }
    }
    return built->count < 0 ? "unknown" : "not built in";
}

static void write_list(const struct built *built)
{
    (void)printf("%-10s %-18s %-22s %s\n", "NAME", "BROKER", "ADDRESS", "BUILT IN");
    for (size_t i = 0; catalog_all()[i] != NULL; i++) {
        const struct catalog_entry *entry = catalog_all()[i];

        (void)printf("%-10s %-18s %-22s %s\n", entry->driver, entry->title,
                     entry->local ? "-" : entry->address_form, built_library(built, entry->driver));
    }
    (void)printf("\nmillrace backends NAME shows the options of one.\n");
}

static void write_options(const struct catalog_entry *entry)
{
    static const char *const types[] = {
        [OPTION_BOOL] = "true | false", [OPTION_COUNT] = "count", [OPTION_BYTES] = "size",
        [OPTION_DURATION] = "duration", [OPTION_TEXT] = "text",   [OPTION_CHOICE] = "",
    };

    (void)printf("\noptions:%s\n", entry->options[0].key == NULL ? " none" : "");
    for (const struct catalog_option *option = entry->options; option->key != NULL; option++) {
        (void)printf("  %s: %s", option->key, types[option->type]);
        for (size_t i = 0; option->type == OPTION_CHOICE && option->choices[i] != NULL; i++) {
            (void)printf("%s%s", i > 0 ? " | " : "", option->choices[i]);
        }
        (void)printf(" (default %s)\n      %s\n",
                     option->default_value[0] != '\0' ? option->default_value : "none",
                     option->help);
    }
}

static void write_one(const struct catalog_entry *entry, const struct built *built)
{
    (void)printf("%s: %s%s%s\n", entry->driver, entry->title, entry->local ? ", " : " through ",
                 entry->client_library);
    (void)printf("  built in:     %s\n", built_library(built, entry->driver));
    (void)printf("  address:      %s\n", entry->local ? "none" : entry->address_form);
    if (entry->topic_note != NULL) {
        (void)printf("  topic:        %s\n", entry->topic_note);
    }
    if (entry->subscription_note != NULL) {
        (void)printf("  subscription: %s\n", entry->subscription_note);
    }
    if (entry->clean_note != NULL) {
        (void)printf("  clean finds:  %s\n", entry->clean_note);
    }
    (void)printf("\ncapabilities:\n");
    for (enum capability i = 0; i < CAPABILITY_COUNT; i++) {
        const struct catalog_capability *capability = &entry->capabilities[i];

        (void)printf(
            "  %-46s %s%s%s\n", capability_name(i), capability->available ? "yes" : "not available",
            capability->note != NULL ? ": " : "", capability->note != NULL ? capability->note : "");
    }
    write_options(entry);
    if (entry->equivalences[0] != NULL) {
        (void)printf("\nhow it compares:\n");
    }
    for (size_t i = 0; entry->equivalences[i] != NULL; i++) {
        (void)printf("  - %s\n", entry->equivalences[i]);
    }
}

static void write_clients(const struct catalog_entry *first, const struct built *built)
{
    for (size_t i = 0; catalog_all()[i] != NULL; i++) {
        if (strcmp(catalog_all()[i]->name, first->name) == 0) {
            (void)printf("%s", catalog_all()[i] == first ? "" : "\n");
            write_one(catalog_all()[i], built);
        }
    }
}

static int unknown_backend(const char *name)
{
    struct nearest nearest;

    nearest_init(&nearest, name);
    for (size_t i = 0; catalog_backend(i) != NULL; i++) {
        nearest_offer(&nearest, catalog_backend(i)->name);
    }
    if (nearest.best != NULL) {
        (void)fprintf(stderr, "millrace backends: there is no %s (did you mean %s?)\n", name,
                      nearest.best);
    } else {
        (void)fprintf(stderr, "millrace backends: there is no %s (millrace backends lists all)\n",
                      name);
    }
    return EXIT_USAGE;
}

int command_backends(int argc, char **argv)
{
    struct cli_options options;
    struct built built = {0};
    const struct catalog_entry *entry = NULL;
    int code = 0;

    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    if (options.arguments.count == 1) {
        entry = catalog_find(options.arguments.items[0]);
        if (entry == NULL) {
            code = unknown_backend(options.arguments.items[0]);
            cli_options_done(&options);
            return code;
        }
    }
    built.count = cli_agent_describe(built.versions, &built.error);
    if (entry != NULL) {
        write_clients(entry, &built);
    } else {
        write_list(&built);
    }
    if (built.count < 0) {
        (void)fprintf(stderr, "millrace backends: what is built in is not known: %s\n",
                      built.error.text);
    }
    cli_options_done(&options);
    return code;
}
