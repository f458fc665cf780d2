#include "invariant.h"
#include "nearest.h"
#include "scenario_known.h"
#include "scenario_source.h"
#include "scenario_stages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *loading_string(struct loading *loading, const char *prefix, const char *text,
                           size_t text_bytes)
{
    struct text joined = {0};
    struct node *owner = NULL;

    text_add(&joined, prefix);
    text_add_bytes(&joined, text, text_bytes);
    if (!text_failed(&joined)) {
        owner = node_new_scalar(&loading->pool, joined.bytes, (struct origin){.file = ""});
    }
    text_done(&joined);
    loading->problems.failed = loading->problems.failed || owner == NULL;
    return owner != NULL ? owner->text : NULL;
}

/* ---- Merging ---- */

static struct node *counterpart(const struct node *base, const struct node *child)
{
    const char *name;

    if (base->kind == NODE_MAP) {
        return node_child(base, child->key);
    }
    name = node_item_name(child);
    return name != NULL ? node_item(base, name) : NULL;
}

static bool merges(const struct node *base, const struct node *over)
{
    return base->kind == over->kind &&
           (base->kind == NODE_MAP || (node_list_is_named(base) && node_list_is_named(over)));
}

void overlay_merge(struct loading *loading, struct node *over)
{
    struct node *work = over;

    if (loading->root == NULL || loading->root->kind != NODE_MAP || over->kind != NODE_MAP) {
        loading->root = over;
        return;
    }
    over->twin = loading->root;
    over->work_next = NULL;
    while (work != NULL) {
        struct node *from = work;
        struct node *next;

        work = work->work_next;
        for (struct node *child = from->first; child != NULL; child = next) {
            struct node *match = counterpart(from->twin, child);

            next = child->next;
            if (match != NULL && merges(match, child)) {
                child->twin = match;
                child->work_next = work;
                work = child;
                continue;
            }
            node_unlink(child);
            if (match != NULL) {
                node_replace(match, child);
            } else {
                node_append(from->twin, child);
            }
        }
    }
}

/* ---- --set ---- */

/* The child that the path continues with. Names may hold dots ("rabbit-3.10"), so the longest that
 * fits wins. */
static struct node *longest_child(const struct node *node, const char *path, size_t *ret_bytes)
{
    struct node *best = NULL;

    *ret_bytes = 0;
    for (struct node *child = node->first; child != NULL; child = child->next) {
        const char *name = child->key != NULL ? child->key : node_item_name(child);
        size_t bytes = name != NULL ? strlen(name) : 0;

        if (bytes > *ret_bytes && strncmp(name, path, bytes) == 0 &&
            (path[bytes] == '\0' || path[bytes] == '.')) {
            best = child;
            *ret_bytes = bytes;
        }
    }
    return best;
}

/* What is set on the command line stands behind its key already. */
static bool is_set(struct origin at)
{
    return strncmp(at.file, "--set ", strlen("--set ")) == 0;
}

static void no_such(struct loading *loading, const struct node *node, const char *path,
                    struct origin at)
{
    char name[NAME_BYTES];
    char hint[KNOWN_HINT_BYTES];
    struct known known;

    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "."), path);
    known_init(&known, name);
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        const char *other = child->key != NULL ? child->key : node_item_name(child);

        if (other != NULL) {
            known_offer(&known, other);
        }
    }
    problems_add(&loading->problems, at, is_set(at) || node->key == NULL ? "" : node->key,
                 "there is no \"%s\" (%s%s)", name, known_hint(&known, hint),
                 known.nearest.best == NULL && is_set(at) ? "; add one with --with" : "");
}

/* Are the keys of this mapping paths of other keys, as in sweep and in each of the variants, or
 * metrics (e2e.p99)? */
static bool holds_paths(const struct node *map)
{
    const struct node *above = map->parent;

    if (above != NULL && above->key != NULL && strcmp(above->key, "compare") == 0 &&
        above->parent != NULL && above->parent->parent == NULL) {
        return strcmp(map->key, "worse") == 0;
    }
    return (above != NULL && above->parent == NULL && strcmp(map->key, "sweep") == 0) ||
           (above != NULL && above->parent != NULL && above->parent->parent == NULL &&
            above->key != NULL && strcmp(above->key, "variants") == 0);
}

static size_t part_bytes(const struct node *map, const char *path)
{
    return holds_paths(map) ? strlen(path) : strcspn(path, ".");
}

/* A key that isn't there yet: a typing error in it is found by the check, like one in a file. */
static struct node *new_entry(struct loading *loading, struct node *map, const char *path,
                              struct origin at)
{
    struct node *node;
    char *key;

    if (map->parent == NULL &&
        (strncmp(path, "targets.", 8) == 0 || strncmp(path, "phases.", 7) == 0 ||
         strncmp(path, "flows.", 6) == 0)) {
        problems_add(&loading->problems, at, "", "the scenario has no %.*s (add one with --with)",
                     (int)strcspn(path, "."), path);
        return NULL;
    }
    if (map->key != NULL && strcmp(map->key, "flows") == 0 && map->parent == loading->root) {
        no_such(loading, map, path, at);
        return NULL;
    }
    key = strndup(path, part_bytes(map, path));
    node = node_new(&loading->pool, NODE_MAP, at);
    if (key == NULL || node == NULL || node_set_key(node, key, at) < 0) {
        free(key);
        loading->problems.failed = true;
        return NULL;
    }
    free(key);
    node_append(map, node);
    return node;
}

