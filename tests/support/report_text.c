#include "report_text.h"

#include "check.h"

#include <string.h>

char *report_text(const struct result *result, const char *name)
{
    const struct export_format *format = export_formats();
    struct text out = {0};
    struct errinfo err;

    while (format->name != NULL && strcmp(format->name, name) != 0 &&
           strcmp(format->file_name, name) != 0) {
        format++;
    }
    assert_non_null(format->name);
    assert_int_equal(format->write(result, &out, &err), 0);
    return text_take(&out);
}

uint32_t report_text_count(const char *text, const char *what)
{
    uint32_t count = 0;

    while ((text = strstr(text, what)) != NULL) {
        count++;
        text += strlen(what);
    }
    return count;
}

void report_text_has(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("\"%s\" is not in: %s", wanted, text);
    }
}
