#include "errinfo.h"

#include "text.h"

#include <stdarg.h>
#include <string.h>

int errinfo_set(struct errinfo *err, int code, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return code;
    }
    va_start(args, format);
    (void)text_fit_args(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

int errinfo_prefix(struct errinfo *err, int code, const char *format, ...)
{
    char prefix[ERRINFO_BYTES];
    char sentence[ERRINFO_BYTES];
    va_list args;

    if (err == NULL) {
        return code;
    }
    va_start(args, format);
    (void)text_fit_args(prefix, sizeof prefix, format, args);
    va_end(args);
    memcpy(sentence, err->text, sizeof sentence);
    (void)text_fitf(err->text, sizeof err->text, "%s: %s", prefix, sentence);
    return code;
}
