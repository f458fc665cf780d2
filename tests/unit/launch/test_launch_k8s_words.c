/* What a cluster is asked to make, what is said to kubectl, and what it says. */
#include "check.h"

#include "launch_k8s_inner.h"
#include "launch_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void so_many_pods_go_by_their_numbers(void **state)
{
    struct launch_plan plan;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(launch_plan_parse("k8s:3", &plan, NULL), 0);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.places[0].name, "pod-0");
    assert_string_equal(plan.places[2].name, "pod-2");
    launch_plan_done(&plan);
    assert_int_equal(launch_plan_parse("k8s:", &plan, &error), -EINVAL);
    assert_non_null(strstr(error.text, "k8s:N starts N agents as pods of Kubernetes, from 1 to "));
    assert_int_equal(launch_plan_parse("k8s:0", &plan, NULL), -EINVAL);
    assert_int_equal(launch_plan_parse("k8s:3x", &plan, NULL), -EINVAL);
    assert_int_equal(launch_plan_parse("k8s:-1", &plan, NULL), -EINVAL);
    assert_int_equal(launch_plan_parse("k8s:1000000", &plan, NULL), -EINVAL);
}

/* ---- The command ---- */

static void assert_command(const char *kubectl, bool on_end, const char *wanted)
{
    static const char *const arguments[] = {"get", "pods", NULL};
    struct k8s_command command;
    char said[1024] = "";

    assert_int_equal(k8s_command_make(kubectl, arguments, on_end, &command, NULL), 0);
    for (size_t i = 0; command.argv[i] != NULL; i++) {
        (void)snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", i == 0 ? "" : "|",
                       command.argv[i]);
    }
    assert_string_equal(said, wanted);
    k8s_command_done(&command);
}

static void what_the_user_says_stands_before_what_is_asked(void **state)
{
    (void)state;
    assert_command(NULL, false, "kubectl|get|pods");
    assert_command(" k3s kubectl\t-n load ", false, "k3s|kubectl|-n|load|get|pods");
    assert_command("kubectl -n load", true,
                   "sh|-c|while read -r line; do :; done; exec \"$@\"|millrace|kubectl|-n|load|get|"
                   "pods");
}

static void a_command_of_no_word_or_too_many_is_refused(void **state)
{
    static const char *const arguments[] = {"get", NULL};
    char many[2 * K8S_WORDS_MAX + 3] = "";
    struct k8s_command command;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(k8s_command_make(" ", arguments, false, &command, &error), -EINVAL);
    assert_string_equal(error.text, "--kubectl is empty");
    for (size_t i = 0; i <= K8S_WORDS_MAX; i++) {
        memcpy(many + 2 * i, "x ", 3);
    }
    assert_int_equal(k8s_command_make(many, arguments, false, &command, &error), -EINVAL);
    assert_string_equal(error.text, "--kubectl has more than 32 words");
}

/* ---- Manifests ---- */

static const struct k8s_job job = {.name = "millrace-0000002a",
                                   .image = "registry/\"agent\":1",
                                   .agent = "millrace-agent",
                                   .enrolment = 0x2a,
                                   .pods = 3,
                                   .join_s = 130};

static void assert_has(const struct text *text, const char *part)
{
    if (strstr(text->bytes, part) == NULL) {
        fail_msg("no \"%s\" in:\n%s", part, text->bytes);
    }
}

/* Whether a schema takes it is asked where one is at hand: tests/system/test_k8s.py. */
static void a_job_makes_no_pod_anew_and_ends_none_with_another(void **state)
{
    struct text out = {0};

    (void)state;
    k8s_write_job(&job, &out);
    assert_has(&out, "  name: millrace-0000002a\n");
    assert_has(&out, "  completionMode: Indexed\n  completions: 3\n  parallelism: 3\n"
                     "  podReplacementPolicy: Failed\n  backoffLimitPerIndex: 0\n"
                     "  ttlSecondsAfterFinished: 60\n");
    assert_null(strstr(out.bytes, "backoffLimit:"));
    assert_has(&out, "      restartPolicy: Never\n");
    assert_has(&out, "          image: \"registry/\\\"agent\\\":1\"\n");
    assert_has(&out, "          args: [\"millrace-agent\", \"--join\", \"-\", \"--pod\", \"130\", "
                     "\"--enrolment\", \"2a\"]\n");
    assert_has(&out, "            defaultMode: 0440\n");
    text_done(&out);
}

