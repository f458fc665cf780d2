#include "config_source_inner.h"
#include "errinfo.h"
#include "invariant.h"

#include <assert.h>
#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

/* One parse on its way from event to event. */
struct building {
    const struct source_text *text;
    struct node_pool *pool;
    struct problems *problems;
    struct node *root;
    struct node *open; /* The mapping or list that is being filled. */
    uint32_t depth;
    char *key; /* Read, its value not yet. */
    struct origin key_at;
    uint32_t documents_count;
    bool refused; /* A problem after which the rest makes no sense. */
};

static struct origin origin_at(const struct source_text *text, const struct fy_mark *mark)
{
    struct origin at = text->at;

    if (at.line > 0 && mark != NULL) {
        at.line = (uint32_t)mark->line + 1;
        at.column = (uint32_t)mark->column + 1;
    }
    return at;
}

static void refuse(struct building *building, struct origin at, const char *what)
{
    problems_add(building->problems, at, "", "%s", what);
    building->refused = true;
}

static void out_of_memory(struct building *building)
{
    building->problems->failed = true;
    building->refused = true;
}

static bool key_is_next(const struct building *building)
{
    return building->open != NULL && building->open->kind == NODE_MAP && building->key == NULL;
}

static void check_duplicate(struct building *building, struct node *node)
{
    const struct node *earlier = node_child(building->open, node->key);

    if (earlier == NULL) {
        return;
    }
    node_append(building->open, node);
    if (earlier->key_at.line > 0) {
        problems_node_key(building->problems, node,
                          "duplicate key (the first stands in line %u, column %u)",
                          earlier->key_at.line, earlier->key_at.column);
    } else {
        problems_node_key(building->problems, node, "duplicate key");
    }
}

/* Puts a value that has just begun into what is open. */
static void place(struct building *building, struct node *node)
{
    if (building->open == NULL) {
        building->root = node;
    } else if (building->open->kind == NODE_LIST) {
        node_append(building->open, node);
    } else {
        node->key = building->key;
        node->key_at = building->key_at;
        building->key = NULL;
        check_duplicate(building, node);
        if (node->parent == NULL) {
            node_append(building->open, node);
        }
    }
}

static void take_key(struct building *building, const char *text, struct origin at)
{
    if (strcmp(text, "<<") == 0) {
        refuse(building, at, "merge keys (<<) are not supported (lay a file over it: --with)");
        return;
    }
    building->key = strdup(text);
    building->key_at = at;
    if (building->key == NULL) {
        out_of_memory(building);
    }
}

static bool is_null(const char *text, enum fy_scalar_style style)
{
    return style == FYSS_PLAIN &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* Where a scalar begins: its quote included, and an empty one at its key. */
static struct origin scalar_origin(const struct building *building, struct fy_event *event,
                                   enum fy_scalar_style style)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    struct origin at = origin_at(building->text, mark);

    if (mark == NULL && building->key != NULL) {
        return building->key_at;
    }
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && at.column > 1) {
        at.column--;
    }
    return at;
}

static void take_scalar(struct building *building, struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    size_t bytes_count = 0;
    const char *bytes = token != NULL ? fy_token_get_text(token, &bytes_count) : "";
    enum fy_scalar_style style = token != NULL ? fy_token_scalar_style(token) : FYSS_PLAIN;
    struct origin at = scalar_origin(building, event, style);
    struct node *node = NULL;
    char *copy;

    if (bytes == NULL || !source_is_utf8(bytes, bytes_count)) {
        refuse(building, at, "a NUL or a character that is not UTF-8 stands here");
        return;
    }
    copy = strndup(bytes, bytes_count);
    if (copy == NULL) {
        out_of_memory(building);
        return;
    }
    if (key_is_next(building)) {
        take_key(building, copy, at);
    } else {
        node = node_new_scalar(building->pool, copy, at);
        if (node == NULL) {
            out_of_memory(building);
        } else {
            node->null = is_null(copy, style);
            place(building, node);
        }
    }
    free(copy);
}

static void take_start(struct building *building, struct fy_event *event, enum node_kind kind)
{
    struct origin at = origin_at(building->text, fy_event_start_mark(event));
    struct node *node;

    if (key_is_next(building)) {
        refuse(building, at, "a key must be plain text");
        return;
    }
    if (building->depth == NODE_DEPTH_MAX) {
        refuse(building, at, "nested too deeply");
        return;
    }
    node = node_new(building->pool, kind, at);
    if (node == NULL) {
        out_of_memory(building);
        return;
    }
    place(building, node);
    building->open = node;
    building->depth++;
}

