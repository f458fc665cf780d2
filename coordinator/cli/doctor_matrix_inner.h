/*
 * doctor_matrix_inner: what several agents told, as tables to stdout: each host, each host with
 * each target, and each host's share of the cases. Of more than 20 those are shown that something
 * is wrong with, and the others counted. Internal to cli.
 */
#ifndef MILLRACE_DOCTOR_MATRIX_INNER_H
#define MILLRACE_DOCTOR_MATRIX_INNER_H

#include "cli_targets_inner.h"
#include "hosts.h"
#include "session.h"

/* Clock, CPUs, open files, ports, memory of each agent; whether their client libraries differ. */
void doctor_show_hosts(const struct session *session);

/* Whether each agent reaches each target and may log in, and how long that took. False if one does
 * not. */
bool doctor_show_targets(const struct cli_targets *ask, const struct session *session,
                         const struct status *const *answers);

/* The share of each agent in the first case of each target, and whether it has room for it: asks
 * them. hosts: as session_plan_agents() has it. 0, with whether all have; below 0: it can't be
 * told, as was said with the reason. */
int doctor_show_shares(const struct scenario *scenario, const struct host_list *hosts,
                       struct session *session, bool *ret_fit);

#endif
