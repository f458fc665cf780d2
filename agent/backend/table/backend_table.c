#include "backend_table.h"

#include "backend_drivers.h"

#define ROW(name) &backend_##name,
static const struct backend_ops *const drivers[] = {
#include "backend_rows.h"
    NULL,
};
#undef ROW

const struct backend_ops *const *backend_all(void)
{
    return drivers;
}

const struct backend_ops *backend_find(const struct catalog_entry *entry)
{
    for (size_t i = 0; drivers[i] != NULL; i++) {
        if (drivers[i]->entry == entry) {
            return drivers[i];
        }
    }
    return NULL;
}
