/* travelling_samples: structs with contents that their tables allow (record.h), and whether two are
 * the same; for tests of all that goes through tables. Unused bytes are zero. */
#ifndef MILLRACE_TRAVELLING_SAMPLES_H
#define MILLRACE_TRAVELLING_SAMPLES_H

#include "random.h"
#include "record.h"

#include <stdbool.h>

/* Fill a struct of zeros; record_done() frees. What holds between fields holds, too. */
void record_sample(struct random *random, const struct record *record, void *item);
void record_least(const struct record *record, void *item); /* The least of everything. */

/* Of the fields that travel. */
bool record_same(const struct record *record, const void *a, const void *b);

/* The same of the fields that a journal keeps; texts are UTF-8. */
void record_sample_kept(struct random *random, const struct record *record, void *item);
bool record_same_kept(const struct record *record, const void *a, const void *b);

/* Parts that samples are made of. */
uint32_t sample_below(struct random *random, uint32_t end);
uint64_t sample_number(struct random *random); /* Of all magnitudes. */
int64_t sample_time(struct random *random);    /* Of both signs. */
bool sample_bool(struct random *random);
void sample_text(struct random *random, char *text, size_t text_bytes);
void *sample_zeros(uint32_t count, size_t item_bytes); /* NULL for none. */
bool same_items(const void *a, const void *b, uint32_t count, size_t item_bytes);

#endif
