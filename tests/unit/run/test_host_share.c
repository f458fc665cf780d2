/* Weight and labels of the store, as the plan takes them. */
#include "check.h"

#include "host_share.h"

#include <stdio.h>

static void a_weight_is_shared_by_the_agents_of_its_host(void **state)
{
    const struct host_entry heavy = {.weight = 4};
    const struct host_entry light = {.weight = 1};
    struct plan_agent agent = {.cpus_milli = 2000};

    (void)state;
    host_share_fill(&heavy, 1, &agent);
    assert_int_equal(agent.weight_milli, 4000);
    host_share_fill(&heavy, 3, &agent);
    assert_int_equal(agent.weight_milli, 1333);
    host_share_fill(&light, 5000, &agent); /* A little, but not what stands for none. */
    assert_int_equal(agent.weight_milli, 1);
    assert_int_equal(agent.cpus_milli, 2000);
}

static void without_a_weight_cpus_count(void **state)
{
    struct host_entry entry = {.labels_count = 2};
    struct plan_agent agent = {.cpus_milli = 2000};

    (void)state;
    (void)snprintf(entry.labels[1].text, NAME_BYTES, "zone=a");
    host_share_fill(&entry, 1, &agent);
    assert_int_equal(agent.weight_milli, 0);
    assert_int_equal(agent.labels_count, 2);
    assert_string_equal(agent.labels[1].text, "zone=a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weight_is_shared_by_the_agents_of_its_host),
        cmocka_unit_test(without_a_weight_cpus_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
