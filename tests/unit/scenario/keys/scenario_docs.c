#include "scenario_docs.h"

#include "catalog.h"
#include "mono.h"
#include "scenario_keys.h"

#include <stdio.h>
#include <string.h>

/* ---- JSON schema: one definition per mapping and list, so nothing nests ---- */

#define NUMBER "[0-9]+([.][0-9]+)?"
#define BYTES NUMBER "(B|kB|KiB|MB|MiB|GB|GiB)?"
#define TIME "(ns|us|ms|s|m|h)"

static void add_string(struct text *text, const char *string)
{
    text_add(text, "\"");
    for (; *string != '\0'; string++) {
        text_addf(text, *string == '"' || *string == '\\' ? "\\%c" : "%c", *string);
    }
    text_add(text, "\"");
}

static void add_pattern(struct text *text, const char *pattern)
{
    text_add(text, "\"type\": [\"string\", \"number\"], \"pattern\": ");
    text_add(text, "\"^(");
    text_add(text, pattern);
    text_add(text, ")$|[$][{]\"");
}

static void add_words(struct text *text, const struct scenario_key *row)
{
    text_add(text, "\"type\": \"string\", \"pattern\": \"^(");
    for (size_t i = 0; row->choices[i] != NULL; i++) {
        text_addf(text, "%s%s", i > 0 ? "|" : "", row->choices[i]);
    }
    text_add(text, ")$|[$][{]\"");
}

static void add_backends(struct text *text, const char *joint)
{
    for (size_t i = 0; catalog_backend(i) != NULL; i++) {
        text_addf(text, "%s%s", i > 0 ? joint : "", catalog_backend(i)->name);
    }
}

