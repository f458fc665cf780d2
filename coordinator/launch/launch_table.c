#include "launch_table.h"

#include "launchers_inner.h"
#include "text.h"

#include <errno.h>
#include <string.h>

#define ROW(name) &launcher_##name,
static const struct launcher_ops *const launchers[] = {
#include "launch_rows.h"
    NULL,
};
#undef ROW

const struct launcher_ops *const *launcher_all(void)
{
    return launchers;
}

int launcher_find(const char *name, const struct launcher_ops **ret, struct errinfo *reterr)
{
    struct text names = {0};
    int r;

    for (size_t i = 0; launchers[i] != NULL; i++) {
        if (strcmp(launchers[i]->name, name) == 0) {
            *ret = launchers[i];
            text_done(&names);
            return 0;
        }
        text_addf(&names, "%s%s", i == 0 ? "" : ", ", launchers[i]->name);
    }
    r = errinfo_set(reterr, -ENOENT, "there is no launcher %.60s (there are: %s)", name,
                    text_failed(&names) ? "" : names.bytes);
    text_done(&names);
    return r;
}
