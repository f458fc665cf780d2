#include "scenario_check.h"

#include "invariant.h"

#include <string.h>

static const char *shape(const struct node *node)
{
    if (node->kind == NODE_MAP) {
        return "a mapping";
    }
    return node->kind == NODE_LIST ? "a list" : node->null ? "empty" : "a single value";
}

/* What a value of that row looks like, for one that has another shape. */
static const char *expected(const struct scenario_key *row)
{
    switch (row->type) {
    case KEY_MAP:
        return "a mapping of keys";
    case KEY_LIST:
        return "a list";
    case KEY_BOOL:
        return "true or false";
    case KEY_RATE:
    case KEY_PHASE_RATE:
        return "a rate such as 20k/s";
    case KEY_DURATION:
        return "a duration such as 30s";
    case KEY_BYTES:
        return "a size such as 1KiB";
    case KEY_BYTES_RANGE:
        return "a size such as 1KiB, or a range such as 4KiB..64KiB";
    case KEY_DECIMAL:
        return "a number such as 0.5";
    case KEY_COUNT:
        return "a count such as 8";
    case KEY_LABEL:
        return "a label such as zone=a";
    default:
        return "a single value";
    }
}

/* Where a key stands that was written in the wrong place. */
static void list_places(const char *key, struct text *ret)
{
    for (const struct scenario_key *row = scenario_key_after(scenario_key_root()); row != NULL;
         row = scenario_key_after(row)) {
        if (strcmp(scenario_key_name(row), key) == 0) {
            text_addf(ret, "%s%s", ret->bytes_count > 0 ? ", " : "", row->path);
        }
    }
}

static void list_known(const struct scenario_key *parent, struct text *ret)
{
    text_add(ret, "");
    for (const struct scenario_key *row = scenario_key_next(parent, NULL); row != NULL;
         row = scenario_key_next(parent, row)) {
        if (!row->later) {
            text_addf(ret, "%s%s", ret->bytes_count > 0 ? ", " : "", scenario_key_name(row));
        }
    }
}

static void check_unknown(struct config_tree *tree, struct node *node)
{
    const char *near = scenario_key_nearest(node_row(node->parent), node->key);
    struct text places = {0};

    if (near != NULL) {
        problems_node_key(&tree->problems, node, "unknown key (did you mean %s?)", near);
        return;
    }
    list_places(node->key, &places);
    if (places.bytes_count > 0) {
        problems_node_key(&tree->problems, node, "unknown key here (there is %s)", places.bytes);
    } else {
        list_known(node_row(node->parent), &places);
        problems_node_key(&tree->problems, node, "unknown key (known here: %s)", places.bytes);
    }
    text_done(&places);
}

static void check_scalar(struct config_tree *tree, struct node *node)
{
    struct key_value value = {0};
    struct errinfo error;

    if (node_row(node)->secret && node->at.line == 0 && !node->expanded) {
        /* Command lines are seen by every user of the host, and stand in the result. */
        problems_node(&tree->problems, node,
                      "a secret does not belong on the command line (take it from the environment: "
                      "${NAME})");
        return;
    }
    if (scenario_key_parse(node->row, node->text, &value, &error) < 0) {
        problems_node(&tree->problems, node, "%s", error.text);
        return;
    }
    node->number = value.number;
    node->number_max = value.number_max;
    node->rate = value.rate;
}

static void check_required(struct config_tree *tree, struct node *node)
{
    for (const struct scenario_key *row = scenario_key_next(node_row(node), NULL); row != NULL;
         row = scenario_key_next(node_row(node), row)) {
        struct text path = {0};

        if (!row->required || node_child(node, scenario_key_name(row)) != NULL) {
            continue;
        }
        node_path(node, &path);
        if (path.bytes_count > 0) {
            text_add(&path, ".");
        }
        text_add(&path, scenario_key_name(row));
        problems_add(&tree->problems, node->at, path.bytes != NULL ? path.bytes : "",
                     "is missing (%s)", row->example);
        text_done(&path);
    }
}

static void check_collection(struct config_tree *tree, struct node *node)
{
    const struct scenario_key *row = node->row;
    int64_t count = 0;

    for (const struct node *child = node->first; child != NULL; child = child->next) {
        count++;
    }
    if (count == 0 && row->entries_needed && !node->incomplete) {
        problems_node(&tree->problems, node, "is empty (at least one is needed)");
    } else if (row->max > 0 && count > row->max) {
        problems_node(&tree->problems, node, "has %lld entries (at most %lld)", (long long)count,
                      (long long)row->max);
    }
    if (node->kind == NODE_MAP) {
        check_required(tree, node);
    }
}

static void check_value(struct config_tree *tree, struct node *node)
{
    const struct scenario_key *row = node->row;
    bool wants_map = row->type == KEY_MAP || (row->also_map && node->kind == NODE_MAP);
    enum node_kind wanted = wants_map ? NODE_MAP : row->type == KEY_LIST ? NODE_LIST : NODE_SCALAR;

    if (node->kind != wanted || (node->kind == NODE_SCALAR && node->null)) {
        problems_node(&tree->problems, node, "is %s (%s)", shape(node), expected(row));
        return;
    }
    if (node->kind == NODE_SCALAR) {
        if (!node->bad) { /* It may have failed to expand. */
            check_scalar(tree, node);
        }
    } else {
        check_collection(tree, node);
    }
}

/* False: what is below it makes no sense to look at. */
static bool check_node(struct config_tree *tree, struct node *node)
{
    if (node->parent == NULL) {
        node->row = scenario_key_find("");
    } else {
        node->row = scenario_key_child(node_row(node->parent), node->key != NULL ? node->key : "*");
        if (node->row == NULL) {
            ASSERT(node->key != NULL); /* Every list has a row for its items. */
            check_unknown(tree, node);
            return false;
        }
        if (node_row(node->parent)->entries_named && !scenario_name_is_right(node->key)) {
            problems_node_key(&tree->problems, node, "is not a name (" SCENARIO_NAME_FORM ")");
        }
    }
    node->secret = node_row(node)->secret;
    if (node_row(node)->later) {
        problems_node_key(&tree->problems, node, "not supported yet");
        return false;
    }
    if (node_row(node)->type == KEY_TREE) {
        return false;
    }
    check_value(tree, node);
    return !node->bad;
}

void check_keys(struct config_tree *tree)
{
    struct node *node = tree->root;

    config_check_names(tree, tree->root);
    while (node != NULL) {
        node = check_node(tree, node) ? node_walk(tree->root, node) : node_skip(tree->root, node);
    }
}

const struct scenario_key *node_row(const struct node *node)
{
    return node->row;
}

const struct node *usable(const struct node *map, const char *key)
{
    const struct node *node = node_child(map, key);

    return node != NULL && !node->bad && node->row != NULL ? node : NULL;
}

struct key_value usable_value(const struct node *node, const char *path)
{
    const struct scenario_key *row = scenario_key_find(path);
    struct key_value value = {0};

    if (node != NULL) {
        return (struct key_value){node->number, node->number_max, node->rate};
    }
    if (row->fallback != NULL) {
        (void)scenario_key_parse(row, row->fallback, &value, NULL);
    }
    return value;
}

int64_t usable_number(const struct node *node, const char *path)
{
    return usable_value(node, path).number;
}
