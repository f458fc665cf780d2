/* travelling: the tables of all structs that travel. */
#ifndef MILLRACE_TRAVELLING_H
#define MILLRACE_TRAVELLING_H

#include "record.h"

#define TRAVELLING_MAX 64

/* Those of frames first, then those that they hold. Returns how many. */
uint32_t travelling_records(const struct record *ret[TRAVELLING_MAX]);

#endif
