/* entry_samples: journal entries with random contents in every field that is kept, by their tables,
 * and whether two are the same. */
#ifndef MILLRACE_ENTRY_SAMPLES_H
#define MILLRACE_ENTRY_SAMPLES_H

#include "journal_entry.h"
#include "random.h"

/* Owns memory: journal_entry_done(). All texts are UTF-8. */
void sample_entry(struct random *random, enum entry_kind kind, struct journal_entry *ret);

bool same_entry(const struct journal_entry *a, const struct journal_entry *b);

#endif
