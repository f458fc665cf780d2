#include "made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_phase(struct result_phase *phase, uint32_t seconds)
{
    (void)snprintf(phase->name, sizeof phase->name, "steady");
    phase->measured = true;
    phase->duration_ns = seconds * INTERVAL_NS;
}

static void grow_intervals(struct result_trial *trial, uint32_t seconds)
{
    trial->intervals = realloc(trial->intervals, seconds * sizeof *trial->intervals);
    assert_non_null(trial->intervals);
    for (uint32_t i = trial->intervals_count; i < seconds; i++) {
        trial->intervals[i] = (struct result_interval){.index = i,
                                                       .start_ns = i * INTERVAL_NS,
                                                       .length_s = 1.0,
                                                       .complete = true,
                                                       .due = 1000};
    }
    trial->intervals_count = seconds;
}

struct result_case *made_up_case(struct result *result, uint32_t seconds)
{
    struct result_case *of;

    result->cases = realloc(result->cases, (result->cases_count + 1) * sizeof *result->cases);
    assert_non_null(result->cases);
    of = &result->cases[result->cases_count];
    memset(of, 0, sizeof *of);
    (void)snprintf(of->name, sizeof of->name, "case-%u", result->cases_count++);
    (void)snprintf(of->target, sizeof of->target, "target-0");
    of->status = CASE_MEASURED;
    of->phases = calloc(1, sizeof *of->phases);
    of->trials = calloc(1, sizeof *of->trials);
    assert_non_null(of->phases);
    assert_non_null(of->trials);
    of->trials[0].phases = calloc(1, sizeof *of->trials[0].phases);
    assert_non_null(of->trials[0].phases);
    of->phases_count = 1;
    of->trials_count = 1;
    of->trials[0].phases_count = 1;
    fill_phase(&of->phases[0], seconds);
    fill_phase(&of->trials[0].phases[0], seconds);
    grow_intervals(&of->trials[0], seconds);
    return of;
}

struct result *made_up(uint32_t seconds)
{
    struct result *result = calloc(1, sizeof *result);

    assert_non_null(result);
    result->agents = calloc(1, sizeof *result->agents);
    assert_non_null(result->agents);
    result->agents_count = 1;
    (void)snprintf(result->agents[0].name, sizeof result->agents[0].name, "agent-0");
    (void)made_up_case(result, seconds);
    return result;
}

struct result_phase *made_up_merged(struct result *result)
{
    return &result->cases[0].phases[0];
}

struct result_trial *made_up_trial(struct result *result)
{
    return &result->cases[0].trials[0];
}

void made_up_samples(struct result_phase *phase, enum series series, int64_t value_ns,
                     uint64_t count)
{
    if (phase->latency[series] == NULL) {
        assert_int_equal(hist_new(&phase->latency[series], NULL), 0);
    }
    for (uint64_t i = 0; i < count; i++) {
        hist_record(phase->latency[series], value_ns);
    }
}

void made_up_parties(struct result_trial *trial, enum party_kind kind, uint32_t count,
                     uint64_t messages, double mean_ns)
{
    uint32_t first = trial->parties_count;

    trial->parties = realloc(trial->parties, (first + count) * sizeof *trial->parties);
    assert_non_null(trial->parties);
    trial->parties_count += count;
    for (uint32_t i = first; i < trial->parties_count; i++) {
        struct result_party *party = &trial->parties[i];

        memset(party, 0, sizeof *party);
        party->kind = kind;
        party->messages = messages;
        party->latency_ns_mean = mean_ns;
        (void)snprintf(party->name, sizeof party->name, "party %u", i);
        (void)snprintf(party->flow, sizeof party->flow, "main");
    }
}

void made_up_blocked(struct result_trial *trial, double seconds)
{
    free(trial->agent_intervals);
    trial->agent_intervals_count = trial->intervals_count;
    trial->agent_intervals = calloc(trial->agent_intervals_count, sizeof *trial->agent_intervals);
    assert_non_null(trial->agent_intervals);
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].index = i;
        trial->agent_intervals[i].blocked_ns = (uint64_t)(seconds * 1e9);
    }
}

static void add_drain(struct result_phase **phases, uint32_t *count, uint32_t seconds)
{
    struct result_phase *grown = realloc(*phases, 2 * sizeof **phases);

    assert_non_null(grown);
    *phases = grown;
    *count = 2;
    memset(&grown[1], 0, sizeof grown[1]);
    (void)snprintf(grown[1].name, sizeof grown[1].name, "drain");
    grown[1].start_ns = grown[0].duration_ns;
    grown[1].duration_ns = seconds * INTERVAL_NS;
}

void made_up_drain(struct result *result, uint32_t seconds)
{
    struct result_case *of = &result->cases[0];

    add_drain(&of->phases, &of->phases_count, seconds);
    add_drain(&of->trials[0].phases, &of->trials[0].phases_count, seconds);
    grow_intervals(&of->trials[0], of->trials[0].intervals_count + seconds);
}

void made_up_parameter(struct result_case *of, const char *key, const char *value, double number)
{
    struct result_parameter *parameter;

    of->parameters = realloc(of->parameters, (of->parameters_count + 1) * sizeof *of->parameters);
    assert_non_null(of->parameters);
    parameter = &of->parameters[of->parameters_count++];
    memset(parameter, 0, sizeof *parameter);
    (void)snprintf(parameter->key, sizeof parameter->key, "%s", key);
    (void)snprintf(parameter->value, sizeof parameter->value, "%s", value);
    parameter->number = number;
}

void made_up_figure(struct result_case *of, const char *metric, double median, double percent)
{
    struct result_figure *figure;

    of->figures = realloc(of->figures, (of->figures_count + 1) * sizeof *of->figures);
    assert_non_null(of->figures);
    figure = &of->figures[of->figures_count++];
    *figure = (struct result_figure){.trials = 3,
                                     .median = median,
                                     .mean = median,
                                     .low = median * (1.0 - percent / 100.0),
                                     .high = median * (1.0 + percent / 100.0)};
    (void)snprintf(figure->phase, sizeof figure->phase, "steady");
    (void)snprintf(figure->metric, sizeof figure->metric, "%s", metric);
}

double made_up_noise(uint32_t i)
{
    uint32_t bits = (i + 1) * 2654435761U;

    bits ^= bits >> 15;
    bits *= 2246822519U;
    bits ^= bits >> 13;
    return (double)bits / 2147483648.0 - 1.0;
}

/* Reports show the sentence as it is: it has to say itself of what it speaks. */
static bool says_of_what(const struct result_insight *insight)
{
    return strncmp(insight->text, insight->case_name, strlen(insight->case_name)) == 0 ||
           strncmp(insight->text, "target-", strlen("target-")) == 0;
}

const struct result_insight *insight_of(struct result *result, const char *rule)
{
    struct errinfo error = {""};

    assert_int_equal(insight_find(result, &error), 0);
    for (uint32_t i = 0; i < result->findings.insights_count; i++) {
        if (strcmp(result->findings.insights[i].rule, rule) == 0) {
            assert_true(says_of_what(&result->findings.insights[i]));
            assert_true(result->findings.insights[i].figures_count > 0);
            return &result->findings.insights[i];
        }
    }
    return NULL;
}

double figure_of(const struct result_insight *insight, const char *name)
{
    assert_non_null(insight);
    for (uint32_t i = 0; i < insight->figures_count; i++) {
        if (strcmp(insight->figures[i].name, name) == 0) {
            return insight->figures[i].value;
        }
    }
    fail_msg("there is no figure %s", name);
    return 0.0;
}
