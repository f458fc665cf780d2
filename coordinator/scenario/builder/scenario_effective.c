#include "scenario_effective_inner.h"

#include "config_write.h"
#include "digest.h"

#include <errno.h>
#include <string.h>

int write_effective(struct loading *loading)
{
    struct scenario *scenario = loading->scenario;
    struct text text = {0};

    config_write(&loading->tree, &text);
    scenario->effective = text_take(&text);
    if (scenario->effective == NULL) {
        return -ENOMEM;
    }
    return digest_sha256(scenario->effective, strlen(scenario->effective), scenario->sha256);
}
