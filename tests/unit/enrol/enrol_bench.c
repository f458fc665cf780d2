#include "enrol_bench.h"

#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct enrol_bench bench;

static void make(enum certificate_role role, const struct certificate *authority,
                 struct certificate *ret)
{
    const struct certificate_request request = {
        .role = role, .name = "load1", .valid_from_s = BENCH_BEGIN_S, .valid_until_s = BENCH_END_S};
    struct errinfo error = {""};

    assert_int_equal(certificate_make(&request, authority, ret, &error), 0);
}

int enrol_bench_begin(void **state)
{
    (void)state;
    make(CERTIFICATE_AUTHORITY, NULL, &bench.authority);
    make(CERTIFICATE_COORDINATOR, &bench.authority, &bench.coordinator);
    make(CERTIFICATE_AGENT, &bench.authority, &bench.agent);
    (void)snprintf(bench.folder, sizeof bench.folder, "/tmp/test_enrol_XXXXXX");
    assert_non_null(mkdtemp(bench.folder));
    return 0;
}

int enrol_bench_end(void **state)
{
    DIR *folder = opendir(bench.folder);
    struct dirent *entry;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/%s", bench.folder, entry->d_name);
        (void)unlink(path);
    }
    assert_int_equal(closedir(folder), 0);
    assert_int_equal(rmdir(bench.folder), 0);
    certificate_done(&bench.authority);
    certificate_done(&bench.coordinator);
    certificate_done(&bench.agent);
    return 0;
}

struct join_file enrol_bench_join(void)
{
    struct join_file join = {.name = "load1",
                             .processes_count = 3,
                             .addresses = {{"coord.example:7700"}, {"[::1]:7700"}},
                             .addresses_count = 2,
                             .authority_pem = strdup(bench.authority.pem),
                             .certificate_pem = strdup(bench.agent.pem),
                             .key_pem = strdup(bench.agent.key_pem),
                             .valid_from_s = BENCH_BEGIN_S,
                             .valid_until_s = BENCH_END_S};

    for (unsigned int i = 0; i < HMAC_BYTES; i++) {
        join.secret[i] = (uint8_t)(i * 7 + 1);
    }
    return join;
}

char *enrol_bench_file(const char *name, const char *text, unsigned int mode)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", bench.folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
    return strdup(path);
}
