#include "scenario.h"

#include <stdlib.h>
#include <string.h>

void scenario_setup_done(struct scenario_setup *setup)
{
    free(setup->parameters);
    free(setup->flows);
    free(setup->phases);
    free(setup->points);
    memset(setup, 0, sizeof *setup);
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    for (uint32_t i = 0; i < scenario->targets_count; i++) {
        target_done(&scenario->targets[i]);
    }
    free(scenario->targets);
    for (uint32_t i = 0; i < scenario->setups_count; i++) {
        scenario_setup_done(&scenario->setups[i]);
    }
    free(scenario->setups);
    free(scenario->objectives);
    free(scenario->path);
    free(scenario->name);
    free(scenario->description);
    free(scenario->effective);
    free(scenario);
}
