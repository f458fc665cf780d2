#include "config_source_inner.h"

#include "utf8.h"

#include <string.h>

bool source_is_utf8(const char *bytes, size_t bytes_count)
{
    size_t at = 0;

    while (at < bytes_count) {
        size_t length = utf8_length(bytes + at, bytes_count - at);

        if (length == 0 || bytes[at] == '\0') {
            return false;
        }
        at += length;
    }
    return true;
}

bool source_find_bad_byte(const struct source_text *text, struct origin *ret)
{
    uint32_t line = 1;
    uint32_t column = 1;
    size_t at = 0;

    while (at < text->bytes_count) {
        unsigned char byte = (unsigned char)text->bytes[at];
        size_t length = utf8_length(text->bytes + at, text->bytes_count - at);

        if (length == 0 || byte == 0x7f ||
            (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t')) {
            *ret = text->at;
            ret->line = line;
            ret->column = column;
            return true;
        }
        at += length;
        column++;
        if (byte == '\n') {
            line++;
            column = 1;
        }
    }
    return false;
}

/* Where a reader of YAML is: enough of it to tell quotes, comments and { } apart. */
struct reader {
    uint32_t line;
    uint32_t column;
    uint32_t depth; /* Of { and [. */
    char quote;     /* ' or " when within one. */
    bool comment;
    char before; /* Last character that was no blank; '\n' at the start of a line. */
    bool blank;  /* The last character was a blank. */
};

static void read_plain(struct reader *reader, char byte)
{
    bool starts_value = strchr("\n:,[{-", reader->before) != NULL;

    if ((byte == '\'' || byte == '"') && starts_value) {
        reader->quote = byte;
    } else if (byte == '#' && (reader->blank || reader->before == '\n')) {
        reader->comment = true;
    } else if ((byte == '{' || byte == '[') && (starts_value || reader->depth > 0)) {
        reader->depth++;
    } else if ((byte == '}' || byte == ']') && reader->depth > 0) {
        reader->depth--;
    }
}

static void read_byte(struct reader *reader, char byte)
{
    if (byte == '\n') {
        reader->line++;
        reader->column = 0;
        reader->comment = false;
        reader->before = '\n';
    } else if (reader->quote != '\0') {
        reader->quote = byte == reader->quote ? '\0' : reader->quote;
        reader->before = byte;
    } else if (!reader->comment) {
        read_plain(reader, byte);
        reader->before = byte == ' ' || byte == '\t' || byte == '\r' ? reader->before : byte;
    }
    reader->blank = byte == ' ' || byte == '\t' || byte == '\n';
    reader->column++;
}

bool source_find_unquoted_expansion(const struct source_text *text, struct origin *ret)
{
    struct reader reader = {.line = 1, .column = 1, .before = '\n'};

    for (size_t i = 0; i + 1 < text->bytes_count; i++) {
        if (text->bytes[i] == '$' && text->bytes[i + 1] == '{' && reader.quote == '\0' &&
            !reader.comment && reader.depth > 0) {
            *ret = text->at;
            ret->line = reader.line;
            ret->column = reader.column;
            return true;
        }
        read_byte(&reader, text->bytes[i]);
    }
    return false;
}
