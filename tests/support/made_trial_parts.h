/* made_trial_parts: what the files of made_trial share. */
#ifndef MILLRACE_TEST_MADE_TRIAL_PARTS_H
#define MILLRACE_TEST_MADE_TRIAL_PARTS_H

#include "made_trial.h"

/* Makes the snapshots of all agents from what happened. */
void made_report(struct made_trial *made);

/* Notes the truth, message by message. */
void made_settle(struct made_trial *made);

#endif
