#include "config_overlay.h"

#include "config_known.h"
#include "config_source_inner.h"
#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void overlay_merge(struct config_tree *tree, struct node *over)
{
    struct node *work = over;

    if (tree->root == NULL || tree->root->kind != NODE_MAP || over->kind != NODE_MAP) {
        tree->root = over;
        return;
    }
    over->twin = tree->root;
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

static void no_such(struct config_tree *tree, const struct node *node, const char *path,
                    struct origin at)
{
    char name[KNOWN_NAME_BYTES];
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
    problems_add(&tree->problems, at, is_set(at) || node->key == NULL ? "" : node->key,
                 "there is no \"%s\" (%s%s)", name, known_hint(&known, hint),
                 known.nearest.best == NULL && is_set(at) ? "; add one with --with" : "");
}

/* Does the node stand where the pattern says? A * is any one key. */
static bool stands_at(const struct node *node, const char *pattern)
{
    const char *end = pattern + strlen(pattern);

    while (node->parent != NULL && node->key != NULL) {
        const char *part = end;
        size_t bytes;

        while (part > pattern && part[-1] != '.') {
            part--;
        }
        bytes = (size_t)(end - part);
        if (!(bytes == 1 && *part == '*') &&
            (strlen(node->key) != bytes || strncmp(node->key, part, bytes) != 0)) {
            return false;
        }
        node = node->parent;
        if (part == pattern) {
            return node->parent == NULL;
        }
        end = part - 1;
    }
    return false;
}

/* Are dots part of the keys of this mapping? */
static bool is_dotted(const struct node *map)
{
    for (const char *const *pattern = map->form->dotted; *pattern != NULL; pattern++) {
        if (stands_at(map, *pattern)) {
            return true;
        }
    }
    return false;
}

static size_t part_bytes(const struct node *map, const char *path)
{
    return is_dotted(map) ? strlen(path) : strcspn(path, ".");
}

/* Would the path's next part be the name of something that can't be made by a single value? */
static bool begins_with_name(const struct config_form *form, const char *path)
{
    size_t bytes = strcspn(path, ".");

    for (const struct config_named *row = form->named; row->key != NULL; row++) {
        if (path[bytes] == '.' && strlen(row->key) == bytes &&
            strncmp(row->key, path, bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* A key that isn't there yet: a typing error in it is found by the check, like one in a file. */
static struct node *new_entry(struct config_tree *tree, struct node *map, const char *path,
                              struct origin at)
{
    struct node *node;
    char *key;

    if (map->parent == NULL && begins_with_name(map->form, path)) {
        problems_add(&tree->problems, at, "", "the %s has no %.*s (add one with --with)",
                     map->form->what, (int)strcspn(path, "."), path);
        return NULL;
    }
    if (node_map_is_named(map)) {
        no_such(tree, map, path, at);
        return NULL;
    }
    key = strndup(path, part_bytes(map, path));
    node = node_new(&tree->pool, NODE_MAP, at);
    if (key == NULL || node == NULL || node_set_key(node, key, at) < 0) {
        free(key);
        tree->problems.failed = true;
        return NULL;
    }
    free(key);
    node_append(map, node);
    return node;
}

/* One step down the path; *path moves behind it. NULL: a problem was added. */
static struct node *step(struct config_tree *tree, struct node *node, const char **path,
                         struct origin at)
{
    size_t bytes = 0;
    struct node *child;

    if (node->kind == NODE_SCALAR) {
        struct node *map = node_new(&tree->pool, NODE_MAP, at);

        if (map == NULL) {
            tree->problems.failed = true;
            return NULL;
        }
        node_replace(node, map);
        node = map;
    }
    child = longest_child(node, *path, &bytes);
    if (child == NULL && node->kind == NODE_LIST) {
        if (node_list_is_named(node)) {
            no_such(tree, node, *path, at);
        } else {
            problems_add(&tree->problems, at, "",
                         "items of this list have no names (set the whole list)");
        }
        return NULL;
    }
    if (child == NULL) {
        bytes = part_bytes(node, *path);
        child = new_entry(tree, node, *path, at);
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

bool overlay_put(struct config_tree *tree, const char *key, struct node *value, struct origin at)
{
    const char *path = key;
    struct node *node = tree->root;

    ASSERT(key[0] != '\0');
    if (has_empty_part(key)) {
        problems_add(&tree->problems, at, is_set(at) ? "" : key,
                     "has a dot too many (GROUP.KEY, as in %s)", node->form->key_example);
        return false;
    }
    for (uint32_t depth = 0; node != NULL && *path != '\0'; depth++) {
        if (depth == NODE_DEPTH_MAX / 2) {
            problems_add(&tree->problems, at, "", "has too many parts");
            return false;
        }
        node = step(tree, node, &path, at);
    }
    if (node == NULL || node == tree->root) {
        return false;
    }
    free(value->key); /* It takes the one that stands there. */
    value->key = NULL;
    node_replace(node, value);
    value->key_at = at;
    return true;
}

void overlay_set(struct config_tree *tree, const char *assignment, struct origin at)
{
    const char *equals = strchr(assignment, '=');
    struct source_text text = {.at = at};
    struct node *value;
    char *key;

    if (equals == NULL || equals == assignment) {
        problems_add(&tree->problems, at, "", "is not of the form KEY=VALUE");
        return;
    }
    text.bytes = equals + 1;
    text.bytes_count = strlen(text.bytes);
    value = source_parse(&text, &tree->pool, &tree->problems);
    key = strndup(assignment, (size_t)(equals - assignment));
    if (value == NULL || key == NULL) {
        tree->problems.failed = tree->problems.failed || key == NULL;
        free(key);
        return;
    }
    (void)overlay_put(tree, key, value, at);
    free(key);
}