static void add_scalar(struct text *text, const struct scenario_key *row)
{
    switch (row->type) {
    case KEY_BOOL:
        text_add(text, "\"type\": [\"boolean\", \"string\"], \"pattern\": \"[$][{]\"");
        break;
    case KEY_COUNT:
        add_pattern(text, NUMBER "[kMG]?");
        break;
    case KEY_BYTES:
        add_pattern(text, BYTES);
        break;
    case KEY_BYTES_RANGE:
        add_pattern(text, BYTES "([.][.]" BYTES ")?");
        break;
    case KEY_DURATION:
        if (row->zero_word != NULL) {
            char pattern[128];

            (void)snprintf(pattern, sizeof pattern, "%s|%s", NUMBER TIME, row->zero_word);
            add_pattern(text, pattern);
        } else {
            add_pattern(text, NUMBER TIME);
        }
        break;
    case KEY_DECIMAL:
        add_pattern(text, NUMBER);
        break;
    case KEY_PERCENT:
        add_pattern(text, NUMBER "%");
        break;
    case KEY_RATE:
        add_pattern(text, NUMBER "[kMG]?/(" NUMBER ")?" TIME);
        break;
    case KEY_PHASE_RATE:
        add_pattern(text, NUMBER "[kMG]?/(" NUMBER ")?" TIME "|max|none");
        break;
    case KEY_CHOICE:
        add_words(text, row);
        break;
    case KEY_BACKEND:
        text_add(text, "\"type\": \"string\", \"pattern\": \"^(");
        add_backends(text, "|");
        text_add(text, ")$|[$][{]\"");
        break;
    case KEY_NAME:
        add_pattern(text, "[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
        break;
    case KEY_LABEL:
        add_pattern(text, "[^ ,=]+=[^ ,]+");
        break;
    default:
        text_add(text, "\"type\": [\"string\", \"number\", \"boolean\"]");
        break;
    }
}

static void add_reference(struct text *text, const struct scenario_key *row)
{
    text_addf(text, "\"$ref\": \"#/$defs/%s\"", row->same_as != NULL ? row->same_as : row->path);
}

static void add_property(struct text *text, const struct scenario_key *row)
{
    text_add(text, "{ ");
    if (row->type == KEY_TREE) {
        text_add(text, "\"not\": { \"type\": \"null\" }");
    } else if (row->later) {
        text_add(text, "\"not\": {}");
    } else if (row->type == KEY_MAP || row->type == KEY_LIST) {
        add_reference(text, row);
    } else if (row->map_form != NULL) {
        text_add(text, "\"anyOf\": [{ ");
        add_scalar(text, row);
        text_add(text, " }, { ");
        add_reference(text, row);
        text_add(text, " }]");
    } else {
        add_scalar(text, row);
    }
    text_add(text, ", \"description\": ");
    if (row->later) {
        struct text later = {0};

        text_addf(&later, "Not supported yet. %s", row->help);
        add_string(text, later.bytes);
        text_done(&later);
    } else {
        add_string(text, row->help);
    }
    text_add(text, " }");
}

static void add_map(struct text *text, const struct scenario_key *map)
{
    const char *separator = "";

    text_add(text, "{\n      \"type\": \"object\",\n      \"required\": [");
    for (const struct scenario_key *row = scenario_key_next(map, NULL); row != NULL;
         row = scenario_key_next(map, row)) {
        if (row->required) {
            text_addf(text, "%s\"%s\"", separator, scenario_key_name(row));
            separator = ", ";
        }
    }
    text_add(text, "],\n      \"properties\": {");
    separator = "\n";
    for (const struct scenario_key *row = scenario_key_next(map, NULL); row != NULL;
         row = scenario_key_next(map, row)) {
        if (strcmp(scenario_key_name(row), "*") != 0) {
            text_addf(text, "%s        \"%s\": ", separator, scenario_key_name(row));
            add_property(text, row);
            separator = ",\n";
        }
    }
    text_add(text, "\n      },\n      \"additionalProperties\": ");
    if (scenario_key_next(map, NULL) != NULL &&
        strcmp(scenario_key_name(scenario_key_next(map, NULL)), "*") == 0) {
        add_property(text, scenario_key_next(map, NULL));
    } else {
        text_add(text, "false");
    }
    text_add(text, "\n    }");
}

static void add_list(struct text *text, const struct scenario_key *list)
{
    text_addf(text, "{ \"type\": \"array\", \"minItems\": %d, \"maxItems\": %lld, \"items\": ",
              list->entries_needed ? 1 : 0, (long long)list->max);
    add_property(text, scenario_key_next(list, NULL));
    text_add(text, " }");
}

void docs_schema(struct text *text)
{
    const char *separator = "\n";

    text_add(text, "{\n"
                   "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                   "  \"title\": \"Millrace scenario, format 1\",\n"
                   "  \"$ref\": \"#/$defs/scenario\",\n"
                   "  \"$defs\": {");
    for (const struct scenario_key *row = scenario_key_root(); row != NULL;
         row = scenario_key_after(row)) {
        bool map = row->type == KEY_MAP || row->map_form != NULL;

        if (row->later || row->same_as != NULL || (!map && row->type != KEY_LIST)) {
            continue;
        }
        text_addf(text, "%s    \"%s\": ", separator, row->path[0] == '\0' ? "scenario" : row->path);
        if (map) {
            add_map(text, row);
        } else {
            add_list(text, row);
        }
        separator = ",\n";
    }
    text_add(text, "\n  }\n}\n");
}

/* ---- Markdown ---- */

static const char *form(const struct scenario_key *row)
{
    static const char *const forms[] = {
        [KEY_MAP] = "mapping",
        [KEY_LIST] = "list",
        [KEY_TEXT] = "text",
        [KEY_BACKEND] = "",
        [KEY_NAME] = "name",
        [KEY_LABEL] = "label",
        [KEY_BOOL] = "true \\| false",
        [KEY_COUNT] = "count",
        [KEY_BYTES] = "size",
        [KEY_BYTES_RANGE] = "size or range",
        [KEY_DURATION] = "duration",
        [KEY_RATE] = "rate",
        [KEY_DECIMAL] = "number",
        [KEY_PERCENT] = "percentage",
        [KEY_CHOICE] = "",
        [KEY_PHASE_RATE] = "rate \\| max \\| none",
        [KEY_ANY] = "value",
        [KEY_TREE] = "value",
    };

    return forms[row->type];
}

static void add_form(struct text *text, const struct scenario_key *row)
{
    text_addf(text, "%s%s%s", form(row), row->zero_word != NULL ? " \\| " : "",
              row->zero_word != NULL ? row->zero_word : "");
    if (row->type == KEY_BACKEND) {
        add_backends(text, " \\| ");
    }
    for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++) {
        text_addf(text, "%s%s", i > 0 ? " \\| " : "", row->choices[i]);
    }
    if (row->map_form != NULL) {
        text_addf(text, " \\| `%s`", row->map_form);
    }
    if (row->type == KEY_COUNT && !row->later) {
        text_addf(text, ", %lld to %lld", (long long)row->min, (long long)row->max);
    }
}

void docs_reference(struct text *text)
{
    text_add(text, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (const struct scenario_key *row = scenario_key_after(scenario_key_root()); row != NULL;
         row = scenario_key_after(row)) {
        if (row->later || strcmp(scenario_key_name(row), "*") == 0) {
            continue;
        }
        text_addf(text, "| `%s` | ", row->path);
        add_form(text, row);
        text_addf(text, " | %s | %s |\n",
                  row->fallback != NULL ? row->fallback
                  : row->required       ? "needed"
                                        : "",
                  row->help);
    }
    text_add(text, "\nNot supported yet, and refused by name:");
    for (const struct scenario_key *row = scenario_key_after(scenario_key_root()); row != NULL;
         row = scenario_key_after(row)) {
        if (row->later) {
            text_addf(text, " `%s`", row->path);
        }
    }
    text_add(text, ".\n");
}
