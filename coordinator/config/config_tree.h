/*
 * config_tree: a file of settings on its way from texts to values: read, laid over by further files
 * (--with) and by single values (--set), with ${NAME} expanded. Every value keeps the place where
 * it was written, and every problem is collected with that place. What the keys mean is left to who
 * reads the tree: config_form.h says the little that the tree has to know.
 *
 *   config_tree_read (source_parse, overlay_merge) -> overlay_set -> expand -> the reader's checks
 *
 * Each step adds what it finds to the problems and goes on, so that a person sees all of it. Only
 * memory makes it stop: problems.failed. One thread; blocks on the disk.
 */
#ifndef MILLRACE_CONFIG_TREE_H
#define MILLRACE_CONFIG_TREE_H

#include "config_node.h"
#include "config_problems.h"
#include "errinfo.h"

struct config_tree {
    struct node_pool pool;
    struct node *root; /* NULL: nothing was read yet. */
    struct problems problems;
    struct problems warnings;
};

/* An empty one. The form is borrowed and has to outlive it. */
void config_tree_init(struct config_tree *tree, const struct config_form *form);
void config_tree_done(struct config_tree *tree);

/* Reads a file and lays it over what was there. order: of the sources. 0, or a negative errno with
 * the sentence in reterr (-ENOENT, -EFBIG and the like); -EINVAL without one when a problem was
 * added after which going on makes no sense. */
int config_tree_read(struct config_tree *tree, const char *path, uint32_t order,
                     struct errinfo *reterr);

/* The same of a text that is at hand; path stands for it in problems, and is borrowed as the text
 * is. */
int config_tree_take(struct config_tree *tree, const char *path, const char *text, uint32_t order);

/* prefix and text joined, owned by the pool; NULL if memory ran out. */
const char *config_tree_string(struct config_tree *tree, const char *prefix, const char *text,
                               size_t text_bytes);

/* Items of one list that have the same name; merging would hide them. */
void config_check_names(struct config_tree *tree, const struct node *root);

#endif
