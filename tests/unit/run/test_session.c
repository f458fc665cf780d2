/* A session over a launcher that this test makes up: its agents are jobs of a queue that is not
 * there. */
#include "fleet_bench.h"

#include "launch.h"
#include "session.h"
#include "session_words_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* What the made-up launcher was asked, and what it answers. */
static struct {
    bool refuses;
    uint32_t ends; /* Member that ended and was not told yet; or NONE. */
    uint32_t then; /* And the one after it. */
    char url[128];
    const struct launch_member *members;
    uint32_t started, stopped;
} queue;

static int start(const struct launch_config *config, const struct launch_member *members,
                 void **ret, struct errinfo *reterr)
{
    if (queue.refuses) {
        return errinfo_set(reterr, -EACCES, "the queue takes no jobs of this user");
    }
    (void)snprintf(queue.url, sizeof queue.url, "%s", config->url);
    queue.members = members;
    queue.started += config->plan->count;
    *ret = &queue;
    return 0;
}

static bool reap(void *started, uint32_t *ret_member, char *reason)
{
    assert_ptr_equal(started, &queue);
    if (queue.ends == NONE) {
        return false;
    }
    *ret_member = queue.ends;
    queue.ends = queue.then;
    queue.then = NONE;
    (void)snprintf(reason, REASON_BYTES, "its job was cancelled");
    return true;
}

static void stop(void *started)
{
    assert_ptr_equal(started, &queue);
    queue.stopped++;
}

static const char *describe(void *started)
{
    assert_ptr_equal(started, &queue);
    return "the queue's own log says more";
}

static const struct launcher_ops made_up = {.name = "made-up",
                                            .join_ns = NS_PER_S,
                                            .start = start,
                                            .reap = reap,
                                            .stop = stop,
                                            .describe = describe};

static struct launch_place places[] = {
    {.name = "agent-1"}, {.name = "agent-2"}, {.name = "agent-3"}};
static struct launch_plan plan;
static struct launch_config launch = {.plan = &plan, .url = ""};

static struct session_config config_of(uint32_t agents)
{
    memset(&queue, 0, sizeof queue);
    queue.ends = NONE;
    queue.then = NONE;
    plan = (struct launch_plan){.launcher = &made_up, .places = places, .count = agents};
    return (struct session_config){.launch = &launch,
                                   .listen = "tcp://127.0.0.1:0",
                                   .agents_count = agents,
                                   .run_id = "run-7"};
}

static void join_as(struct bench *bench, const char *name, uint64_t instance)
{
    struct hello hello = bench_hello(name, instance);

    assert_true(bench_say_hello(bench, &hello).accepted);
}

/* By its name, another would be lost that calls itself so. */
static void what_ended_is_the_agent_that_was_enrolled_whatever_it_calls_itself(void **state)
{
    struct session_config config = config_of(2);
    struct session session = {.config = &config};
    struct bench bench;

    (void)state;
    bench_begin(&bench, 2);
    session.fleet = bench.fleet;
    assert_int_equal(launch_start(&launch, &session.launch, NULL), 0);
    join_as(&bench, "agent-2", queue.members[0].enrolment);
    join_as(&bench, "agent-1", queue.members[1].enrolment);
    queue.ends = 1;
    session_turn(&session, 0);
    assert_false(fleet_is_lost(bench.fleet, 0));
    assert_true(fleet_is_lost(bench.fleet, 1));
    assert_string_equal(fleet_agent(bench.fleet, 1)->lost_reason, "its job was cancelled");
    assert_int_equal(launch_running(session.launch), 1);
    launch_free(session.launch);
    assert_int_equal(queue.stopped, 1);
    text_done(&session.ended);
    bench_end(&bench);
}

static void agents_that_end_before_they_join_are_told_with_where_to_look(void **state)
{
    struct session_config config = config_of(2);
    struct session session;
    struct errinfo error = {""};

    (void)state;
    queue.ends = 1;
    queue.then = 0;
    assert_int_equal(session_open(&session, &config, &error), -ECONNRESET);
    assert_string_equal(error.text,
                        "only 0 of 2 agents came up: made-up:agent-2: its job was cancelled; "
                        "made-up:agent-1: its job was cancelled; the queue's own log says "
                        "more");
    assert_int_equal(queue.started, 2);
    assert_int_equal(queue.stopped, 1);
    /* They are on other hosts: where the user said, and by no file of this one. */
    assert_memory_equal(queue.url, "tcp://127.0.0.1:", strlen("tcp://127.0.0.1:"));
}

static void a_launcher_that_starts_nothing_says_why_and_is_not_stopped(void **state)
{
    struct session_config config = config_of(3);
    struct session session;
    struct errinfo error = {""};

    (void)state;
    queue.refuses = true;
    assert_int_equal(session_open(&session, &config, &error), -EACCES);
    assert_string_equal(error.text, "the queue takes no jobs of this user");
    assert_int_equal(queue.stopped, 0);
}

static char told[4][256];
static uint32_t told_count;

static void on_waiting(void *context, const struct session_waiting *waiting)
{
    (void)context;
    assert_true(told_count < 4);
    assert_int_equal(waiting->wanted, 3);
    (void)snprintf(told[told_count++], sizeof told[0], "%s", waiting->missing);
}

