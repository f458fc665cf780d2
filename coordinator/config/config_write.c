#include "config_write.h"

#include <string.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Words that some reader of YAML 1.1 or 1.2 takes for a boolean or for nothing. true and false are
 * such words too and are meant so. */
static bool is_word_of_yaml(const char *text)
{
    static const char *const words[] = {"y",   "n",    "yes",  "no",   "on",
                                        "off", "null", "true", "false"};

    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* 4, 100 and 0.5 are the same number to every reader. 012, 0o7, 0x1f, 1_000, 1e3, 1. and dates are
 * numbers or dates to some and texts to others. */
static bool is_doubtful_number(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    const char *rest = text + whole;

    if (!is_digit(text[0])) {
        return false;
    }
    if (whole == 4 && rest[0] == '-' && is_digit(rest[1])) {
        return true; /* A date begins so. */
    }
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o' || text[1] == 'b')) {
        return true;
    }
    if (rest[strspn(rest, "0123456789._")] == '\0') {
        bool leading_zero = text[0] == '0' && whole > 1;
        bool has_places =
            rest[0] == '.' && rest[1] != '\0' && rest[1 + strspn(rest + 1, "0123456789")] == '\0';

        return leading_zero || !(rest[0] == '\0' || has_places);
    }
    rest += strspn(rest, "0123456789._");
    if (*rest != 'e' && *rest != 'E') {
        return false;
    }
    rest += rest[1] == '+' || rest[1] == '-' ? 2 : 1;
    return is_digit(*rest) && rest[strspn(rest, "0123456789_")] == '\0';
}

/* Can it stand without quotes, whatever reads it? */
static bool is_plain(const char *text)
{
    size_t bytes = strlen(text);

    if (bytes == 0 || text[bytes - 1] == ' ' || strchr("-+.%/_ ~", text[0]) != NULL ||
        is_word_of_yaml(text) || is_doubtful_number(text)) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        char byte = text[i];

        if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
              (byte >= '0' && byte <= '9') || strchr(" ._/%+-", byte) != NULL)) {
            return false;
        }
    }
    return true;
}

static void write_scalar(struct text *text, const char *value)
{
    if (is_plain(value)) {
        text_add(text, value);
        return;
    }
    text_add(text, "\"");
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;

        if (byte == '$' && value[1] == '{') {
            text_add(text, "$$"); /* It was expanded once and is meant literally now. */
        } else if (byte == '"' || byte == '\\') {
            text_addf(text, "\\%c", byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            text_addf(text, "\\x%02x", byte);
        } else {
            text_add_bytes(text, value, 1);
        }
    }
    text_add(text, "\"");
}

/* A secret is kept by the name of the variable that it comes from, or not at all. */
static void write_value(struct text *text, const struct node *node)
{
    if (node->secret && node->variable != NULL) {
        text_addf(text, "\"${%s}\"", node->variable);
    } else {
        write_scalar(text, node->secret ? "***" : node->text);
    }
}

/* The first entry of an item goes on in the line of its dash. */
static bool continues_line(const struct node *node)
{
    return node->previous == NULL && node->parent->kind == NODE_MAP && node->parent->key == NULL &&
           node->parent->parent != NULL;
}

static void write_node(struct text *text, const struct node *node)
{
    int depth = 0;
    bool item = node->parent->kind == NODE_LIST;

    for (const struct node *above = node->parent; above->parent != NULL; above = above->parent) {
        depth++;
    }
    if (!continues_line(node)) {
        text_addf(text, "%*s", depth * 2, "");
    }
    if (item) {
        text_add(text, node->kind == NODE_LIST && node->first != NULL ? "-" : "- ");
    } else {
        write_scalar(text, node->key);
        text_add(text, node->kind == NODE_SCALAR || node->first == NULL ? ": " : ":");
    }
    if (node->kind == NODE_SCALAR) {
        if (node->null) {
            text_add(text, "null");
        } else {
            write_value(text, node);
        }
        text_add(text, "\n");
    } else if (node->first == NULL) {
        text_add(text, node->kind == NODE_MAP ? "{}\n" : "[]\n");
    } else if (!item || node->kind == NODE_LIST) {
        text_add(text, "\n");
    }
}

void config_write(const struct config_tree *tree, struct text *text)
{
    for (struct node *node = node_walk(tree->root, tree->root); node != NULL;
         node = node_walk(tree->root, node)) {
        write_node(text, node);
    }
}
