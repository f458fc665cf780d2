/* catalog_entries: the entries of the catalog, one file and one row of CMakeLists.txt each. */
#ifndef MILLRACE_CATALOG_ENTRIES_H
#define MILLRACE_CATALOG_ENTRIES_H

#include "catalog.h"

#define ROW(name) extern const struct catalog_entry catalog_##name;
#include "catalog_rows.h"
#undef ROW

#endif
