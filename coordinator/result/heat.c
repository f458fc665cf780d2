#include "heat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 16u

static uint32_t sum_of(uint32_t a, uint64_t b)
{
    return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

/* Two columns become one. */
static void halve(struct heat *heat)
{
    for (uint32_t i = 0; i < heat->columns_count; i++) {
        for (uint32_t row = 0; row < HEAT_ROWS && i % 2 == 1; row++) {
            heat->cells[i - 1][row] = sum_of(heat->cells[i - 1][row], heat->cells[i][row]);
        }
        if (i % 2 == 1 || i + 1 == heat->columns_count) {
            memmove(heat->cells[i / 2], heat->cells[i - i % 2], sizeof heat->cells[0]);
        }
    }
    heat->columns_count = (heat->columns_count + 1) / 2;
    heat->column_seconds *= 2;
}

static int make_columns(struct heat *heat, uint32_t columns, struct errinfo *reterr)
{
    uint32_t capacity = heat->columns_capacity == 0 ? CAPACITY_MIN : heat->columns_capacity;
    uint32_t(*grown)[HEAT_ROWS];

    while (capacity < columns) {
        capacity *= 2;
    }
    if (capacity > heat->columns_capacity) {
        grown = realloc(heat->cells, capacity * sizeof *grown);
        if (grown == NULL) {
            return errinfo_nomem(reterr);
        }
        heat->cells = grown;
        heat->columns_capacity = capacity;
    }
    while (heat->columns_count < columns) {
        memset(heat->cells[heat->columns_count++], 0, sizeof heat->cells[0]);
    }
    return 0;
}

static uint32_t row_of(int64_t value_ns)
{
    double row = floor(log10((double)value_ns / HEAT_LOWEST_NS) * HEAT_ROWS_PER_DECADE + 1e-9);

    return value_ns <= 0 || row < 0.0 ? 0 : row >= HEAT_ROWS ? HEAT_ROWS - 1 : (uint32_t)row;
}

static void add_bucket(void *context, int64_t value_ns, uint64_t count)
{
    uint32_t *cells = context;
    uint32_t row = row_of(value_ns);

    cells[row] = sum_of(cells[row], count);
}

int heat_add(struct heat *heat, uint32_t second, const struct hist *hist, struct errinfo *reterr)
{
    int r;

    heat->column_seconds = heat->column_seconds == 0 ? 1 : heat->column_seconds;
    while (second / heat->column_seconds >= HEAT_COLUMNS_MAX) {
        halve(heat);
    }
    r = make_columns(heat, second / heat->column_seconds + 1, reterr);
    if (r == 0) {
        hist_each(hist, add_bucket, heat->cells[second / heat->column_seconds]);
    }
    return r;
}

int heat_copy(const struct heat *heat, struct heat *ret, struct errinfo *reterr)
{
    *ret = *heat;
    if (heat->columns_count == 0) {
        ret->cells = NULL;
        ret->columns_capacity = 0;
        return 0;
    }
    ret->columns_capacity = heat->columns_count;
    ret->cells = malloc(heat->columns_count * sizeof *ret->cells);
    if (ret->cells == NULL) {
        memset(ret, 0, sizeof *ret);
        return errinfo_nomem(reterr);
    }
    memcpy(ret->cells, heat->cells, heat->columns_count * sizeof *ret->cells);
    return 0;
}

void heat_done(struct heat *heat)
{
    free(heat->cells);
    memset(heat, 0, sizeof *heat);
}

double heat_row_ns(uint32_t row)
{
    return row == 0 ? 0.0 : HEAT_LOWEST_NS * pow(10.0, (double)row / HEAT_ROWS_PER_DECADE);
}
