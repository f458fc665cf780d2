/*
 * resolution_inner: what is said of latencies that may be too long, as agents read what arrives
 * near a send together with it.
 */
#ifndef MILLRACE_RESOLUTION_INNER_H
#define MILLRACE_RESOLUTION_INNER_H

#include "result.h"
#include "text.h"

#include <stdbool.h>

/* One sentence on the phase with the longest, where that is a tenth of what is measured, or where
 * the scenario asked for it (pacing: coalesce). False: there is nothing to say. */
bool resolution_line(const struct result *result, struct text *out);

#endif
