/* The plan says how many messages a phase asks for, the agents' pacers say when each is due: both
 * must mean the same messages, or `sent / asked` would be wrong by the difference. */
#include "check.h"
#include "mono.h"
#include "pacer_inner.h"
#include "phase_messages.h"
#include "plan.h"
#include "random.h"

static uint64_t paced(const struct assignment *assignment, uint32_t producers)
{
    const struct assigned_phase *phase = assignment->phases;
    uint64_t sum = 0;

    for (uint32_t k = 0; k < producers; k++) {
        const struct pacer_config config = {.start_ns = 1000,
                                            .rate = phase->loads[0].rate,
                                            .curve = assigned_curve(assignment, phase),
                                            .arrivals = phase->pacing.arrivals,
                                            .producers_count = producers,
                                            .producer = k};

        sum += pacer_count_before(&config, 1000 + phase->duration_ns);
    }
    return sum;
}

static void fill_curve(struct assigned_phase *phase, struct curve_point *points,
                       struct random *random)
{
    int64_t at_ns = 0;

    phase->curve_count = (uint32_t)(random_next(random) % 5);
    for (uint32_t i = 0; i < phase->curve_count; i++) {
        points[i] = (struct curve_point){at_ns, random_next(random) % UINT64_C(100000000000)};
        at_ns += 1 + (int64_t)(random_next(random) % (40 * NS_PER_S));
    }
}

static void pacers_send_what_the_plan_asks_for(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 20261123);
    for (uint32_t i = 0; i < 20000; i++) {
        struct assigned_phase phase = {.duration_ns =
                                           1 + (int64_t)(random_next(&random) % (100 * NS_PER_S))};
        uint32_t producers = 1 + (uint32_t)(random_next(&random) % 50);
        struct assigned_flow flow = {.producers_count = producers};
        struct curve_point points[5];
        const struct assignment assignment = {.flows = &flow,
                                              .flows_count = 1,
                                              .phases = &phase,
                                              .phases_count = 1,
                                              .points = points};
        struct rate rate = {1 + random_next(&random) % 1000000,
                            1 + random_next(&random) % (uint64_t)(100 * NS_PER_S)};

        if (rate_per_s(rate) > RATE_PER_S_MAX) {
            continue;
        }
        phase.loads[0] = (struct phase_load){LOAD_RATE, rate};
        phase.pacing.arrivals =
            random_next(&random) % 2 == 0 ? ARRIVALS_CONSTANT : ARRIVALS_ALIGNED;
        fill_curve(&phase, points, &random);
        assert_true(phase_messages(&assignment, 0, 0) == paced(&assignment, producers));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pacers_send_what_the_plan_asks_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
