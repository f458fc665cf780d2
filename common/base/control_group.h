/*
 * control_group: the control groups (cgroups, of either version) that this process is in.
 * Containers and systemd units limit by them what processes may have; a limit of a group holds for
 * all groups below, so each is looked for along the whole path up to the root that this process
 * sees.
 *
 * Reads small files; blocks no longer than that.
 */
#ifndef MILLRACE_CONTROL_GROUP_H
#define MILLRACE_CONTROL_GROUP_H

#include <stdbool.h>

/* folder: of the group, without a slash behind; is_v2: by version 2, whose files have other names.
 */
typedef void control_group_take(void *context, const char *folder, bool is_v2);

/*
 * Each folder that may be one of a group of this process, the innermost first: "/sys/fs/cgroup/a/b"
 * with version 2, "/sys/fs/cgroup/cpu/a/b" with version 1. A container sees its own group as the
 * root, whatever path the kernel tells: so some may not be there. controller: "cpu", "memory",
 * "pids". root: "" for the host's own /proc and /sys; another folder stands in for them in tests.
 */
void control_group_each(const char *root, const char *controller, control_group_take *take,
                        void *context);

#endif
