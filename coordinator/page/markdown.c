/*
 * markdown: the document as GitHub-flavoured Markdown, for a pull request: sentence, tables, no
 * charts. What is long (the scenario) folds.
 */
#include "document_inner.h"
#include "escape.h"
#include "page.h"
#include "sections_inner.h"
#include "verdict_text.h"

#include <string.h>

static void add_cell(const struct doc_cell *cell, struct text *out)
{
    text_add(out, " ");
    escape_markdown(cell->text, out);
    text_add(out, " |");
}

static void add_table(const struct doc_block *block, struct text *out)
{
    if (block->cells_count == 0 || block->columns_count == 0) {
        return;
    }
    if (block->folded) { /* A pull request has no room for it. */
        escape_markdown(block->text, out);
        text_add(out, ": in report.html.\n\n");
        return;
    }
    if (block->text[0] != '\0') {
        text_add(out, "*");
        escape_markdown(block->text, out);
        text_add(out, "*\n\n");
    }
    text_add(out, "|");
    for (uint32_t i = 0; i < block->columns_count; i++) {
        text_add(out, " ");
        escape_markdown(block->columns[i].heading, out);
        text_add(out, " |");
    }
    text_add(out, "\n|");
    for (uint32_t i = 0; i < block->columns_count; i++) {
        text_add(out, block->columns[i].align == DOC_RIGHT ? " ---: |" : " --- |");
    }
    for (uint32_t i = 0; i < block->cells_count; i++) {
        text_add(out, i % block->columns_count == 0 ? "\n|" : "");
        add_cell(&block->cells[i], out);
    }
    text_add(out, "\n\n");
}

/* The longest run of backquotes in the code decides how long its fence has to be. */
static uint32_t fence_length(const char *code)
{
    uint32_t longest = 2;
    uint32_t run = 0;

    for (; *code != '\0'; code++) {
        run = *code == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest + 1;
}

static void add_fence(uint32_t length, struct text *out)
{
    for (uint32_t i = 0; i < length; i++) {
        text_add(out, "`");
    }
    text_add(out, "\n");
}

static void add_code(const struct doc_block *block, struct text *out)
{
    bool folds = strchr(block->extra, '\n') != NULL;
    uint32_t fence = fence_length(block->extra);
    size_t code_bytes = strlen(block->extra);

    text_add(out, folds ? "<details><summary>" : "");
    escape_markdown(block->text, out);
    text_add(out, folds ? "</summary>\n\n" : ":\n\n");
    add_fence(fence, out);
    text_add(out, block->extra);
    text_add(out, code_bytes > 0 && block->extra[code_bytes - 1] == '\n' ? "" : "\n");
    add_fence(fence, out);
    text_add(out, folds ? "\n</details>\n\n" : "\n");
}

/* One of a list, which ends where its neighbours are of another kind. */
static void end_item(const struct doc_block *block, struct text *out)
{
    text_add(out, block->next != NULL && block->next->kind == block->kind ? "\n" : "\n\n");
}

static void add_tile(const struct doc_block *tile, struct text *out)
{
    text_add(out, "- ");
    escape_markdown(tile->label, out);
    text_add(out, ": **");
    escape_markdown(tile->extra, out);
    text_add(out, "**");
    if (tile->text[0] != '\0') {
        text_add(out, " (");
        escape_markdown(tile->text, out);
        text_add(out, ")");
    }
    end_item(tile, out);
}

static void add_bar(const struct doc_block *bar, struct text *out)
{
    text_add(out, bar->tone == DOC_GOOD ? "- ✓ " : bar->tone == DOC_BAD ? "- ✗ " : "- ");
    escape_markdown(bar->text, out);
    text_add(out, ": ");
    escape_markdown(bar->extra, out);
    end_item(bar, out);
}

static void add_block(const struct doc_block *block, struct text *out)
{
    switch (block->kind) {
    case DOC_PARAGRAPH:
        escape_markdown(block->text, out);
        text_add(out, "\n\n");
        break;
    case DOC_ITEM:
        text_add(out, "- ");
        escape_markdown(block->text, out);
        end_item(block, out);
        break;
    case DOC_SUBHEADING:
        text_add(out, "### ");
        escape_markdown(block->text, out);
        text_add(out, "\n\n");
        break;
    case DOC_TABLE:
        add_table(block, out);
        break;
    case DOC_CODE:
        add_code(block, out);
        break;
    case DOC_TILE:
        add_tile(block, out);
        break;
    case DOC_BAR:
        add_bar(block, out);
        break;
    case DOC_CHART:
    case DOC_PICTURE:
    case DOC_FOLD:
    case DOC_CHOICE:
        break;
    }
}

static bool is_only_charts(const struct doc_section *section)
{
    for (const struct doc_block *block = section->blocks; block != NULL; block = block->next) {
        if (block->kind != DOC_CHART && block->kind != DOC_CHOICE && block->kind != DOC_PICTURE &&
            block->kind != DOC_FOLD && block->kind != DOC_SUBHEADING &&
            !(block->kind == DOC_PARAGRAPH && block->tone == DOC_MUTED)) {
            return false;
        }
    }
    return true;
}

/* A subheading over charts alone would stand over nothing here. */
static bool is_over_charts(const struct doc_block *block)
{
    return block->kind == DOC_SUBHEADING && block->next != NULL && block->next->kind == DOC_CHART;
}

static bool has_charts(const struct doc_section *section)
{
    for (const struct doc_block *block = section->blocks; block != NULL; block = block->next) {
        if (block->kind == DOC_CHART) {
            return true;
        }
    }
    return false;
}

static void add_section(const struct doc_section *section, struct text *out)
{
    bool charts = has_charts(section);

    if (charts && is_only_charts(section)) {
        return;
    }
    if (section->heading[0] != '\0') {
        text_add(out, "## ");
        escape_markdown(section->heading, out);
        text_add(out, "\n\n");
    }
    for (const struct doc_block *block = section->blocks; block != NULL; block = block->next) {
        /* Muted paragraphs before charts explain how to use them. */
        bool about_charts = charts && block->kind == DOC_PARAGRAPH && block->tone == DOC_MUTED;

        if (!about_charts && !is_over_charts(block)) {
            add_block(block, out);
        }
    }
}

int markdown_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    struct document doc = {0};
    struct text sentence = {0};

    sections_build(result, &doc);
    verdict_sentence(result, &sentence);
    if (document_failed(&doc) || text_failed(&sentence)) {
        out->failed = true;
    } else {
        text_add(out, "# ");
        escape_markdown(result->name == NULL ? "Run" : result->name, out);
        if (result->description != NULL && result->description[0] != '\0') {
            text_add(out, "\n\n");
            escape_markdown(result->description, out);
        }
        text_addf(out, "\n\n**%s** - ", verdict_badge(result));
        escape_markdown(sentence.bytes, out);
        text_add(out, "\n\n");
        for (const struct doc_section *section = doc.sections; section != NULL;
             section = section->next) {
            add_section(section, out);
        }
    }
    text_done(&sentence);
    document_done(&doc);
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}
