#include "entry_samples.h"

#include "travelling_samples.h"

#include <string.h>

void sample_entry(struct random *random, enum entry_kind kind, struct journal_entry *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->kind = kind;
    ret->at_unix_ns = sample_time(random);
    if (kind == ENTRY_SNAPSHOT) {
        ret->as.snapshot = sample_zeros(1, sizeof *ret->as.snapshot);
    }
    record_sample_kept(random, entry_record(kind), entry_held(ret));
    if (kind == ENTRY_RUN) {
        ret->as.run.schema = JOURNAL_SCHEMA; /* As it is written. */
    }
}

bool same_entry(const struct journal_entry *a, const struct journal_entry *b)
{
    struct journal_entry borrowed[] = {*a, *b};

    return record_same_kept(&entry_head_record, a, b) &&
           record_same_kept(entry_record(a->kind), entry_held(&borrowed[0]),
                            entry_held(&borrowed[1]));
}
