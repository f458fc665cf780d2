/*
 * config_node: a file as a tree of our own, so that every value keeps the place it came from
 * through overlays, --set and expansion.
 *
 * All nodes of a load belong to one pool and are freed with it; taking a node out of the tree never
 * frees it. Walks follow links instead of recursing: depth is the file's choice, the stack is ours.
 */
#ifndef MILLRACE_CONFIG_NODE_H
#define MILLRACE_CONFIG_NODE_H

#include "config_form.h"
#include "text.h"
#include "units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODE_DEPTH_MAX 16
#define NODES_MAX 10000 /* Keys of a mapping are compared pairwise. */

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

/* Where something was written. */
struct origin {
    const char *file; /* Borrowed: a path, "--set" or "--target". */
    uint32_t order;   /* Of the sources, for sorting problems. */
    uint32_t line;    /* From 1; 0: not from a file. */
    uint32_t column;
};

struct node {
    enum node_kind kind;
    const struct config_form *form; /* Of the whole tree. */
    char *key; /* Of a mapping's entry; NULL for items of a list and for the root. */
    struct origin key_at;
    char *text;     /* SCALAR. */
    bool null;      /* SCALAR: plain and empty, ~ or null. */
    bool expanded;  /* SCALAR: came at least in part from the environment. */
    char *variable; /* SCALAR: all of it is this one's value; NULL: it is not, or a copy. */
    struct origin at;
    struct node *parent;
    struct node *first;
    struct node *last;
    struct node *previous;
    struct node *next;
    struct node *twin;      /* While merging: where it goes; while copying: its copy. */
    struct node *pool_next; /* Of all nodes; also the list of work while merging. */
    struct node *work_next;

    bool bad;        /* A problem was reported: the value can't be used. */
    bool incomplete; /* LIST: a problem was reported for what should stand in it. */

    /* Set by who checks the tree against a table of keys of its own. */
    const void *row;    /* Of that table. NULL: unknown, or under something refused. */
    bool secret;        /* Never shown. */
    int64_t number;     /* Booleans 0/1, counts, bytes, ns, index of a choice. */
    int64_t number_max; /* Of a range; else nothing. */
    struct rate rate;
};

struct node_pool {
    const struct config_form *form; /* Of every tree that is made from it. */
    struct node *nodes;
    uint32_t nodes_count;
};

void node_pool_done(struct node_pool *pool);

/* NULL if memory ran out. A copy of text[text_bytes] is taken. */
struct node *node_new(struct node_pool *pool, enum node_kind kind, struct origin at);
struct node *node_new_scalar(struct node_pool *pool, const char *text, struct origin at);
int node_set_key(struct node *node, const char *key, struct origin at); /* 0 or -ENOMEM. */
int node_set_text(struct node *node, const char *text);                 /* 0 or -ENOMEM. */

/* A deep copy, with all places; NULL if memory ran out. */
struct node *node_copy(struct node_pool *pool, const struct node *node);

void node_append(struct node *parent, struct node *child);
void node_unlink(struct node *node);
/* node takes the place of old, its key included. */
void node_replace(struct node *old, struct node *node);

/* NULL if the node is NULL, no mapping, or has no such entry. The first one, if it stands twice. */
struct node *node_child(const struct node *map, const char *key);

/* Pre-order walk through the tree under root; NULL at the end. node_skip leaves out what is below
 * node. */
struct node *node_walk(const struct node *root, struct node *node);
struct node *node_skip(const struct node *root, struct node *node);

/* Items of those lists that the form names have names themselves. The item's name or NULL. */
const char *node_item_name(const struct node *item);
bool node_list_is_named(const struct node *list);
struct node *node_item(const struct node *list, const char *name);

/* Is it a mapping of which the form says that its keys are names? */
bool node_map_is_named(const struct node *map);

/* Adds "parts.first.size" to text. */
void node_path(const struct node *node, struct text *text);

#endif
