#include "result_fixture.h"

#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *copied(const void *rows, size_t bytes)
{
    void *copy = malloc(bytes);

    ASSERT(copy != NULL);
    return memcpy(copy, rows, bytes);
}

static void add_checks(struct findings *findings)
{
    static const struct result_check checks[] = {
        {.check = "send_lag",
         .agent = "agent-1",
         .status = CHECK_OK,
         .observed = 42000.0,
         .limit = 1e6,
         .unit = "ns",
         .text = "messages left on time"},
        {.check = "send_lag",
         .agent = "agent-2",
         .status = CHECK_OK,
         .observed = 61000.0,
         .limit = 1e6,
         .unit = "ns",
         .text = "messages left on time"},
        {.check = "load_thread_cpu",
         .agent = "agent-2",
         .status = CHECK_INVALID,
         .observed = 0.97,
         .limit = 0.9,
         .text = "a load thread was busy: use more agents or a lower rate"},
        {.check = "headroom",
         .status = CHECK_SUSPECT,
         .observed = 1.6,
         .limit = 2.0,
         .text = "the generator could make 1.6 times this rate"},
    };

    findings->checks = copied(checks, sizeof checks);
    findings->checks_count = sizeof checks / sizeof checks[0];
}

static void add_comparisons(struct findings *findings, const char *case_name, const char *baseline)
{
    static const struct result_comparison rows[] = {
        {.phase = "steady",
         .metric = "received_rate",
         .ratio = 0.88,
         .low = 0.85,
         .high = 0.91,
         .threshold = 0.1,
         .p_value = 0.001,
         .pairs = 5,
         .gates = true,
         .verdict = COMPARISON_WORSE},
        {.phase = "steady",
         .metric = "e2e.p99",
         .ratio = 1.04,
         .low = 0.9,
         .high = 1.2,
         .threshold = 0.1,
         .p_value = 0.6,
         .pairs = 5,
         .pairs_more = 7,
         .verdict = COMPARISON_INCONCLUSIVE},
        {.phase = "steady",
         .metric = "publish.p50",
         .ratio = 1.0,
         .low = 0.99,
         .high = 1.01,
         .threshold = 0.1,
         .p_value = 0.9,
         .pairs = 5,
         .verdict = COMPARISON_SAME},
    };

    findings->comparisons = copied(rows, sizeof rows);
    findings->comparisons_count = sizeof rows / sizeof rows[0];
    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        (void)snprintf(findings->comparisons[i].case_name, NAME_BYTES, "%s", case_name);
        (void)snprintf(findings->comparisons[i].baseline, NAME_BYTES, "%s", baseline);
    }
}

static void add_insights(struct findings *findings)
{
    static const struct result_insight insights[] = {
        {.rule = "feature_cost",
         .case_name = "rabbit-3.10/acknowledged",
         .text = "rabbit-3.10: acknowledged costs against baseline: e2e.p99 +163 % in steady "
                 "(95 %: +151 to +175 %)",
         .figures_count = 1,
         .figures = {{.name = "e2e.p99", .value = 162.8, .unit = "%"}}},
        {.rule = "size_knee",
         .text = "above 4 KiB every further KiB adds 0.2 ms to the p99",
         .advice = "batch small messages below that size",
         .figures_count = 2,
         .figures = {{.name = "knee", .value = 4096.0, .unit = "bytes"},
                     {.name = "p99", .value = 1200000.0, .unit = "ns"}}},
    };
    static const struct result_noise noise[] = {
        {.objective = "e2e.p99 < 10ms",
         .phase = "steady",
         .trials = 5,
         .failed = 1,
         .spread = 0.081,
         .detectable = 0.145},
    };

    findings->insights = copied(insights, sizeof insights);
    findings->insights_count = sizeof insights / sizeof insights[0];
    findings->noise = copied(noise, sizeof noise);
    findings->noise_count = sizeof noise / sizeof noise[0];
}

