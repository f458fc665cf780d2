#include "close_parts.h"

#include <string.h>

enum { REASONS, OBJECTIVES, CHECKS, COMPARISONS, SEARCHES, STEPS, INSIGHTS, NOISE, LISTS_COUNT };
static_assert(LISTS_COUNT == CLOSE_LISTS, "each list has its place");

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
    TAKE(&part, CHECKS, &ret->findings, &result->findings, checks);
    TAKE(&part, COMPARISONS, &ret->findings, &result->findings, comparisons);
    TAKE(&part, SEARCHES, &ret->findings, &result->findings, searches);
    TAKE(&part, STEPS, &ret->findings, &result->findings, search_steps);
    TAKE(&part, INSIGHTS, &ret->findings, &result->findings, insights);
    TAKE(&part, NOISE, &ret->findings, &result->findings, noise);
    ret->more = part.left;
    parts->ended = !part.left;
    return true;
}
