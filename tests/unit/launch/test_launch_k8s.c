/* Pods behind a script that stands for kubectl. */
#include "check.h"

#include "hosts_once.h"
#include "launch_table.h"
#include "mono.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct bench {
    char folder[64];
    char kubectl[160];
    struct launch_plan plan;
    struct hosts_once once;
    struct launch_config config;
    struct launch *launch;
    char told[1024];
};

static void on_told(void *context, const char *line)
{
    struct bench *bench = context;
    size_t used = strlen(bench->told);

    (void)snprintf(bench->told + used, sizeof bench->told - used, "%s\n", line);
}

/* verbs: cases of the script beside `create` and `delete`, which keep what they were given. */
static int begin(struct bench *bench, const char *create, const char *verbs, struct errinfo *reterr)
{
    static const char *const at[] = {"coord:7700"};
    const char *name = "k8s";
    char path[128];
    FILE *file;

    memset(bench, 0, sizeof *bench);
    assert_non_null(mkdtemp(temp_name(bench->folder, "k8s")));
    (void)snprintf(path, sizeof path, "%s/kubectl", bench->folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file,
                        "#!/bin/sh\ncd %s\ncase $3 in\ncreate) cat >>made; %s;;\n"
                        "delete) printf %%s \"$*\" >deleted;;\n%s\nesac\n",
                        bench->folder, create, verbs) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
    (void)snprintf(bench->kubectl, sizeof bench->kubectl, "%s -n load", path);
    assert_int_equal(launch_plan_parse("k8s:3", &bench->plan, NULL), 0);
    assert_int_equal(hosts_once_make(&name, 1, time(NULL), &bench->once, NULL), 0);
    bench->config = (struct launch_config){.plan = &bench->plan,
                                           .program = "millrace-agent",
                                           .url = "tcp://0.0.0.0:7700",
                                           .kubectl = bench->kubectl,
                                           .joins = bench->once.joins,
                                           .at = at,
                                           .at_count = 1,
                                           .on_told = on_told,
                                           .context = bench};
    return launch_start(&bench->config, &bench->launch, reterr);
}

/* What is in a file of its folder; "": it is not there. */
static void read_file(const struct bench *bench, const char *name, char *ret, size_t ret_bytes)
{
    char path[128];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    file = fopen(path, "r");
    ret[file == NULL ? 0 : fread(ret, 1, ret_bytes - 1, file)] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
}

