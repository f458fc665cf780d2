/*
 * backend_table: the drivers that this program was built with. Only who chooses one needs the
 * table; who uses one needs backend.h alone. Constant data, safe from any thread.
 */
#ifndef MILLRACE_BACKEND_TABLE_H
#define MILLRACE_BACKEND_TABLE_H

#include "backend.h"

/* NULL-terminated; memory is always the first. */
const struct backend_ops *const *backend_all(void);

/* The driver of an entry; NULL if this program was built without it, and for NULL. */
const struct backend_ops *backend_find(const struct catalog_entry *entry);

#endif
