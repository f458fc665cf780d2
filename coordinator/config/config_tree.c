#include "config_tree.h"

#include "config_overlay.h"
#include "config_source_inner.h"
#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void config_tree_init(struct config_tree *tree, const struct config_form *form)
{
    memset(tree, 0, sizeof *tree);
    tree->pool.form = form;
}

void config_tree_done(struct config_tree *tree)
{
    problems_done(&tree->problems);
    problems_done(&tree->warnings);
    node_pool_done(&tree->pool);
    tree->root = NULL;
}

const char *config_tree_string(struct config_tree *tree, const char *prefix, const char *text,
                               size_t text_bytes)
{
    struct text joined = {0};
    struct node *owner = NULL;

    text_add(&joined, prefix);
    text_add_bytes(&joined, text, text_bytes);
    if (!text_failed(&joined)) {
        owner = node_new_scalar(&tree->pool, joined.bytes, (struct origin){.file = ""});
    }
    text_done(&joined);
    tree->problems.failed = tree->problems.failed || owner == NULL;
    return owner != NULL ? owner->text : NULL;
}

static void check_item_names(struct config_tree *tree, const struct node *list)
{
    if (list == NULL || list->kind != NODE_LIST) {
        return;
    }
    for (struct node *item = list->first; item != NULL; item = item->next) {
        const char *name = node_item_name(item);
        const struct node *first = name != NULL ? node_item(list, name) : item;

        if (name == NULL || first == item || item->bad) {
            continue;
        }
        if (first->at.line > 0) {
            problems_node(&tree->problems, item,
                          "duplicate name (the first stands in line %u, column %u)", first->at.line,
                          first->at.column);
        } else {
            problems_node(&tree->problems, item, "duplicate name");
        }
    }
}

void config_check_names(struct config_tree *tree, const struct node *root)
{
    for (const struct config_named *row = tree->pool.form->named; row->key != NULL; row++) {
        check_item_names(tree, node_child(root, row->key));
    }
}

static int take(struct config_tree *tree, const struct source_text *text)
{
    const struct config_form *form = tree->pool.form;
    struct node *root = source_parse(text, &tree->pool, &tree->problems);

    if (root == NULL) {
        return -EINVAL;
    }
    if (root->kind != NODE_MAP) {
        problems_add(&tree->problems, root->at, "", "is no %s (a mapping of keys)", form->what);
        return -EINVAL;
    }
    config_check_names(tree, root);
    overlay_merge(tree, root);
    return 0;
}

int config_tree_read(struct config_tree *tree, const char *path, uint32_t order,
                     struct errinfo *reterr)
{
    struct source_text text = {.at = {.file = path, .order = order, .line = 1, .column = 1}};
    char *bytes = NULL;
    int r = file_read_all(path, tree->pool.form->bytes_max, &bytes, &text.bytes_count, reterr);

    if (r < 0) {
        return r;
    }
    text.bytes = bytes;
    r = take(tree, &text);
    free(bytes);
    return r;
}

int config_tree_take(struct config_tree *tree, const char *path, const char *text, uint32_t order)
{
    const struct source_text source = {
        .bytes = text,
        .bytes_count = strlen(text),
        .at = {.file = path, .order = order, .line = 1, .column = 1}};

    return take(tree, &source);
}
