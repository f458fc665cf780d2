/* json_layout: makes a JSON text pleasant to read. libbson neither indents nor spares digits: it
 * writes 0.1 as 0.10000000000000000555. */
#include "json_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 2
#define LINE_BYTES_MAX 100

struct layout {
    const char *at;
    bool indented;
    uint32_t depth;
    uint32_t flat; /* Depth from which on everything stays on one line; 0: nothing does. */
    struct text *out;
};

/* Past the string that begins at at. */
static const char *string_end(const char *at)
{
    at++;
    while (*at != '"' && *at != '\0') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return *at == '"' ? at + 1 : at;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Whether what opens at at is short and has nothing nested in it. */
static bool stays_on_line(const char *at)
{
    const char *began = at;

    at++;
    while (*at != '\0' && at - began <= LINE_BYTES_MAX) {
        if (*at == '{' || *at == '[') {
            return false;
        }
        if (*at == '}' || *at == ']') {
            return true;
        }
        at = *at == '"' ? string_end(at) : at + 1;
    }
    return false;
}

static void new_line(struct layout *layout)
{
    if (!layout->indented) {
        return;
    }
    if (layout->flat != 0) {
        text_add(layout->out, " ");
        return;
    }
    text_add(layout->out, "\n");
    for (uint32_t i = 0; i < layout->depth * INDENT; i++) {
        text_add(layout->out, " ");
    }
}

static void add_number(struct layout *layout)
{
    char number[64];
    char shorter[64];
    size_t length = strspn(layout->at, "+-.0123456789eE");

    if (length >= sizeof number || memchr(layout->at, '.', length) == NULL) {
        text_add_bytes(layout->out, layout->at, length);
        layout->at += length;
        return;
    }
    memcpy(number, layout->at, length);
    number[length] = '\0';
    layout->at += length;
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(shorter, sizeof shorter, "%.*g", digits, strtod(number, NULL));
        if (strtod(shorter, NULL) == strtod(number, NULL)) {
            break;
        }
    }
    text_add(layout->out, shorter);
}

static void open_container(struct layout *layout)
{
    const char *inside = layout->at + 1;

    text_add_bytes(layout->out, layout->at, 1);
    while (is_space(*inside)) {
        inside++;
    }
    if (*inside == '}' || *inside == ']') {
        text_add_bytes(layout->out, inside, 1);
        layout->at = inside + 1;
        return;
    }
    layout->depth++;
    if (layout->flat == 0 && stays_on_line(layout->at)) {
        layout->flat = layout->depth;
    }
    layout->at++;
    new_line(layout);
}

static void close_container(struct layout *layout)
{
    layout->depth--;
    new_line(layout);
    if (layout->flat > layout->depth) {
        layout->flat = 0;
    }
    text_add_bytes(layout->out, layout->at++, 1);
}

static void add_token(struct layout *layout)
{
    const char *end;

    switch (*layout->at) {
    case '{':
    case '[':
        open_container(layout);
        return;
    case '}':
    case ']':
        close_container(layout);
        return;
    case ',':
        text_add(layout->out, ",");
        layout->at++;
        new_line(layout);
        return;
    case ':':
        text_add(layout->out, layout->indented ? ": " : ":");
        layout->at++;
        return;
    case '"':
        end = string_end(layout->at);
        break;
    default:
        if (strchr("-0123456789", *layout->at) != NULL) {
            add_number(layout);
            return;
        }
        end = layout->at + 1; /* A letter of true, false or null. */
        break;
    }
    text_add_bytes(layout->out, layout->at, (size_t)(end - layout->at));
    layout->at = end;
}

void json_layout(const char *json, bool indented, struct text *out)
{
    struct layout layout = {.at = json, .indented = indented, .out = out};

    while (*layout.at != '\0') {
        if (is_space(*layout.at)) {
            layout.at++;
        } else {
            add_token(&layout);
        }
    }
    text_add(out, "\n");
}
