/* What is said to ssh, and how its end is told; and agents behind a script that stands for ssh. */
#include "check.h"

#include "hosts_once.h"
#include "launch_ssh_inner.h"
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

#define EXITED(code) ((code) << 8) /* As wait(2) has it. */

static void a_list_of_hosts_gives_agents_by_their_names(void **state)
{
    struct launch_plan plan;

    (void)state;
    assert_int_equal(launch_plan_parse("ssh:load1,root@load2.example,10.0.0.3,load1", &plan, NULL),
                     0);
    assert_int_equal(plan.count, 4);
    assert_string_equal(plan.places[0].name, "load1");
    assert_string_equal(plan.places[1].name, "load2.example");
    assert_string_equal(plan.places[1].where, "root@load2.example");
    assert_string_equal(plan.places[2].name, "10.0.0.3");
    assert_string_equal(plan.places[3].name, "load1-2");
    assert_string_equal(plan.places[3].where, "load1");
    launch_plan_done(&plan);
}

static char *write_file(const char *text, mode_t mode)
{
    static char path[64];
    int fd = mkstemp(temp_name(path, "ssh"));

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    return path;
}

static void a_file_of_hosts_has_lines_and_comments(void **state)
{
    const char *path = write_file("# rack 4\nload1\n\n  root@load2   # slow\r\nload3", 0644);
    struct launch_plan plan;
    char what[128];

    (void)state;
    (void)snprintf(what, sizeof what, "ssh:@%s", path);
    assert_int_equal(launch_plan_parse(what, &plan, NULL), 0);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.places[1].where, "root@load2");
    assert_string_equal(plan.places[2].name, "load3");
    launch_plan_done(&plan);
    assert_int_equal(unlink(path), 0);
}

static void assert_refused(const char *what, const char *why)
{
    struct launch_plan plan;
    struct errinfo error = {""};

    assert_true(launch_plan_parse(what, &plan, &error) < 0);
    if (strstr(error.text, why) == NULL) {
        fail_msg("%s: \"%s\" does not say \"%s\"", what, error.text, why);
    }
}

/* An option, or something for the shell that a ProxyCommand is given to. */
static void what_is_no_host_is_refused(void **state)
{
    (void)state;
    assert_refused("ssh:", "ssh: names no host: ssh:HOST,HOST or ssh:@FILE");
    assert_refused("ssh", "names no host");
    assert_refused("ssh:load1,-oProxyCommand=reboot", "\"-oProxyCommand=reboot\" can't be a host");
    assert_refused("ssh:-l@load1", "the user can't be one");
    assert_refused("ssh:$(reboot)@load1", "the user can't be one");
    assert_refused("ssh:load1;reboot", "can't be a host");
    assert_refused("ssh:load1:22", "a port, or any other address, goes into ~/.ssh/config");
    assert_refused("ssh:@/nowhere/hosts", "/nowhere/hosts");
}

static void assert_command(const struct ssh_call *call, const char *wanted)
{
    struct ssh_command command;
    char said[1024] = "";

    assert_int_equal(ssh_command_make(call, &command, NULL), 0);
    for (size_t i = 0; command.argv[i] != NULL; i++) {
        (void)snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", i == 0 ? "" : "|",
                       command.argv[i]);
    }
    assert_string_equal(said, wanted);
    ssh_command_done(&command);
}

#define USUAL                                                                                      \
    "-T|-x|-a|-oBatchMode=yes|-oConnectTimeout=10|-oServerAliveInterval=10|"                       \
    "-oServerAliveCountMax=3|"

static void the_host_stands_behind_what_ends_options(void **state)
{
    const struct ssh_call call = {.where = "root@load2",
                                  .agent = "millrace-agent",
                                  .enrolment = 0x2a,
                                  .port = 7700,
                                  .dials_caller = true};

    (void)state;
    assert_command(&call, "ssh|" USUAL "--|root@load2|exec 'millrace-agent' --join - --leash "
                          "--enrolment 2a --caller-port 7700");
}

