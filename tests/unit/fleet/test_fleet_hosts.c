/* A fleet of enrolled hosts: who is let in by what he can prove, and who is sent away with which
 * words, on both sides. */
#include "fleet_bench.h"

#include "deadlines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_1 1 /* Of load1: so many bytes of this. */
#define SECRET_2 2
#define SECRET_ANY 3
#define SECRET_MANY 4
#define SECRET_WRONG 99

static struct fleet_host hosts[] = {{.name = "load1"},
                                    {.name = "load2"},
                                    {.name = "any", .fleet_count = 2},
                                    {.name = "many", .fleet_count = 2, .is_numbered = true}};

static void begin(struct bench *bench)
{
    const struct fleet_config config = {
        .agents_wanted = 4,
        .access = {.hosts = hosts, .hosts_count = sizeof hosts / sizeof hosts[0]}};

    memset(hosts[0].secret, SECRET_1, HMAC_BYTES);
    memset(hosts[1].secret, SECRET_2, HMAC_BYTES);
    memset(hosts[2].secret, SECRET_ANY, HMAC_BYTES);
    memset(hosts[3].secret, SECRET_MANY, HMAC_BYTES);
    bench_begin_with(bench, &config);
}

/* Of a host with that join file, or of one of a fleet by its own name. */
static struct hello hello_of(const char *host_name, const char *name, uint64_t instance)
{
    struct hello hello = bench_hello(name, instance);

    (void)snprintf(hello.host_name, sizeof hello.host_name, "%s", host_name);
    (void)snprintf(hello.host, sizeof hello.host, "host-of-%s", name);
    memset(hello.nonce, (int)instance, sizeof hello.nonce);
    return hello;
}

static struct hello hello_of_load(uint32_t number, uint64_t instance)
{
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "load%u", number);
    return hello_of(name, name, instance);
}

/* Both sides are told these words, and nobody was let in. */
static void expect_refusal(struct bench *bench, const struct welcome *welcome, const char *words)
{
    assert_false(welcome->accepted);
    if (strstr(welcome->reason, words) == NULL) {
        fail_msg("\"%s\" is not said in \"%s\"", words, welcome->reason);
    }
    assert_string_equal(fleet_refusal(bench->fleet), welcome->reason);
    assert_string_equal(fleet_refusal(bench->fleet), "");
}

static void a_first_hello_is_given_a_nonce_and_the_run(void **state)
{
    static const uint8_t zeros[PROOF_BYTES];
    struct hello hello = hello_of_load(1, 11);
    struct welcome welcome;
    struct welcome other;
    struct bench bench;

    (void)state;
    begin(&bench);
    welcome = bench_say_hello(&bench, &hello);
    assert_false(welcome.accepted);
    assert_string_equal(welcome.reason, "");
    assert_string_equal(welcome.run_id, "run-7");
    assert_memory_not_equal(welcome.nonce, zeros, sizeof zeros);
    assert_memory_equal(welcome.proof, zeros, sizeof zeros);
    assert_int_equal(fleet_agents(bench.fleet), 0);
    assert_string_equal(fleet_refusal(bench.fleet), ""); /* Nobody was refused. */
    hello.nonce[0] ^= 1;
    other = bench_say_hello(&bench, &hello);
    assert_memory_not_equal(welcome.nonce, other.nonce, sizeof other.nonce);
    bench_end(&bench);
}

static void a_host_with_its_secret_is_let_in_by_its_name(void **state)
{
    struct hello hello = hello_of_load(2, 12);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    welcome = bench_prove(&bench, &hello, SECRET_2);
    assert_true(welcome.accepted);
    assert_string_equal(welcome.name, "load2");
    assert_string_equal(fleet_agent(bench.fleet, 0)->name, "load2");
    assert_int_equal(fleet_agents(bench.fleet), 1);
    welcome = bench_prove(&bench, &hello, SECRET_2); /* Its answer was lost. */
    assert_true(welcome.accepted);
    assert_int_equal(welcome.agent, 0);
    assert_int_equal(fleet_agents(bench.fleet), 1);
    bench_end(&bench);
}

