/* The search against brokers whose highest rate is known, in virtual time: a single server with a
 * set service time, messages that wait for it in order (Lindley's recursion), and trials judged
 * from what a real one reports: backlog by the second, latencies, counts, and what the agent says
 * of its host. */
#include "check.h"
#include "random.h"
#include "search.h"
#include "search_step.h"
#include "snapshot.h"
#include "truth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SEEDS 20u
#define CAPACITY_PER_S 5000.0
#define SETTLE_S 5u
#define TRIAL_S 10u
#define CONFIRM_S 30u
#define SECONDS_MAX (SETTLE_S + CONFIRM_S)

struct server {
    double capacity_per_s;
    double jitter; /* Service times differ by that share, evenly. */
    bool poisson;  /* Arrivals; else even gaps. */
    /* The agent takes as long for a message as a host that manages so many; 0: no time at all. */
    double generator_per_s;
    double busy_share; /* Of the trials: the host gives the agent half of what the broker needs. */
    struct random random;
};

/* What the agent is in one trial. */
struct generator {
    double per_s; /* 0: without end. */
    bool starved;
};

static struct generator generator_of(struct server *server)
{
    if (random_unit(&server->random) < server->busy_share) {
        return (struct generator){server->capacity_per_s / 20.0, true};
    }
    return (struct generator){server->generator_per_s, false};
}

/* What the agent reports of itself in each second. */
static void report_strain(const struct generator *generator, double rate_per_s, uint32_t seconds,
                          struct result_agent_interval *ret)
{
    double load = generator->per_s > 0.0 ? fmin(rate_per_s / generator->per_s, 1.0) : 0.0;

    for (uint32_t i = 0; i < seconds; i++) {
        memset(&ret[i], 0, sizeof ret[i]);
        ret[i].index = i;
        ret[i].end_ns = (i + 1) * INTERVAL_NS;
        ret[i].span_ns = INTERVAL_NS;
        /* A starved thread waits for its CPU, one that has it is busy. */
        if (generator->starved) {
            ret[i].strain.load_wait_ns = INTERVAL_NS / 2;
        } else {
            ret[i].strain.load_cpu_ns = (int64_t)(load * INTERVAL_NS);
        }
    }
}

static double service_s(struct server *server)
{
    double spread = server->jitter * (2.0 * random_unit(&server->random) - 1.0);

    return (1.0 + spread) / server->capacity_per_s;
}

static double gap_s(struct server *server, double rate_per_s)
{
    return server->poisson ? -log(1.0 - random_unit(&server->random)) / rate_per_s
                           : 1.0 / rate_per_s;
}

/* Counts a message as backlog at the ends of the seconds in which it is in the system. */
static void count_backlog(struct result_interval *intervals, uint32_t seconds, double arrived_s,
                          double left_s)
{
    for (uint32_t i = (uint32_t)arrived_s; i < seconds && i + 1.0 <= left_s; i++) {
        intervals[i].backlog++;
    }
}

static void make_trial(struct server *server, const struct search_trial *trial,
                       const struct objective *objective, struct result_search_step *ret)
{
    static struct result_interval intervals[SECONDS_MAX];
    static struct result_agent_interval strain[SECONDS_MAX];
    static const struct result_agent agent = {.name = "agent-1", .cpus = 2};
    uint32_t seconds = SETTLE_S + (trial->confirms ? CONFIRM_S : TRIAL_S);
    struct result_phase phase = {.measured = true,
                                 .start_ns = SETTLE_S * INTERVAL_NS,
                                 .duration_ns = (seconds - SETTLE_S) * INTERVAL_NS};
    const struct result_trial made = {.ended = true,
                                      .phases = &phase,
                                      .phases_count = 1,
                                      .intervals = intervals,
                                      .intervals_count = seconds,
                                      .agent_intervals = strain,
                                      .agent_intervals_count = seconds};
    const struct search_terms terms = {.objectives = objective,
                                       .objectives_count = objective != NULL ? 1 : 0,
                                       .target = "made up",
                                       .case_name = "made up",
                                       .asked_per_s = trial->rate_per_s,
                                       .confirms = trial->confirms,
                                       .agents = &agent,
                                       .agents_count = 1};
    const struct generator generator = generator_of(server);
    double free_s = 0.0;
    double taken_s = 0.0; /* By the agent, which takes one message after another, too. */

    memset(intervals, 0, sizeof intervals);
    assert_int_equal(hist_new(&phase.latency[SERIES_E2E], NULL), 0);
    for (uint32_t i = 0; i < seconds; i++) {
        intervals[i].index = i;
        intervals[i].start_ns = i * INTERVAL_NS;
        intervals[i].complete = true;
    }
    for (double at_s = gap_s(server, trial->rate_per_s); at_s < seconds;
         at_s += gap_s(server, trial->rate_per_s)) {
        taken_s = fmax(taken_s, at_s) + (generator.per_s > 0.0 ? 1.0 / generator.per_s : 0.0);
        free_s = fmax(free_s, taken_s) + service_s(server);
        count_backlog(intervals, seconds, at_s, free_s);
        if (at_s >= SETTLE_S) {
            hist_record(phase.latency[SERIES_E2E], (int64_t)((free_s - at_s) * 1e9));
            phase.due++;
        }
    }
    phase.sent_in_time = phase.due;
    report_strain(&generator, trial->rate_per_s, seconds, strain);
    assert_int_equal(search_step(&made, &terms, ret, NULL), 0);
    hist_free(phase.latency[SERIES_E2E]);
}

