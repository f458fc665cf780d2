#include "check.h"
#include "enrol_bench.h"
#include "identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct files {
    char *authority;
    char *coordinator;
    char *coordinator_key;
    char *agent;
    char *agent_key;
    char *token;
};

static struct files write_files(void)
{
    return (struct files){
        enrol_bench_file("ca.pem", bench.authority.pem, 0644),
        enrol_bench_file("coordinator.pem", bench.coordinator.pem, 0644),
        enrol_bench_file("coordinator.key", bench.coordinator.key_pem, 0600),
        enrol_bench_file("agent.pem", bench.agent.pem, 0644),
        enrol_bench_file("agent.key", bench.agent.key_pem, 0600),
        enrol_bench_file("token", "0123456789abcdef0123\n", 0600),
    };
}

static void files_done(struct files *files)
{
    free(files->authority);
    free(files->coordinator);
    free(files->coordinator_key);
    free(files->agent);
    free(files->agent_key);
    free(files->token);
}

static void both_sides_read_theirs_and_have_the_same_secret(void **state)
{
    struct files files = write_files();
    const struct identity_paths here = {files.authority, files.coordinator, files.coordinator_key,
                                        files.token};
    const struct identity_paths there = {files.authority, files.agent, files.agent_key,
                                         files.token};
    struct identity coordinator = {0};
    struct identity agent = {0};
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(identity_read(&here, CERTIFICATE_COORDINATOR, &coordinator, &error), 0);
    assert_int_equal(identity_read(&there, CERTIFICATE_AGENT, &agent, &error), 0);
    assert_string_equal(coordinator.certificate_pem, bench.coordinator.pem);
    assert_string_equal(agent.key_pem, bench.agent.key_pem);
    assert_memory_equal(coordinator.secret, agent.secret, HMAC_BYTES);
    assert_int_equal(agent.valid_until_s, BENCH_END_S);
    identity_done(&agent);
    free(enrol_bench_file("token", "0123456789abcdef0124\n", 0600));
    assert_int_equal(identity_read(&there, CERTIFICATE_AGENT, &agent, &error), 0);
    assert_memory_not_equal(coordinator.secret, agent.secret, HMAC_BYTES);
    identity_done(&coordinator);
    identity_done(&agent);
    files_done(&files);
}

static void assert_refused(const struct identity_paths *paths, enum certificate_role role, int code,
                           const char *why)
{
    struct identity identity = {0};
    struct errinfo error = {""};

    assert_int_equal(identity_read(paths, role, &identity, &error), code);
    assert_null(identity.key_pem);
    if (strstr(error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    }
}

static void options_are_given_together(void **state)
{
    const struct identity_paths none = {NULL, NULL, NULL, NULL};
    const struct identity_paths some = {"ca.pem", "agent.pem", NULL, "token"};

    (void)state;
    assert_false(identity_is_asked_for(&none));
    assert_true(identity_is_asked_for(&some));
    assert_refused(&some, CERTIFICATE_AGENT, -EINVAL,
                   "--tls-key is missing: --tls-ca, --tls-cert, --tls-key and --token-file are "
                   "given together");
}

static void what_is_wrong_is_said_of_its_file(void **state)
{
    struct files files = write_files();
    struct identity_paths paths = {files.authority, files.agent, files.agent_key, files.token};

    (void)state;
    assert_refused(&paths, CERTIFICATE_COORDINATOR, -EKEYREJECTED,
                   "agent.pem: the certificate is not for \"millrace-coordinator\"");
    paths.key = files.coordinator_key;
    assert_refused(&paths, CERTIFICATE_AGENT, -EKEYREJECTED,
                   "coordinator.key: the key is not that of the certificate");
    paths.key = files.agent_key;
    paths.authority = files.agent_key;
    assert_refused(&paths, CERTIFICATE_AGENT, -EBADMSG, "agent.key: the certificate is damaged");
    paths.authority = files.authority;
    assert_int_equal(chmod(files.agent_key, 0640), 0);
    assert_refused(&paths, CERTIFICATE_AGENT, -EPERM, "chmod 600 ");
    assert_int_equal(chmod(files.agent_key, 0600), 0);
    free(enrol_bench_file("token", "too short\n\n\n\n\n\n\n\n\n\n", 0600));
    assert_refused(&paths, CERTIFICATE_AGENT, -EINVAL,
                   "token: the token is shorter than 16 characters");
    paths.certificate = "/nowhere/agent.pem";
    assert_refused(&paths, CERTIFICATE_AGENT, -ENOENT, "/nowhere/agent.pem: can't be read");
    files_done(&files);
}

static void it_is_valid_from_its_begin_to_its_end(void **state)
{
    const struct identity identity = {.valid_from_s = BENCH_BEGIN_S, .valid_until_s = BENCH_END_S};
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(identity_check_time(&identity, BENCH_BEGIN_S, &error), 0);
    assert_int_equal(identity_check_time(&identity, BENCH_END_S, &error), 0);
    assert_int_equal(identity_check_time(&identity, BENCH_END_S + 1, &error), -EKEYEXPIRED);
    assert_string_equal(error.text, "--tls-cert: certificate ended 2026-12-30 00:53 UTC, and it is "
                                    "2026-12-30 00:53 UTC here");
    assert_int_equal(identity_check_time(&identity, 0, &error), -EAGAIN);
    assert_non_null(strstr(error.text, "it begins 2026-11-30 00:53 UTC, and it is 1970-01-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_read_theirs_and_have_the_same_secret),
        cmocka_unit_test(options_are_given_together),
        cmocka_unit_test(what_is_wrong_is_said_of_its_file),
        cmocka_unit_test(it_is_valid_from_its_begin_to_its_end)};

    return cmocka_run_group_tests(tests, enrol_bench_begin, enrol_bench_end);
}
