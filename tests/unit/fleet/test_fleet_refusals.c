/* What is told of those whom a fleet of hosts refuses: each matter once, and bounded. */
#include "fleet_bench.h"

#include "deadlines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET 1 /* Of load1: so many bytes of this. */

static void begin(struct bench *bench)
{
    static struct fleet_host host = {.name = "load1"};
    const struct fleet_config config = {.agents_wanted = 4,
                                        .access = {.hosts = &host, .hosts_count = 1}};

    memset(host.secret, SECRET, HMAC_BYTES);
    bench_begin_with(bench, &config);
}

static struct hello hello_of_load(uint32_t number, uint64_t instance)
{
    char name[NAME_BYTES];
    struct hello hello;

    (void)snprintf(name, sizeof name, "load%u", number);
    hello = bench_hello(name, instance);
    (void)snprintf(hello.host_name, sizeof hello.host_name, "%s", name);
    memset(hello.nonce, (int)instance, sizeof hello.nonce);
    return hello;
}

static void of_many_hosts_that_wait_for_another_run_some_are_named(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench);
    for (uint32_t number = 3; number < 13; number++) {
        struct hello hello = hello_of_load(number, 10 + number);

        assert_false(bench_say_hello(&bench, &hello).accepted);
    }
    for (int i = 0; i < 4; i++) {
        assert_non_null(strstr(fleet_bystander(bench.fleet), " waits for another run: "));
    }
    assert_string_equal(fleet_bystander(bench.fleet), "other hosts wait for another run, too");
    assert_string_equal(fleet_bystander(bench.fleet), "");
    bench_end(&bench);
}

/* Of an agent without a join file. */
static struct hello hello_of_nobody(uint32_t number)
{
    struct hello hello = hello_of_load(10 + number, 100 + number);

    hello.host_name[0] = '\0';
    return hello;
}

static void the_same_words_are_told_again_only_after_a_while(void **state)
{
    struct hello member = hello_of_load(1, 11);
    struct hello hello = hello_of_nobody(3);
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &member, SECRET).accepted); /* Its connection stays. */
    (void)bench_say_hello(&bench, &hello);
    assert_string_not_equal(fleet_refusal(bench.fleet), "");
    (void)bench_say_hello(&bench, &hello);
    assert_string_equal(fleet_refusal(bench.fleet), "");
    bench_pass(REFUSED_AGAIN_NS);
    (void)bench_say_hello(&bench, &hello);
    assert_string_not_equal(fleet_refusal(bench.fleet), "");
    bench_end(&bench);
}

static void no_refusal_pushes_out_another_of_the_same_turn(void **state)
{
    struct bench bench;
    uint32_t told = 0;

    (void)state;
    begin(&bench);
    for (uint32_t i = 0; i < 10; i++) {
        struct hello hello = hello_of_nobody(i);

        (void)bench_say_hello(&bench, &hello);
    }
    while (fleet_refusal(bench.fleet)[0] != '\0') {
        told++;
    }
    assert_int_equal(told, 10);
    bench_end(&bench);
}

/* Hellos of that many agents that nobody wants; how many sentences they make. */
static uint32_t told_of(struct bench *bench, uint32_t first, uint32_t count)
{
    uint32_t told = 0;

    for (uint32_t i = first; i < first + count; i++) {
        struct hello hello = hello_of_nobody(i);

        (void)bench_say_hello(bench, &hello);
        while (fleet_refusal(bench->fleet)[0] != '\0') {
            told++;
        }
    }
    return told;
}

static void who_comes_by_another_name_each_time_does_not_fill_the_output(void **state)
{
    struct hello member = hello_of_load(1, 11);
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &member, SECRET).accepted); /* Its connection stays. */
    assert_int_equal(told_of(&bench, 0, 100), 17);
    assert_int_equal(told_of(&bench, 0, 100), 0);
    bench_pass(REFUSED_AGAIN_NS);
    assert_int_equal(told_of(&bench, 100, 100), 17);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_many_hosts_that_wait_for_another_run_some_are_named),
        cmocka_unit_test(the_same_words_are_told_again_only_after_a_while),
        cmocka_unit_test(no_refusal_pushes_out_another_of_the_same_turn),
        cmocka_unit_test(who_comes_by_another_name_each_time_does_not_fill_the_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
