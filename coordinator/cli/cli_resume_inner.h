/* cli_resume_inner: the run that `run --resume` goes on with. Internal to cli. */
#ifndef MILLRACE_CLI_RESUME_INNER_H
#define MILLRACE_CLI_RESUME_INNER_H

#include "cli_options_inner.h"
#include "resume.h"
#include "scenario.h"

/*
 * The run that options.resume names, and its scenario: that of the command line, which has to be
 * the run's, or else the one that the journal has. True, and the caller owns both; --agents is that
 * of the run if it was not given. False: *ret_exit is the exit code, and the reason was said; 0 and
 * others also for a run of which nothing is left to do.
 */
bool cli_resume_open(struct cli_options *options, struct resume **ret,
                     struct scenario **ret_scenario, int *ret_exit);

/* If there is something left of a run: says what, and the command for it, on stdout. */
void cli_resume_tell(const struct result *result, const char *folder);

#endif
