#include "host_name.h"

#include "bounds.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

int host_name_check(const char *name, struct errinfo *reterr)
{
    size_t length = strlen(name);
    bool wrong = length == 0 || length >= NAME_BYTES || !isalnum((unsigned char)name[0]);

    for (size_t i = 0; !wrong && i < length; i++) {
        wrong = !isalnum((unsigned char)name[i]) && strchr(".-_", name[i]) == NULL;
    }
    if (wrong) {
        return errinfo_set(reterr, -EINVAL,
                           "\"%.80s\" can't be a host's name: 1 to %d letters, digits, \".\", "
                           "\"-\" and \"_\", a letter or digit first",
                           name, NAME_BYTES - 1);
    }
    if (strcmp(name, "all") == 0) {
        return errinfo_set(reterr, -EINVAL,
                           "\"all\" can't be a host's name: --hosts all means every host");
    }
    return 0;
}
