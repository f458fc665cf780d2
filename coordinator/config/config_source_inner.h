/*
 * config_source_inner: one YAML text -> nodes. config_yaml.c is the door to libfyaml.
 *
 * Taken is what settings need: one document of mappings, lists and scalars, in UTF-8. Anchors,
 * aliases, merge keys, tags and further documents are refused by name: an alias can stand for a
 * million values, and --with does the same job in the open.
 */
#ifndef MILLRACE_CONFIG_SOURCE_INNER_H
#define MILLRACE_CONFIG_SOURCE_INNER_H

#include "config_node.h"
#include "config_problems.h"

struct source_text {
    const char *bytes; /* NUL-terminated beyond bytes_count. */
    size_t bytes_count;
    struct origin at; /* file and order; line 0: positions within this text mean nothing. */
};

/*
 * The root, or NULL when the text can't be used: then the problem has been added, or memory ran out
 * (problems->failed). Duplicate keys are problems, but the tree is there.
 */
struct node *source_parse(const struct source_text *text, struct node_pool *pool,
                          struct problems *problems);

/* First place that is not UTF-8 or is a control character; false if there is none. */
bool source_find_bad_byte(const struct source_text *text, struct origin *ret);

/* First ${ that stands in { } or [ ] without quotes, where YAML sees a mapping in it. */
bool source_find_unquoted_expansion(const struct source_text *text, struct origin *ret);

/* Is it well-formed UTF-8 without NUL? */
bool source_is_utf8(const char *bytes, size_t bytes_count);

#endif
