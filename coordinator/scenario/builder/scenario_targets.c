#include "scenario_targets_inner.h"

#include "nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void own(struct loading *loading, const struct node *node, char **ret)
{
    if (node == NULL) {
        return;
    }
    *ret = strdup(node->text);
    loading->tree.problems.failed = loading->tree.problems.failed || *ret == NULL;
}

/* Paths are relative to the scenario's folder. */
static void own_path(struct loading *loading, const struct node *node, char **ret)
{
    const char *path = loading->scenario->path;
    const char *slash = strrchr(path, '/');
    struct text joined = {0};

    if (node == NULL) {
        return;
    }
    if (slash != NULL && node->text[0] != '/') {
        text_add_bytes(&joined, path, (size_t)(slash - path) + 1);
    }
    text_add(&joined, node->text);
    *ret = text_take(&joined);
    loading->tree.problems.failed = loading->tree.problems.failed || *ret == NULL;
}

static void add_address(struct loading *loading, const struct catalog_entry *entry,
                        struct node *node, struct target *target)
{
    struct errinfo error;
    const char *scheme_end;

    if (node->bad || node->row == NULL) {
        return;
    }
    scheme_end = strstr(node->text, "://");
    if (catalog_address_check(entry, node->text, &error) < 0) {
        problems_node(&loading->tree.problems, node, "%s", error.text);
        return;
    }
    if (entry->local) {
        return; /* "" is right for it, and nothing to connect to. */
    }
    if (scheme_end != NULL && scheme_end > node->text && scheme_end[-1] == 's') {
        target->tls = true; /* amqps, mqtts */
    }
    own(loading, node, &target->addresses[target->addresses_count]);
    target->addresses_count++;
}

static void build_addresses(struct loading *loading, const struct catalog_entry *entry,
                            struct node *item, struct target *target)
{
    struct node *one = node_child(item, "address");
    struct node *list = node_child(item, "addresses");
    uint32_t count = 1;

    if (one != NULL && list != NULL) {
        problems_node_key(&loading->tree.problems, list, "stands beside address (one of the two)");
        return;
    }
    if (one == NULL && list == NULL && !entry->local) {
        struct text path = {0};

        node_path(item, &path);
        text_add(&path, ".address");
        problems_add(&loading->tree.problems, item->at, path.bytes != NULL ? path.bytes : "",
                     "is missing (%s)", entry->address_form);
        text_done(&path);
        return;
    }
    for (const struct node *node = list != NULL ? list->first : NULL; node != NULL;
         node = node->next) {
        count++;
    }
    target->addresses = calloc(count, sizeof target->addresses[0]);
    if (target->addresses == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    if (one != NULL) {
        add_address(loading, entry, one, target);
    }
    for (struct node *node = list != NULL ? list->first : NULL; node != NULL; node = node->next) {
        add_address(loading, entry, node, target);
    }
}

static void build_auth(struct loading *loading, const struct catalog_entry *entry,
                       struct node *item, struct target *target)
{
    struct node *auth = node_child(item, "auth");
    const struct catalog_capability *capability = &entry->capabilities[CAPABILITY_AUTH];

    if (auth == NULL || auth->bad) {
        return;
    }
    if (!capability->available) {
        problems_node_key(&loading->tree.problems, auth, "the %s backend has none (%s)",
                          entry->name,
                          capability->note != NULL ? capability->note : "leave it out");
        return;
    }
    own(loading, usable(auth, "username"), &target->username);
    own(loading, usable(auth, "password"), &target->password);
    own(loading, usable(auth, "mechanism"), &target->mechanism);
}

static void build_tls(struct loading *loading, const struct catalog_entry *entry, struct node *item,
                      struct target *target)
{
    struct node *tls = node_child(item, "tls");
    const struct catalog_capability *capability = &entry->capabilities[CAPABILITY_TLS];

    if (tls == NULL || tls->bad) {
        return;
    }
    if (!capability->available) {
        problems_node_key(&loading->tree.problems, tls, "the %s backend has none (%s)", entry->name,
                          capability->note != NULL ? capability->note : "leave it out");
        return;
    }
    target->tls = true;
    own_path(loading, usable(tls, "ca"), &target->tls_ca);
    own_path(loading, usable(tls, "cert"), &target->tls_cert);
    own_path(loading, usable(tls, "key"), &target->tls_key);
    if ((node_child(tls, "cert") == NULL) != (node_child(tls, "key") == NULL)) {
        problems_node(&loading->tree.problems, tls, "cert and key go together (give both or none)");
    }
}

static void unknown_option(struct loading *loading, const struct catalog_entry *entry,
                           struct node *node)
{
    const struct catalog_entry *other = catalog_other_with(entry, node->key);
    struct nearest nearest;

