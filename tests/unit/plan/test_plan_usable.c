/* What each agent can use of the CPUs of its host. */
#include "check.h"

#include "plan_usable.h"

#include <stdio.h>

static struct hello hello_of(const char *boot_id, const char *host, uint32_t cpus,
                             uint32_t cpus_milli)
{
    struct hello hello = {.cpus = cpus, .cpus_milli = cpus_milli};

    (void)snprintf(hello.boot_id, NAME_BYTES, "%s", boot_id);
    (void)snprintf(hello.host, NAME_BYTES, "%s", host);
    return hello;
}

static void expect(const struct hello *hellos, uint32_t count, const uint32_t *cpus_milli)
{
    const struct hello *list[8];
    struct plan_agent agents[8] = {{0}};

    for (uint32_t i = 0; i < count; i++) {
        list[i] = &hellos[i];
    }
    plan_usable_cpus(list, count, agents);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(agents[i].cpus_milli, cpus_milli[i]);
        assert_int_equal(agents[i].cpus, cpus_milli[i] < 1000 ? 1 : cpus_milli[i] / 1000);
    }
}

static void agents_of_one_host_share_its_cpus(void **state)
{
    const struct hello hellos[] = {hello_of("b", "load1", 8, 8000), hello_of("b", "load1", 8, 8000),
                                   hello_of("b", "load1", 8, 8000),
                                   hello_of("c", "load2", 4, 4000)};

    (void)state;
    expect(hellos, 4, (const uint32_t[]){2666, 2666, 2666, 4000});
}

static void a_limit_of_a_control_group_counts(void **state)
{
    const struct hello hellos[] = {hello_of("b", "load1", 8, 1500),
                                   hello_of("c", "load2", 8, 8000)};

    (void)state;
    expect(hellos, 2, (const uint32_t[]){1500, 8000});
}

/* Each has its own; divided by the agents of the kernel, two of one CPU each had half of one. */
static void containers_on_one_kernel_have_a_limit_each(void **state)
{
    const struct hello few[] = {hello_of("b", "one", 4, 1000), hello_of("b", "two", 4, 1000)};
    const struct hello many[] = {hello_of("b", "1", 2, 1000), hello_of("b", "2", 2, 1000),
                                 hello_of("b", "3", 2, 1000), hello_of("b", "4", 2, 1000)};
    const struct hello inside[] = {hello_of("b", "one", 4, 1000), hello_of("b", "one", 4, 1000)};

    (void)state;
    expect(few, 2, (const uint32_t[]){1000, 1000});
    expect(many, 4, (const uint32_t[]){500, 500, 500, 500});
    expect(inside, 2, (const uint32_t[]){500, 500});
}

static void an_agent_that_tells_nothing_has_a_little(void **state)
{
    const struct hello hellos[] = {hello_of("b", "load1", 0, 0), hello_of("c", "load2", 2, 0)};

    (void)state;
    expect(hellos, 2, (const uint32_t[]){1, 2000});
}

static void containers_on_one_kernel_are_hosts_of_their_own(void **state)
{
    const struct hello one = hello_of("b", "load-1", 1, 0);
    const struct hello neighbour = one;
    const struct hello container = hello_of("b", "load-2", 1, 0);
    const struct hello elsewhere = hello_of("c", "load-1", 1, 0);

    (void)state;
    assert_true(plan_usable_same_host(&one, &neighbour));
    assert_false(plan_usable_same_host(&one, &container));
    assert_false(plan_usable_same_host(&one, &elsewhere));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_of_one_host_share_its_cpus),
        cmocka_unit_test(a_limit_of_a_control_group_counts),
        cmocka_unit_test(containers_on_one_kernel_have_a_limit_each),
        cmocka_unit_test(an_agent_that_tells_nothing_has_a_little),
        cmocka_unit_test(containers_on_one_kernel_are_hosts_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