static void another_secret_is_no_proof(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    welcome = bench_prove(&bench, &hello, SECRET_2); /* load2 says that it is load1. */
    expect_refusal(&bench, &welcome, "load1 has another secret than its host here");
    hello.instance = 12;
    (void)bench_prove(&bench, &hello, SECRET_WRONG);
    assert_int_equal(fleet_agents(bench.fleet), 0);
    bench_end(&bench);
}

static void a_hello_replayed_through_another_connection_is_refused(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct channel_client *first;
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &hello, SECRET_1).accepted);
    first = bench.client;
    bench_dial(&bench, &bench.client);
    welcome = bench_say_hello(&bench, &hello);
    expect_refusal(&bench, &welcome, "load1 has another secret");
    channel_client_free(first);
    bench_end(&bench);
}

static void a_proof_is_about_everything_that_was_said(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct hello wrong;
    struct bench bench;

    (void)state;
    begin(&bench);
    (void)bench_prove(&bench, &hello, SECRET_WRONG);
    assert_true(bench_prove(&bench, &hello, SECRET_1).accepted);
    wrong = hello;
    wrong.instance++;
    assert_false(bench_say_hello(&bench, &wrong).accepted);
    wrong = hello;
    wrong.nonce[5] ^= 1;
    assert_false(bench_say_hello(&bench, &wrong).accepted);
    wrong = hello;
    wrong.proof[31] ^= 1;
    assert_false(bench_say_hello(&bench, &wrong).accepted);
    wrong = hello;
    (void)snprintf(wrong.host_name, sizeof wrong.host_name, "load2");
    assert_false(bench_say_hello(&bench, &wrong).accepted);
    assert_int_equal(fleet_agents(bench.fleet), 1);
    bench_end(&bench);
}

static void a_host_that_this_run_does_not_want_is_told_which_it_does(void **state)
{
    struct hello hello = hello_of_load(3, 13);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    welcome = bench_say_hello(&bench, &hello);
    assert_false(welcome.accepted);
    assert_string_equal(welcome.reason,
                        "load3 is not among the hosts of this run: load1, load2, any, many");
    /* It is well, and waits: told once, and as no trouble of this run. */
    assert_string_equal(fleet_refusal(bench.fleet), "");
    assert_string_equal(fleet_bystander(bench.fleet),
                        "load3 waits for another run: it is not among the hosts of this one");
    (void)bench_say_hello(&bench, &hello);
    assert_string_equal(fleet_bystander(bench.fleet), "");
    hello.host_name[0] = '\0';
    welcome = bench_say_hello(&bench, &hello);
    expect_refusal(&bench, &welcome,
                   "load3 has no join file, and this run is for hosts only: load1, load2, any");
    bench_end(&bench);
}

/* What another host was refused for was told as the reason, cut. */
static void why_a_host_was_refused_is_known_of_that_host(void **state)
{
    struct hello hello = hello_of_load(2, 12);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    welcome = bench_prove(&bench, &hello, SECRET_WRONG);
    assert_false(welcome.accepted);
    assert_string_equal(fleet_host_refusal(bench.fleet, 0), "");
    assert_string_equal(fleet_host_refusal(bench.fleet, 1), welcome.reason);
    bench_end(&bench);
}

static void a_second_agent_of_a_host_is_told_where_the_first_one_is(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &hello, SECRET_1).accepted);
    hello.instance = 21;
    welcome = bench_prove(&bench, &hello, SECRET_1);
    expect_refusal(&bench, &welcome, "load1 is already here, from host host-of-load1 (");
    (void)bench_give(&bench, 0, COMMAND_PROBE, NS_PER_S);
    fleet_lose(bench.fleet, 0, "it has fallen silent");
    hello.instance = 31;
    welcome = bench_prove(&bench, &hello, SECRET_1);
    assert_string_equal(welcome.reason, "load1 was lost from this run: it has fallen silent");
    bench_end(&bench);
}

