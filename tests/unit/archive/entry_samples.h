/* entry_samples: journal entries with random contents in every field, and whether two are the same.
 * Unused bytes are zero, so that flat structs compare as bytes. */
#ifndef MILLRACE_ENTRY_SAMPLES_H
#define MILLRACE_ENTRY_SAMPLES_H

#include "journal_entry.h"
#include "random.h"

/* Random UTF-8 in an array of text_bytes. */
void sample_utf8(struct random *random, char *text, size_t text_bytes);

/* Owns memory: journal_entry_done(). All texts are UTF-8. */
void sample_entry(struct random *random, enum entry_kind kind, struct journal_entry *ret);

bool same_entry(const struct journal_entry *a, const struct journal_entry *b);

#endif
