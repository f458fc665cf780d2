#include "escape.h"

#include "utf8.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

/* Appends what stands for the single byte c, or returns false if it may stand for itself. */
typedef bool escape_byte(unsigned char c, struct text *out);

static void escape_with(const char *from, escape_byte *escape, struct text *out)
{
    size_t left = strlen(from);

    while (left > 0) {
        size_t bytes = utf8_length(from, left);
        size_t passed = bytes == 0 ? 1 : bytes;

        if (bytes == 0) {
            text_add(out, REPLACEMENT);
        } else if (bytes > 1 || !escape((unsigned char)*from, out)) {
            text_add_bytes(out, from, bytes);
        }
        from += passed;
        left -= passed;
    }
}

static bool markup_byte(unsigned char c, struct text *out)
{
    switch (c) {
    case '&':
        text_add(out, "&amp;");
        return true;
    case '<':
        text_add(out, "&lt;");
        return true;
    case '>':
        text_add(out, "&gt;");
        return true;
    case '"':
        text_add(out, "&quot;");
        return true;
    case '\'':
        text_add(out, "&#39;");
        return true;
    case '\t':
    case '\n':
        return false;
    default:
        if (c < 0x20) {
            text_add(out, REPLACEMENT);
            return true;
        }
        return false;
    }
}

void escape_markup(const char *from, struct text *out)
{
    escape_with(from, markup_byte, out);
}

static bool json_byte(unsigned char c, struct text *out)
{
    if (c == '"' || c == '\\') {
        text_addf(out, "\\%c", c);
        return true;
    }
    /* `<` could open </script> or <!--, which end or change the element that holds the JSON. */
    if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x7F) {
        text_addf(out, "\\u%04x", c);
        return true;
    }
    return false;
}

void escape_json(const char *from, struct text *out)
{
    text_add(out, "\"");
    escape_with(from, json_byte, out);
    text_add(out, "\"");
}

static bool markdown_byte(unsigned char c, struct text *out)
{
    if (c == '<') {
        text_add(out, "&lt;");
        return true;
    }
    if (c == '&') {
        text_add(out, "&amp;");
        return true;
    }
    if (strchr("\\`*_[]|#~>", c) != NULL) {
        text_addf(out, "\\%c", c);
        return true;
    }
    if (c == '@') {
        /* A forge would notify whoever has that name. */
        text_add(out, "&#64;");
        return true;
    }
    if (c < 0x20) {
        text_add(out, " ");
        return true;
    }
    return false;
}

void escape_markdown(const char *from, struct text *out)
{
    escape_with(from, markdown_byte, out);
}

static bool csv_byte(unsigned char c, struct text *out)
{
    if (c == '"') {
        text_add(out, "\"\"");
        return true;
    }
    return false;
}

void escape_csv(const char *from, struct text *out)
{
    bool quoted = strpbrk(from, "\",\r\n") != NULL || from[0] == ' ' ||
                  (from[0] != '\0' && from[strlen(from) - 1] == ' ');

    text_add(out, quoted ? "\"" : "");
    escape_with(from, csv_byte, out);
    text_add(out, quoted ? "\"" : "");
}

static bool tag_byte(unsigned char c, struct text *out)
{
    if (c <= 0x20 || c == ',' || c == '/' || c == '=' || c == '"' || c == 0x7F) {
        text_add(out, "_");
        return true;
    }
    return false;
}

void escape_tag(const char *from, struct text *out)
{
    escape_with(from, tag_byte, out);
}
