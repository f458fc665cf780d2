/* cli_targets_inner: asks agents something about targets, for doctor and clean. Internal to cli;
 * blocks.
 */
#ifndef MILLRACE_CLI_TARGETS_INNER_H
#define MILLRACE_CLI_TARGETS_INNER_H

#include "cli_options_inner.h"
#include "hosts.h"
#include "session.h"

/*
 * Opens a session (own agents or those that join), gives every agent the command with a copy of the
 * targets, and calls show with the answers while the session is open. Returns the exit code of
 * show, or EXIT_FAILED.
 */
struct cli_targets {
    const char *command_name;
    enum command_kind kind;
    const struct target *targets;
    uint32_t targets_count;
    int64_t deadline_ns;      /* For each target. */
    const void *context;      /* Of show. */
    bool looks;               /* PROBE: do once what a trial does, */
    struct look_request look; /* as this says, but for the name. */
    /* hosts: of --hosts; NULL: not given. */
    int (*show)(const struct cli_targets *ask, const struct host_list *hosts,
                struct session *session, const struct status *const *answers);
};

int cli_ask_targets(const struct cli_options *options, const struct cli_targets *ask);

#endif
