/* What control groups leave of CPUs and memory, told from made-up folders. */
#include "check.h"

#include "control_group.h"
#include "control_group_inner.h"
#include "file.h"
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[TEMP_BYTES];

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(temp_name(root, "cgroup")) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
    char command[TEMP_BYTES + 16];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command); /* NOLINT(cert-env33-c): a path of our own. */
}

/* A file below the root, with its folders. */
static void put(const char *path, const char *text)
{
    char full[512];
    char *slash;

    (void)snprintf(full, sizeof full, "%s%s", root, path);
    slash = strrchr(full, '/');
    *slash = '\0';
    assert_int_equal(file_mkdirs(full, NULL), 0);
    *slash = '/';
    assert_int_equal(file_write_all(full, text, strlen(text), NULL), 0);
}

static void expect(uint32_t cpus_milli, uint64_t memory_bytes)
{
    struct control_group_limits limits = control_group_limits(root);

    assert_int_equal(limits.cpus_milli, cpus_milli);
    assert_int_equal(limits.memory_bytes, memory_bytes);
}

static void no_control_groups_limit_nothing(void **state)
{
    (void)state;
    expect(0, 0);
    put("/proc/self/cgroup", "0::/\n");
    expect(0, 0);
    put("/proc/self/cgroup", "garbage\n0\n1:cpu\n:\n\n");
    expect(0, 0);
}

/* docker run --cpus 1.5: the path that the kernel tells is the host's, or "/" in a namespace. */
static void a_container_has_the_limit_at_its_root(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/docker/1f\n");
    put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
    put("/sys/fs/cgroup/memory.max", "536870912\n");
    expect(1500, 536870912);
    put("/proc/self/cgroup", "0::/\n");
    expect(1500, 536870912);
    put("/proc/self/cgroup", "0::/../../elsewhere\n");
    expect(1500, 536870912);
}

/* CPUQuota= of a slice holds for the units in it, whose own limit may be wider. */
static void the_least_limit_along_the_path_holds(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/load.slice/agent.service\n");
    put("/sys/fs/cgroup/load.slice/cpu.max", "50000 100000\n");
    put("/sys/fs/cgroup/load.slice/memory.max", "max\n");
    put("/sys/fs/cgroup/load.slice/agent.service/cpu.max", "200000 100000\n");
    put("/sys/fs/cgroup/load.slice/agent.service/memory.max", "1073741824\n");
    put("/sys/fs/cgroup/other.slice/cpu.max", "1000 100000\n");
    expect(500, 1073741824);
    put("/sys/fs/cgroup/load.slice/cpu.max", "max 100000\n");
    expect(2000, 1073741824);
    put("/sys/fs/cgroup/load.slice/agent.service/cpu.max", "max 100000\n");
    expect(0, 1073741824);
}

static void version_1_has_a_folder_for_each_controller(void **state)
{
    (void)state;
    put("/proc/self/cgroup",
        "5:memory:/box\n4:cpuset:/\n3:cpu,cpuacct:/box/inner\n1:name=systemd:/\n0::/\n");
    put("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "25000\n");
    put("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "50000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1048576\n");
    expect(500, 1048576);
    put("/proc/self/cgroup", "2:cpuacct:/box\n3:cpuset:/box\n");
    expect(0, 0);
}

static void threads_that_are_left_are_told(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/load.slice/agent.service\n");
    put("/sys/fs/cgroup/load.slice/pids.max", "100\n");
    put("/sys/fs/cgroup/load.slice/pids.current", "40\n");
    put("/sys/fs/cgroup/load.slice/agent.service/pids.max", "max\n");
    put("/sys/fs/cgroup/load.slice/agent.service/pids.current", "30\n");
    assert_int_equal(control_group_limits(root).threads_left, 60);
    put("/sys/fs/cgroup/load.slice/pids.current", "100\n");
    assert_int_equal(control_group_limits(root).threads_left, 1);
    put("/proc/self/cgroup", "3:pids:/box\n");
    assert_int_equal(control_group_limits(root).threads_left, 0);
    put("/sys/fs/cgroup/pids/box/pids.max", "7\n");
    assert_int_equal(control_group_limits(root).threads_left, 7);
}

static void a_limit_that_is_none_or_beyond_reason_limits_nothing(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/cpu.max", "100000\n");
    put("/sys/fs/cgroup/memory.max", "0\n");
    expect(0, 0);
    put("/sys/fs/cgroup/cpu.max", "9000000000000000000 1\n");
    expect(0, 0);
    put("/sys/fs/cgroup/cpu.max", "1000000000000000 1\n");
    expect(0, 0);
    put("/sys/fs/cgroup/cpu.max", "-5 100000\n");
    expect(0, 0);
    put("/sys/fs/cgroup/cpu.max", "5 100000\n"); /* Hardly any, but some. */
    expect(1, 0);
}

static void add_folder(void *context, const char *folder, bool is_v2)
{
    char *folders = context;
    size_t used = strlen(folders);

    (void)snprintf(folders + used, 256 - used, "%s%s%s", used == 0 ? "" : " ",
                   folder + strlen(root) + strlen("/sys/fs/cgroup"), is_v2 ? "" : "(1)");
}

/* A limit of any of them holds the process back, and is counted there. */
static void the_groups_around_one_are_found_up_to_the_root(void **state)
{
    static const struct {
        const char *text;
        const char *folders;
    } rows[] = {
        {"0::/user.slice/run\n", "/user.slice/run /user.slice "},
        {"0::/\n", ""},
        {"4:cpu,cpuacct:/a/b\n", "/cpu/a/b(1) /cpu/a(1) /cpu(1)"},
        {"4:cpuacct,cpu:/\n", "/cpu(1)"},
        {"9:memory:/m\n4:cpu:/c\n", "/cpu/c(1) /cpu(1)"},
        {"4:cpuset:/a\n", ""},
        {"nonsense", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char folders[256] = "";

        put("/proc/self/cgroup", rows[i].text);
        control_group_each(root, "cpu", add_folder, folders);
        assert_string_equal(folders, rows[i].folders);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_control_groups_limit_nothing, make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_container_has_the_limit_at_its_root, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(the_least_limit_along_the_path_holds, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(version_1_has_a_folder_for_each_controller, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(the_groups_around_one_are_found_up_to_the_root, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(threads_that_are_left_are_told, make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_limit_that_is_none_or_beyond_reason_limits_nothing,
                                        make_root, remove_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