static void find(struct server *server, const struct search_config *config,
                 const struct objective *objective, struct result_search *ret)
{
    struct search search;
    struct search_trial trial;

    search_init(&search, config);
    while (search_next(&search, &trial)) {
        struct result_search_step step;

        make_trial(server, &trial, objective, &step);
        search_tell(&search, step.outcome, step.reason);
    }
    search_answer(&search, ret);
}

/* Number of seeds of which both bounds are within so much of the truth. */
static uint32_t right_of(struct server *server, const struct objective *objective, double truth,
                         double within)
{
    const struct search_config config = {.from_per_s = 500.0, .to_per_s = 50000.0, .width = 0.02};
    uint32_t right = 0;

    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        struct result_search answer;
        bool near;

        random_seed(&server->random, seed);
        find(server, &config, objective, &answer);
        near = answer.found && fabs(answer.lower_per_s / truth - 1.0) <= within &&
               fabs(answer.upper_per_s / truth - 1.0) <= within;
        right += near ? 1 : 0;
        if (!near) {
            print_message("seed %u: %.0f to %.0f/s, truth %.0f/s (%s)\n", seed, answer.lower_per_s,
                          answer.upper_per_s, truth, answer.limit);
        }
    }
    return right;
}

static void a_set_capacity_is_found_within_two_percent_with_every_seed(void **state)
{
    struct server server = {.capacity_per_s = CAPACITY_PER_S, .jitter = 0.5};

    (void)state;
    assert_int_equal(right_of(&server, NULL, CAPACITY_PER_S, 0.02), SEEDS);
    truth("highest rate of a server of known capacity, in virtual time", "2 %, every seed",
          "%u of %u seeds", SEEDS, SEEDS);
}

/* Pollaczek and Khinchine for M/D/1: the mean time in the system is s (1 + u / (2 (1 - u))) with
 * the service time s and the utilization u. The limit is its value at u = 0.9. */
static void with_a_latency_objective_the_answer_is_that_of_an_m_d_1_queue(void **state)
{
    struct server server = {.capacity_per_s = CAPACITY_PER_S, .poisson = true};
    struct objective objective;
    double utilization = 0.9;
    double limit_s = (1.0 + utilization / (2.0 * (1.0 - utilization))) / CAPACITY_PER_S;
    char text[64];

    (void)state;
    memset(&objective, 0, sizeof objective);
    (void)snprintf(text, sizeof text, "e2e.mean < %.0fus", limit_s * 1e6);
    assert_int_equal(objective_parse(text, &objective, NULL), 0);
    assert_int_equal(right_of(&server, &objective, utilization * CAPACITY_PER_S, 0.03), SEEDS);
    truth("highest rate at which an M/D/1 queue keeps a mean latency", "3 % of Pollaczek-Khinchine",
          "%u of %u seeds", SEEDS, SEEDS);
}

/* Without its self-check the search would take the agent's limit for the broker's. */
static void a_generator_that_is_slower_than_the_broker_is_told_from_it(void **state)
{
    const struct search_config config = {.from_per_s = 500.0, .to_per_s = 50000.0, .width = 0.02};
    struct server server = {
        .capacity_per_s = CAPACITY_PER_S, .jitter = 0.5, .generator_per_s = CAPACITY_PER_S / 2.0};

    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        struct result_search answer;

        random_seed(&server.random, seed);
        find(&server, &config, NULL, &answer);
        assert_false(answer.found);
        assert_true(answer.lower_per_s > 0.0 && answer.lower_per_s <= server.generator_per_s);
        assert_true(answer.upper_per_s == 0.0);
        assert_non_null(strstr(answer.limit, "generator-limited at 4,000/s: self-check "
                                             "load_thread_cpu of agent-1"));
    }
    truth("a generator half as fast as the broker", "named as the limit, every seed",
          "%u of %u seeds", SEEDS, SEEDS);
}

static void a_host_that_is_busy_now_and_then_does_not_change_the_answer(void **state)
{
    struct server server = {.capacity_per_s = CAPACITY_PER_S, .jitter = 0.5, .busy_share = 0.05};

    (void)state;
    assert_int_equal(right_of(&server, NULL, CAPACITY_PER_S, 0.02), SEEDS);
    truth("highest rate, with a host that is busy in 5 % of the seconds", "2 %, every seed",
          "%u of %u seeds", SEEDS, SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_capacity_is_found_within_two_percent_with_every_seed),
        cmocka_unit_test(with_a_latency_objective_the_answer_is_that_of_an_m_d_1_queue),
        cmocka_unit_test(a_generator_that_is_slower_than_the_broker_is_told_from_it),
        cmocka_unit_test(a_host_that_is_busy_now_and_then_does_not_change_the_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
