/* Local agents: children that are shell scripts, and say and do what a test needs. */
#include "check.h"

#include "bounds.h"
#include "launch_table.h"
#include "mono.h"
#include "temp.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
    char folder[64];
    char program[128];
    struct launch *launch;
};

static struct launch_plan plan;

static int start(const char *what, struct launch_config *config, struct launch **ret,
                 struct errinfo *reterr)
{
    launch_plan_done(&plan);
    assert_int_equal(launch_plan_parse(what, &plan, NULL), 0);
    config->plan = &plan;
    return launch_start(config, ret, reterr);
}

static int begin(struct bench *bench, const char *script, uint32_t agents)
{
    struct launch_config config = {.program = bench->program, .url = "ipc:///somewhere"};
    char what[32];
    FILE *file;

    memset(bench, 0, sizeof *bench);
    assert_non_null(mkdtemp(temp_name(bench->folder, "launch")));
    (void)snprintf(bench->program, sizeof bench->program, "%s/agent", bench->folder);
    file = fopen(bench->program, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "#!/bin/sh\n%s\n", script) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(bench->program, 0755), 0);
    config.log_folder = bench->folder;
    (void)snprintf(what, sizeof what, "local:%u", agents);
    return start(what, &config, &bench->launch, NULL);
}

static void remove_in(const struct bench *bench, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    (void)unlink(path);
}

static void end(struct bench *bench)
{
    launch_free(bench->launch);
    launch_plan_done(&plan);
    remove_in(bench, "agent");
    remove_in(bench, "agent-1.log");
    remove_in(bench, "agent-2.log");
    assert_int_equal(rmdir(bench->folder), 0);
}

static void reap(struct bench *bench, struct launch_end *ret)
{
    while (!launch_reap(bench->launch, ret)) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
}

static void read_log(const struct bench *bench, const char *name, char *ret, size_t bytes)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    file = fopen(path, "r");
    assert_non_null(file);
    ret[fread(ret, 1, bytes - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

static void children_are_named_told_where_to_join_and_logged(void **state)
{
    struct bench bench;
    struct launch_end ended;
    uint64_t second = 0;
    char log[512];
    char wanted[512];

    (void)state;
    assert_int_equal(begin(&bench, "echo \"$@\"; echo oops >&2; exit 3", 2), 0);
    for (int i = 0; i < 2; i++) {
        reap(&bench, &ended);
        second = strcmp(ended.name, "agent-2") == 0 ? ended.enrolment : second;
    }
    assert_int_not_equal(second, 0);
    assert_string_equal(ended.reason, "its process ended with exit code 3");
    assert_int_equal(launch_running(bench.launch), 0);
    assert_false(launch_reap(bench.launch, &ended));
    read_log(&bench, "agent-2.log", log, sizeof log);
    (void)snprintf(wanted, sizeof wanted,
                   "--join ipc:///somewhere --name agent-2 --with-parent %d --enrolment %" PRIx64
                   "\noops\n",
                   (int)getpid(), second);
    assert_string_equal(log, wanted);
    end(&bench);
}

/* "Ended with exit code 4" sent people into the logs. */
static void a_child_that_failed_is_told_with_the_error_that_it_logged_last(void **state)
{
    struct bench bench;
    struct launch_end ended;

    (void)state;
    assert_int_equal(begin(&bench,
                           "echo '2026-11-30T02:29:38.981Z info    joined'\n"
                           "echo '2026-11-30T02:29:38.982Z error   no threads: raise ulimit -u'\n"
                           "exit 4",
                           1),
                     0);
    reap(&bench, &ended);
    assert_string_equal(ended.reason,
                        "its process ended with exit code 4: no threads: raise ulimit -u");
    end(&bench);
    assert_int_equal(begin(&bench, "echo '2026-11-30T02:29:38.981Z info    joined'; exit 4", 1), 0);
    reap(&bench, &ended);
    assert_string_equal(ended.reason, "its process ended with exit code 4");
    end(&bench);
}

static void a_child_that_was_killed_is_told_by_its_signal(void **state)
{
    struct bench bench;
    struct launch_end ended;

    (void)state;
    assert_int_equal(begin(&bench, "kill -9 $$", 1), 0);
    reap(&bench, &ended);
    assert_string_equal(ended.name, "agent-1");
    assert_non_null(strstr(ended.reason, "signal 9"));
    end(&bench);
}

static void children_have_a_process_group_of_their_own(void **state)
{
    struct bench bench;
    struct launch_end ended;
    char log[512];
    char *rest = NULL;

    (void)state;
    assert_int_equal(begin(&bench, "echo $$ $(cut -d' ' -f5 /proc/$$/stat)", 1), 0);
    reap(&bench, &ended);
    read_log(&bench, "agent-1.log", log, sizeof log);
    assert_true(strtol(log, &rest, 10) > 0);
    assert_int_equal(strtol(log, NULL, 10), strtol(rest, NULL, 10));
    assert_int_not_equal(strtol(rest, NULL, 10), getpgrp());
    end(&bench);
}

static void freeing_ends_what_still_runs_even_if_it_will_not(void **state)
{
    struct bench bench;

    (void)state;
    assert_int_equal(begin(&bench, "trap '' TERM\nwhile :; do sleep 1; done", 2), 0);
    assert_int_equal(launch_running(bench.launch), 2);
    end(&bench);
}

static void a_program_that_is_not_there_is_told_with_its_path(void **state)
{
    struct launch_config config = {.program = "/nowhere/millrace-agent", .url = "ipc:///x"};
    struct launch *launch = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(start("local:2", &config, &launch, &error), -ENOENT);
    assert_null(launch);
    launch_plan_done(&plan);
    assert_non_null(strstr(error.text, "/nowhere/millrace-agent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_are_named_told_where_to_join_and_logged),
        cmocka_unit_test(a_child_that_failed_is_told_with_the_error_that_it_logged_last),
        cmocka_unit_test(a_child_that_was_killed_is_told_by_its_signal),
        cmocka_unit_test(children_have_a_process_group_of_their_own),
        cmocka_unit_test(freeing_ends_what_still_runs_even_if_it_will_not),
        cmocka_unit_test(a_program_that_is_not_there_is_told_with_its_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
