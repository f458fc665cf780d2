#include "errinfo.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int errinfo_set(struct errinfo *err, int code, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return code;
    }
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

int errinfo_prefix(struct errinfo *err, int code, const char *format, ...)
{
    char prefix[ERRINFO_BYTES];
    char joined[ERRINFO_BYTES * 2 + 2];
    va_list args;

    if (err == NULL) {
        return code;
    }
    va_start(args, format);
    (void)vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    (void)snprintf(joined, sizeof joined, "%s: %s", prefix, err->text);
    joined[ERRINFO_BYTES - 1] = '\0';
    memcpy(err->text, joined, ERRINFO_BYTES);
    return code;
}
