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
            "capabilities and equivalence notes of one, and where its clients differ.",
    .arguments_max = 1,
    .options = options_taken,
    .examples = "  millrace backends\n"
                "  millrace backends rabbitmq\n"
                "  millrace backends mqtt\n",
};

/* What millrace-agent was built with. */
struct built {
    struct backend_version versions[BACKENDS_MAX];
    int count; /* Negative: it could not be asked; the reason is in error. */
    struct errinfo error;
};

/* NULL: not built in, or not known. */
static const char *built_library(const struct built *built, const struct catalog_entry *entry)
{
    for (int i = 0; i < built->count; i++) {
        if (strcmp(built->versions[i].name, entry->driver) == 0) {
            return built->versions[i].library;
        }
    }
    return NULL;
}

static const char *built_words(const struct built *built, const struct catalog_entry *entry)
{
    const char *library = built_library(built, entry);

    return library != NULL ? library : built->count < 0 ? "unknown" : "not built in";
}

static void write_list(const struct built *built)
{
    (void)printf("%-10s %-18s %-22s %s\n", "NAME", "BROKER", "ADDRESS", "BUILT IN");
    for (size_t i = 0; catalog_all()[i] != NULL; i++) {
        const struct catalog_entry *entry = catalog_all()[i];

        (void)printf("%-10s %-18s %-22s %s\n", entry->driver, entry->title,
                     entry->local ? "-" : entry->address_form, built_words(built, entry));
    }
    (void)printf("\nmillrace backends NAME shows the options of one.\n");
}

/* The clients of a backend: its entries. What all of them have alike is told once, without a name.
 */
struct clients {
    const struct catalog_entry *entries[BACKENDS_MAX];
    size_t count;
};

static struct clients clients_of(const struct catalog_entry *first)
{
    struct clients clients = {.entries = {first}, .count = 1};

    for (size_t i = 0; catalog_all()[i] != NULL && clients.count < BACKENDS_MAX; i++) {
        if (catalog_all()[i] != first && strcmp(catalog_all()[i]->name, first->name) == 0) {
            clients.entries[clients.count++] = catalog_all()[i];
        }
    }
    return clients;
}

/* Who has something that the entry number k has: "" for all, else "client own". False: it was told
 * with an entry before k. In OWNERS_BYTES. */
#define OWNERS_BYTES 128
static bool find_owners(const struct clients *clients, size_t k,
                        bool (*has)(const struct catalog_entry *entry, const void *what),
                        const void *what, char *owners)
{
    size_t count = 0;
    size_t used = 0;

    for (size_t i = 0; i < clients->count; i++) {
        if (!has(clients->entries[i], what)) {
            continue;
        }
        if (i < k) {
            return false;
        }
        if (clients->entries[i]->client != NULL && used < OWNERS_BYTES) {
            used += (size_t)snprintf(owners + used, OWNERS_BYTES - used, "%s%s",
                                     count == 0 ? "client " : ", ", clients->entries[i]->client);
        }
        count++;
    }
    if (count == clients->count) {
        owners[0] = '\0';
    }
    return true;
}

static bool has_option(const struct catalog_entry *entry, const void *what)
{
    const struct catalog_option *option = what;
    const struct catalog_option *own = catalog_option_find(entry, option->key);

    return own != NULL && strcmp(own->help, option->help) == 0 &&
           strcmp(own->default_value, option->default_value) == 0;
}

static bool has_note(const struct catalog_entry *entry, const void *what)
{
    for (size_t i = 0; entry->equivalences[i] != NULL; i++) {
        if (strcmp(entry->equivalences[i], what) == 0) {
            return true;
        }
    }
    return false;
}

