/*
 * html: the document as one file: styles, scripts and data inside, no network. The page is
 * assets/report.html, whose {{places}} are filled here.
 */
#include "assets_inner.h"
#include "document_inner.h"
#include "escape.h"
#include "first_inner.h"
#include "invariant.h"
#include "page.h"
#include "sections_inner.h"
#include "settings.h"
#include "verdict_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Cells longer than this may break into lines; shorter ones are figures and names. */
#define LONG_TEXT_BYTES 48

static const char *const tone_classes[] = {
    [DOC_PLAIN] = "",    [DOC_GOOD] = "good",   [DOC_BAD] = "bad",
    [DOC_WARN] = "warn", [DOC_MUTED] = "muted",
};

struct page {
    const struct result *result;
    struct document doc;
    struct text sentence;
    struct text meta;
    struct text settings;
};

static void add_class(const char *class_name, struct text *out)
{
    if (class_name[0] != '\0') {
        text_addf(out, " class=\"%s\"", class_name);
    }
}

/* ---- Tables ---- */

static void add_heading(const struct doc_column *column, struct text *out)
{
    text_add(out, "<th scope=\"col\"");
    add_class(column->align == DOC_RIGHT ? "right" : "", out);
    if (column->help != NULL) {
        text_add(out, " title=\"");
        escape_markup(column->help, out);
        text_add(out, "\"");
    }
    text_add(out, ">");
    escape_markup(column->heading, out);
    text_add(out, "</th>");
}

static void add_cell(const struct doc_block *table, uint32_t index, struct text *out)
{
    const struct doc_cell *cell = &table->cells[index];
    uint32_t column = index % table->columns_count;
    bool right = table->columns[column].align == DOC_RIGHT && cell->columns == 1;
    bool is_long = strlen(cell->text) > LONG_TEXT_BYTES && !right;
    const char *element = column == 0 ? "th" : "td";

    if (cell->rows == 0) {
        return;
    }
    text_addf(out, "<%s%s class=\"%s%s %s\"", element, column == 0 ? " scope=\"row\"" : "",
              tone_classes[cell->tone], is_long ? " long" : "", right ? "right" : "");
    if (cell->rows > 1) {
        text_addf(out, " rowspan=\"%u\"", cell->rows);
    }
    if (cell->columns > 1) {
        text_addf(out, " colspan=\"%u\"", cell->columns);
    }
    text_add(out, ">");
    if (cell->colour != DOC_NO_COLOUR) {
        text_addf(out, "<span class=\"swatch\" style=\"--colour:var(--target-%u)\"></span>",
                  cell->colour % 8);
    }
    text_add(out, cell->columns > 1 ? "<span class=\"spans\">" : "");
    escape_markup(cell->text, out);
    text_add(out, cell->columns > 1 ? "</span>" : "");
    text_addf(out, "</%s>", element);
}

static void add_table(const struct doc_section *section, const struct doc_block *table,
                      struct text *out)
{
    const char *label = table->text[0] != '\0'        ? table->text
                        : section->heading[0] != '\0' ? section->heading
                                                      : "Targets";

    if (table->cells_count == 0 || table->columns_count == 0) {
        return;
    }
    if (table->folded) {
        text_add(out, "<details><summary>");
        escape_markup(table->text, out);
        text_add(out, "</summary>");
    }
    text_add(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    escape_markup(label, out);
    text_add(out, "\"><table>");
    if (table->text[0] != '\0' && !table->folded) {
        text_add(out, "<caption>");
        escape_markup(table->text, out);
        text_add(out, "</caption>");
    }
    text_add(out, "<thead><tr>");
    for (uint32_t i = 0; i < table->columns_count; i++) {
        add_heading(&table->columns[i], out);
    }
    text_add(out, "</tr></thead>\n<tbody>\n");
    for (uint32_t i = 0; i < table->cells_count; i++) {
        text_add(out, i % table->columns_count == 0 ? "<tr>" : "");
        add_cell(table, i, out);
        text_add(out, (i + 1) % table->columns_count == 0 ? "</tr>\n" : "");
    }
    text_addf(out, "</tbody></table></div>%s\n", table->folded ? "</details>" : "");
}

/* ---- Other blocks ---- */

static void add_chart(const struct doc_block *chart, struct text *out)
{
    text_addf(out, "<figure class=\"chart\" id=\"chart-%u\"><figcaption>", chart->chart_index);
    escape_markup(chart->text, out);
    text_add(out,
             "</figcaption><div class=\"plot\" role=\"img\" tabindex=\"0\" aria-label=\"Chart: ");
    escape_markup(chart->text, out);
    text_add(out, ". Arrow keys read its values.\"></div>"
                  "<details><summary>Values as a table</summary></details>"
                  "<script type=\"application/json\">");
    text_add(out, chart->extra);
    text_add(out, "</script></figure>\n");
}

/* The script shows it, as without one there is nothing to choose. */
static void add_choice(const struct doc_section *section, const struct doc_block *choice,
                       struct text *out)
{
    const char *option = choice->extra;

