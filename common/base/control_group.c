#include "control_group_inner.h"

#include "control_group.h"
#include "file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOUNT "/sys/fs/cgroup"
#define GROUPS_BYTES_MAX 65536

/* ---- The groups ---- */

/* Whose groups are asked for, and who is told them. */
struct visit {
    const char *root;
    const char *controller;
    control_group_take *take;
    void *context;
};

static void visit_path(const struct visit *visit, const char *path, bool is_v2)
{
    char group[PATH_MAX];
    char folder[PATH_MAX];
    char *slash;

    (void)snprintf(group, sizeof group, "%s", strstr(path, "/..") == NULL ? path : "");
    do {
        int length;

        slash = strrchr(group, '/');
        if (slash != NULL && slash[1] == '\0') { /* "/" */
            *slash = '\0';
        }
        length = snprintf(folder, sizeof folder, "%s" MOUNT "%s%s%s", visit->root, is_v2 ? "" : "/",
                          is_v2 ? "" : visit->controller, group);
        if (length > 0 && (size_t)length < sizeof folder) {
            visit->take(visit->context, folder, is_v2);
        }
        slash = strrchr(group, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    } while (slash != NULL);
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
static void visit_line(const struct visit *visit, char *line)
{
    char *controllers = strchr(line, ':');
    char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');

    if (path == NULL) {
        return;
    }
    *path++ = '\0';
    controllers++;
    if (controllers[0] == '\0' || has_controller(controllers, visit->controller)) {
        visit_path(visit, path, controllers[0] == '\0');
    }
}

void control_group_each(const char *root, const char *controller, control_group_take *take,
                        void *context)
{
    const struct visit visit = {root, controller, take, context};
    char path[PATH_MAX];
    char *text = NULL;
    char *rest = NULL;
    size_t bytes = 0;

    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (file_read_all(path, GROUPS_BYTES_MAX, &text, &bytes, NULL) == 0) {
        for (char *line = strtok_r(text, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest)) {
            visit_line(&visit, line);
        }
    }
    free(text);
}

/* ---- What they let this process have ---- */

static void lower(uint64_t limit, uint64_t *least)
{
    if (limit > 0 && (*least == 0 || limit < *least)) {
        *least = limit;
    }
}

/* The first line of a file of a group; false if there is none. */
static bool group_line(const char *folder, const char *name, char line[64])
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

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

static uint64_t group_cpus_milli(const char *folder, bool is_v2)
{
    char line[64];
    char *end = NULL;
    uint64_t quota_us;

    if (is_v2) {
        if (!group_line(folder, "cpu.max", line)) { /* "50000 100000", "max 100000". */
            return 0;
        }
        quota_us = number_of(line, &end);
        return milli_of(quota_us, number_of(end, NULL));
    }
    if (!group_line(folder, "cpu.cfs_quota_us", line)) {
        return 0;
    }
    quota_us = number_of(line, NULL);
    return group_line(folder, "cpu.cfs_period_us", line) ? milli_of(quota_us, number_of(line, NULL))
                                                         : 0;
}

/* The three: the context is the least of what the groups allow, so far; 0: no limit. */
static void take_cpus(void *context, const char *folder, bool is_v2)
{
    lower(group_cpus_milli(folder, is_v2), context);
}

static void take_memory(void *context, const char *folder, bool is_v2)
{
    char line[64];

    if (group_line(folder, is_v2 ? "memory.max" : "memory.limit_in_bytes", line)) {
        lower(number_of(line, NULL), context);
    }
}

/* Each thread counts as a process. */
static void take_threads(void *context, const char *folder, bool is_v2)
{
    char line[64];
    uint64_t most = group_line(folder, "pids.max", line) ? number_of(line, NULL) : 0;
    uint64_t now = group_line(folder, "pids.current", line) ? number_of(line, NULL) : 0;

    (void)is_v2; /* Both have the same names. */
    lower(most == 0 ? 0 : most > now ? most - now : 1, context);
}

struct control_group_limits control_group_limits(const char *root)
{
    uint64_t cpus_milli = 0;
    uint64_t memory_bytes = 0;
    uint64_t threads_left = 0;

    control_group_each(root, "cpu", take_cpus, &cpus_milli);
    control_group_each(root, "memory", take_memory, &memory_bytes);
    control_group_each(root, "pids", take_threads, &threads_left);
    return (struct control_group_limits){(uint32_t)cpus_milli, memory_bytes, threads_left};
}