    nearest_init(&nearest, node->key);
    for (const struct catalog_option *option = entry->options; option->key != NULL; option++) {
        nearest_offer(&nearest, option->key);
    }
    if (other != NULL) {
        problems_node_key(&loading->tree.problems, node,
                          "is an option of the client %s, and this target's is %s (leave it out, "
                          "or set client: %s)",
                          other->client, entry->client, other->client);
    } else if (nearest.best != NULL) {
        problems_node_key(&loading->tree.problems, node,
                          "the %s backend has no such option (did you mean %s?)", entry->name,
                          nearest.best);
    } else {
        problems_node_key(&loading->tree.problems, node,
                          "the %s backend has no such option (millrace backends %s)", entry->name,
                          entry->name);
    }
}

static void build_option(struct loading *loading, const struct catalog_entry *entry,
                         struct node *node, struct target *target)
{
    const struct catalog_option *option = catalog_option_find(entry, node->key);
    struct errinfo error;

    if (option == NULL) {
        unknown_option(loading, entry, node);
    } else if (catalog_option_check(option, node->text, &error) < 0) {
        problems_node(&loading->tree.problems, node, "%s", error.text);
    } else if (target_set_option(target, node->key, node->text) < 0) {
        loading->tree.problems.failed = true;
    }
}

static void unknown_backend(struct loading *loading, struct node *node)
{
    struct nearest nearest;
    char known[128] = "";

    nearest_init(&nearest, node->text);
    for (size_t i = 0; catalog_backend(i) != NULL; i++) {
        size_t used = strlen(known);

        nearest_offer(&nearest, catalog_backend(i)->name);
        (void)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? " | " : "",
                       catalog_backend(i)->name);
    }
    if (nearest.best != NULL) {
        problems_node(&loading->tree.problems, node,
                      "\"%.64s\" is not a backend (did you mean %s?)", node->text, nearest.best);
    } else {
        problems_node(&loading->tree.problems, node, "\"%.64s\" is not a backend (%s)", node->text,
                      known);
    }
}

/* The entry of a target that was not built yet. NULL: there is none, and it was told. Which client
 * it has is looked at first, as the rest of the target depends on it. */
static const struct catalog_entry *choose_entry(struct loading *loading, struct node *backend,
                                                const struct node *options)
{
    const struct catalog_entry *entry = catalog_find(backend->text);
    struct node *client = options != NULL ? node_child(options, "client") : NULL;
    struct errinfo error;

    if (entry == NULL) {
        unknown_backend(loading, backend);
        return NULL;
    }
    if (client == NULL || client->bad || client->row == NULL || entry->client == NULL) {
        return entry;
    }
    if (catalog_option_check(catalog_option_find(entry, client->key), client->text, &error) < 0) {
        problems_node(&loading->tree.problems, client, "%s", error.text);
        return NULL;
    }
    return catalog_find_client(entry->name, client->text);
}

static void build_target(struct loading *loading, struct node *item, struct target *target)
{
    struct node *backend = node_child(item, "backend");
    const struct node *label = usable(item, "label");
    const struct node *options = usable(item, "options");
    const struct catalog_entry *entry;

    if (backend == NULL || backend->bad || backend->row == NULL) {
        return;
    }
    entry = choose_entry(loading, backend, options);
    if (entry == NULL) {
        return;
    }
    own(loading, label != NULL ? label : backend, &target->label);
    own(loading, backend, &target->backend);
    build_addresses(loading, entry, item, target);
    build_auth(loading, entry, item, target);
    build_tls(loading, entry, item, target);
    for (struct node *node = options != NULL ? options->first : NULL; node != NULL;
         node = node->next) {
        if (!node->bad && node->row != NULL) {
            build_option(loading, entry, node, target);
        }
    }
}

void build_targets(struct loading *loading)
{
    const struct node *targets = usable(loading->tree.root, "targets");
    struct scenario *scenario = loading->scenario;
    uint32_t count = 0;

    if (targets == NULL) {
        return;
    }
    for (const struct node *item = targets->first; item != NULL; item = item->next) {
        count++;
    }
    scenario->targets = calloc((size_t)count + 1, sizeof scenario->targets[0]);
    if (scenario->targets == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    for (struct node *item = targets->first; item != NULL; item = item->next) {
        if (!item->bad) {
            build_target(loading, item, &scenario->targets[scenario->targets_count++]);
        }
    }
}
