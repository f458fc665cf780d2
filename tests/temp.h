/* temp: names for files and folders of tests, below $TMPDIR, where tests/run takes away what killed
 * tests leave. */
#ifndef MILLRACE_TEST_TEMP_H
#define MILLRACE_TEST_TEMP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMP_BYTES 64 /* A socket within fits in 107. */

/* For mkdtemp() and mkstemp(): path has TEMP_BYTES and is returned. A TMPDIR too long for it is
 * passed over. */
static inline char *temp_name(char *path, const char *name)
{
    const char *parent = getenv("TMPDIR");
    size_t own_bytes = sizeof "/millrace--XXXXXX" + strlen(name);

    if (parent == NULL || parent[0] == '\0' || strlen(parent) + own_bytes > TEMP_BYTES) {
        parent = "/tmp";
    }
    (void)snprintf(path, TEMP_BYTES, "%s/millrace-%s-XXXXXX", parent, name);
    return path;
}

#endif