    text_addf(out, "<p class=\"choice\" hidden><label>");
    escape_markup(choice->text, out);
    text_addf(out, " <select data-section=\"%s\">", section->id);
    while (option != NULL) {
        const char *end = strchr(option, '\n');
        size_t bytes = end == NULL ? strlen(option) : (size_t)(end - option);
        char text[REASON_BYTES];

        (void)snprintf(text, sizeof text, "%.*s",
                       (int)(bytes < sizeof text ? bytes : sizeof text - 1), option);
        text_add(out, "<option>");
        escape_markup(text, out);
        text_add(out, "</option>");
        option = end == NULL ? NULL : end + 1;
    }
    text_add(out, "</select></label></p>\n");
}

static void add_code(const struct doc_section *section, const struct doc_block *block,
                     uint32_t number, struct text *out)
{
    text_add(out, "<div class=\"code\"><div class=\"label\"><span>");
    escape_markup(block->text, out);
    text_addf(out,
              "</span><button type=\"button\" data-copies=\"code-%s-%u\">Copy</button></div>"
              "<pre id=\"code-%s-%u\" tabindex=\"0\">",
              section->id, number, section->id, number);
    escape_markup(block->extra, out);
    text_add(out, "</pre></div>\n");
}

static void add_text_block(const char *element, const struct doc_block *block, struct text *out)
{
    text_addf(out, "<%s", element);
    add_class(tone_classes[block->tone], out);
    text_add(out, ">");
    escape_markup(block->text, out);
    text_addf(out, "</%s>\n", element);
}

static void add_tile(const struct doc_block *tile, struct text *out)
{
    text_addf(out, "<div class=\"tile %s\"><span class=\"label\">", tone_classes[tile->tone]);
    escape_markup(tile->label, out);
    text_add(out, "</span><strong>");
    escape_markup(tile->extra, out);
    text_add(out, "</strong><span class=\"note\">");
    escape_markup(tile->text, out);
    text_add(out, "</span></div>\n");
}

/* The limit stands at two thirds of a bar, so that what is over it is seen. */
static void add_bar(const struct doc_block *bar, struct text *out)
{
    double percent = bar->share * 200.0 / 3.0;
    const char *sign = bar->tone == DOC_GOOD ? "✓ " : bar->tone == DOC_BAD ? "✗ " : "";

    text_addf(out, "<li class=\"bar %s\"><span>", tone_classes[bar->tone]);
    escape_markup(bar->text, out);
    text_add(out, "</span>");
    if (isfinite(bar->share)) {
        text_addf(out,
                  "<span class=\"track\" aria-hidden=\"true\"><i "
                  "style=\"width:%.1f%%\"></i><b></b></span>",
                  percent > 100.0 ? 100.0 : percent);
    } else {
        text_add(out, "<span></span>");
    }
    text_addf(out, "<strong>%s", sign);
    escape_markup(bar->extra, out);
    text_add(out, "</strong></li>\n");
}

static void add_picture(const struct doc_block *picture, struct text *out)
{
    text_add(out, "<figure class=\"picture\"><figcaption>");
    escape_markup(picture->text, out);
    text_add(out,
             "</figcaption><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    escape_markup(picture->text, out);
    text_addf(out, "\">%s</div></figure>\n", picture->extra);
}

static void add_block(const struct doc_section *section, const struct doc_block *block,
                      uint32_t number, struct text *out)
{
    switch (block->kind) {
    case DOC_PARAGRAPH:
        add_text_block("p", block, out);
        break;
    case DOC_ITEM:
        add_text_block("li", block, out);
        break;
    case DOC_SUBHEADING:
        add_text_block("h3", block, out);
        break;
    case DOC_TABLE:
        add_table(section, block, out);
        break;
    case DOC_CODE:
        add_code(section, block, number, out);
        break;
    case DOC_CHART:
        add_chart(block, out);
        break;
    case DOC_TILE:
        add_tile(block, out);
        break;
    case DOC_BAR:
        add_bar(block, out);
        break;
    case DOC_PICTURE:
        add_picture(block, out);
        break;
    case DOC_FOLD:
        break;
    case DOC_CHOICE:
        add_choice(section, block, out);
        break;
    }
}

/* One chart takes the whole width; three in a row where that leaves fewer holes than two. */
static const char *grid_class(const struct doc_block *first)
{
    uint32_t count = 0;

    for (const struct doc_block *block = first; block != NULL && block->kind == DOC_CHART;
         block = block->next) {
        count++;
    }
    return count == 1 ? "charts one" : count == 3 || count > 4 ? "charts three" : "charts";
}

/* Neighbouring items are one list, neighbouring charts one grid. */
static void add_group_tag(const struct doc_block *block, const struct doc_block *neighbour,
                          bool opens, struct text *out)
{
    if (neighbour != NULL && neighbour->kind == block->kind) {
        return;
    }
    if (block->kind == DOC_ITEM) {
        text_add(out, opens ? "<ul class=\"items\">\n" : "</ul>\n");
    } else if (block->kind == DOC_BAR) {
        text_add(out, opens ? "<ul class=\"bars\">\n" : "</ul>\n");
    } else if (block->kind == DOC_TILE) {
        text_add(out, opens ? "<div class=\"tiles\">\n" : "</div>\n");
    } else if (block->kind == DOC_CHART && opens) {
        text_addf(out, "<div class=\"%s\">\n", grid_class(block));
    } else if (block->kind == DOC_CHART) {
        text_add(out, "</div>\n");
    }
}

/* A section of which all is folded has its heading in the line that unfolds it. */
static void add_fold(const struct doc_section *section, const struct doc_block *block,
                     struct text *out)
{
    text_add(out, "<details class=\"fold\"><summary>");
    if (block == section->blocks) {
        text_add(out, "<h2>");
        escape_markup(section->heading, out);
        text_add(out, "</h2> ");
    }
    text_add(out, "<span>");
    escape_markup(block->text, out);
    text_add(out, "</span></summary>\n");
}

static void add_section(const struct doc_section *section, struct text *out)
{
    const struct doc_block *before = NULL;
    bool folded = false;
    uint32_t number = 0;

    text_addf(out, "<section id=\"%s\">\n", section->id);
    if (section->heading[0] != '\0' &&
        (section->blocks == NULL || section->blocks->kind != DOC_FOLD)) {
        text_add(out, "<h2>");
        escape_markup(section->heading, out);
        text_add(out, "</h2>\n");
    }
    for (const struct doc_block *block = section->blocks; block != NULL; block = block->next) {
        if (block->kind == DOC_FOLD && !folded) {
            add_fold(section, block, out);
            folded = true;
        }
        add_group_tag(block, before, true, out);
        add_block(section, block, number++, out);
        add_group_tag(block, block->next, false, out);
        before = block;
    }
    text_add(out, folded ? "</details></section>\n" : "</section>\n");
}

/* ---- Places of the page ---- */

static void place_title(const struct page *page, struct text *out)
{
    text_addf(out, "%s - ", verdict_badge(page->result));
    escape_markup(page->result->name == NULL ? "Millrace" : page->result->name, out);
}

static const char *tone_of(const struct result *result)
{
    if (result->cut_off || result->verdict == VERDICT_INVALID ||
        result->verdict == VERDICT_INTERRUPTED) {
        return "warn";
    }
    if (result->verdict != VERDICT_PASS) {
        return "bad";
    }
    return strcmp(verdict_badge(result), "PASS") == 0 ? "good" : "warn";
}

static void place_header(const struct page *page, struct text *out)
{
    const struct result *result = page->result;
    const char *tone = tone_of(result);
    const char *sign = strcmp(tone, "good") == 0 ? "✓" : strcmp(tone, "bad") == 0 ? "✗" : "▲";

    text_add(out, "<p class=\"name\"><strong>");
    escape_markup(result->name == NULL ? "" : result->name, out);
    text_add(out, "</strong> <span>");
    escape_markup(page->meta.bytes, out);
    text_add(out, "</span></p>\n");
    text_addf(out, "<h1><span class=\"badge %s\">%s %s</span> <span>", tone, sign,
              verdict_badge(result));
    escape_markup(page->sentence.bytes, out);
    text_add(out, "</span></h1>\n");
    if (page->settings.bytes_count > 0) {
        text_add(out, "<p class=\"settings\">");
        escape_markup(page->settings.bytes, out);
        text_add(out, "</p>\n");
    }
    if (result->description != NULL && result->description[0] != '\0') {
        text_add(out, "<p class=\"settings\">");
        escape_markup(result->description, out);
        text_add(out, "</p>\n");
    }
    text_add(out, "<div id=\"said\" class=\"hidden\" role=\"status\"></div>");
}

/* It stays at the top of the screen: the answer, and the way to each section. */
static void place_bar(const struct page *page, struct text *out)
{
    text_addf(out, "<a class=\"badge %s\" href=\"#top\">%s</a>\n<nav aria-label=\"Sections\"><ul>",
              tone_of(page->result), verdict_badge(page->result));
    for (const struct doc_section *section = page->doc.sections; section != NULL;
         section = section->next) {
        if (section->heading[0] != '\0') {
            text_addf(out, "<li><a href=\"#%s\">", section->id);
            escape_markup(section->heading, out);
            text_add(out, "</a></li>");
        }
    }
    text_add(out, "</ul></nav>");
}

static void place_content(const struct page *page, struct text *out)
{
    for (const struct doc_section *section = page->doc.sections; section != NULL;
         section = section->next) {
        add_section(section, out);
    }
}

static void place_run(const struct page *page, struct text *out)
{
    escape_markup(page->result->run_id, out);
}

static void place_css(const struct page *page, struct text *out)
{
    (void)page;
    text_add(out, asset_report_css);
}

static void place_js(const struct page *page, struct text *out)
{
    (void)page;
    text_add(out, asset_report_js);
}

static void place_uplot_css(const struct page *page, struct text *out)
{
    (void)page;
    text_add(out, asset_uplot_css);
}

static void place_uplot_js(const struct page *page, struct text *out)
{
    (void)page;
    text_add(out, asset_uplot_js);
}

static const struct {
    const char *name;
    void (*add)(const struct page *page, struct text *out);
} places[] = {
    {"{{title}}", place_title},
    {"{{header}}", place_header},
    {"{{bar}}", place_bar},
    {"{{content}}", place_content},
    {"{{run}}", place_run},
    {"{{css}}", place_css},
    {"{{js}}", place_js},
    {"{{uplot_css}}", place_uplot_css},
    {"{{uplot_js}}", place_uplot_js},
};

static void fill_page(const struct page *page, struct text *out)
{
    const char *from = asset_report_html;
    const char *open;

    while ((open = strstr(from, "{{")) != NULL) {
        size_t i = 0;

        text_add_bytes(out, from, (size_t)(open - from));
        while (strncmp(open, places[i].name, strlen(places[i].name)) != 0) {
            i++;
            ASSERT(i < sizeof places / sizeof places[0]);
        }
        places[i].add(page, out);
        from = open + strlen(places[i].name);
    }
    text_add(out, from);
}

int html_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    struct page page = {.result = result};

    sections_build(result, &page.doc);
    verdict_sentence(result, &page.sentence);
    first_meta(result, &page.meta);
    settings_line(result, &page.settings);
    if (document_failed(&page.doc) || text_failed(&page.sentence) || text_failed(&page.meta) ||
        text_failed(&page.settings)) {
        out->failed = true;
    } else {
        fill_page(&page, out);
    }
    text_done(&page.sentence);
    text_done(&page.meta);
    text_done(&page.settings);
    document_done(&page.doc);
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}