static void take_end(struct building *building)
{
    ASSERT(building->open != NULL && building->depth > 0);
    building->open = building->open->parent;
    building->depth--;
}

static void take_node(struct building *building, struct fy_event *event)
{
    struct origin at = origin_at(building->text, fy_event_start_mark(event));
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);

    if (event->type == FYET_ALIAS || anchor != NULL) {
        at = anchor != NULL ? origin_at(building->text, fy_token_start_mark(anchor)) : at;
        at.column -= at.column > 1 ? 1 : 0; /* The sign in front of the name. */
        refuse(building, at, "anchors and aliases are not supported (write the value out)");
        return;
    }
    if (tag != NULL) {
        refuse(building, origin_at(building->text, fy_token_start_mark(tag)),
               "tags are not supported (write the value alone)");
        return;
    }
    if (building->pool->nodes_count >= NODES_MAX) {
        static_assert(NODES_MAX == 10000, "the sentence below says so");
        problems_add(building->problems, at, "",
                     "one value too many stands here (a %s has at most 10000)",
                     building->pool->form->what);
        building->refused = true;
        return;
    }
    if (event->type == FYET_SCALAR) {
        take_scalar(building, event);
    } else {
        take_start(building, event, event->type == FYET_MAPPING_START ? NODE_MAP : NODE_LIST);
    }
}

static void take_event(struct building *building, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (++building->documents_count > 1) {
            refuse(building, origin_at(building->text, fy_event_start_mark(event)),
                   "a second document starts here (there can be one)");
        }
        break;
    case FYET_SCALAR:
    case FYET_ALIAS:
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
        take_node(building, event);
        break;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        take_end(building);
        break;
    default:
        break;
    }
}

static void add_syntax_error(struct building *building, struct fy_diag *diag)
{
    const struct source_text *text = building->text;
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    struct origin at = text->at;
    struct origin expansion;

    building->refused = true;
    if (error != NULL && at.line > 0 && error->line > 0) {
        at.line = (uint32_t)error->line;
        at.column = error->column > 0 ? (uint32_t)error->column : 1;
    }
    if (source_find_unquoted_expansion(text, &expansion) &&
        (at.line == 0 || expansion.line <= at.line)) {
        expansion.line = at.line == 0 ? 0 : expansion.line;
        problems_add(building->problems, expansion, "",
                     "inside { } and [ ] a ${NAME} must be quoted (\"${NAME}\")");
        return;
    }
    problems_add(building->problems, at, "", "not YAML: %s",
                 error != NULL && error->msg != NULL ? error->msg : "it ends too early");
}

static int parse_events(struct building *building, struct fy_diag *diag)
{
    /* Collecting keeps the library's own report off stderr. */
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE |
                                           FYPCF_DISABLE_MMAP_OPT,
                                  .diag = diag};
    struct fy_parser *parser = fy_parser_create(&config);
    struct fy_event *event;

    if (parser == NULL ||
        fy_parser_set_string(parser, building->text->bytes, building->text->bytes_count) != 0) {
        fy_parser_destroy(parser);
        return -ENOMEM;
    }
    while (!building->refused) {
        event = fy_parser_parse(parser);
        if (event == NULL) {
            break;
        }
        take_event(building, event);
        fy_parser_event_free(parser, event);
    }
    if (!building->refused && (fy_parser_get_stream_error(parser) || fy_diag_got_error(diag))) {
        add_syntax_error(building, diag);
    }
    fy_parser_destroy(parser);
    return 0;
}

struct node *source_parse(const struct source_text *text, struct node_pool *pool,
                          struct problems *problems)
{
    struct building building = {.text = text, .pool = pool, .problems = problems};
    struct fy_diag_cfg diag_config;
    struct fy_diag *diag;
    struct origin bad;

    if (source_find_bad_byte(text, &bad)) {
        bad.line = text->at.line == 0 ? 0 : bad.line;
        problems_add(problems, bad, "", "not a text in UTF-8 (a byte here is no character)");
        return NULL;
    }
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag = fy_diag_create(&diag_config);
    if (diag == NULL) {
        problems->failed = true;
        return NULL;
    }
    fy_diag_set_collect_errors(diag, true);
    if (parse_events(&building, diag) < 0) {
        problems->failed = true;
        building.refused = true;
    }
    fy_diag_destroy(diag);
    free(building.key);
    if (building.refused) {
        return NULL;
    }
    if (building.root == NULL) {
        problems_add(problems, text->at, "", "is empty");
    }
    return building.root;
}
