/* entry_codes: the fields of each journal entry, for both directions; see fields.h. */
#ifndef MILLRACE_ENTRY_CODES_INNER_H
#define MILLRACE_ENTRY_CODES_INNER_H

#include "fields.h"
#include "journal_entry.h"

/* The whole entry: its kind, its time and what it holds. Reading starts from zeros and leaves what
 * journal_entry_done() can free, also after a failure. */
void code_entry(struct fields *fields, struct journal_entry *entry);

#endif
