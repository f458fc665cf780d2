/* What is made of many values. */
#include "wire_coder_inner.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool code_count(struct coder *coder, const char *field, uint32_t *count,
                const struct list_kind *kind)
{
    uint32_t number = *count;

    if (!coder_step(coder)) {
        return false;
    }
    if (!coder_reads(coder) && number > kind->items_max) {
        coder_fail(coder, -EMSGSIZE, field, "has too many items");
        return false;
    }
    coder_array(coder, field, &number, kind->items_max);
    if (coder_reads(coder) && coder->failure == 0 &&
        number > (size_t)(coder->end - coder->at) / kind->item_bytes_min) {
        coder_bad(coder, field, "is cut off");
    }
    if (coder->failure != 0) {
        return false;
    }
    *count = number;
    return true;
}

/* Items are no fields of the struct around the list: they get a level of their own. */
static void code_each(struct coder *coder, const char *field, void *items, uint32_t count,
                      const struct list_kind *kind)
{
    ASSERT(coder->depth < CODER_DEPTH_MAX);
    coder->open[coder->depth].name = field;
    coder->open[coder->depth].left = count;
    coder->depth++;
    for (uint32_t i = 0; i < count && coder->failure == 0; i++) {
        kind->code(coder, kind, (char *)items + i * kind->item_bytes);
    }
    code_end(coder);
}

void *code_list(struct coder *coder, const char *field, void *items, uint32_t *count,
                const struct list_kind *kind)
{
    void *list = items;
    uint32_t number = *count;

    if (!code_count(coder, field, &number, kind)) {
        return items;
    }
    if (coder_reads(coder) && number > 0) {
        list = calloc(number, kind->item_bytes);
        if (list == NULL) {
            coder_fail(coder, -ENOMEM, field, "does not fit into memory");
            return items;
        }
    }
    *count = number;
    code_each(coder, field, list, number, kind);
    return list; /* Half read, perhaps: the struct's destructor takes it so. */
}

void code_items(struct coder *coder, const char *field, void *items, uint32_t *count,
                const struct list_kind *kind)
{
    uint32_t number = *count;

    if (code_count(coder, field, &number, kind)) {
        *count = number;
        code_each(coder, field, items, number, kind);
    }
}

void code_all(struct coder *coder, const char *field, void *items, const struct list_kind *kind)
{
    uint32_t number = kind->items_max;

    if (!code_count(coder, field, &number, kind)) {
        return;
    }
    if (number != kind->items_max) {
        coder_bad(coder, field, "has not its number of items");
        return;
    }
    code_each(coder, field, items, number, kind);
}

/*
 * A run is two numbers: its distance from the end of the run before, which may be negative, and its
 * length less one. An orderly stream is one run of few bytes.
 */
static void write_runs(struct coder *coder, const char *field, const struct seqruns *list)
{
    uint32_t numbers = list->runs_count * 2;
    uint64_t next = 0;

    if (list->runs_count > UINT32_MAX / 2) {
        coder_fail(coder, -EMSGSIZE, field, "has too many items");
        return;
    }
    coder_array(coder, field, &numbers, UINT32_MAX);
    for (uint32_t i = 0; i < list->runs_count; i++) {
        const struct seqrun *run = &list->runs[i];
        int64_t gap = (int64_t)run->first - (int64_t)next;
        uint64_t more = run->last - run->first;

        coder_signed(coder, field, &gap);
        coder_number(coder, field, &more, SEQ_MAX);
        next = run->last + 1;
    }
}

static bool read_run(struct coder *coder, const char *field, int64_t next, struct seqrun *ret)
{
    int64_t gap = 0;
    uint64_t more = 0;

    coder_signed(coder, field, &gap);
    coder_number(coder, field, &more, SEQ_MAX - 1);
    if (coder->failure != 0) {
        return false;
    }
    /* next is at most SEQ_MAX = 2^48, so neither bound nor sum overflows. */
    if (gap < -next || gap >= (int64_t)SEQ_MAX - next || more >= SEQ_MAX - (uint64_t)(next + gap)) {
        coder_bad(coder, field, "has a run out of range");
        return false;
    }
    ret->first = (uint64_t)(next + gap);
    ret->last = ret->first + more;
    return true;
}

static void read_runs(struct coder *coder, const char *field, struct seqruns *list)
{
    uint32_t numbers = 0;
    int64_t next = 0;

    coder_array(coder, field, &numbers, UINT32_MAX);
    if (coder->failure != 0 || numbers == 0) {
        return;
    }
    if (numbers % 2 != 0 || numbers > (size_t)(coder->end - coder->at)) {
        coder_bad(coder, field, "is cut off");
        return;
    }
    list->runs = malloc(numbers / 2 * sizeof *list->runs);
    if (list->runs == NULL) {
        coder_fail(coder, -ENOMEM, field, "does not fit into memory");
        return;
    }
    list->runs_capacity = numbers / 2;
    while (list->runs_count < numbers / 2 &&
           read_run(coder, field, next, &list->runs[list->runs_count])) {
        next = (int64_t)list->runs[list->runs_count].last + 1;
        list->runs_count++;
    }
}

void code_runs(struct coder *coder, const char *field, struct seqruns *list)
{
    if (!coder_step(coder)) {
        return;
    }
    if (coder_reads(coder)) {
        read_runs(coder, field, list);
    } else {
        write_runs(coder, field, list);
    }
}

void code_hist(struct coder *coder, const char *field, struct hist_packed *hist)
{
    const void *bytes = hist->bytes;
    size_t bytes_count = hist->bytes_count;
    int r;

    if (!coder_step(coder)) {
        return;
    }
    coder_bytes(coder, field, &bytes, &bytes_count);
    if (!coder_reads(coder) || coder->failure != 0 || bytes == NULL) {
        return;
    }
    r = hist_packed_read(bytes, bytes_count, hist, NULL);
    if (r == -ENOMEM) {
        coder_fail(coder, -ENOMEM, field, "does not fit into memory");
    } else if (r < 0) {
        coder_bad(coder, field, "is no histogram");
    }
}
