/* fleet_words_inner: what peers say in words, their own and what brokers told them, made harmless
 * as it comes in: it goes on to terminal, log, journal and reports. Private to this module. */
#ifndef MILLRACE_FLEET_WORDS_INNER_H
#define MILLRACE_FLEET_WORDS_INNER_H

#include "control_messages.h"

void fleet_tame_hello(struct hello *hello);
void fleet_tame_status(struct status *status);
void fleet_tame_snapshot(struct snapshot *snapshot);

#endif
