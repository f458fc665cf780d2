/*
 * settings: what was set for a run, in one line: "memory · 512 B · 4 topics · 4 producers · 4
 * consumers · Poisson". Read from the scenario that the archive keeps. Pure.
 */
#ifndef MILLRACE_SETTINGS_H
#define MILLRACE_SETTINGS_H

#include "result.h"
#include "text.h"

/* Appends it; what differs between the cases of a run is named, without a value. Nothing where the
 * archive has no scenario that can be read. */
void settings_line(const struct result *result, struct text *out);

#endif