/* Killed and started again while others are waited for: nothing of the run is lost with it. */
static void a_host_is_succeeded_by_its_next_process_until_it_has_a_command(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct hello other = hello_of_load(2, 12);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &hello, SECRET_1).accepted);
    assert_true(bench_prove(&bench, &other, SECRET_2).accepted);
    bench_live(&bench, SUSPECT_NS + NS_PER_S);
    hello.instance = 21;
    welcome = bench_prove(&bench, &hello, SECRET_1);
    assert_true(welcome.accepted);
    assert_int_equal(welcome.agent, 0);
    assert_string_equal(welcome.name, "load1");
    assert_int_equal(fleet_agents(bench.fleet), 2);
    assert_int_equal(fleet_present(bench.fleet), 1); /* The other one is not heard of. */
    fleet_lose(bench.fleet, 0, "it was ended on its host");
    assert_int_equal(fleet_present(bench.fleet), 0);
    hello.instance = 31;
    assert_true(bench_prove(&bench, &hello, SECRET_1).accepted);
    assert_int_equal(fleet_present(bench.fleet), 1);
    (void)bench_give(&bench, 0, COMMAND_PROBE, NS_PER_S);
    bench_live(&bench, SUSPECT_NS + NS_PER_S);
    hello.instance = 41;
    assert_false(bench_prove(&bench, &hello, SECRET_1).accepted);
    bench_end(&bench);
}

/* It counted as there until it was not heard of for a while, and the next process was refused. */
static void a_host_whose_process_was_killed_is_not_there_and_is_succeeded_at_once(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct welcome welcome;
    struct bench bench;
    int turns = 0;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &hello, SECRET_1).accepted);
    assert_int_equal(fleet_present(bench.fleet), 1);
    channel_client_free(bench.client);
    while (fleet_present(bench.fleet) > 0 && turns++ < 1000) { /* Another thread is told of it. */
        fleet_turn(bench.fleet, 10);
    }
    assert_int_equal(fleet_present(bench.fleet), 0);
    assert_int_equal(fleet_agent(bench.fleet, 0)->state, FLEET_JOINED); /* It may dial again. */
    bench_dial(&bench, &bench.client);
    hello.instance = 21;
    welcome = bench_prove(&bench, &hello, SECRET_1);
    assert_true(welcome.accepted);
    assert_int_equal(welcome.agent, 0);
    assert_int_equal(fleet_agents(bench.fleet), 1);
    assert_int_equal(fleet_present(bench.fleet), 1);
    bench_end(&bench);
}

static void a_host_that_has_left_asks_for_its_next_run_and_nobody_is_told(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &hello, SECRET_1).accepted);
    (void)bench_give(&bench, 0, COMMAND_GOODBYE, 0);
    assert_true(bench_say_goodbye(&bench, 0, 11).accepted);
    hello.instance = 21;
    welcome = bench_prove(&bench, &hello, SECRET_1);
    assert_false(welcome.accepted);
    assert_string_equal(welcome.reason,
                        "load1 has done its part in this run, which others still end");
    assert_string_equal(fleet_refusal(bench.fleet), "");
    bench_end(&bench);
}

static void a_host_that_is_busy_says_with_what(void **state)
{
    struct hello hello = hello_of_load(1, 11);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    (void)snprintf(hello.busy, sizeof hello.busy, "busy with run 8 of coordinator tcp://b:1");
    welcome = bench_prove(&bench, &hello, SECRET_1);
    expect_refusal(&bench, &welcome, "load1 is busy with run 8 of coordinator tcp://b:1");
    bench_end(&bench);
}

static void hosts_of_a_fleet_go_by_their_own_names(void **state)
{
    struct hello hello = hello_of("any", "pod-0", 40);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_string_equal(bench_prove(&bench, &hello, SECRET_ANY).name, "pod-0");
    hello = hello_of("any", "pod-0", 41);
    welcome = bench_prove(&bench, &hello, SECRET_ANY);
    expect_refusal(&bench, &welcome, "pod-0 is already here, from host ");
    assert_non_null(strstr(welcome.reason, "): give this one another --name"));
    hello = hello_of("any", "pod-1", 42);
    assert_string_equal(bench_prove(&bench, &hello, SECRET_ANY).name, "pod-1");
    hello = hello_of("any", "pod-2", 43);
    welcome = bench_prove(&bench, &hello, SECRET_ANY);
    expect_refusal(&bench, &welcome, "pod-2: all 2 agents of any are here");
    assert_int_equal(fleet_agents(bench.fleet), 2);
    bench_end(&bench);
}

