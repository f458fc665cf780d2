#include "document_inner.h"

#include "invariant.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_text(struct document *doc, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static char *format_text(struct document *doc, const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0) {
        doc->failed = true;
        return NULL;
    }
    return text;
}

static char *copy_text(struct document *doc, const char *from)
{
    char *text = strdup(from);

    if (text == NULL) {
        doc->failed = true;
    }
    return text;
}

static void block_free(struct doc_block *block)
{
    for (uint32_t i = 0; i < block->cells_count; i++) {
        free(block->cells[i].text);
    }
    for (uint32_t i = 0; i < block->columns_count; i++) {
        free(block->headings[i]);
    }
    free(block->cells);
    free(block->headings);
    free(block->columns);
    free(block->text);
    free(block->extra);
    free(block->label);
    free(block);
}

void document_done(struct document *doc)
{
    while (doc->sections != NULL) {
        struct doc_section *section = doc->sections;

        doc->sections = section->next;
        while (section->blocks != NULL) {
            struct doc_block *block = section->blocks;

            section->blocks = block->next;
            block_free(block);
        }
        free(section->heading);
        free(section);
    }
    memset(doc, 0, sizeof *doc);
}

bool document_failed(const struct document *doc)
{
    return doc->failed;
}

void doc_section(struct document *doc, const char *id, const char *heading)
{
    struct doc_section *section;

    if (doc->failed) {
        return;
    }
    section = calloc(1, sizeof *section);
    if (section == NULL) {
        doc->failed = true;
        return;
    }
    section->id = id;
    section->heading = copy_text(doc, heading);
    if (doc->last == NULL) {
        doc->sections = section;
    } else {
        doc->last->next = section;
    }
    doc->last = section;
}

/* The new last block of the last section; NULL once something failed. Takes text over. */
static struct doc_block *block_new(struct document *doc, enum doc_block_kind kind, char *text)
{
    struct doc_section *section = doc->last;
    struct doc_block *block;

    if (doc->failed) {
        free(text);
        return NULL;
    }
    ASSERT(section != NULL);
    block = calloc(1, sizeof *block);
    if (block == NULL) {
        doc->failed = true;
        free(text);
        return NULL;
    }
    block->kind = kind;
    block->text = text;
    if (section->last == NULL) {
        section->blocks = block;
    } else {
        section->last->next = block;
    }
    section->last = block;
    return block;
}

