#include "nearest.h"

#include <string.h>

#define WORD_BYTES_MAX 64

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t nearest_distance(const char *a, const char *b)
{
    uint32_t rows[3][WORD_BYTES_MAX + 1]; /* Of the table: the row before last, the last, this. */
    size_t a_bytes = strlen(a);
    size_t b_bytes = strlen(b);

    if (a_bytes > WORD_BYTES_MAX || b_bytes > WORD_BYTES_MAX) {
        return UINT32_MAX;
    }
    for (size_t j = 0; j <= b_bytes; j++) {
        rows[1][j] = (uint32_t)j;
    }
    memcpy(rows[0], rows[1], sizeof rows[0]);
    for (size_t i = 1; i <= a_bytes; i++) {
        rows[2][0] = (uint32_t)i;
        for (size_t j = 1; j <= b_bytes; j++) {
            uint32_t replaced = rows[1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);

            rows[2][j] = least(replaced, least(rows[1][j], rows[2][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                rows[2][j] = least(rows[2][j], rows[0][j - 2] + 1);
            }
        }
        memcpy(rows[0], rows[1], sizeof rows[0]);
        memcpy(rows[1], rows[2], sizeof rows[1]);
    }
    return rows[1][b_bytes];
}

void nearest_init(struct nearest *nearest, const char *word)
{
    size_t bytes = strlen(word);
    uint32_t limit = bytes < 6 ? 1 : bytes < 9 ? 2 : 3; /* A third of it at most. */

    *nearest = (struct nearest){.word = word, .best = NULL, .distance = limit + 1};
}

void nearest_offer(struct nearest *nearest, const char *known)
{
    uint32_t distance = nearest_distance(nearest->word, known);

    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = known;
    }
}
