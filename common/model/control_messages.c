#include "control_messages.h"

void command_done(struct command *command)
{
    record_done(&command_record, command);
}

void status_done(struct status *status)
{
    record_done(&status_record, status);
}
