#include "copies_inner.h"

#include <errno.h>
#include <stdlib.h>

#define CAPACITY_MIN 16

/* Where the copies of all numbers from there on become more or fewer. */
struct edge {
    uint64_t at;
    uint64_t more;
    uint64_t fewer;
};

static int by_place(const void *left, const void *right)
{
    const struct edge *a = left;
    const struct edge *b = right;

    return (a->at > b->at) - (a->at < b->at);
}

/* Runs that don't overlap, each with neighbours of other counts: of n numbers at most n. They are
 * never more than the edges, of which there are two for each run that was there. */
static uint32_t runs_between(const struct edge *edges, uint32_t edges_count, struct copied *ret)
{
    uint64_t times = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i + 1 < edges_count; i++) {
        times = times + edges[i].more - edges[i].fewer;
        if (times == 0 || edges[i + 1].at == edges[i].at) {
            continue;
        }
        if (count > 0 && ret[count - 1].last + 1 == edges[i].at && ret[count - 1].times == times) {
            ret[count - 1].last = edges[i + 1].at - 1;
        } else {
            ret[count++] = (struct copied){edges[i].at, edges[i + 1].at - 1, times};
        }
    }
    return count;
}

/* Makes one of what overlaps; then half of the room at least is free. */
static int make_room(struct copies *copies)
{
    uint32_t runs_count = copies->runs == NULL ? 0 : copies->runs_count;
    uint32_t edges_count = 2 * runs_count;
    struct edge *edges = calloc((size_t)edges_count + 1, sizeof *edges);
    struct copied *runs = calloc((size_t)edges_count + 1, sizeof *runs);
    uint32_t capacity = CAPACITY_MIN;
    uint32_t count;
    struct copied *fitted;

    if (edges == NULL || runs == NULL) {
        free(edges);
        free(runs);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < runs_count; i++) {
        const struct copied *run = &copies->runs[i];

        edges[2 * (size_t)i] = (struct edge){.at = run->first, .more = run->times};
        edges[2 * (size_t)i + 1] = (struct edge){.at = run->last + 1, .fewer = run->times};
    }
    qsort(edges, edges_count, sizeof *edges, by_place);
    count = runs_between(edges, edges_count, runs);
    free(edges);
    while (capacity < 2 * count) {
        capacity *= 2;
    }
    fitted = realloc(runs, capacity * sizeof *runs);
    if (fitted == NULL) {
        free(runs);
        return -ENOMEM;
    }
    free(copies->runs);
    *copies = (struct copies){.runs = fitted, .runs_count = count, .runs_capacity = capacity};
    return 0;
}

int copies_add(struct copies *copies, uint64_t first, uint64_t last)
{
    if (copies->runs == NULL || copies->runs_count == copies->runs_capacity) {
        int r = make_room(copies);

        if (r < 0) {
            return r;
        }
    }
    copies->runs[copies->runs_count++] = (struct copied){first, last, 1};
    return 0;
}

uint64_t copies_count(const struct copies *copies, uint64_t first, uint64_t end)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < copies->runs_count; i++) {
        const struct copied *run = &copies->runs[i];
        uint64_t from = run->first > first ? run->first : first;
        uint64_t until = run->last + 1 < end ? run->last + 1 : end;

        count += until > from ? (until - from) * run->times : 0;
    }
    return count;
}

void copies_done(struct copies *copies)
{
    free(copies->runs);
    *copies = (struct copies){0};
}