static void secret_and_service_go_with_their_job(void **state)
{
    struct text secret = {.secret = true};
    struct text service = {0};

    (void)state;
    k8s_write_secret(&job, "uid-1", "millrace-join-1:abc.def\n", &secret);
    assert_has(&secret, "  ownerReferences:\n    - apiVersion: batch/v1\n      kind: Job\n"
                        "      name: millrace-0000002a\n      uid: \"uid-1\"\n");
    assert_has(&secret, "stringData:\n  join: \"millrace-join-1:abc.def\"\n");
    k8s_write_service(&job, "uid-1", &service);
    assert_has(&service, "      uid: \"uid-1\"\n");
    assert_has(&service, "  clusterIP: None\n");
    text_done(&service);
    k8s_write_service(&job, NULL, &service);
    assert_null(strstr(service.bytes, "ownerReferences"));
    text_done(&service);
    text_done(&secret);
}

/* ---- What kubectl says ---- */

static enum k8s_line read_all(const char *const *lines, struct k8s_reader *reader)
{
    enum k8s_line kind = K8S_LINE_PART;

    *reader = (struct k8s_reader){.in_pod = false};
    for (size_t i = 0; lines[i] != NULL; i++) {
        kind = k8s_read_line(reader, lines[i]);
    }
    return kind;
}

static void a_pod_is_read_with_the_last_line_of_its_log(void **state)
{
    static const char *const lines[] = {
        "pod|MODIFIED|7|millrace-2a-7-x1|node7|Failed||OOMKilled|137|Evicted",
        "scheduled|",
        "waiting|so long",
        "message|two",
        "log|first",
        "last",
        "",
        "end|",
        NULL};
    struct k8s_reader reader;

    (void)state;
    assert_int_equal(read_all(lines, &reader), K8S_LINE_POD);
    assert_false(reader.pod.is_deleted);
    assert_int_equal(reader.pod.index, 7);
    assert_string_equal(reader.pod.name, "millrace-2a-7-x1");
    assert_string_equal(reader.pod.node, "node7");
    assert_string_equal(reader.pod.phase, "Failed");
    assert_string_equal(reader.pod.waiting, "");
    assert_string_equal(reader.pod.ended, "OOMKilled");
    assert_int_equal(reader.pod.exit_code, 137);
    assert_string_equal(reader.pod.reason, "Evicted");
    assert_string_equal(reader.pod.scheduled_words, "");
    assert_string_equal(reader.pod.waiting_words, "so long");
    assert_string_equal(reader.pod.reason_words, "two");
    assert_string_equal(reader.pod.last_line, "last");
    assert_int_equal(k8s_read_line(&reader, "error: You must be logged in"), K8S_LINE_WORDS);
    assert_int_equal(k8s_read_line(&reader, ""), K8S_LINE_WORDS);
}

static void what_is_cut_off_or_foreign_is_no_pod_of_the_job(void **state)
{
    struct k8s_reader reader = {.in_pod = false};

    (void)state;
    assert_int_equal(k8s_read_line(&reader, "pod|DELETED|"), K8S_LINE_PART);
    assert_int_equal(k8s_read_line(&reader, "end|"), K8S_LINE_POD);
    assert_true(reader.pod.is_deleted);
    assert_int_equal(reader.pod.index, UINT32_MAX);
    assert_string_equal(reader.pod.phase, "");
    assert_int_equal(reader.pod.exit_code, -1);
    assert_int_equal(k8s_read_line(&reader, "pod|ADDED|99999999999999999999|x"), K8S_LINE_PART);
    assert_int_equal(k8s_read_line(&reader, "end|"), K8S_LINE_POD);
    assert_int_equal(reader.pod.index, UINT32_MAX);
    assert_int_equal(k8s_read_line(&reader, "end|"), K8S_LINE_WORDS);
}

/* ---- How a pod is ---- */

static void assert_state(struct k8s_pod pod, enum k8s_state wanted, const char *words)
{
    struct k8s_job of_job = job;
    char reason[REASON_BYTES];

    of_job.image = "agent:1";
    (void)snprintf(pod.name, sizeof pod.name, "m-0");
    assert_int_equal(k8s_explain(&pod, &of_job, "", reason), wanted);
    assert_string_equal(reason, words);
}