static void the_words_of_the_user_come_first_and_a_path_is_quoted(void **state)
{
    const struct ssh_call call = {.ssh = "ssh  -F /etc/my.conf",
                                  .where = "load1",
                                  .agent = "/opt/it's/agent",
                                  .enrolment = 1,
                                  .port = 7700};

    (void)state;
    assert_command(&call, "ssh|-F|/etc/my.conf|" USUAL
                          "--|load1|exec '/opt/it'\\''s/agent' --join - --leash --enrolment 1");
}

static void a_tunnel_leads_to_this_hosts_loopback(void **state)
{
    const struct ssh_call call = {
        .where = "load1", .agent = "agent", .enrolment = 1, .port = 4711, .tunnel = true};

    (void)state;
    assert_command(&call,
                   "ssh|" USUAL "-oControlPath=none|-oExitOnForwardFailure=yes|-oLogLevel=INFO|-R|"
                   "127.0.0.1:0:127.0.0.1:4711|--|load1|exec 'agent' --join - --leash "
                   "--enrolment 1");
    assert_int_equal(ssh_tunnel_port("Welcome\n"), 0);
    assert_int_equal(ssh_tunnel_port("Welcome\nAllocated port 40"), 0); /* Half of it. */
    assert_int_equal(
        ssh_tunnel_port("hi\nAllocated port 40013 for remote forward to 127.0.0.1:4711\r\n"),
        40013);
}

static const char *remote_of(const struct ssh_call *call, struct ssh_command *command)
{
    size_t count = 0;

    assert_int_equal(ssh_command_make(call, command, NULL), 0);
    while (command->argv[count] != NULL) {
        assert_string_not_equal(command->argv[count], call->pushes ? "-R" : "");
        count++;
    }
    return command->argv[count - 1];
}

static void assert_ends(const char *text, const char *wanted)
{
    assert_true(strlen(text) > strlen(wanted));
    assert_string_equal(text + strlen(text) - strlen(wanted), wanted);
}

/* An ssh that copies needs no tunnel, and holds no agent. */
static void an_agent_that_may_be_copied_is_looked_for_by_its_archives_checksum(void **state)
{
    struct ssh_call call = {.where = "load1",
                            .agent = "agent",
                            .enrolment = 1,
                            .port = 7700,
                            .tunnel = true,
                            .push_sha256 = "abc"};
    struct ssh_command command;

    (void)state;
    assert_ends(remote_of(&call, &command),
                " sh 'agent' " MILLRACE_VERSION " abc --join - --leash --enrolment 1");
    assert_memory_equal(command.remote.bytes, "exec sh -c '", strlen("exec sh -c '"));
    ssh_command_done(&command);
    call.pushes = true;
    assert_ends(remote_of(&call, &command), " sh 'bin/millrace-agent' " MILLRACE_VERSION " abc");
    ssh_command_done(&command);
}

static void a_command_without_a_program_is_refused(void **state)
{
    const struct ssh_call call = {.ssh = "  ", .where = "load1", .agent = "agent"};
    struct ssh_command command;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(ssh_command_make(&call, &command, &error), -EINVAL);
    assert_string_equal(error.text, "--ssh names no program");
}

static void assert_explained(int status, const char *last_line, const char *wanted)
{
    char reason[REASON_BYTES];

    ssh_explain(status, last_line, "millrace-agent", reason);
    assert_string_equal(reason, wanted);
}

static void each_end_is_explained(void **state)
{
    static const char joined[] = "2026-11-30T02:29:38.981Z info    joined run 7";
    static const char failed[] = "2026-11-30T02:29:38.981Z error   no memory";

    (void)state;
    assert_explained(EXITED(127), "sh: 1: exec: millrace-agent: not found",
                     "millrace-agent is not installed there (give --agent-path, or --push FILE)");
    assert_explained(EXITED(2), failed, "its agent ended with exit code 2: no memory");
    assert_explained(EXITED(126), "sh: 1: exec: millrace-agent: Permission denied",
                     "millrace-agent can't be run there: sh: 1: exec: millrace-agent: Permission "
                     "denied");
    assert_explained(EXITED(255), "Host key verification failed.",
                     "ssh: Host key verification failed.");
    assert_explained(EXITED(255), "ssh: Could not resolve hostname nowhere: Name not known",
                     "ssh: Could not resolve hostname nowhere: Name not known");
    assert_explained(EXITED(255), joined,
                     "its agent was killed, or its ssh connection ended: it said nothing");
    assert_explained(EXITED(4), failed, "its agent ended with exit code 4: no memory");
    assert_explained(EXITED(0), joined, "its agent ended with exit code 0");
    assert_explained(SIGKILL, joined, "its ssh was ended by signal 9 (Killed)");
}

