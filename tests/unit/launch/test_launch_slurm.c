/* What is said to srun, what it says, and agents behind a script that stands for it. */
#include "check.h"

#include "hosts_once.h"
#include "launch_slurm_inner.h"
#include "launch_table.h"
#include "mono.h"
#include "temp.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void so_many_tasks_go_by_their_numbers(void **state)
{
    struct launch_plan plan;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(launch_plan_parse("slurm:3", &plan, NULL), 0);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.places[0].name, "task-0");
    assert_string_equal(plan.places[2].name, "task-2");
    launch_plan_done(&plan);
    assert_int_equal(launch_plan_parse("slurm:", &plan, &error), -EINVAL);
    assert_non_null(strstr(error.text, "slurm:N starts N agents by srun, from 1 to "));
    assert_int_equal(launch_plan_parse("slurm:0", &plan, NULL), -EINVAL);
    assert_int_equal(launch_plan_parse("slurm:3x", &plan, NULL), -EINVAL);
    assert_int_equal(launch_plan_parse("slurm:-1", &plan, NULL), -EINVAL);
    assert_int_equal(launch_plan_parse("slurm:1000000", &plan, NULL), -EINVAL);
}

static void assert_command(const struct slurm_call *call, const char *wanted)
{
    struct slurm_command command;
    char said[1024] = "";

    assert_int_equal(slurm_command_make(call, &command, NULL), 0);
    for (size_t i = 0; command.argv[i] != NULL; i++) {
        (void)snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", i == 0 ? "" : "|",
                       command.argv[i]);
    }
    assert_string_equal(said, wanted);
    slurm_command_done(&command);
}

#define USUAL                                                                                      \
    "srun|--label|--input=all|--kill-on-bad-exit=0|--wait=0|--no-kill|--mpi=none|"                 \
    "--distribution=cyclic|--export=PATH,HOME,USER,LOGNAME,LANG,TZ,TMPDIR,LD_LIBRARY_PATH|"

static void what_the_user_says_stands_behind_what_is_usual(void **state)
{
    struct slurm_call call = {.name = "millrace-2a",
                              .agent = "millrace-agent",
                              .enrolment = 0x2a,
                              .tasks = 3,
                              .nodes = 3,
                              .wait_s = 130,
                              .port = 7700,
                              .dials_caller = true};

    (void)state;
    assert_command(&call,
                   USUAL "--ntasks=3|--nodes=3|--immediate=130|--job-name=millrace-2a|"
                         "--|millrace-agent|--join|-|--leash|--step|--enrolment|2a|--caller-port|"
                         "7700");
    call.dials_caller = false;
    call.in_allocation = true;
    call.nodes = 2;
    call.options = " -p debug\t--cpus-per-task=4 ";
    assert_command(&call,
                   USUAL "--ntasks=3|--nodes=2|--immediate=130|--job-name=millrace-2a|--overlap|"
                         "-p|debug|--cpus-per-task=4|--|millrace-agent|--join|-|--leash|--step|"
                         "--enrolment|2a");
}

static void too_many_options_are_refused(void **state)
{
    char many[2 * SLURM_WORDS_MAX + 3] = "";
    const struct slurm_call call = {.options = many, .name = "x", .agent = "y"};
    struct slurm_command command;
    struct errinfo error = {""};

    (void)state;
    for (size_t i = 0; i <= SLURM_WORDS_MAX; i++) {
        memcpy(many + 2 * i, "x ", 3);
    }
    assert_int_equal(slurm_command_make(&call, &command, &error), -EINVAL);
    assert_string_equal(error.text, "--slurm has more than 32 words");
}

static void a_line_of_srun_is_told_from_those_of_its_tasks(void **state)
{
    struct slurm_line line = {.task = 0};

    (void)state;
    slurm_read_line("02: srun: error: host2: task 0: Killed", &line);
    assert_int_equal(line.kind, SLURM_LINE_TASK);
    assert_int_equal(line.task, 2);
    assert_string_equal(line.words, "srun: error: host2: task 0: Killed");
    slurm_read_line("srun: job 12 queued and waiting for resources", &line);
    assert_int_equal(line.kind, SLURM_LINE_QUEUED);
    assert_string_equal(line.words, "job 12 queued and waiting for resources");
    slurm_read_line("srun: job 12 has been allocated resources", &line);
    assert_int_equal(line.kind, SLURM_LINE_NOTICE);
    slurm_read_line("srun: error: Unable to allocate resources: Invalid partition name specified",
                    &line);
    assert_int_equal(line.kind, SLURM_LINE_ERROR);
    assert_string_equal(line.words,
                        "Unable to allocate resources: Invalid partition name specified");
    slurm_read_line("srun: error: Unable to run task: it is late", &line);
    assert_int_equal(line.kind, SLURM_LINE_ERROR);
    slurm_read_line("12", &line);
    assert_int_equal(line.kind, SLURM_LINE_OTHER);
    slurm_read_line("", &line);
    assert_int_equal(line.kind, SLURM_LINE_OTHER);
    assert_string_equal(line.words, "");
}