void result_fixture_findings(struct result *result)
{
    add_checks(&result->findings);
    add_comparisons(&result->findings, result->cases[1].name, result->cases[0].name);
    add_insights(&result->findings);
}

void result_fixture_search(struct result *result)
{
    static const struct result_search searches[] = {{.found = true,
                                                     .lower_per_s = 42100.0,
                                                     .upper_per_s = 42900.0,
                                                     .width = 0.02,
                                                     .limit = "e2e.p99 < 10ms was missed"}};
    static const struct result_search_step steps[] = {
        {.trial = 0,
         .outcome = STEP_GOOD,
         .asked_per_s = 20000.0,
         .sent_per_s = 20000.0,
         .received_per_s = 20000.0,
         .e2e_p50_ns = 400000,
         .e2e_p99_ns = 1200000,
         .publish_p99_ns = 900000},
        {.trial = 1,
         .outcome = STEP_BAD,
         .asked_per_s = 42900.0,
         .sent_per_s = 42000.0,
         .received_per_s = 41000.0,
         .e2e_p50_ns = 9000000,
         .e2e_p99_ns = 81000000,
         .publish_p99_ns = 70000000,
         .reason = "e2e.p99 was 81 ms"},
        {.trial = 2,
         .outcome = STEP_GOOD,
         .confirms = true,
         .asked_per_s = 42100.0,
         .sent_per_s = 42100.0,
         .received_per_s = 42100.0,
         .e2e_p50_ns = 700000,
         .e2e_p99_ns = 7100000,
         .publish_p99_ns = 5000000},
        {.trial = 3,
         .outcome = STEP_VOID,
         .asked_per_s = 42100.0,
         .reason = "the load generator was late"},
    };
    struct findings *findings = &result->findings;

    findings->searches = copied(searches, sizeof searches);
    findings->searches_count = 1;
    findings->search_steps = copied(steps, sizeof steps);
    findings->search_steps_count = sizeof steps / sizeof steps[0];
    (void)snprintf(findings->searches[0].case_name, NAME_BYTES, "%s", result->cases[0].name);
    for (uint32_t i = 0; i < findings->search_steps_count; i++) {
        (void)snprintf(findings->search_steps[i].case_name, NAME_BYTES, "%s",
                       result->cases[0].name);
    }
}

void result_fixture_sweep(struct result *result)
{
    static const char *const values[] = {"64", "1KiB", "16KiB"};
    static const double numbers[] = {64.0, 1024.0, 16384.0};
    static const char *const metrics[][2] = {{"e2e.p50", "ns"},
                                             {"e2e.p99", "ns"},
                                             {"publish.p99", "ns"},
                                             {"sent_rate", "/s"},
                                             {"received_rate", "/s"}};
    const double medians[] = {400e3, 2e6, 1e6, 20000.0, 19990.0};

    for (uint32_t i = 0; i < 3 && i < result->cases_count; i++) {
        struct result_case *of = &result->cases[i];
        struct result_parameter *parameter = calloc(1, sizeof *parameter);
        struct result_figure *figures = calloc(5, sizeof *figures);

        ASSERT(parameter != NULL && figures != NULL);
        (void)snprintf(of->target, NAME_BYTES, "%s", "rabbitmq");
        (void)snprintf(of->name, NAME_BYTES, "rabbitmq payload.size=%s", values[i]);
        (void)snprintf(parameter->key, NAME_BYTES, "payload.size");
        (void)snprintf(parameter->value, NAME_BYTES, "%s", values[i]);
        parameter->number = numbers[i];
        of->parameters = parameter;
        of->parameters_count = 1;
        for (uint32_t j = 0; j < 5; j++) {
            double median = medians[j] * (j < 3 ? 1.0 + i : 1.0);

            figures[j] = (struct result_figure){.trials = 3,
                                                .median = median,
                                                .mean = median,
                                                .low = median * 0.9,
                                                .high = median * 1.1,
                                                .min = median * 0.95,
                                                .max = median * 1.05};
            (void)snprintf(figures[j].phase, NAME_BYTES, "%s", "steady");
            (void)snprintf(figures[j].metric, METRIC_BYTES, "%s", metrics[j][0]);
            (void)snprintf(figures[j].unit, UNIT_BYTES, "%s", metrics[j][1]);
        }
        of->figures = figures;
        of->figures_count = 5;
    }
}

