/* explain_hosts_inner: what is known of hosts before they join, to stdout. Internal to cli. */
#ifndef MILLRACE_EXPLAIN_HOSTS_INNER_H
#define MILLRACE_EXPLAIN_HOSTS_INNER_H

#include "hosts.h"

/* Weights and labels, and that CPUs are not known yet. Nothing without hosts. */
void explain_hosts(const struct host_list *hosts);

#endif
