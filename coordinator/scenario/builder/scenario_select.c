/* --target: which of the targets a run is about, and backends that the scenario does not name. */
#include "scenario_select_inner.h"

#include "nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct node *add_scalar(struct loading *loading, struct node *map, const char *key,
                               const char *value, struct origin at)
{
    struct node *node = node_new_scalar(&loading->tree.pool, value, at);

    if (node == NULL || (key != NULL && node_set_key(node, key, at) < 0)) {
        loading->tree.problems.failed = true;
        return NULL;
    }
    node_append(map, node);
    return node;
}

static void add_address(struct loading *loading, struct node *target, char *address,
                        struct origin at)
{
    static const char *const keys[] = {"address", "addresses"};
    struct node *list;
    char *rest = NULL;

    for (size_t i = 0; i < 2; i++) {
        struct node *old = node_child(target, keys[i]);

        if (old != NULL) {
            node_unlink(old);
        }
    }
    if (strchr(address, ',') == NULL) {
        (void)add_scalar(loading, target, "address", address, at);
        return;
    }
    list = node_new(&loading->tree.pool, NODE_LIST, at);
    if (list == NULL || node_set_key(list, "addresses", at) < 0) {
        loading->tree.problems.failed = true;
        return;
    }
    node_append(target, list);
    for (char *part = strtok_r(address, ",", &rest); part != NULL;
         part = strtok_r(NULL, ",", &rest)) {
        (void)add_scalar(loading, list, NULL, part, at);
    }
}

/* A backend's name that the scenario does not have: a plain target of it, on this host's usual
 * port. */
static struct node *plain_target(struct loading *loading, const struct catalog_entry *entry,
                                 bool with_address, struct origin at)
{
    struct node *target = node_new(&loading->tree.pool, NODE_MAP, at);

    if (target == NULL) {
        loading->tree.problems.failed = true;
        return NULL;
    }
    (void)add_scalar(loading, target, "backend", entry->name, at);
    if (!with_address && !entry->local) {
        const char *scheme_end = strstr(entry->address_form, "://");
        char address[REASON_BYTES];

        (void)snprintf(address, sizeof address, "%.*s127.0.0.1:%u",
                       scheme_end != NULL ? (int)(scheme_end + 3 - entry->address_form) : 0,
                       entry->address_form, entry->default_port);
        (void)add_scalar(loading, target, "address", address, at);
    }
    return target;
}

static void no_such_target(struct loading *loading, const struct node *targets, const char *label,
                           struct origin at)
{
    struct nearest nearest;
    struct text known = {0};

    nearest_init(&nearest, label);
    for (const struct node *item = targets->first; item != NULL; item = item->next) {
        if (node_item_name(item) != NULL) {
            nearest_offer(&nearest, node_item_name(item));
            text_addf(&known, "%s%.64s", known.bytes_count > 0 ? ", " : "", node_item_name(item));
        }
    }
    for (size_t i = 0; catalog_backend(i) != NULL; i++) {
        const char *backend = catalog_backend(i)->name;

        nearest_offer(&nearest, backend);
        if (node_item(targets, backend) == NULL) {
            text_addf(&known, "%s%s", known.bytes_count > 0 ? ", " : "", backend);
        }
    }
    if (nearest.best != NULL) {
        problems_add(&loading->tree.problems, at, "",
                     "there is no target and no backend of that name (did you mean %s?)",
                     nearest.best);
    } else {
        problems_add(&loading->tree.problems, at, "",
                     "there is no target and no backend of that name (%s)",
                     known.bytes != NULL ? known.bytes : "");
    }
    text_done(&known);
}

static void select_one(struct loading *loading, struct node *targets, struct node *selected,
                       const char *name, struct origin at)
{
    char *label = strdup(name);
    char *address = label != NULL ? strchr(label, '=') : NULL;
    struct node *target;
    const struct catalog_entry *entry;

    if (label == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    if (address != NULL) {
        *address++ = '\0';
    }
    target = node_item(targets, label);
    entry = catalog_find(label);
    if (target != NULL) {
        node_unlink(target);
    } else if (node_item(selected, label) != NULL) {
        problems_add(&loading->tree.problems, at, "", "is selected twice");
    } else if (entry != NULL) {
        target = plain_target(loading, entry, address != NULL, at);
    } else {
        no_such_target(loading, targets, label, at);
    }
    if (target != NULL) {
        node_append(selected, target);
        if (address != NULL) {
            add_address(loading, target, address, at);
        }
    }
    free(label);
}

void select_targets(struct loading *loading, const char *const *names, uint32_t names_count,
                    uint32_t order)
{
    struct origin at = {.file = "--target", .order = order};
    uint32_t problems_count = loading->tree.problems.count;
    struct node *selected = node_new(&loading->tree.pool, NODE_LIST, at);
    struct node *targets = node_child(loading->tree.root, "targets");

    if (selected == NULL || node_set_key(selected, "targets", at) < 0) {
        loading->tree.problems.failed = true;
        return;
    }
    /* Both are in the tree while items move: their names depend on where they stand. */
    node_append(loading->tree.root, selected);
    if (targets == NULL || targets->kind != NODE_LIST) {
        targets = selected;
    }
    for (uint32_t i = 0; i < names_count; i++) {
        at.order = order + i;
        /* What is no label might be an address with a password: show none of it. */
        at.file =
            config_tree_string(&loading->tree, "--target ", names[i], strcspn(names[i], "=:/@"));
        if (at.file != NULL) {
            select_one(loading, targets, selected, names[i], at);
        }
    }
    selected->incomplete = loading->tree.problems.count > problems_count;
    if (targets != selected) {
        node_unlink(selected);
        selected->at = targets->at;
        node_replace(targets, selected);
    }
}
