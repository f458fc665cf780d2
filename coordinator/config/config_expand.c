#include "config_expand.h"

#include "config_source_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE_BYTES 128

static bool is_name_byte(char byte, bool first)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (!first && byte >= '0' && byte <= '9');
}

static size_t name_length(const char *text)
{
    size_t bytes = 0;

    while (is_name_byte(text[bytes], bytes == 0)) {
        bytes++;
    }
    return bytes;
}

/* Adds the value of what stands between ${ and }; false: a problem was added. */
static bool expand_one(struct config_tree *tree, struct node *node, const char *inside,
                       size_t bytes, struct text *ret)
{
    size_t name_bytes = name_length(inside);
    bool has_default = bytes >= name_bytes + 2 && strncmp(inside + name_bytes, ":-", 2) == 0;
    char name[VARIABLE_BYTES];
    const char *value;

    if (name_bytes == 0 || name_bytes >= sizeof name || (name_bytes != bytes && !has_default)) {
        problems_node(&tree->problems, node,
                      "${ is not followed by a name (${NAME} or ${NAME:-default}; $${ for itself)");
        return false;
    }
    memcpy(name, inside, name_bytes);
    name[name_bytes] = '\0';
    value = getenv(name);
    if (has_default && (value == NULL || value[0] == '\0')) {
        text_add_bytes(ret, inside + name_bytes + 2, bytes - name_bytes - 2);
        return true;
    }
    if (value == NULL) {
        problems_node(&tree->problems, node,
                      "the environment has no %s (${%s:-default} gives it one)", name, name);
        return false;
    }
    if (!source_is_utf8(value, strlen(value))) {
        problems_node(&tree->problems, node, "the environment's %s is not UTF-8", name);
        return false;
    }
    node->expanded = true;
    text_add(ret, value);
    return true;
}

static bool expand_text(struct config_tree *tree, struct node *node, struct text *ret)
{
    const char *at = node->text;

    for (;;) {
        const char *dollar = strstr(at, "${");
        const char *end;

        if (dollar == NULL) {
            text_add(ret, at);
            return true;
        }
        if (dollar > at && dollar[-1] == '$') {
            text_add_bytes(ret, at, (size_t)(dollar - at) - 1);
            text_add(ret, "${");
            at = dollar + 2;
            continue;
        }
        text_add_bytes(ret, at, (size_t)(dollar - at));
        end = strchr(dollar, '}');
        if (end == NULL) {
            problems_node(&tree->problems, node, "${ has no } (${NAME} or ${NAME:-default})");
            return false;
        }
        if (!expand_one(tree, node, dollar + 2, (size_t)(end - dollar) - 2, ret)) {
            return false;
        }
        at = end + 1;
        if (ret->bytes_count > node->form->bytes_max) {
            problems_node(&tree->problems, node, "is too long once expanded");
            return false;
        }
    }
}

/* "${NAME}" and nothing else: who writes the tree can say where the value comes from. */
static int note_variable(struct node *node)
{
    size_t bytes = strlen(node->text);
    size_t name_bytes = bytes < 4 ? 0 : name_length(node->text + 2);

    if (bytes < 4 || strncmp(node->text, "${", 2) != 0 || name_bytes + 3 != bytes) {
        return 0;
    }
    node->variable = strndup(node->text + 2, name_bytes);
    return node->variable == NULL ? -ENOMEM : 0;
}

void expand(struct config_tree *tree)
{
    for (struct node *node = tree->root; node != NULL; node = node_walk(tree->root, node)) {
        struct text text = {0};

        if (node->kind != NODE_SCALAR || strstr(node->text, "${") == NULL) {
            continue;
        }
        if (expand_text(tree, node, &text)) {
            if (text_failed(&text) || note_variable(node) < 0 ||
                node_set_text(node, text.bytes) < 0) {
                tree->problems.failed = true;
            }
        }
        text_done(&text);
    }
}
