/* Finding rows in the table of keys. */
#include "scenario_keys.h"

#include "nearest.h"

#include <stdio.h>
#include <string.h>

const struct scenario_key *scenario_key_find(const char *path)
{
    for (const struct scenario_key *row = scenario_key_root(); row != NULL;
         row = scenario_key_after(row)) {
        if (strcmp(row->path, path) == 0) {
            return row;
        }
    }
    return NULL;
}

static const char *children_path(const struct scenario_key *parent)
{
    return parent->same_as != NULL ? parent->same_as : parent->path;
}

/* What row's path has below parent's, NULL if it isn't right below it. */
static const char *name_below(const struct scenario_key *parent, const struct scenario_key *row)
{
    const char *above = children_path(parent);
    size_t above_bytes = strlen(above);
    const char *name = row->path + above_bytes;

    if (above_bytes > 0) {
        if (strncmp(row->path, above, above_bytes) != 0 || *name != '.') {
            return NULL;
        }
        name++;
    }
    return *name != '\0' && strchr(name, '.') == NULL ? name : NULL;
}

const struct scenario_key *scenario_key_child(const struct scenario_key *parent, const char *key)
{
    for (const struct scenario_key *row = scenario_key_root(); row != NULL;
         row = scenario_key_after(row)) {
        const char *name = name_below(parent, row);

        if (name != NULL && (strcmp(name, "*") == 0 || strcmp(name, key) == 0)) {
            return row;
        }
    }
    return NULL;
}

const struct scenario_key *scenario_key_next(const struct scenario_key *parent,
                                             const struct scenario_key *row)
{
    for (row = row == NULL ? scenario_key_root() : scenario_key_after(row); row != NULL;
         row = scenario_key_after(row)) {
        if (name_below(parent, row) != NULL) {
            return row;
        }
    }
    return NULL;
}

const char *scenario_key_name(const struct scenario_key *row)
{
    const char *dot = strrchr(row->path, '.');

    return dot != NULL ? dot + 1 : row->path;
}

const char *scenario_key_nearest(const struct scenario_key *parent, const char *key)
{
    struct nearest nearest;

    nearest_init(&nearest, key);
    for (const struct scenario_key *row = scenario_key_next(parent, NULL); row != NULL;
         row = scenario_key_next(parent, row)) {
        nearest_offer(&nearest, scenario_key_name(row));
    }
    return nearest.best;
}
