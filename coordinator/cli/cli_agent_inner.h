/*
 * cli_agent_inner: the program millrace-agent and what it says of itself. Internal to cli; may
 * block for as long as the program takes to answer.
 */
#ifndef MILLRACE_CLI_AGENT_INNER_H
#define MILLRACE_CLI_AGENT_INNER_H

#include "control_messages.h"
#include "errinfo.h"

#include <stdint.h>

/* Beside this program, else in PATH. 0 and a path or name for posix_spawnp() in ret; -ENOENT. */
int cli_agent_path(char *ret, uint32_t ret_bytes, struct errinfo *reterr);

/* Runs `millrace-agent --describe`: lines of NAME<TAB>LIBRARY VERSION. How many backends were
 * written to ret (at most BACKENDS_MAX), or a negative errno. */
int cli_agent_describe(struct backend_version *ret, struct errinfo *reterr);

#endif