static void write_option(const struct catalog_option *option, const char *owners)
{
    static const char *const types[] = {
        [OPTION_BOOL] = "true | false", [OPTION_COUNT] = "count", [OPTION_BYTES] = "size",
        [OPTION_DURATION] = "duration", [OPTION_TEXT] = "text",   [OPTION_CHOICE] = "",
    };

    (void)printf("  %s: %s", option->key, types[option->type]);
    for (size_t i = 0; option->type == OPTION_CHOICE && option->choices[i] != NULL; i++) {
        (void)printf("%s%s", i > 0 ? " | " : "", option->choices[i]);
    }
    (void)printf(" (default %s)%s%s\n      %s\n",
                 option->default_value[0] != '\0' ? option->default_value : "none",
                 owners[0] != '\0' ? ", " : "", owners, option->help);
}

static void write_options(const struct clients *clients)
{
    char owners[OWNERS_BYTES] = "";

    (void)printf("\noptions:%s\n", clients->entries[0]->options[0].key == NULL ? " none" : "");
    for (size_t k = 0; k < clients->count; k++) {
        for (const struct catalog_option *option = clients->entries[k]->options;
             option->key != NULL; option++) {
            if (find_owners(clients, k, has_option, option, owners)) {
                write_option(option, owners);
            }
        }
    }
}

static void write_notes(const struct clients *clients)
{
    char owners[OWNERS_BYTES] = "";

    (void)printf("%s", clients->entries[0]->equivalences[0] != NULL ? "\nhow it compares:\n" : "");
    for (size_t k = 0; k < clients->count; k++) {
        const char *const *notes = clients->entries[k]->equivalences;

        for (size_t i = 0; notes[i] != NULL; i++) {
            if (find_owners(clients, k, has_note, notes[i], owners)) {
                (void)printf("  - %s%s%s\n", owners, owners[0] != '\0' ? ": " : "", notes[i]);
            }
        }
    }
}

static void write_capability(const struct catalog_capability *capability)
{
    (void)printf("%s%s%s\n", capability->available ? "yes" : "not available",
                 capability->note != NULL ? ": " : "",
                 capability->note != NULL ? capability->note : "");
}

static bool same_capability(const struct catalog_capability *a, const struct catalog_capability *b)
{
    return a->available == b->available &&
           strcmp(a->note != NULL ? a->note : "", b->note != NULL ? b->note : "") == 0;
}

static void write_capabilities(const struct clients *clients)
{
    (void)printf("\ncapabilities:\n");
    for (enum capability i = 0; i < CAPABILITY_COUNT; i++) {
        const struct catalog_capability *first = &clients->entries[0]->capabilities[i];
        bool same = true;

        for (size_t k = 1; k < clients->count; k++) {
            same = same && same_capability(first, &clients->entries[k]->capabilities[i]);
        }
        for (size_t k = 0; k < (same ? 1 : clients->count); k++) {
            (void)printf("  %-46s %s%s", k == 0 ? capability_name(i) : "",
                         same ? "" : clients->entries[k]->client, same ? "" : ": ");
            write_capability(&clients->entries[k]->capabilities[i]);
        }
    }
}

/* What drives the broker: one line, or one for each client. */
static void write_libraries(const struct clients *clients, const struct built *built)
{
    for (size_t k = 0; k < clients->count; k++) {
        const struct catalog_entry *entry = clients->entries[k];
        char name[NAME_BYTES];

        if (entry->client == NULL) {
            (void)printf("  built in:     %s\n", built_words(built, entry));
            continue;
        }
        (void)snprintf(name, sizeof name, "client %s:", entry->client);
        (void)printf("  %-13s %s%s%s%s\n", name,
                     built_library(built, entry) == NULL ? entry->client_library : "",
                     built_library(built, entry) == NULL ? ", " : "", built_words(built, entry),
                     k == 0 ? " (the default)" : "");
    }
}

static void write_one(const struct catalog_entry *entry, const struct built *built)
{
    struct clients clients = clients_of(entry);

    (void)printf("%s: %s", entry->name, entry->title);
    if (entry->client == NULL) {
        (void)printf("%s%s", entry->local ? ", " : " through ", entry->client_library);
    }
    (void)printf("\n");
    write_libraries(&clients, built);
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
    write_capabilities(&clients);
    write_options(&clients);
    write_notes(&clients);
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
        write_one(entry, &built);
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