/* Nobody comes: it is told at once, and again with the names at the end. */
static void hosts_that_did_not_come_are_named(void **state)
{
    static const struct fleet_host hosts[] = {{.name = "load1"}, {.name = "any", .fleet_count = 2}};
    const struct fleet_access access = {.hosts = hosts, .hosts_count = 2};
    struct session_config config = {.listen = "tcp://127.0.0.1:0",
                                    .agents_count = 3,
                                    .access = &access,
                                    .join_ns = 1,
                                    .run_id = "run-7",
                                    .on_waiting = on_waiting};
    struct session session;
    struct errinfo error = {""};

    (void)state;
    told_count = 0;
    assert_int_equal(session_open(&session, &config, &error), -ETIMEDOUT);
    assert_int_equal(told_count, 1);
    assert_non_null(strstr(told[0], ": 0 of 3 joined, missing: load1, 2 of 2 of any (there: "
                                    "millrace-agent --join NAME.join)"));
    assert_non_null(strstr(error.text, "load1, 2 of 2 of any did not join; none did"));
}

/* "1 of 2 joined, missing: " was told of nobody while a host's connection was away. */
static void a_host_whose_connection_is_away_is_missing(void **state)
{
    static const struct fleet_host hosts[] = {{.name = "load1"}};
    const struct fleet_access access = {.hosts = hosts, .hosts_count = 1};
    struct session_config config = {.agents_count = 1, .access = &access};
    struct session session = {.config = &config};
    struct hello hello = bench_hello("load1", 11);
    struct text missing = {0};
    struct bench bench;
    int turns = 0;

    (void)state;
    bench_begin(&bench, 1);
    session.fleet = bench.fleet;
    (void)snprintf(hello.host_name, sizeof hello.host_name, "load1");
    assert_true(bench_say_hello(&bench, &hello).accepted);
    channel_client_free(bench.client);
    while (fleet_present(bench.fleet) > 0 && turns++ < 1000) { /* Another thread is told of it. */
        fleet_turn(bench.fleet, 10);
    }
    session_missing(&session, &missing);
    assert_non_null(strstr(missing.bytes, "0 of 1 joined, missing: load1 (there: "));
    text_done(&missing);
    bench_dial(&bench, &bench.client);
    assert_true(bench_say_hello(&bench, &hello).accepted);
    assert_int_equal(fleet_present(bench.fleet), 1);
    bench_end(&bench);
}

/* The last agent that was refused, whoever that was, was told as the reason, and cut. */
static void a_host_that_did_not_join_has_its_own_refusal_beside_it(void **state)
{
    static const struct fleet_host hosts[] = {{.name = "load1"}, {.name = "load2"}};
    const struct fleet_config fleet = {.agents_wanted = 2,
                                       .access = {.hosts = hosts, .hosts_count = 2}};
    struct session_config config = {.agents_count = 2, .access = &fleet.access};
    struct session session = {.config = &config, .refusal = "load9 is busy elsewhere"};
    struct hello hello = bench_hello("load2", 12);
    struct errinfo error = {""};
    struct bench bench;

    (void)state;
    bench_begin_with(&bench, &fleet);
    session.fleet = bench.fleet;
    assert_int_equal(session_too_late(&session, 6 * NS_PER_S, &error), -ETIMEDOUT);
    assert_string_equal(error.text, "within 6 s load1, load2 did not join; none did");
    (void)snprintf(hello.host_name, sizeof hello.host_name, "load2");
    memset(hello.proof, 1, sizeof hello.proof);
    assert_false(bench_say_hello(&bench, &hello).accepted);
    assert_int_equal(session_too_late(&session, 6 * NS_PER_S, &error), -ETIMEDOUT);
    assert_string_equal(error.text,
                        "within 6 s load1, load2 did not join; none did; refused: load2 has "
                        "another secret than its host here: its join file is an older one, or of "
                        "another host (\"millrace hosts add load2 --again\" makes a new one)");
    bench_end(&bench);
}

static void of_many_hosts_that_did_not_join_some_are_named(void **state)
{
    static struct fleet_host hosts[50];
    const struct fleet_config fleet = {.agents_wanted = 50,
                                       .access = {.hosts = hosts, .hosts_count = 50}};
    struct session_config config = {.agents_count = 50, .access = &fleet.access};
    struct session session = {.config = &config};
    struct errinfo error = {""};
    struct bench bench;

    (void)state;
    for (uint32_t i = 0; i < 50; i++) {
        (void)snprintf(hosts[i].name, sizeof hosts[i].name, "load%u", i + 1);
    }
    bench_begin_with(&bench, &fleet);
    session.fleet = bench.fleet;
    assert_int_equal(session_too_late(&session, NS_PER_S, &error), -ETIMEDOUT);
    assert_string_equal(error.text,
                        "within 1 s load1, load2, load3, load4 and 46 more did not join; none did");
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_whose_connection_is_away_is_missing),
        cmocka_unit_test(hosts_that_did_not_come_are_named),
        cmocka_unit_test(a_host_that_did_not_join_has_its_own_refusal_beside_it),
        cmocka_unit_test(of_many_hosts_that_did_not_join_some_are_named),
        cmocka_unit_test(what_ended_is_the_agent_that_was_enrolled_whatever_it_calls_itself),
        cmocka_unit_test(agents_that_end_before_they_join_are_told_with_where_to_look),
        cmocka_unit_test(a_launcher_that_starts_nothing_says_why_and_is_not_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
