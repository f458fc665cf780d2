#include "hist.h"
#include "invariant.h"
#include "record.h"
#include "seqset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void record_walk_begin(struct record_walk *walk, const struct record *record, void *item)
{
    memset(walk, 0, sizeof *walk);
    walk->depth = 1;
    walk->levels[0].record = record;
    walk->levels[0].item = item;
    walk->levels[0].count = 1;
}

/* Into the structs that the field holds, if it holds any. */
static void descend(struct record_walk *walk, const struct field *field, void *item)
{
    uint32_t count = 0;
    void *items = field->of != NULL ? field_structs(field, item, &count) : NULL;

    if (items == NULL || count == 0) {
        return;
    }
    ASSERT(walk->depth < RECORD_DEPTH_MAX);
    walk->levels[walk->depth].via = field;
    walk->levels[walk->depth].record = field->of;
    walk->levels[walk->depth].item = items;
    walk->levels[walk->depth].index = 0;
    walk->levels[walk->depth].count = count;
    walk->levels[walk->depth].fields_passed = 0;
    walk->depth++;
}

bool record_walk_next(struct record_walk *walk)
{
    uint32_t last;

    /* Only now, so that who walks can look at the field, or refuse it, before. */
    if (walk->field != NULL) {
        descend(walk, walk->field, walk->item);
    }
    while (walk->depth > 0) {
        last = walk->depth - 1;
        walk->record = walk->levels[last].record;
        walk->item = walk->levels[last].item;
        if (walk->levels[last].fields_passed < walk->record->fields_count) {
            walk->field = &walk->record->fields[walk->levels[last].fields_passed++];
            return true;
        }
        if (walk->levels[last].fields_passed == walk->record->fields_count) {
            walk->levels[last].fields_passed++;
            walk->field = NULL;
            return true;
        }
        walk->levels[last].index++;
        walk->levels[last].item += walk->record->bytes;
        walk->levels[last].fields_passed = 0;
        if (walk->levels[last].index == walk->levels[last].count) {
            walk->depth--;
        }
    }
    return false;
}

/* "flows[2].message.", of the item that the walk is at. */
static void path_of(const struct record_walk *walk, char *path, size_t path_bytes)
{
    size_t length = 0;

    path[0] = '\0';
    for (uint32_t i = 1; i < walk->depth; i++) {
        const struct field *via = walk->levels[i].via;
        bool single = via->type == FIELD_RECORD || via->type == FIELD_ONE;
        int n = single ? snprintf(path + length, path_bytes - length, "%s.", via->name)
                       : snprintf(path + length, path_bytes - length, "%s[%u].", via->name,
                                  walk->levels[i].index);

        if (n < 0 || (size_t)n >= path_bytes - length) {
            return;
        }
        length += (size_t)n;
    }
}

const char *record_is_wrong(const struct record *record, const void *item)
{
    return record->wrong != NULL ? record->wrong(item) : NULL;
}

int record_check(const struct record *record, const void *item, struct errinfo *reterr)
{
    struct record_walk walk;
    char what[FIELD_WRONG_BYTES];
    char path[ERRINFO_BYTES];

    record_walk_begin(&walk, record, (void *)(uintptr_t)item); /* Nothing is written. */
    while (record_walk_next(&walk)) {
        const char *relation = walk.field == NULL ? record_is_wrong(walk.record, walk.item) : NULL;
        bool wrong = walk.field != NULL && field_is_wrong(walk.field, walk.item, what);

        if (wrong || relation != NULL) {
            path_of(&walk, path, sizeof path);
            return errinfo_set(reterr, -EBADMSG, "%s: %s%s%s%s", record->name, path,
                               wrong ? walk.field->name : "", wrong ? " " : "",
                               wrong ? what : relation);
        }
    }
    return 0;
}

static void free_string(const struct field *field, char *text)
{
    if (field->secret && text != NULL) {
        explicit_bzero(text, strlen(text));
    }
    free(text);
}

static void free_field(const struct field *field, void *item)
{
    void **owned = field_at(field, item);
    struct hist_packed *hists = field_at(field, item);

    /* One of a table's. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    if (field->only == ONLY_SHOWN) {
        return;
    }
    switch (field->type) {
    case FIELD_STRING:
        free_string(field, *owned);
        break;
    case FIELD_LIST:
    case FIELD_ONE:
        free(*owned);
        break;
    case FIELD_HISTS:
        for (uint32_t i = 0; i < field->names_count; i++) {
            hist_packed_done(&hists[i]);
        }
        break;
    case FIELD_RUNS:
        seqruns_done(field_at(field, item));
        break;
    default:
        break;
    }
}

static bool owns_nothing(const struct record *record)
{
    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];

        if (field->of != NULL || field->type == FIELD_STRING || field->type == FIELD_HISTS ||
            field->type == FIELD_RUNS) {
            return false;
        }
    }
    return true;
}

void record_done(const struct record *record, void *item)
{
    struct record_walk walk;

    record_walk_begin(&walk, record, item);
    while (record_walk_next(&walk)) {
        bool ended = walk.field == NULL;

        if (!ended && walk.field->of != NULL &&
            (walk.field->only == ONLY_SHOWN || owns_nothing(walk.field->of))) {
            walk.field = NULL; /* There may be millions of them. What is only shown stands twice. */
        }
        for (uint32_t i = 0; ended && i < walk.record->fields_count; i++) {
            free_field(&walk.record->fields[i], walk.item);
        }
    }
    memset(item, 0, record->bytes);
}
