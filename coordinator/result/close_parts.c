#include "close_parts.h"

#include "invariant.h"

#include <string.h>

enum { REASONS, OBJECTIVES, FINDINGS }; /* And what follows: each kind has a list. */

/* The part that is being filled. */
struct part {
    struct close_parts *parts;
    uint32_t room; /* Rows that it still takes. */
    bool left;     /* Some list did not fit. */
};

/* The next rows of a list, as many as there is room for: returns how many, and where they begin. */
static uint32_t take(struct part *part, int list, uint32_t rows_count, uint32_t *ret_first)
{
    uint32_t *done = &part->parts->done[list];
    uint32_t count = rows_count - *done < part->room ? rows_count - *done : part->room;

    *ret_first = *done;
    *done += count;
    part->room -= count;
    part->left = part->left || *done < rows_count;
    return count;
}

#define TAKE(part, list, to, from, rows)                                                           \
    do {                                                                                           \
        uint32_t first_;                                                                           \
        (to)->rows##_count = take((part), (list), (from)->rows##_count, &first_);                  \
        (to)->rows = (from)->rows == NULL ? NULL : (from)->rows + first_;                          \
    } while (0)

/* As findings_append() does, of rows that are borrowed. */
static void take_findings(struct part *part, const struct findings *from, struct findings *to)
{
    struct findings rest = *from;

    for (uint32_t i = 0; i < findings_record.fields_count; i++) {
        const struct field *list = &findings_record.fields[i];
        char **rows = field_at(list, to);
        uint32_t count = 0;
        uint32_t first;
        char *all = field_structs(list, &rest, &count);

        ASSERT(FINDINGS + i < CLOSE_LISTS);
        *field_count_at(list, to) = take(part, FINDINGS + (int)i, count, &first);
        *rows = all == NULL ? NULL : all + first * list->of->bytes;
    }
}

void close_parts_init(struct close_parts *parts, const struct result *result)
{
    memset(parts, 0, sizeof *parts);
    parts->result = result;
}

bool close_parts_next(struct close_parts *parts, struct entry_close *ret)
{
    const struct result *result = parts->result;
    struct part part = {.parts = parts, .room = CLOSE_ROWS_MAX};

    if (parts->ended) {
        return false;
    }
    memset(ret, 0, sizeof *ret);
    ret->verdict = result->verdict;
    ret->ended_unix_ns = result->ended_unix_ns;
    TAKE(&part, REASONS, ret, result, reasons);
    TAKE(&part, OBJECTIVES, ret, result, objectives);
    take_findings(&part, &result->findings, &ret->findings);
    ret->more = part.left;
    parts->ended = !part.left;
    return true;
}