static void the_end_of_a_pod_says_what_to_do(void **state)
{
    (void)state;
    assert_state((struct k8s_pod){.phase = "Failed", .ended = "Error", .exit_code = 127}, K8S_ENDED,
                 "millrace-agent is not in the image agent:1 (give --agent-path)");
    assert_state((struct k8s_pod){.phase = "Failed", .ended = "Error", .exit_code = 126}, K8S_ENDED,
                 "millrace-agent is no program in the image agent:1 (give --agent-path)");
    assert_state(
        (struct k8s_pod){.phase = "Failed", .ended = "OOMKilled", .exit_code = 137, .node = "n1"},
        K8S_ENDED, "its pod m-0 on n1 was killed: out of memory (OOMKilled)");
    assert_state(
        (struct k8s_pod){.phase = "Failed", .ended = "Error", .exit_code = 137, .node = "n1"},
        K8S_ENDED, "its pod m-0 on n1 was killed (Error, exit code 137)");
    assert_state((struct k8s_pod){.phase = "Failed",
                                  .ended = "Error",
                                  .exit_code = 2,
                                  .last_line = "millrace-agent: there is no option --pod"},
                 K8S_ENDED,
                 "its agent is of another version: use an image of " MILLRACE_VERSION
                 ", not agent:1 (it says: millrace-agent: there is no option --pod)");
    assert_state((struct k8s_pod){.phase = "Failed",
                                  .ended = "Error",
                                  .exit_code = 4,
                                  .last_line = "2026-11-30T02:29:38.981Z error   out of luck"},
                 K8S_ENDED, "its pod m-0 ended with exit code 4: out of luck");
    assert_state((struct k8s_pod){.phase = "Failed",
                                  .ended = "StartError",
                                  .exit_code = 128,
                                  .last_line = "exec: \"/bin/sh\": no such file"},
                 K8S_ENDED, "the image agent:1 can't be run: exec: \"/bin/sh\": no such file");
    assert_state((struct k8s_pod){.phase = "Succeeded", .ended = "Completed"}, K8S_ENDED,
                 "its pod m-0 ended with exit code 0");
    assert_state((struct k8s_pod){.phase = "Failed",
                                  .reason = "Evicted",
                                  .reason_words = "The node was low on resource: memory.",
                                  .node = "n1"},
                 K8S_ENDED,
                 "its pod m-0 on n1 was ended: Evicted: The node was low on resource: memory.");
    assert_state((struct k8s_pod){.phase = "Running", .is_deleted = true, .node = "n1"}, K8S_ENDED,
                 "its pod m-0 on n1 was deleted");
}

static void what_a_pod_waits_for_is_told_if_it_may_never_come(void **state)
{
    struct k8s_pod pulls = {.phase = "Pending",
                            .node = "n1",
                            .waiting = "ImagePullBackOff",
                            .waiting_words = "Back-off pulling image"};
    char reason[REASON_BYTES];

    (void)state;
    assert_state((struct k8s_pod){.phase = "Pending"}, K8S_COMES, "");
    assert_state((struct k8s_pod){.phase = "Running", .node = "n1"}, K8S_RUNS, "");
    assert_state((struct k8s_pod){.phase = "Pending", .node = "n1", .waiting = "ContainerCreating"},
                 K8S_COMES, "");
    assert_state(
        (struct k8s_pod){.phase = "Pending",
                         .scheduled_words = "0/3 nodes are available: 3 Insufficient cpu."},
        K8S_WAITS, "m-0 can't be scheduled: 0/3 nodes are available: 3 Insufficient cpu.");
    assert_state((struct k8s_pod){.phase = "Pending",
                                  .node = "n1",
                                  .waiting = "CreateContainerConfigError",
                                  .waiting_words = "secret not found"},
                 K8S_WAITS, "m-0 waits: CreateContainerConfigError: secret not found");
    assert_state((struct k8s_pod){.phase = "Pending",
                                  .node = "n1",
                                  .waiting = "ErrImagePull",
                                  .waiting_words = "agent:1: not found"},
                 K8S_PULLING, "agent:1: not found");
    assert_state(pulls, K8S_ENDED,
                 "the image agent:1 can't be pulled (ImagePullBackOff): Back-off pulling image");
    assert_int_equal(k8s_explain(&pulls, &job, "not found", reason), K8S_ENDED);
    assert_non_null(strstr(reason, "(ImagePullBackOff): not found"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_pods_go_by_their_numbers),
        cmocka_unit_test(what_the_user_says_stands_before_what_is_asked),
        cmocka_unit_test(a_command_of_no_word_or_too_many_is_refused),
        cmocka_unit_test(a_job_makes_no_pod_anew_and_ends_none_with_another),
        cmocka_unit_test(secret_and_service_go_with_their_job),
        cmocka_unit_test(a_pod_is_read_with_the_last_line_of_its_log),
        cmocka_unit_test(what_is_cut_off_or_foreign_is_no_pod_of_the_job),
        cmocka_unit_test(the_end_of_a_pod_says_what_to_do),
        cmocka_unit_test(what_a_pod_waits_for_is_told_if_it_may_never_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
