#include "seqset.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_CAPACITY_FIRST 8
#define RUNS_CAPACITY_MAX (UINT32_C(1) << 28)

static int grow(struct seqruns *list)
{
    uint32_t capacity = list->runs_capacity == 0 ? RUNS_CAPACITY_FIRST : list->runs_capacity * 2;
    struct seqrun *grown;

    if (capacity > RUNS_CAPACITY_MAX) {
        return -ENOMEM;
    }
    grown = reallocarray(list->runs, capacity, sizeof *grown);
    if (grown == NULL) {
        return -ENOMEM;
    }
    list->runs = grown;
    list->runs_capacity = capacity;
    return 0;
}

int seqruns_add(struct seqruns *list, uint64_t first, uint64_t last)
{
    ASSERT(first <= last && last < SEQ_MAX);
    if (list->runs_count > 0 && list->runs[list->runs_count - 1].last + 1 == first) {
        list->runs[list->runs_count - 1].last = last;
        return 0;
    }
    if (list->runs_count == list->runs_capacity && grow(list) < 0) {
        return -ENOMEM;
    }
    list->runs[list->runs_count++] = (struct seqrun){.first = first, .last = last};
    return 0;
}

void seqruns_clear(struct seqruns *list)
{
    list->runs_count = 0;
}

void seqruns_done(struct seqruns *list)
{
    free(list->runs);
    memset(list, 0, sizeof *list);
}

uint64_t seqruns_count(const struct seqruns *list)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < list->runs_count; i++) {
        count += list->runs[i].last - list->runs[i].first + 1;
    }
    return count;
}
