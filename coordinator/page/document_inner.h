/*
 * document_inner: a report before it has a form. Sections of headings, paragraphs, tables and
 * charts as data, built once by the section builders and written out by html.c and markdown.c.
 *
 * A builder calls these in reading order; what is added goes to the section, table or row opened
 * last. Allocation failures are remembered: build freely, ask document_failed() once. Texts are
 * copied; they are plain text, the writers escape. Charts carry their data as JSON, which scripts
 * draw: a new chart is new data, not new code. One thread.
 */
#ifndef MILLRACE_DOCUMENT_INNER_H
#define MILLRACE_DOCUMENT_INNER_H

#include "text.h"

#include <stdbool.h>
#include <stdint.h>

/* Also told by a sign or word, never by colour alone. */
enum doc_tone { DOC_PLAIN, DOC_GOOD, DOC_BAD, DOC_WARN, DOC_MUTED };

enum doc_align { DOC_LEFT, DOC_RIGHT };

enum doc_block_kind {
    DOC_PARAGRAPH,
    DOC_ITEM, /* Neighbours make one list. */
    DOC_TABLE,
    DOC_CHART, /* Neighbours stand side by side where there is room. Not in Markdown. */
    DOC_CODE,
    DOC_SUBHEADING,
    DOC_TILE,    /* A figure with its name. Neighbours stand side by side. */
    DOC_BAR,     /* A figure against its limit. Neighbours make one list. */
    DOC_PICTURE, /* Drawn here: stands there without scripts. Not in Markdown. */
    DOC_FOLD,    /* What follows in its section stands there on request. Not in Markdown. */
    DOC_CHOICE   /* Which of their others the section's charts show. Needs scripts. */
};

#define DOC_NO_COLOUR UINT32_MAX

struct doc_column {
    const char *heading; /* Borrowed for the call of doc_table(), which copies it. */
    const char *help;    /* A literal: what it means; NULL: the heading says it. */
    enum doc_align align;
};

struct doc_cell {
    char *text;
    enum doc_tone tone;
    uint32_t colour;  /* Number of a target's colour, or DOC_NO_COLOUR. */
    uint32_t rows;    /* Spans so many rows; 0: covered by a cell above or to the left. */
    uint32_t columns; /* Spans so many columns. */
};

struct doc_block {
    struct doc_block *next;
    enum doc_block_kind kind;
    enum doc_tone tone;
    char
        *text; /* Paragraph, item, subheading; caption of a table, chart or code; note of a tile. */
    char *extra;  /* Chart: its JSON. Code: the code. Choice: its options, a line each. Tile, bar:
                     the  figure. Picture: its SVG. */
    char *label;  /* Tile: its name. */
    double share; /* Bar: of the limit; NAN: there is none to draw. */
    uint32_t chart_index; /* Charts are numbered through the document. */
    struct doc_column *columns;
    char **headings; /* Of the columns, which point to them. */
    uint32_t columns_count;
    struct doc_cell *cells; /* Row by row. */
    uint32_t cells_count;
    uint32_t cells_capacity;
    bool folded; /* Table: its caption, and the rest on request. Not in Markdown. */
};

struct doc_section {
    struct doc_section *next;
    const char *id; /* Borrowed; the anchor. */
    char *heading;  /* "" for the first screen. */
    struct doc_block *blocks;
    struct doc_block *last;
};

struct document {
    struct doc_section *sections;
    struct doc_section *last;
    uint32_t charts_count;
    bool failed;
};

/* A struct of zeros is an empty document. */
void document_done(struct document *doc);
bool document_failed(const struct document *doc);

void doc_section(struct document *doc, const char *id, const char *heading);
void doc_subheading(struct document *doc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void doc_paragraph(struct document *doc, enum doc_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doc_item(struct document *doc, enum doc_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doc_code(struct document *doc, const char *caption, const char *code);

/* The note says what the value is of: "of 5.00k/s asked". */
void doc_tile(struct document *doc, enum doc_tone tone, const char *label, const char *value,
              const char *note, ...) __attribute__((format(printf, 5, 6)));

/* share: value / limit; NAN draws no bar. */
void doc_bar(struct document *doc, enum doc_tone tone, double share, const char *value,
             const char *format, ...) __attribute__((format(printf, 5, 6)));

/* svg is one element and is taken over as the JSON of a chart is. */
void doc_picture(struct document *doc, const char *caption, struct text *svg);

/* columns and their headings are copied. A row is complete after columns_count cells. */
void doc_table(struct document *doc, const char *caption, const struct doc_column *columns,
               uint32_t columns_count);
void doc_cell(struct document *doc, enum doc_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doc_cell_target(struct document *doc, const char *name, uint32_t colour, uint32_t rows);

/* Folds what follows of the section behind a line that says what is in it. Once in a section. */
void doc_fold_rest(struct document *doc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Folds the table added last. */
void doc_fold(struct document *doc);

/* A place that a cell above covers. */
void doc_cell_covered(struct document *doc);

/* Makes the last count cells span rows rows each. */
void doc_cells_rows(struct document *doc, uint32_t count, uint32_t rows);

/* Makes the cell added last span columns columns: adds the covered places itself. */
void doc_cell_columns(struct document *doc, uint32_t columns);

/* options: those of the section's charts, in the order of what they show; taken over as json is
 * below. */
void doc_choice(struct document *doc, const char *label, struct text *options);

/* json is one object (see charts_inner.h for its keys) and is taken over; it is freed and counted
 * as a failure if it is broken (text_failed). */
void doc_chart(struct document *doc, const char *caption, struct text *json);

#endif
