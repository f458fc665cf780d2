#include "config_node.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void node_pool_done(struct node_pool *pool)
{
    struct node *node = pool->nodes;

    while (node != NULL) {
        struct node *next = node->pool_next;

        free(node->key);
        free(node->text);
        free(node->variable);
        free(node);
        node = next;
    }
    pool->nodes = NULL;
    pool->nodes_count = 0;
}

struct node *node_new(struct node_pool *pool, enum node_kind kind, struct origin at)
{
    struct node *node = calloc(1, sizeof *node);

    if (node == NULL) {
        return NULL;
    }
    node->kind = kind;
    node->form = pool->form;
    node->at = at;
    node->key_at = at;
    node->pool_next = pool->nodes;
    pool->nodes = node;
    pool->nodes_count++;
    return node;
}

struct node *node_new_scalar(struct node_pool *pool, const char *text, struct origin at)
{
    struct node *node = node_new(pool, NODE_SCALAR, at);

    if (node == NULL || node_set_text(node, text) < 0) {
        return NULL;
    }
    return node;
}

int node_set_key(struct node *node, const char *key, struct origin at)
{
    char *copy = strdup(key);

    if (copy == NULL) {
        return -ENOMEM;
    }
    free(node->key);
    node->key = copy;
    node->key_at = at;
    return 0;
}

int node_set_text(struct node *node, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        return -ENOMEM;
    }
    free(node->text);
    node->text = copy;
    return 0;
}

void node_append(struct node *parent, struct node *child)
{
    ASSERT(child->parent == NULL);
    child->parent = parent;
    child->previous = parent->last;
    child->next = NULL;
    if (parent->last != NULL) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
}

struct node *node_copy(struct node_pool *pool, const struct node *root)
{
    /* Only the walk's own marks are written. */
    struct node *from = (struct node *)(uintptr_t)root;

    ASSERT(root != NULL);
    for (; from != NULL; from = node_walk(root, from)) {
        struct node *copy = node_new(pool, from->kind, from->at);

        if (copy == NULL ||
            (from->key != NULL && node_set_key(copy, from->key, from->key_at) < 0) ||
            (from->text != NULL && node_set_text(copy, from->text) < 0)) {
            return NULL;
        }
        copy->null = from->null;
        copy->expanded = from->expanded;
        from->twin = copy;
        if (from != root) {
            node_append(from->parent->twin, copy);
        }
    }
    return root->twin;
}

void node_unlink(struct node *node)
{
    struct node *parent = node->parent;

    if (parent == NULL) {
        return;
    }
    if (node->previous != NULL) {
        node->previous->next = node->next;
    } else {
        parent->first = node->next;
    }
    if (node->next != NULL) {
        node->next->previous = node->previous;
    } else {
        parent->last = node->previous;
    }
    node->parent = NULL;
    node->previous = NULL;
    node->next = NULL;
}

void node_replace(struct node *old, struct node *node)
{
    struct node *parent = old->parent;
    struct node *before = old->previous;

    ASSERT(node->parent == NULL && parent != NULL);
    if (node->key == NULL) {
        node->key = old->key;
        old->key = NULL;
    }
    node_unlink(old);
    node->parent = parent;
    node->previous = before;
    node->next = before != NULL ? before->next : parent->first;
    if (before != NULL) {
        before->next = node;
    } else {
        parent->first = node;
    }
    if (node->next != NULL) {
        node->next->previous = node;
    } else {
        parent->last = node;
    }
}

struct node *node_child(const struct node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP) {
        return NULL;
    }
    for (struct node *child = map->first; child != NULL; child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

struct node *node_skip(const struct node *root, struct node *node)
{
    while (node != root && node->next == NULL) {
        node = node->parent;
    }
    return node == root ? NULL : node->next;
}

struct node *node_walk(const struct node *root, struct node *node)
{
    return node->first != NULL ? node->first : node_skip(root, node);
}

/* What the form says of an entry of the root; NULL: nothing. */
static const struct config_named *named(const struct node *node)
{
    if (node == NULL || node->key == NULL || node->parent == NULL || node->parent->parent != NULL) {
        return NULL;
    }
    for (const struct config_named *row = node->form->named; row->key != NULL; row++) {
        if (strcmp(row->key, node->key) == 0) {
            return row;
        }
    }
    return NULL;
}

bool node_list_is_named(const struct node *list)
{
    const struct config_named *row = named(list);

    return row != NULL && list->kind == NODE_LIST && row->name_keys[0] != NULL;
}

bool node_map_is_named(const struct node *map)
{
    const struct config_named *row = named(map);

    return row != NULL && map->kind == NODE_MAP && row->name_keys[0] == NULL;
}

const char *node_item_name(const struct node *item)
{
    const struct config_named *row;
    const struct node *name = NULL;

    if (!node_list_is_named(item->parent)) {
        return NULL;
    }
    row = named(item->parent);
    for (size_t i = 0; i < CONFIG_NAME_KEYS_MAX && row->name_keys[i] != NULL && name == NULL; i++) {
        name = node_child(item, row->name_keys[i]);
    }
    return name != NULL && name->kind == NODE_SCALAR && name->text[0] != '\0' ? name->text : NULL;
}

struct node *node_item(const struct node *list, const char *name)
{
    for (struct node *item = list->first; item != NULL; item = item->next) {
        const char *item_name = node_item_name(item);

        if (item_name != NULL && strcmp(item_name, name) == 0) {
            return item;
        }
    }
    return NULL;
}

static uint32_t item_index(const struct node *item)
{
    uint32_t index = 0;

    for (item = item->previous; item != NULL; item = item->previous) {
        index++;
    }
    return index;
}

void node_path(const struct node *node, struct text *text)
{
    const struct node *line[NODE_DEPTH_MAX + 1];
    uint32_t depth = 0;

    for (; node->parent != NULL && depth < NODE_DEPTH_MAX + 1; node = node->parent) {
        line[depth++] = node;
    }
    for (uint32_t i = depth; i-- > 0;) {
        const char *name = line[i]->key != NULL ? line[i]->key : node_item_name(line[i]);

        if (name == NULL) {
            text_addf(text, "[%u]", item_index(line[i]));
        } else {
            text_addf(text, "%s%.64s", i + 1 < depth ? "." : "", name);
        }
    }
}
