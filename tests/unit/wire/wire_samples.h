/* wire_samples: structs with random contents in every field, where the tables alone do not say what
 * belongs together; see travelling_samples.h for all others. */
#ifndef MILLRACE_WIRE_SAMPLES_H
#define MILLRACE_WIRE_SAMPLES_H

#include "control_messages.h"
#include "travelling_samples.h"

/* These own memory: command_done() and so on. */
void sample_command(struct random *random, enum command_kind kind, struct command *ret);
void sample_snapshot(struct random *random, struct snapshot *ret);     /* With its head. */
void sample_assignment(struct random *random, struct assignment *ret); /* Passes its check. */

#endif