static void one_of_a_fleet_is_not_taken_for_a_host_of_the_run(void **state)
{
    struct hello hello = hello_of("any", "load1", 40);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    welcome = bench_prove(&bench, &hello, SECRET_ANY);
    expect_refusal(&bench, &welcome,
                   "an agent with the join file of any calls itself load1, which is another host");
    hello = hello_of_load(1, 11);
    assert_string_equal(bench_prove(&bench, &hello, SECRET_1).name, "load1");
    bench_end(&bench);
}

/* It could be anything that can be printed, of any look in a terminal or a table. */
static void one_of_a_fleet_is_called_as_hosts_are(void **state)
{
    static const char *const bad[] = {"", "a b", "pod/0", "p,q", "\xc3\xa4", "-x", "all", "<b>"};
    struct hello hello = hello_of("any", "Pod_0.rack-1", 40);
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_string_equal(bench_prove(&bench, &hello, SECRET_ANY).name, "Pod_0.rack-1");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hello = hello_of("any", bad[i], 41 + i);
        welcome = bench_prove(&bench, &hello, SECRET_ANY);
        expect_refusal(&bench, &welcome,
                       "an agent with the join file of any is to have another --name: \"");
    }
    assert_int_equal(fleet_agents(bench.fleet), 1);
    bench_end(&bench);
}

static void processes_of_a_host_go_by_its_name_and_their_numbers(void **state)
{
    static const char *const bad[] = {"many", "many/0", "many/3", "many/01", "many-1", "any/1", ""};
    struct hello hello;
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hello = hello_of("many", bad[i], 41 + i);
        welcome = bench_prove(&bench, &hello, SECRET_MANY);
        expect_refusal(&bench, &welcome, "many has 2 processes, and ");
    }
    hello = hello_of("many", "many/2", 60);
    assert_string_equal(bench_prove(&bench, &hello, SECRET_MANY).name, "many/2");
    hello = hello_of("many", "many/1", 61);
    assert_string_equal(bench_prove(&bench, &hello, SECRET_MANY).name, "many/1");
    hello = hello_of("many", "many/1", 62);
    welcome = bench_prove(&bench, &hello, SECRET_MANY);
    expect_refusal(&bench, &welcome, "many/1 is already here, from host ");
    assert_null(strstr(welcome.reason, "--name"));
    assert_int_equal(fleet_agents(bench.fleet), 2);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_hello_is_given_a_nonce_and_the_run),
        cmocka_unit_test(a_host_with_its_secret_is_let_in_by_its_name),
        cmocka_unit_test(another_secret_is_no_proof),
        cmocka_unit_test(a_hello_replayed_through_another_connection_is_refused),
        cmocka_unit_test(a_proof_is_about_everything_that_was_said),
        cmocka_unit_test(a_host_that_this_run_does_not_want_is_told_which_it_does),
        cmocka_unit_test(why_a_host_was_refused_is_known_of_that_host),
        cmocka_unit_test(a_second_agent_of_a_host_is_told_where_the_first_one_is),
        cmocka_unit_test(a_host_is_succeeded_by_its_next_process_until_it_has_a_command),
        cmocka_unit_test(a_host_whose_process_was_killed_is_not_there_and_is_succeeded_at_once),
        cmocka_unit_test(a_host_that_has_left_asks_for_its_next_run_and_nobody_is_told),
        cmocka_unit_test(a_host_that_is_busy_says_with_what),
        cmocka_unit_test(hosts_of_a_fleet_go_by_their_own_names),
        cmocka_unit_test(one_of_a_fleet_is_not_taken_for_a_host_of_the_run),
        cmocka_unit_test(one_of_a_fleet_is_called_as_hosts_are),
        cmocka_unit_test(processes_of_a_host_go_by_its_name_and_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