static void tasks_that_ended_are_read_with_their_node(void **state)
{
    struct slurm_line line = {.task = 0};
    uint32_t first = 0;
    uint32_t last = 0;

    (void)state;
    slurm_read_line("srun: error: host2: task 7: Killed", &line);
    assert_int_equal(line.kind, SLURM_LINE_ENDED);
    assert_string_equal(line.node, "host2");
    assert_string_equal(line.words, "Killed");
    assert_true(slurm_next_tasks(&line.tasks, &first, &last));
    assert_true(first == 7 && last == 7);
    assert_false(slurm_next_tasks(&line.tasks, &first, &last));

    slurm_read_line("srun: error: c1-4: tasks 0,2-3,10: Exited with exit code 2", &line);
    assert_string_equal(line.node, "c1-4");
    assert_string_equal(line.words, "Exited with exit code 2");
    assert_true(slurm_next_tasks(&line.tasks, &first, &last) && first == 0 && last == 0);
    assert_true(slurm_next_tasks(&line.tasks, &first, &last) && first == 2 && last == 3);
    assert_true(slurm_next_tasks(&line.tasks, &first, &last) && first == 10 && last == 10);
    assert_false(slurm_next_tasks(&line.tasks, &first, &last));
}

static void assert_end(const char *words, const char *last_line, const char *wanted)
{
    char reason[REASON_BYTES];

    slurm_explain("host2", words, last_line, "millrace-agent", reason);
    assert_string_equal(reason, wanted);
}

static void the_end_of_a_task_says_what_to_do(void **state)
{
    (void)state;
    assert_end("Exited with exit code 2",
               "slurmstepd-host2: error: execve(): millrace-agent: No such file or directory",
               "millrace-agent is not installed on host2 (give --agent-path)");
    assert_end("Exited with exit code 13",
               "slurmstepd: error: execve(): /etc/passwd: Permission denied",
               "millrace-agent can't be run on host2: Permission denied");
    assert_end("Killed", "2026-11-30T02:29:38.981Z info    joined",
               "its agent on host2 was ended: Killed");
    assert_end("Exited with exit code 2", "millrace-agent: there is no option --step",
               "its agent is of another version: install " MILLRACE_VERSION
               " on host2 (it says: millrace-agent: there is no option --step)");
    assert_end("Exited with exit code 4", "2026-11-30T02:29:38.981Z error   out of luck",
               "its agent on host2 ended with exit code 4: out of luck");
    assert_end("Exited with exit code 2", "", "its agent on host2 ended with exit code 2");
    assert_end("Exited with exit code 3", "", "its agent on host2 ended with exit code 3");
}

/* ---- A script that stands for srun ---- */

struct bench {
    char folder[64];
    char *path; /* Of the environment, as it was. */
    struct launch_plan plan;
    struct hosts_once once;
    struct launch *launch;
};

/* The caller frees it. */
static char *search_path(void)
{
    const char *path = getenv("PATH");
    char *copy = strdup(path == NULL ? "/usr/bin:/bin" : path);

    assert_non_null(copy);
    return copy;
}