static void block_format(struct document *doc, enum doc_block_kind kind, enum doc_tone tone,
                         const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void block_format(struct document *doc, enum doc_block_kind kind, enum doc_tone tone,
                         const char *format, va_list args)
{
    struct doc_block *block = block_new(doc, kind, format_text(doc, format, args));

    if (block != NULL) {
        block->tone = tone;
    }
}

void doc_subheading(struct document *doc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    block_format(doc, DOC_SUBHEADING, DOC_PLAIN, format, args);
    va_end(args);
}

void doc_paragraph(struct document *doc, enum doc_tone tone, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    block_format(doc, DOC_PARAGRAPH, tone, format, args);
    va_end(args);
}

void doc_item(struct document *doc, enum doc_tone tone, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    block_format(doc, DOC_ITEM, tone, format, args);
    va_end(args);
}

void doc_tile(struct document *doc, enum doc_tone tone, const char *label, const char *value,
              const char *note, ...)
{
    struct doc_block *block;
    va_list args;

    va_start(args, note);
    block = block_new(doc, DOC_TILE, format_text(doc, note, args));
    va_end(args);
    if (block != NULL) {
        block->tone = tone;
        block->label = copy_text(doc, label);
        block->extra = copy_text(doc, value);
    }
}

void doc_bar(struct document *doc, enum doc_tone tone, double share, const char *value,
             const char *format, ...)
{
    struct doc_block *block;
    va_list args;

    va_start(args, format);
    block = block_new(doc, DOC_BAR, format_text(doc, format, args));
    va_end(args);
    if (block != NULL) {
        block->tone = tone;
        block->share = share;
        block->extra = copy_text(doc, value);
    }
}

void doc_code(struct document *doc, const char *caption, const char *code)
{
    struct doc_block *block = block_new(doc, DOC_CODE, copy_text(doc, caption));

    if (block != NULL) {
        block->extra = copy_text(doc, code);
    }
}

void doc_table(struct document *doc, const char *caption, const struct doc_column *columns,
               uint32_t columns_count)
{
    struct doc_block *block = block_new(doc, DOC_TABLE, copy_text(doc, caption));

    if (block == NULL) {
        return;
    }
    block->columns = malloc(columns_count * sizeof *columns);
    block->headings = calloc(columns_count, sizeof *block->headings);
    if (block->columns == NULL || block->headings == NULL) {
        doc->failed = true;
        return;
    }
    memcpy(block->columns, columns, columns_count * sizeof *columns);
    block->columns_count = columns_count;
    for (uint32_t i = 0; i < columns_count; i++) {
        block->headings[i] = copy_text(doc, columns[i].heading);
        block->columns[i].heading = block->headings[i];
    }
}

void doc_fold_rest(struct document *doc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    block_format(doc, DOC_FOLD, DOC_PLAIN, format, args);
    va_end(args);
}

void doc_fold(struct document *doc)
{
    if (!doc->failed) {
        ASSERT(doc->last->last->kind == DOC_TABLE);
        doc->last->last->folded = true;
    }
}

/* Takes text over. */
static struct doc_cell *cell_new(struct document *doc, char *text)
{
    struct doc_block *table;
    struct doc_cell *cell;

    if (doc->failed) {
        free(text);
        return NULL;
    }
    ASSERT(doc->last != NULL && doc->last->last != NULL && doc->last->last->kind == DOC_TABLE);
    table = doc->last->last;
    if (table->cells_count == table->cells_capacity) {
        uint32_t capacity = table->cells_capacity == 0 ? 64 : table->cells_capacity * 2;
        struct doc_cell *grown = realloc(table->cells, capacity * sizeof *grown);

        if (grown == NULL) {
            doc->failed = true;
            free(text);
            return NULL;
        }
        table->cells = grown;
        table->cells_capacity = capacity;
    }
    cell = &table->cells[table->cells_count++];
    *cell = (struct doc_cell){.text = text, .colour = DOC_NO_COLOUR, .rows = 1, .columns = 1};
    return cell;
}

void doc_cell(struct document *doc, enum doc_tone tone, const char *format, ...)
{
    struct doc_cell *cell;
    va_list args;

    va_start(args, format);
    cell = cell_new(doc, format_text(doc, format, args));
    va_end(args);
    if (cell != NULL) {
        cell->tone = tone;
    }
}

void doc_cell_target(struct document *doc, const char *name, uint32_t colour, uint32_t rows)
{
    struct doc_cell *cell = cell_new(doc, copy_text(doc, name));

    if (cell != NULL) {
        cell->colour = colour;
        cell->rows = rows;
    }
}

void doc_cell_covered(struct document *doc)
{
    struct doc_cell *cell = cell_new(doc, copy_text(doc, ""));

    if (cell != NULL) {
        cell->rows = 0;
    }
}

void doc_cells_rows(struct document *doc, uint32_t count, uint32_t rows)
{
    struct doc_block *table;

    if (doc->failed) {
        return;
    }
    table = doc->last->last;
    ASSERT(table->cells_count >= count && rows > 0);
    for (uint32_t i = 1; i <= count; i++) {
        table->cells[table->cells_count - i].rows = rows;
    }
}

void doc_cell_columns(struct document *doc, uint32_t columns)
{
    struct doc_block *table;

    if (doc->failed) {
        return;
    }
    table = doc->last->last;
    ASSERT(table->cells_count > 0 && columns > 0);
    table->cells[table->cells_count - 1].columns = columns;
    while (--columns > 0) {
        doc_cell_covered(doc);
    }
}

/* A block with that text, which takes over what extra holds; NULL once something failed. */
static struct doc_block *block_with(struct document *doc, enum doc_block_kind kind,
                                    const char *text, struct text *extra)
{
    char *data = text_take(extra);
    struct doc_block *block;

    if (data == NULL) {
        doc->failed = true;
        return NULL;
    }
    block = block_new(doc, kind, copy_text(doc, text));
    if (block == NULL) {
        free(data);
        return NULL;
    }
    block->extra = data;
    return block;
}

void doc_choice(struct document *doc, const char *label, struct text *options)
{
    (void)block_with(doc, DOC_CHOICE, label, options);
}

void doc_picture(struct document *doc, const char *caption, struct text *svg)
{
    (void)block_with(doc, DOC_PICTURE, caption, svg);
}

void doc_chart(struct document *doc, const char *caption, struct text *json)
{
    struct doc_block *block = block_with(doc, DOC_CHART, caption, json);

    if (block != NULL) {
        block->chart_index = doc->charts_count++;
    }
}