/* ---- A script in place of ssh ---- */

struct bench {
    struct launch_plan plan;
    struct hosts_once once;
    char script[64];
    struct launch *launch;
    char told[256];
};

static void on_told(void *context, const char *line)
{
    struct bench *bench = context;

    (void)snprintf(bench->told, sizeof bench->told, "%s", line);
}

static void begin(struct bench *bench, const char *script)
{
    static const char *const names[] = {"load1"};
    struct launch_config config = {.plan = &bench->plan,
                                   .program = "millrace-agent",
                                   .url = "tcp://0.0.0.0:7700",
                                   .ssh = bench->script,
                                   .on_told = on_told,
                                   .context = bench};

    memset(bench, 0, sizeof *bench);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(launch_plan_parse("ssh:load1", &bench->plan, NULL), 0);
    assert_int_equal(hosts_once_make(names, 1, time(NULL), &bench->once, NULL), 0);
    (void)snprintf(bench->script, sizeof bench->script, "%s", write_file(script, 0700));
    config.joins = bench->once.joins;
    assert_int_equal(launch_start(&config, &bench->launch, NULL), 0);
}

static void end(struct bench *bench)
{
    launch_free(bench->launch);
    hosts_once_done(&bench->once);
    launch_plan_done(&bench->plan);
    assert_int_equal(unlink(bench->script), 0);
}

static void reap(struct bench *bench, struct launch_end *ret)
{
    while (!launch_reap(bench->launch, ret)) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
    assert_int_equal(launch_running(bench->launch), 0);
}

static void the_join_line_comes_by_stdin_and_stands_in_no_argument(void **state)
{
    struct bench bench;
    struct launch_end ended;

    (void)state;
    begin(&bench, "#!/bin/sh\nread line\n"
                  "case \"$*\" in *millrace-join*) echo 'in its arguments' ;; esac\n"
                  "case $line in millrace-join-1:*) echo 'it came' ;; esac\nexit 255\n");
    reap(&bench, &ended);
    assert_string_equal(ended.name, "load1");
    assert_string_equal(ended.reason, "ssh: it came");
    assert_string_equal(bench.told, "ssh:load1: starts millrace-agent, which joins at the address "
                                    "that its ssh came from, port 7700");
    end(&bench);
}

/* As its agent does. */
static void what_is_freed_has_its_leash_let_go_and_is_not_killed(void **state)
{
    struct bench bench;
    char path[80];
    struct stat found;

    (void)state;
    begin(&bench, "#!/bin/sh\ncat >/dev/null\necho gone >$0.end\n");
    (void)snprintf(path, sizeof path, "%s.end", bench.script);
    end(&bench);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_hosts_gives_agents_by_their_names),
        cmocka_unit_test(a_file_of_hosts_has_lines_and_comments),
        cmocka_unit_test(what_is_no_host_is_refused),
        cmocka_unit_test(the_host_stands_behind_what_ends_options),
        cmocka_unit_test(the_words_of_the_user_come_first_and_a_path_is_quoted),
        cmocka_unit_test(a_tunnel_leads_to_this_hosts_loopback),
        cmocka_unit_test(an_agent_that_may_be_copied_is_looked_for_by_its_archives_checksum),
        cmocka_unit_test(a_command_without_a_program_is_refused),
        cmocka_unit_test(each_end_is_explained),
        cmocka_unit_test(the_join_line_comes_by_stdin_and_stands_in_no_argument),
        cmocka_unit_test(what_is_freed_has_its_leash_let_go_and_is_not_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
