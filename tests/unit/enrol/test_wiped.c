/*
 * What is secret in a join file leaves no copy in memory that was freed, by whatever way it is
 * read, written or refused. The linker puts the functions below in front of the allocator's, for
 * all but the libraries: OpenSSL wipes its own keys.
 */
#include "check.h"
#include "enrol_bench.h"
#include "identity.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define NEEDLE_BYTES 32

static uint8_t needles[3][NEEDLE_BYTES]; /* Of the secret, of the key, and of the line. */
static uint32_t needles_count;
static uint32_t leaks;

static void look(const void *memory)
{
    for (uint32_t i = 0; memory != NULL && i < needles_count; i++) {
        if (memmem(memory, malloc_usable_size((void *)(uintptr_t)memory), needles[i],
                   NEEDLE_BYTES) != NULL) {
            leaks++;
        }
    }
}

/* NOLINTBEGIN: the linker's names. */
void __real_free(void *memory);
void *__real_realloc(void *memory, size_t bytes);
void __wrap_free(void *memory);
void *__wrap_realloc(void *memory, size_t bytes);

void __wrap_free(void *memory)
{
    look(memory);
    __real_free(memory);
}

/* Whether it moves or not, what was there is looked at as if it had been freed. */
void *__wrap_realloc(void *memory, size_t bytes)
{
    look(memory);
    return __real_realloc(memory, bytes);
}
/* NOLINTEND */

static void take_needles(const char *line, const struct join_file *join)
{
    const char *body = strchr(join->key_pem, '\n') + 1;

    memcpy(needles[0], join->secret, NEEDLE_BYTES);
    memcpy(needles[1], body, NEEDLE_BYTES);
    memcpy(needles[2], line + 200, NEEDLE_BYTES);
    needles_count = 3;
    leaks = 0;
}

/* A line in memory that no allocator knows. */
static char line[8192];

static void write_line(void)
{
    struct join_file join = enrol_bench_join();
    struct text out = {.secret = true};

    assert_int_equal(join_file_write(&join, &out), 0);
    assert_true(out.bytes_count < sizeof line);
    memcpy(line, out.bytes, out.bytes_count + 1);
    take_needles(line, &join);
    text_done(&out);
    join_file_done(&join);
    assert_int_equal(leaks, 0);
}

static void a_line_that_is_written_is_wiped(void **state)
{
    struct text plain = {0};

    (void)state;
    write_line();
    text_add(&plain, line);
    text_done(&plain);
    assert_int_equal(leaks, 1); /* Else this test sees nothing. */
}

static void a_line_that_is_read_is_wiped(void **state)
{
    struct join_file join;
    struct errinfo error = {""};
    char *path;

    (void)state;
    write_line();
    path = enrol_bench_file("load1.join", line, 0600);
    leaks = 0; /* The test's own file. */
    assert_int_equal(join_file_read(path, &join, &error), 0);
    join_file_done(&join);
    assert_int_equal(leaks, 0);
    free(path);
}

static void a_line_that_is_refused_is_wiped(void **state)
{
    struct join_file join;
    struct errinfo error = {""};
    size_t length;

    (void)state;
    write_line();
    length = strlen(line);
    assert_int_equal(join_file_parse(line, length - 4, &join, &error), -EBADMSG);
    line[length - 2] ^= 1;
    assert_int_equal(join_file_parse(line, length, &join, &error), -EBADMSG);
    assert_int_equal(leaks, 0);
}

static void keys_that_are_made_are_wiped(void **state)
{
    struct certificate agent = {strdup(bench.agent.pem), strdup(bench.agent.key_pem)};

    (void)state;
    memcpy(needles[0], strchr(agent.key_pem, '\n') + 1, NEEDLE_BYTES);
    needles_count = 1;
    leaks = 0;
    certificate_done(&agent);
    assert_int_equal(leaks, 0);
}

static void the_files_of_an_own_pki_are_wiped(void **state)
{
    static const char token[] = "a token that nobody else knows yet";
    char *authority = enrol_bench_file("ca.pem", bench.authority.pem, 0644);
    char *certificate = enrol_bench_file("agent.pem", bench.agent.pem, 0644);
    char *key = enrol_bench_file("agent.key", bench.agent.key_pem, 0600);
    char *token_path = enrol_bench_file("token", token, 0600);
    const struct identity_paths paths = {authority, certificate, key, token_path};
    struct identity identity;
    struct errinfo error = {""};

    (void)state;
    memcpy(needles[0], strchr(bench.agent.key_pem, '\n') + 1, NEEDLE_BYTES);
    memcpy(needles[1], token, NEEDLE_BYTES);
    needles_count = 2;
    leaks = 0;
    assert_int_equal(identity_read(&paths, CERTIFICATE_AGENT, &identity, &error), 0);
    identity_done(&identity);
    assert_int_equal(identity_read(&paths, CERTIFICATE_COORDINATOR, &identity, &error),
                     -EKEYREJECTED);
    assert_int_equal(leaks, 0);
    free(authority);
    free(certificate);
    free(key);
    free(token_path);
}

static int end(void **state)
{
    needles_count = 0;
    return enrol_bench_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_that_is_written_is_wiped),
                                       cmocka_unit_test(a_line_that_is_read_is_wiped),
                                       cmocka_unit_test(a_line_that_is_refused_is_wiped),
                                       cmocka_unit_test(keys_that_are_made_are_wiped),
                                       cmocka_unit_test(the_files_of_an_own_pki_are_wiped)};

    return cmocka_run_group_tests(tests, enrol_bench_begin, end);
}
