#include "control_group_inner.h"

#include "file.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOUNT "/sys/fs/cgroup"
#define GROUPS_BYTES_MAX 65536
#define LIMITS_COUNT 3

/* One hierarchy that this process is in, as a line of /proc/self/cgroup tells it. */
struct hierarchy {
    const char *root;
    const char *folder; /* Below MOUNT: "" with version 2, "/cpu" with version 1. */
    bool v2;
};

static void lower(uint64_t limit, uint64_t *least)
{
    if (limit > 0 && (*least == 0 || limit < *least)) {
        *least = limit;
    }
}

/* The first line of a file of a group; false if there is none. */
static bool group_line(const struct hierarchy *in, const char *group, const char *name,
                       char line[64])
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s" MOUNT "%s%s/%s", in->root, in->folder, group, name);

    if (n < 0 || (size_t)n >= sizeof path) {
        return false;
    }
    file_first_line(path, line, 64);
    return line[0] != '\0';
}

/* "max", "-1" and what is no number limit nothing. */
static uint64_t number_of(const char *text, char **ret_end)
{
    long long number = strtoll(text, ret_end, 10);

    return number > 0 ? (uint64_t)number : 0;
}

static uint64_t milli_of(uint64_t quota_us, uint64_t period_us)
{
    uint64_t milli;

    if (quota_us == 0 || period_us == 0 || quota_us > UINT64_MAX / 1000) {
        return 0;
    }
    milli = quota_us * 1000 / period_us;
    return milli > UINT32_MAX ? 0 : milli == 0 ? 1 : milli;
}

/* The CPUs that one group allows; 0: no limit. */
static uint64_t group_cpus_milli(const struct hierarchy *in, const char *group)
{
    char line[64];
    char *end = NULL;
    uint64_t quota_us;

    if (in->v2) {
        if (!group_line(in, group, "cpu.max", line)) { /* "50000 100000", "max 100000". */
            return 0;
        }
        quota_us = number_of(line, &end);
        return milli_of(quota_us, number_of(end, NULL));
    }
    if (!group_line(in, group, "cpu.cfs_quota_us", line)) {
        return 0;
    }
    quota_us = number_of(line, NULL);
    return group_line(in, group, "cpu.cfs_period_us", line)
               ? milli_of(quota_us, number_of(line, NULL))
               : 0;
}

static uint64_t group_memory_bytes(const struct hierarchy *in, const char *group)
{
    char line[64];

    return group_line(in, group, in->v2 ? "memory.max" : "memory.limit_in_bytes", line)
               ? number_of(line, NULL)
               : 0;
}

/* Each thread counts as a process. */
static uint64_t group_threads_left(const struct hierarchy *in, const char *group)
{
    char line[64];
    uint64_t most = group_line(in, group, "pids.max", line) ? number_of(line, NULL) : 0;
    uint64_t now = group_line(in, group, "pids.current", line) ? number_of(line, NULL) : 0;

    return most == 0 ? 0 : most > now ? most - now : 1;
}

/* The least of what a group and those above it allow. A container sees its own group as the root,
 * whatever path the kernel tells: what is not there is passed over. */
static uint64_t least_of(const struct hierarchy *in, const char *path,
                         uint64_t (*of)(const struct hierarchy *in, const char *group))
{
    char group[PATH_MAX];
    uint64_t least = 0;
    char *slash;

    (void)snprintf(group, sizeof group, "%s", strstr(path, "/..") == NULL ? path : "");
    do {
        slash = strrchr(group, '/');
        if (slash != NULL && slash[1] == '\0') { /* "/" */
            *slash = '\0';
        }
        lower(of(in, group), &least);
        slash = strrchr(group, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    } while (slash != NULL);
    return least;
}

/* "cpu" in "cpu,cpuacct". */
static bool has_controller(const char *list, const char *name)
{
    size_t bytes = strlen(name);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, name, bytes) == 0 && (at[bytes] == ',' || at[bytes] == '\0')) {
            return true;
        }
    }
    return false;
}

/* "0::/user.slice/a.scope" with version 2, "4:cpu,cpuacct:/docker/1f" with version 1. */
static void take_line(const char *root, char *line, uint64_t leasts[LIMITS_COUNT])
{
    static const struct {
        const char *controller;
        const char *folder; /* Of version 1. */
        uint64_t (*of)(const struct hierarchy *in, const char *group);
    } limits[LIMITS_COUNT] = {{"cpu", "/cpu", group_cpus_milli},
                              {"memory", "/memory", group_memory_bytes},
                              {"pids", "/pids", group_threads_left}};
    char *controllers = strchr(line, ':');
    char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');

    if (path == NULL) {
        return;
    }
    *path++ = '\0';
    controllers++;
    for (size_t i = 0; i < LIMITS_COUNT; i++) {
        bool v2 = controllers[0] == '\0';
        const struct hierarchy in = {root, v2 ? "" : limits[i].folder, v2};

        if (v2 || has_controller(controllers, limits[i].controller)) {
            lower(least_of(&in, path, limits[i].of), &leasts[i]);
        }
    }
}

struct control_group_limits control_group_limits(const char *root)
{
    char path[PATH_MAX];
    char *text = NULL;
    char *rest = NULL;
    size_t bytes = 0;
    uint64_t leasts[LIMITS_COUNT] = {0};

    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (file_read_all(path, GROUPS_BYTES_MAX, &text, &bytes, NULL) == 0) {
        for (char *line = strtok_r(text, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest)) {
            take_line(root, line, leasts);
        }
    }
    free(text);
    return (struct control_group_limits){(uint32_t)leasts[0], leasts[1], leasts[2]};
}
