/* catalog_entries: the rows of the catalog, one file each. A new backend is a file, a line here and
 * one in catalog.c. */
#ifndef MILLRACE_CATALOG_ENTRIES_H
#define MILLRACE_CATALOG_ENTRIES_H

#include "catalog.h"

extern const struct catalog_entry catalog_memory;
extern const struct catalog_entry catalog_kafka;
extern const struct catalog_entry catalog_rabbitmq;
extern const struct catalog_entry catalog_mqtt;

#endif