void result_fixture_scaling(struct result *result)
{
    /* lambda 1000, sigma 0.1, kappa 0.01: the peak is 3575/s with sqrt(0.9 / 0.01) = 9.49. */
    static const double clients[] = {1.0, 2.0, 4.0, 16.0};
    static const double rates[] = {1000.0, 1785.7143, 2816.9014, 3265.3061};

    ASSERT(result->cases_count >= 4);
    for (uint32_t i = 0; i < 4; i++) {
        struct result_case *of = &result->cases[i];
        struct result_parameter *parameter = calloc(1, sizeof *parameter);
        struct result_figure *figure = calloc(1, sizeof *figure);

        ASSERT(parameter != NULL && figure != NULL);
        (void)snprintf(of->target, NAME_BYTES, "%s", "rabbitmq");
        (void)snprintf(of->name, NAME_BYTES, "rabbitmq/producers=%.0f", clients[i]);
        (void)snprintf(parameter->key, NAME_BYTES, "topology.producers");
        (void)snprintf(parameter->value, NAME_BYTES, "%.0f", clients[i]);
        parameter->number = clients[i];
        of->parameters = parameter;
        of->parameters_count = 1;
        *figure = (struct result_figure){.trials = 3,
                                         .median = rates[i],
                                         .mean = rates[i],
                                         .low = rates[i] * 0.97,
                                         .high = rates[i] * 1.03,
                                         .min = rates[i] * 0.98,
                                         .max = rates[i] * 1.02};
        (void)snprintf(figure->phase, NAME_BYTES, "%s", "steady");
        (void)snprintf(figure->metric, METRIC_BYTES, "%s", "received_rate");
        (void)snprintf(figure->unit, UNIT_BYTES, "%s", "/s");
        of->figures = figure;
        of->figures_count = 1;
        for (uint32_t j = 0; j < of->phases_count; j++) {
            of->phases[j].is_max = of->phases[j].measured;
        }
    }
}

static void repeat_trial(const struct result_trial *first, uint32_t times,
                         struct result_trial *trial)
{
    *trial = (struct result_trial){.number = first->number + 100 * (times - 1),
                                   .phases_count = first->phases_count,
                                   .intervals_count = first->intervals_count};
    trial->phases = copied(first->phases, first->phases_count * sizeof *first->phases);
    trial->intervals = copied(first->intervals, first->intervals_count * sizeof *first->intervals);
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        memset(trial->phases[i].latency, 0, sizeof trial->phases[i].latency);
    }
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        struct result_interval *interval = &trial->intervals[i];

        interval->due *= times;
        interval->sent *= times;
        interval->acked *= times;
        interval->received *= times;
        interval->refused = 0;
        interval->unconfirmed = 0;
        interval->errors = 0;
    }
}

void result_fixture_repeat(struct result *result, uint32_t count)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        struct result_case *of = &result->cases[i];
        uint32_t own = count - (i == 1 ? 1 : 0);
        struct result_trial *grown;

        if (of->trials_count == 0) {
            continue;
        }
        ASSERT(own > 0 && of->trials_count == 1);
        grown = realloc(of->trials, own * sizeof *grown);
        ASSERT(grown != NULL);
        of->trials = grown;
        for (; of->trials_count < own; of->trials_count++) {
            repeat_trial(&grown[0], of->trials_count + 1, &grown[of->trials_count]);
        }
    }
}
