#include "launch_table.h"

#include "invariant.h"
#include "launchers_inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_CHARACTERS_MAX 16 /* Of a launcher. */

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

    for (size_t i = 0; launchers[i] != NULL; i++) {
        if (strcmp(launchers[i]->name, name) == 0) {
            *ret = launchers[i];
            text_done(&names);
            return 0;
        }
        text_addf(&names, "%s%s", i == 0 ? "" : ", ", launchers[i]->name);
    }
    (void)errinfo_set(reterr, -ENOENT, "there is no launcher %.60s (there are: %s)", name,
                      text_failed(&names) ? "" : names.bytes);
    text_done(&names);
    return -ENOENT;
}

void launcher_takes(struct text *out)
{
    for (size_t i = 0; launchers[i] != NULL; i++) {
        text_addf(out, "%s%s", i == 0 ? "" : ", ", launchers[i]->takes);
    }
}

int launch_plan_parse(const char *what, struct launch_plan *ret, struct errinfo *reterr)
{
    struct launch_plan plan = {.launcher = NULL};
    size_t length = strcspn(what, ":");
    char name[NAME_CHARACTERS_MAX + 1];
    int r;

    (void)snprintf(name, sizeof name, "%.*s",
                   (int)(length < sizeof name ? length : sizeof name - 1), what);
    r = launcher_find(name, &plan.launcher, reterr);
    if (r < 0) {
        return r;
    }
    ASSERT(plan.launcher != NULL);
    r = plan.launcher->parse(what[length] == ':' ? what + length + 1 : "", &plan, reterr);
    if (r < 0) {
        launch_plan_done(&plan);
        return r;
    }
    ASSERT(plan.count > 0);
    *ret = plan;
    return 0;
}
