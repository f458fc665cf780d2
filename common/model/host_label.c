#include "host_label.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

int host_label_check(const char *label, struct errinfo *reterr)
{
    const char *equals = strchr(label, '=');
    bool wrong =
        equals == NULL || equals == label || equals[1] == '\0' || strlen(label) >= NAME_BYTES;

    for (const char *c = label; !wrong && *c != '\0'; c++) {
        wrong = !isgraph((unsigned char)*c) || *c == ',';
    }
    return wrong ? errinfo_set(reterr, -EINVAL,
                               "\"%.80s\" is no label: KEY=VALUE, as zone=a, of at most %d "
                               "characters without blanks and commas",
                               label, NAME_BYTES - 1)
                 : 0;
}
