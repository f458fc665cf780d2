/* Arrays of documents within a document. */
#include "fields_inner.h"

#include "invariant.h"

#include <errno.h>

/* Which level is open; that of the array's items is the one behind it. */
static uint32_t items_level(const struct fields *fields)
{
    ASSERT(fields->depth < FIELDS_DEPTH_MAX);
    return fields->depth;
}

/* How many items it has, before memory is taken for them. */
static uint32_t count_items(struct fields *fields, const char *key, bson_iter_t counting,
                            uint32_t items_max)
{
    uint32_t count = 0;

    while (fields->failure == 0 && bson_iter_next(&counting)) {
        if (count == items_max) {
            fields_bad(fields, key, "has too many items");
        }
        count++;
    }
    return count;
}

static uint32_t begin_read(struct fields *fields, const char *key, uint32_t items_max)
{
    uint32_t level = items_level(fields);
    bson_iter_t iter;

    if (!bson_iter_init_find(&iter, fields->levels[fields->depth - 1].bson, key)) {
        return 0;
    }
    if (!BSON_ITER_HOLDS_ARRAY(&iter)) {
        fields_bad(fields, key, "has the wrong type");
        return 0;
    }
    if (!bson_iter_recurse(&iter, &fields->levels[level].items)) {
        fields_bad(fields, key, "is damaged");
        return 0;
    }
    return count_items(fields, key, fields->levels[level].items, items_max);
}

static void begin_write(struct fields *fields, const char *key)
{
    uint32_t level = items_level(fields);

    if (!bson_append_array_begin(fields->levels[fields->depth - 1].bson, key, -1,
                                 &fields->levels[level].array)) {
        fields_fail(fields, -EMSGSIZE, key, "makes the document too long");
    }
}

bool field_array_begin(struct fields *fields, const char *key, uint32_t items_max, uint32_t *count)
{
    uint32_t level = items_level(fields);

    if (fields->failure != 0) {
        return false;
    }
    fields->levels[level].name = key;
    fields->levels[level].is_array = true;
    fields->levels[level].index = 0;
    fields->levels[level].bson = &fields->levels[level].own;
    if (fields->reads) {
        *count = begin_read(fields, key, items_max);
    } else {
        begin_write(fields, key);
    }
    return fields->failure == 0;
}

void field_array_end(struct fields *fields)
{
    uint32_t level = items_level(fields);

    if (!fields->reads && fields->failure == 0) {
        (void)bson_append_array_end(fields->levels[fields->depth - 1].bson,
                                    &fields->levels[level].array);
    }
}

static void begin_item_read(struct fields *fields, uint32_t level)
{
    const uint8_t *bytes = NULL;
    uint32_t bytes_count = 0;

    if (bson_iter_next(&fields->levels[level].items) &&
        BSON_ITER_HOLDS_DOCUMENT(&fields->levels[level].items)) {
        bson_iter_document(&fields->levels[level].items, &bytes_count, &bytes);
    }
    if (bytes == NULL || !bson_init_static(&fields->levels[level].own, bytes, bytes_count) ||
        !bson_iter_init(&fields->levels[level].at, &fields->levels[level].own)) {
        fields_bad(fields, "the item", "is no document");
    }
}

static void begin_item_write(struct fields *fields, uint32_t level)
{
    char digits[16];
    const char *key;

    bson_uint32_to_string(fields->levels[level].index, &key, digits, sizeof digits);
    if (!bson_append_document_begin(&fields->levels[level].array, key, -1,
                                    &fields->levels[level].own)) {
        fields_fail(fields, -EMSGSIZE, "the item", "makes the document too long");
    }
}

void field_item_begin(struct fields *fields)
{
    uint32_t level = items_level(fields);

    fields->depth++;
    if (fields->reads) {
        begin_item_read(fields, level);
    } else {
        begin_item_write(fields, level);
    }
}

void field_item_end(struct fields *fields)
{
    ASSERT(fields->depth > 1);
    fields->depth--;
    if (!fields->reads && fields->failure == 0) {
        (void)bson_append_document_end(&fields->levels[fields->depth].array,
                                       &fields->levels[fields->depth].own);
    }
    fields->levels[fields->depth].index++;
}