/* One step down the path; *path moves behind it. NULL: a problem was added. */
static struct node *step(struct loading *loading, struct node *node, const char **path,
                         struct origin at)
{
    size_t bytes = 0;
    struct node *child;

    if (node->kind == NODE_SCALAR) {
        struct node *map = node_new(&loading->pool, NODE_MAP, at);

        if (map == NULL) {
            loading->problems.failed = true;
            return NULL;
        }
        node_replace(node, map);
        node = map;
    }
    child = longest_child(node, *path, &bytes);
    if (child == NULL && node->kind == NODE_LIST) {
        if (node_list_is_named(node)) {
            no_such(loading, node, *path, at);
        } else {
            problems_add(&loading->problems, at, "",
                         "items of this list have no names (set the whole list)");
        }
        return NULL;
    }
    if (child == NULL) {
        bytes = part_bytes(node, *path);
        child = new_entry(loading, node, *path, at);
    }
    *path += bytes;
    *path += **path == '.' ? 1 : 0;
    return child;
}

/* A dot too many would be passed over, and the case be named by what stands behind it. */
static bool has_empty_part(const char *key)
{
    return key[0] == '.' || key[strlen(key) - 1] == '.' || strstr(key, "..") != NULL;
}

bool overlay_put(struct loading *loading, const char *key, struct node *value, struct origin at)
{
    const char *path = key;
    struct node *node = loading->root;

    ASSERT(key[0] != '\0');
    if (has_empty_part(key)) {
        problems_add(&loading->problems, at, is_set(at) ? "" : key,
                     "has a dot too many (GROUP.KEY, as in message.size)");
        return false;
    }
    for (uint32_t depth = 0; node != NULL && *path != '\0'; depth++) {
        if (depth == NODE_DEPTH_MAX / 2) {
            problems_add(&loading->problems, at, "", "has too many parts");
            return false;
        }
        node = step(loading, node, &path, at);
    }
    if (node == NULL || node == loading->root) {
        return false;
    }
    free(value->key); /* It takes the one that stands there. */
    value->key = NULL;
    node_replace(node, value);
    value->key_at = at;
    return true;
}

void overlay_set(struct loading *loading, const char *assignment, struct origin at)
{
    const char *equals = strchr(assignment, '=');
    struct source_text text = {.at = at};
    struct node *value;
    char *key;

    if (equals == NULL || equals == assignment) {
        problems_add(&loading->problems, at, "", "is not of the form KEY=VALUE");
        return;
    }
    text.bytes = equals + 1;
    text.bytes_count = strlen(text.bytes);
    value = source_parse(&text, &loading->pool, &loading->problems);
    key = strndup(assignment, (size_t)(equals - assignment));
    if (value == NULL || key == NULL) {
        loading->problems.failed = loading->problems.failed || key == NULL;
        free(key);
        return;
    }
    (void)overlay_put(loading, key, value, at);
    free(key);
}

/* ---- --target ---- */

static struct node *add_scalar(struct loading *loading, struct node *map, const char *key,
                               const char *value, struct origin at)
{
    struct node *node = node_new_scalar(&loading->pool, value, at);

    if (node == NULL || (key != NULL && node_set_key(node, key, at) < 0)) {
        loading->problems.failed = true;
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
    list = node_new(&loading->pool, NODE_LIST, at);
    if (list == NULL || node_set_key(list, "addresses", at) < 0) {
        loading->problems.failed = true;
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
    struct node *target = node_new(&loading->pool, NODE_MAP, at);

    if (target == NULL) {
        loading->problems.failed = true;
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
    for (size_t i = 0; catalog_all()[i] != NULL; i++) {
        nearest_offer(&nearest, catalog_all()[i]->name);
        if (node_item(targets, catalog_all()[i]->name) == NULL) {
            text_addf(&known, "%s%s", known.bytes_count > 0 ? ", " : "", catalog_all()[i]->name);
        }
    }
    if (nearest.best != NULL) {
        problems_add(&loading->problems, at, "",
                     "there is no target and no backend of that name (did you mean %s?)",
                     nearest.best);
    } else {
        problems_add(&loading->problems, at, "",
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
        loading->problems.failed = true;
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
        problems_add(&loading->problems, at, "", "is selected twice");
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

void overlay_select(struct loading *loading, const char *const *names, uint32_t names_count,
                    uint32_t order)
{
    struct origin at = {.file = "--target", .order = order};
    uint32_t problems_count = loading->problems.count;
    struct node *selected = node_new(&loading->pool, NODE_LIST, at);
    struct node *targets = node_child(loading->root, "targets");

    if (selected == NULL || node_set_key(selected, "targets", at) < 0) {
        loading->problems.failed = true;
        return;
    }
    /* Both are in the tree while items move: their names depend on where they stand. */
    node_append(loading->root, selected);
    if (targets == NULL || targets->kind != NODE_LIST) {
        targets = selected;
    }
    for (uint32_t i = 0; i < names_count; i++) {
        at.order = order + i;
        /* What is no label might be an address with a password: show none of it. */
        at.file = loading_string(loading, "--target ", names[i], strcspn(names[i], "=:/@"));
        if (at.file != NULL) {
            select_one(loading, targets, selected, names[i], at);
        }
    }
    selected->incomplete = loading->problems.count > problems_count;
    if (targets != selected) {
        node_unlink(selected);
        selected->at = targets->at;
        node_replace(targets, selected);
    }
}
