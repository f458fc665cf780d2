#include "plan_fixture.h"

#include "check.h"
#include "mono.h"

#include <stdio.h>
#include <string.h>

static char text_backend[16];

void plan_fixture_init(struct plan_fixture *fixture, const char *backend)
{
    memset(fixture, 0, sizeof *fixture);
    (void)snprintf(text_backend, sizeof text_backend, "%s", backend);
    fixture->target.label = text_backend;
    fixture->target.backend = text_backend;
    fixture->flows[0] = (struct scenario_flow){
        .name = "main",
        .topology =
            {.topics = 1, .partitions = 1, .producers = 1, .subscriptions = 1, .consumers = 1},
        .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1},
        .delivery = {.publish_ack = PUBLISH_ACK_ALL, .in_flight = 10, .consume_ack_batch = 1}};
    fixture->phases[0] = (struct scenario_phase){.name = "steady",
                                                 .kind = PHASE_RATE,
                                                 .rate = {1, NS_PER_MS},
                                                 .duration_ns = 10 * NS_PER_S,
                                                 .measured = true};
    fixture->phases[1] = (struct scenario_phase){
        .name = "drain", .kind = PHASE_NONE, .duration_ns = 30 * NS_PER_S, .until_drained = true};
    fixture->setup = (struct scenario_setup){
        .flows = fixture->flows, .flows_count = 1, .phases = fixture->phases, .phases_count = 2};
    fixture->scenario = (struct scenario){.targets = &fixture->target,
                                          .targets_count = 1,
                                          .setups = &fixture->setup,
                                          .setups_count = 1,
                                          .repeat = 1};
    for (uint32_t i = 0; i < FIXTURE_AGENTS_MAX; i++) {
        fixture->agents[i].cpus = 1;
    }
}

int plan_fixture_try(struct plan_fixture *fixture, uint32_t agents_count, const char *run_id,
                     struct plan **ret, struct errinfo *reterr)
{
    const struct plan_request request = {.scenario = &fixture->scenario,
                                         .agents = fixture->agents,
                                         .agents_count = agents_count,
                                         .order = fixture->order,
                                         .rooms = fixture->rooms,
                                         .run_id = run_id,
                                         .seed = 7};

    int r = plan_make(&request, ret, reterr);

    for (uint32_t i = 0; r == 0 && i < (*ret)->trials_count; i++) {
        r = plan_trial_fill(&request, *ret, NULL, &(*ret)->trials[i], reterr);
    }
    return r;
}

struct plan *plan_fixture_make(struct plan_fixture *fixture, uint32_t agents_count)
{
    struct plan *plan = NULL;
    struct errinfo error = {""};

    if (plan_fixture_try(fixture, agents_count, "20261123-x", &plan, &error) < 0) {
        fail_msg("%s", error.text);
    }
    return plan;
}