static void end(struct bench *bench)
{
    char command[160];

    launch_free(bench->launch);
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

static void a_job_is_made_watched_and_deleted_with_all_that_is_its_own(void **state)
{
    struct bench bench;
    static char made[32768];
    char deleted[256];

    (void)state;
    assert_int_equal(begin(&bench, "echo uid-1",
                           "get) printf '%s\\n' "
                           "'pod|ADDED|0|m-0-x|n1|Running||||' 'log|' 'end|' "
                           "'pod|MODIFIED|1|m-1-x|n1|Failed||OOMKilled|137|' 'log|' 'end|' "
                           "'pod|DELETED|7|other|n1|Running||||' 'end|'; exec sleep 1000;;",
                           NULL),
                     0);
    reap(&bench, "pod-1", "its pod m-1-x on n1 was killed: out of memory (OOMKilled)");
    assert_int_equal(launch_running(bench.launch), 2);
    read_file(&bench, "made", made, sizeof made);
    assert_true(strstr(made, "kind: Job") < strstr(made, "kind: Secret"));
    assert_non_null(strstr(made, "uid: \"uid-1\""));
    assert_non_null(strstr(made, "join: \"millrace-join-1:"));
    read_file(&bench, "deleted", deleted, sizeof deleted);
    assert_string_equal(deleted, "");
    launch_free(bench.launch);
    bench.launch = NULL;
    read_file(&bench, "deleted", deleted, sizeof deleted);
    assert_true(strncmp(deleted, "-n load delete job/millrace-", 28) == 0);
    assert_non_null(strstr(deleted, " service/millrace-"));
    assert_non_null(strstr(deleted, " secret/millrace-"));
    assert_non_null(strstr(bench.told, ": 3 pods of millrace-agent:" MILLRACE_VERSION
                                       ", which join at coord:7700\n"));
    assert_non_null(strstr(bench.told, " is deleted, with its secret and service\n"));
    end(&bench);
}

static void what_no_cluster_makes_is_told_and_nothing_is_deleted(void **state)
{
    struct bench bench;
    struct errinfo error = {""};
    char deleted[256];

    (void)state;
    assert_int_equal(begin(&bench, "echo 'error: You must be logged in' >&2; exit 1", "", &error),
                     -EREMOTEIO);
    assert_string_equal(error.text, "kubectl: error: You must be logged in");
    read_file(&bench, "deleted", deleted, sizeof deleted);
    assert_string_equal(deleted, "");
    end(&bench);
}

/* The Job was made, and its Secret was not: a server's words may have the line in them. */
static void half_of_it_is_deleted_and_no_word_of_a_secret_is_shown(void **state)
{
    struct bench bench;
    struct errinfo error = {""};
    char deleted[256];

    (void)state;
    assert_int_equal(begin(&bench,
                           "if grep -q Secret made; then grep join: made >&2; exit 1; fi; "
                           "echo uid-1",
                           "", &error),
                     -EREMOTEIO);
    assert_string_equal(error.text, "kubectl: (a line with a secret in it)");
    read_file(&bench, "deleted", deleted, sizeof deleted);
    assert_true(strncmp(deleted, "-n load delete job/millrace-", 28) == 0);
    end(&bench);
}

static void a_job_without_pods_is_explained_by_its_events(void **state)
{
    struct bench bench;
    struct launch_end ended;

    (void)state;
    assert_int_equal(begin(&bench, "echo uid-1",
                           "get) case $4 in events) echo 'FailedCreate: exceeded quota';; "
                           "*) exec sleep 1000;; esac;;",
                           NULL),
                     0);
    assert_false(launch_reap(bench.launch, &ended));
    assert_string_equal(launch_describe(bench.launch), "FailedCreate: exceeded quota");
    end(&bench);
}

static void without_kubectl_that_is_said(void **state)
{
    struct bench bench;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(begin(&bench, "echo uid-1", "", NULL), 0);
    launch_free(bench.launch);
    bench.launch = NULL;
    bench.config.kubectl = "/nowhere/kubectl -n load";
    assert_int_equal(launch_start(&bench.config, &bench.launch, &error), -ENOENT);
    assert_string_equal(error.text, "/nowhere/kubectl is not there: --launch k8s wants kubectl on "
                                    "this host (--kubectl COMMAND), or --dry-run, which prints "
                                    "what it would be given");
    end(&bench);
}

static void pods_have_to_be_told_where_to_join(void **state)
{
    struct launch_plan plan;
    struct launch_config config = {.plan = &plan, .program = "millrace-agent"};
    struct errinfo error = {""};
    struct text shown = {0};

    (void)state;
    assert_int_equal(unsetenv("KUBERNETES_SERVICE_HOST"), 0);
    assert_int_equal(launch_plan_parse("k8s:2", &plan, NULL), 0);
    assert_int_equal(launch_check(&config, &error), -EINVAL);
    assert_non_null(strstr(error.text, "--at HOST:PORT"));
    assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1", 1), 0);
    assert_int_equal(launch_check(&config, NULL), 0);
    assert_int_equal(unsetenv("KUBERNETES_SERVICE_HOST"), 0);

    assert_int_equal(launch_show(&config, &shown, NULL), 0);
    assert_non_null(strstr(shown.bytes, "  completions: 2\n"));
    assert_null(strstr(shown.bytes, "kind: Secret"));
    text_done(&shown);
    launch_plan_done(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_made_watched_and_deleted_with_all_that_is_its_own),
        cmocka_unit_test(what_no_cluster_makes_is_told_and_nothing_is_deleted),
        cmocka_unit_test(half_of_it_is_deleted_and_no_word_of_a_secret_is_shown),
        cmocka_unit_test(a_job_without_pods_is_explained_by_its_events),
        cmocka_unit_test(without_kubectl_that_is_said),
        cmocka_unit_test(pods_have_to_be_told_where_to_join),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
