#include "control_messages.h"

#include <stdlib.h>
#include <string.h>

static const char *const probe_failure_names[] = {
    [PROBE_OK] = "ok",
    [PROBE_NAME] = "name",
    [PROBE_REFUSED] = "refused",
    [PROBE_TIMEOUT] = "timeout",
    [PROBE_TLS] = "tls",
    [PROBE_LOGIN] = "login",
    [PROBE_PROTOCOL] = "protocol",
    [PROBE_BACKEND] = "backend",
    [PROBE_OTHER] = "other",
};

const char *probe_failure_name(enum probe_failure failure)
{
    size_t index = (size_t)failure;

    return index < sizeof probe_failure_names / sizeof probe_failure_names[0]
               ? probe_failure_names[index]
               : "other";
}

void command_done(struct command *command)
{
    if (command->assignment != NULL) {
        assignment_done(command->assignment);
        free(command->assignment);
    }
    for (uint32_t i = 0; command->targets != NULL && i < command->targets_count; i++) {
        target_done(&command->targets[i]);
    }
    free(command->targets);
    free(command->segment.peers);
    free(command->lines);
    memset(command, 0, sizeof *command);
}

void status_done(struct status *status)
{
    free(status->results);
    memset(status, 0, sizeof *status);
}