static void begin(struct bench *bench, const char *script)
{
    const char *name = "slurm";
    struct launch_config config = {.plan = &bench->plan,
                                   .program = "millrace-agent",
                                   .url = "tcp://0.0.0.0:7700",
                                   .log_folder = bench->folder};
    char path[128];
    FILE *file;

    assert_non_null(mkdtemp(temp_name(bench->folder, "slurm")));
    (void)snprintf(path, sizeof path, "%s/srun", bench->folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "#!/bin/sh\n%s\n", script) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
    bench->path = search_path();
    (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", bench->folder);
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_int_equal(unsetenv("SLURM_JOB_ID"), 0);
    assert_int_equal(launch_plan_parse("slurm:3", &bench->plan, NULL), 0);
    assert_int_equal(hosts_once_make(&name, 1, time(NULL), &bench->once, NULL), 0);
    config.joins = bench->once.joins;
    assert_int_equal(launch_start(&config, &bench->launch, NULL), 0);
}

static void end(struct bench *bench)
{
    char command[160];

    launch_free(bench->launch);
    assert_int_equal(setenv("PATH", bench->path, 1), 0);
    free(bench->path);
    launch_plan_done(&bench->plan);
    hosts_once_done(&bench->once);
    (void)snprintf(command, sizeof command, "rm -r %s", bench->folder);
    assert_int_equal(system(command), 0);
}

static void reap(struct bench *bench, const char *name, const char *reason)
{
    struct launch_end ended;

    while (!launch_reap(bench->launch, &ended)) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
    assert_string_equal(ended.name, name);
    assert_string_equal(ended.reason, reason);
}

/* It reads the line before it says so; the one that is left leaves as its input ends. */
static void an_end_is_told_of_the_task_that_it_was(void **state)
{
    struct bench bench = {.launch = NULL};

    (void)state;
    begin(&bench, "read line; echo \"1: $line\" | cut -c1-20\n"
                  "printf '%s\\n' 'srun: error: host3: task 1: Exited with exit code 2' "
                  "'1: slurmstepd-host3: error: execve(): x: No such file or directory'\n"
                  "cat >/dev/null");
    reap(&bench, "task-1", "millrace-agent is not installed on host3 (give --agent-path)");
    assert_int_equal(launch_running(bench.launch), 2);
    assert_string_equal(launch_describe(bench.launch), "their log (agents/slurm.log) says more");
    end(&bench);
}

static void what_holds_for_all_is_told_once(void **state)
{
    struct bench bench = {.launch = NULL};

    (void)state;
    begin(&bench, "echo 'srun: error: Unable to allocate resources: Invalid partition'\n"
                  "echo 'srun: later'; exit 1");
    reap(&bench, "task-0", "srun: Unable to allocate resources: Invalid partition");
    reap(&bench, "task-1", "likewise");
    reap(&bench, "task-2", "likewise");
    assert_int_equal(launch_running(bench.launch), 0);
    end(&bench);
}

/* Its words for it name neither the file nor the program. */
static void where_slurm_is_not_set_up_it_is_told_what_to_do(void **state)
{
    struct bench bench = {.launch = NULL};

    (void)state;
    begin(&bench, "echo 'srun: error: fetch_config: DNS SRV lookup failed'\n"
                  "echo 'srun: error: _establish_config_source: failed to fetch config'\n"
                  "echo 'srun: fatal: Could not establish a configuration source'; exit 1");
    reap(&bench, "task-0",
         "this host has no slurm.conf: run this on a node of the cluster, or set SLURM_CONF "
         "(srun: fatal: Could not establish a configuration source)");
    reap(&bench, "task-1", "likewise");
    end(&bench);
    bench = (struct bench){.launch = NULL};
    begin(&bench, "echo 'srun: error: Unable to allocate resources: Unable to contact slurm "
                  "controller (connect failure)'\necho 'srun: error: later'; exit 1");
    reap(&bench, "task-0",
         "the cluster's controller does not answer: ask it by \"scontrol ping\" (srun: Unable to "
         "allocate resources: Unable to contact slurm controller (connect failure))");
    end(&bench);
}

/* Slurm's own programs tell why. This one would not look at its input. */
static void a_job_that_waits_says_where_it_is_and_is_ended_by_a_signal(void **state)
{
    struct bench bench = {.launch = NULL};
    struct launch_end ended;
    char path[128];
    FILE *file;

    (void)state;
    begin(&bench, "echo 'srun: job 12 queued and waiting for resources'; exec sleep 1000");
    (void)snprintf(path, sizeof path, "%s/squeue", bench.folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "#!/bin/sh\necho job 12 is PENDING: Resources\n") > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_false(launch_reap(bench.launch, &ended));
    assert_string_equal(launch_describe(bench.launch), "job 12 is PENDING: Resources");
    end(&bench);
}

static void without_srun_that_is_said(void **state)
{
    const char *name = "slurm";
    char *path = search_path();
    struct hosts_once once;
    struct launch_plan plan;
    struct launch_config config = {
        .plan = &plan, .program = "millrace-agent", .url = "tcp://0.0.0.0:7700"};
    struct launch *launch = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(launch_plan_parse("slurm:3", &plan, NULL), 0);
    assert_int_equal(hosts_once_make(&name, 1, time(NULL), &once, NULL), 0);
    config.joins = once.joins;
    assert_int_equal(setenv("PATH", "/nowhere", 1), 0);
    assert_int_equal(launch_start(&config, &launch, &error), -ENOENT);
    assert_string_equal(error.text,
                        "srun is not there: --launch slurm wants Slurm's programs on this host");
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    launch_plan_done(&plan);
    hosts_once_done(&once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_tasks_go_by_their_numbers),
        cmocka_unit_test(what_the_user_says_stands_behind_what_is_usual),
        cmocka_unit_test(too_many_options_are_refused),
        cmocka_unit_test(a_line_of_srun_is_told_from_those_of_its_tasks),
        cmocka_unit_test(tasks_that_ended_are_read_with_their_node),
        cmocka_unit_test(the_end_of_a_task_says_what_to_do),
        cmocka_unit_test(an_end_is_told_of_the_task_that_it_was),
        cmocka_unit_test(what_holds_for_all_is_told_once),
        cmocka_unit_test(where_slurm_is_not_set_up_it_is_told_what_to_do),
        cmocka_unit_test(a_job_that_waits_says_where_it_is_and_is_ended_by_a_signal),
        cmocka_unit_test(without_srun_that_is_said),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* As main() does: some end before they have read their line. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
