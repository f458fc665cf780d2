/*
 * Each allocation of loading a scenario and planning it fails once, as in curl's tests: the answer
 * is -ENOMEM, nothing crashes, and (under AddressSanitizer) nothing leaks. The linker puts the
 * functions below in front of the allocator; libfyaml keeps the real one.
 */
#include "check.h"
#include "plan.h"
#include "scenario_load.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t allocations_left = UINT64_MAX; /* Until one fails. */

static bool fails(void)
{
    if (allocations_left == UINT64_MAX) {
        return false;
    }
    return allocations_left-- == 0;
}

/* NOLINTBEGIN: the linker's names. */
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return fails() ? NULL : __real_realloc(memory, bytes);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t bytes)
{
    return fails() ? NULL : __real_strndup(text, bytes);
}
/* NOLINTEND */

static char path[64];

static const char scenario_text[] =
    "millrace: 1\n"
    "description: ${MILLRACE_TEST_NOTHING:-a default}\n"
    "targets:\n"
    "  - backend: kafka\n"
    "    addresses: [ \"a:1\", \"b:1\" ]\n"
    "    auth: { username: u, password: p, mechanism: PLAIN }\n"
    "    tls: { ca: ca.pem }\n"
    "  - { backend: memory, options: { delay: 1ms } }\n"
    "topology: { topics: 3, producers: 4, consumers: 9 }\n"
    "flows: { a: { rate: 1/s }, b: { rate: 2/s, delivery: { consume_ack: each } } }\n"
    "phases: [ { name: steady, for: 1s } ]\n"
    "sweep: { flows.a.message.size: [ 64, { mix: [ { size: 64, weight: 1 } ] } ] }\n"
    "variants: { plain: {}, acked: { flows.b.delivery.consume_ack: { batch: 10 } } }\n"
    "repeat: 2\n";

static int load(struct scenario **ret)
{
    static const char *const set[] = {"flows.a.delivery.in_flight=5"};
    static const char *const targets[] = {"memory", "kafka", "mqtt=mqtt://h:1,mqtt://i:1"};
    const struct scenario_sources sources = {
        .path = path, .set = set, .set_count = 1, .targets = targets, .targets_count = 3};
    struct text problems = {0};
    struct text warnings = {0};
    int r = scenario_load(&sources, ret, &problems, &warnings);

    text_done(&problems);
    text_done(&warnings);
    return r;
}

static int load_and_plan(void)
{
    const struct plan_agent agents[] = {{.cpus = 1}, {.cpus = 2}};
    struct scenario *scenario = NULL;
    struct plan *plan = NULL;
    int r = load(&scenario);

    if (r == 0) {
        r = plan_make(&(struct plan_request){.scenario = scenario,
                                             .agents = agents,
                                             .agents_count = 2,
                                             .run_id = "x",
                                             .seed = 1},
                      &plan, NULL);
    }
    plan_free(plan);
    scenario_free(scenario);
    return r;
}

static void a_failed_allocation_is_enomem_and_nothing_else(void **state)
{
    uint64_t failing = 0;
    int r = -ENOMEM;

    (void)state;
    for (; r != 0; failing++) {
        bool reached;

        allocations_left = failing;
        r = load_and_plan();
        reached = allocations_left == UINT64_MAX; /* It wrapped round when it failed. */
        allocations_left = UINT64_MAX;
        assert_int_equal(r, reached ? -ENOMEM : 0);
    }
    assert_true(failing > 300); /* Or the wrapping did not work. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_is_enomem_and_nothing_else),
    };
    int fd;
    int r;

    fd = mkstemp(temp_name(path, "test"));
    if (fd < 0 || write(fd, scenario_text, strlen(scenario_text)) < 0 || close(fd) != 0) {
        perror(path);
        return 1;
    }
    r = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return r;
}
