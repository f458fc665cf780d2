/*
 * scenario_load: the file a person writes, overlaid, validated, as a struct.
 *
 * Loading goes through stages: read and parse each file, lay --with files and --set values over it,
 * expand ${NAME} inside scalars, validate everything against one table of keys and against the
 * catalog. Every problem of all files is reported at once with FILE:LINE:COLUMN: KEY: what is wrong
 * (what would be right); a YAML syntax error comes alone. No broker and no agent is touched. One
 * thread.
 */
#ifndef MILLRACE_SCENARIO_LOAD_H
#define MILLRACE_SCENARIO_LOAD_H

#include "scenario.h"
#include "text.h"

struct scenario_sources {
    const char *path;
    const char *text; /* Taken instead of the file at path, whose name it has. NULL: read it. */
    const char *const *with; /* Overlay files, laid over in order. */
    uint32_t with_count;
    const char *const *set; /* KEY=VALUE, after the overlays, in order. */
    uint32_t set_count;
    const char *const *targets; /* LABEL or LABEL=ADDRESS. */
    uint32_t targets_count;
};

/*
 * Loads and validates. 0, and the caller owns *ret; -EINVAL when there are problems: all of them
 * are in *problems, one per line; other errnos (-ENOENT, -EFBIG, -ENOMEM) with the sentence in
 * problems too. Warnings (idle consumers) go to *warnings in the same form and don't fail.
 */
int scenario_load(const struct scenario_sources *sources, struct scenario **ret,
                  struct text *problems, struct text *warnings);

#endif
