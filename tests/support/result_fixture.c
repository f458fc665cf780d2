#include "result_fixture.h"

#include "invariant.h"
#include "mono.h"
#include "random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES 4
#define AGENTS 2
#define TOPICS 4
#define SUBSCRIPTIONS 2
#define WARM_UP_S 5
#define DRAIN_S 3
#define STARTED_UNIX_NS (INT64_C(1770300202) * NS_PER_S)

/* How a made-up broker behaves. */
struct manner {
    const char *target;
    const char *backend;
    const char *address;
    const char *version;
    double p50_ns;
    double spread;     /* Sigma of the lognormal latency. */
    uint32_t outage_s; /* 0: none; else in which second it begins. */
    uint32_t outage_length_s;
};

static const struct manner manners[CASES] = {
    {"memory", "memory", "", "in-process", 42e3, 0.35, 0, 0},
    {"rabbit-3.10", "rabbitmq", "amqp://127.0.0.1:5672/%2f", "RabbitMQ 3.10.8 on Erlang 25.2.3",
     1.1e6, 0.45, 22, 4},
    {"kafka", "kafka", "127.0.0.1:9092", "Apache Kafka 4.0.0", 3.4e6, 0.55, 0, 0},
    {"mosquitto", "mqtt", "127.0.0.1:1883", "mosquitto version 2.0.11", 0.6e6, 0.4, 0, 0},
};

static const char *const equivalence_memory[] = {
    "lives inside each agent, so no network is part of its latency", NULL};
static const char *const equivalence_broker[] = {
    "publish_ack: all means publisher confirms, mandatory",
    "a subscription is a queue of its own per partition", NULL};

static void *must(void *memory)
{
    ASSERT(memory != NULL);
    return memory;
}

static void copy(char *to, size_t to_bytes, const char *from)
{
    (void)snprintf(to, to_bytes, "%s", from);
}

void result_fixture_set(char **place, const char *text)
{
    free(*place);
    *place = must(strdup(text));
}

void result_fixture_reason(struct result *result, const char *code, const char *case_name,
                           const char *text)
{
    struct result_reason *reason;

    result->reasons =
        must(realloc(result->reasons, (result->reasons_count + 1) * sizeof *result->reasons));
    reason = &result->reasons[result->reasons_count++];
    memset(reason, 0, sizeof *reason);
    copy(reason->code, sizeof reason->code, code);
    copy(reason->case_name, sizeof reason->case_name, case_name);
    copy(reason->text, sizeof reason->text, text);
}

/* Box and Muller 1958. */
static double lognormal(struct random *random, double median, double sigma)
{
    double u = random_unit(random);
    double v = random_unit(random);

    return median * exp(sigma * sqrt(-2.0 * log(1.0 - u)) * cos(6.283185307179586 * v));
}

static struct hist *make_hist(struct random *random, double median, double sigma, uint32_t samples,
                              double late_share)
{
    struct hist *hist = NULL;

    ASSERT(hist_new(&hist, NULL) == 0);
    for (uint32_t i = 0; i < samples; i++) {
        double value = lognormal(random, median, sigma);

        if (random_unit(random) < late_share) {
            value += random_unit(random) * 4e9;
        }
        hist_record(hist, (int64_t)value);
    }
    return hist;
}

static void fill_latency(struct result_phase *phase, const struct manner *manner, bool outage,
                         struct random *random)
{
    uint32_t samples = phase->measured ? 30000 : 2000;
    double late = outage && phase->measured ? 0.02 : 0.0;
    double sigma = manner->spread;

    phase->latency[SERIES_E2E] = make_hist(random, manner->p50_ns, sigma, samples, late);
    phase->latency[SERIES_E2E_SERVICE] =
        make_hist(random, manner->p50_ns * 0.97, sigma, samples, late / 20.0);
    phase->latency[SERIES_PUBLISH] = make_hist(random, manner->p50_ns * 0.7, sigma, samples, late);
    phase->latency[SERIES_PUBLISH_SERVICE] =
        make_hist(random, manner->p50_ns * 0.68, sigma, samples, late / 20.0);
    phase->latency[SERIES_SEND_LAG] = make_hist(random, 3e3, 0.8, samples, 0.0);
    phase->latency[SERIES_CALL] = make_hist(random, 1.5e3, 0.5, samples, 0.0);
}

/* Share: of the load of both flows together. */
static void fill_phase(struct result_phase *phase, uint32_t number, const char *flow, double share,
                       uint32_t seconds)
{
    static const char *const names[] = {"warm-up", "steady", "drain"};
    static const double rates[] = {5000.0, 20000.0, 0.0};
    const uint32_t lengths[] = {WARM_UP_S, seconds, DRAIN_S};
    struct result_delivery *delivery = &phase->delivery;
    double rate = rates[number] * share;

    copy(phase->name, sizeof phase->name, names[number]);
    copy(phase->flow, sizeof phase->flow, flow);
    phase->measured = number == 1;
    phase->start_ns = (number == 0   ? 0
                       : number == 1 ? WARM_UP_S
                                     : (int64_t)(WARM_UP_S + seconds)) *
                      NS_PER_S;
    phase->duration_ns = lengths[number] * NS_PER_S;
    phase->asked_per_s = rate;
    phase->sent_per_s = rate * 0.99995;
    phase->acked_per_s = rate * 0.9999;
    phase->received_per_s = rate * SUBSCRIPTIONS * 0.9999;
    phase->sent_bytes_per_s = rate * 1024.0;
    phase->received_bytes_per_s = rate * SUBSCRIPTIONS * 1024.0;
    phase->due = (uint64_t)(rate * lengths[number]);
    phase->sent_in_time = phase->due;
    delivery->sent = phase->due;
    delivery->acked = phase->due;
    delivery->expected = phase->due * SUBSCRIPTIONS;
    delivery->received = delivery->expected;
}

static void add_faults(struct result_delivery *delivery, uint64_t lost, uint64_t unconfirmed)
{
    delivery->acked -= unconfirmed;
    delivery->unconfirmed += unconfirmed;
    delivery->expected -= unconfirmed * SUBSCRIPTIONS;
    delivery->received -= unconfirmed * SUBSCRIPTIONS + lost;
    delivery->lost += lost;
    /* A third of what was unconfirmed arrived all the same. */
    delivery->unexpected += unconfirmed / 3;
    delivery->received += unconfirmed / 3;
    delivery->duplicated += 17;
    delivery->reordered += 118;
    delivery->errors += 4;
}

static struct result_phase *make_phases(const struct fixture_options *options,
                                        const struct manner *manner, uint32_t *ret_count,
                                        struct random *random)
{
    bool outage = options->faults && manner->outage_s > 0;
    struct result_phase *phases = must(calloc(9, sizeof *phases));
    uint32_t count = 0;

    for (uint32_t number = 0; number < 3; number++) {
        fill_phase(&phases[count], number, "", 1.0, options->seconds);
        fill_phase(&phases[count + 1], number, "orders", 0.999, options->seconds);
        fill_phase(&phases[count + 2], number, "exports", 0.001, options->seconds);
        for (uint32_t i = 0; i < 3 && number < 2; i++) {
            fill_latency(&phases[count + i], manner, outage, random);
        }
        if (outage && number == 1) {
            add_faults(&phases[count].delivery, 42, 3100);
            add_faults(&phases[count + 1].delivery, 42, 3100);
        }
        count += 3;
    }
    *ret_count = count;
    return phases;
}

static void fill_interval(struct result_interval *interval, const struct manner *manner,
                          const struct fixture_options *options, struct random *random)
{
    uint32_t i = interval->index;
    uint32_t end = WARM_UP_S + options->seconds;
    double rate = i < WARM_UP_S ? 5000.0 : i < end ? 20000.0 : 0.0;
    double wobble = lognormal(random, 1.0, 0.12);
    bool away = options->faults && manner->outage_s > 0 && i >= manner->outage_s &&
                i < manner->outage_s + manner->outage_length_s;
    bool after = options->faults && manner->outage_s > 0 &&
                 i >= manner->outage_s + manner->outage_length_s &&
                 i < manner->outage_s + manner->outage_length_s + 6;
    double passed = away ? 0.0 : after ? 1.6 : 1.0;
    double slow =
        after ? 300.0 * (double)(manner->outage_s + manner->outage_length_s + 6 - i) : 1.0;

    interval->start_ns = i * NS_PER_S;
    interval->length_s = 1.0;
    interval->complete = true;
    interval->due = (uint64_t)rate;
    interval->sent = (uint64_t)(rate * (away ? 0.1 : after ? 1.6 : lognormal(random, 1.0, 0.004)));
    interval->acked = (uint64_t)(rate * passed * lognormal(random, 1.0, 0.004));
    interval->received = interval->acked * SUBSCRIPTIONS;
    interval->errors = away ? 2 : 0;
    interval->unconfirmed = away ? 775 : 0;
    interval->backlog = away    ? (i - manner->outage_s + 1) * 9000
                        : after ? (uint64_t)(manner->outage_s + 10 - i) * 5000
                                : (uint64_t)(rate * manner->p50_ns / 1e9 * wobble * 3.0);
    interval->clients_down = away ? 12 : 0;
    if (rate > 0.0 && !away) {
        interval->e2e.samples = interval->received;
        interval->e2e.p50 = (int64_t)(manner->p50_ns * wobble * slow);
        interval->e2e.p99 = (int64_t)(manner->p50_ns * slow * exp(2.33 * manner->spread) * wobble);
        interval->e2e.max =
            (int64_t)(1.4 * (double)interval->e2e.p99 * lognormal(random, 1.6, 0.5));
        interval->publish.samples = interval->acked;
        interval->publish.p50 = (int64_t)(0.7 * (double)interval->e2e.p50);
        interval->publish.p99 = (int64_t)(0.72 * (double)interval->e2e.p99);
        interval->publish.max = (int64_t)(0.8 * (double)interval->e2e.max);
        interval->send_lag.samples = interval->sent;
        interval->send_lag.p50 = 3000;
        interval->send_lag.p99 = (int64_t)lognormal(random, 60e3, 0.3);
        interval->send_lag.max = (int64_t)lognormal(random, 200e3, 0.5);
    }
}

static void fill_intervals(struct result_trial *trial, const struct manner *manner,
                           const struct fixture_options *options, struct random *random)
{
    uint32_t count = WARM_UP_S + options->seconds + DRAIN_S;

    trial->intervals_count = count;
    trial->intervals = must(calloc(count, sizeof *trial->intervals));
    trial->agent_intervals_count = count * AGENTS;
    trial->agent_intervals = must(calloc(count * AGENTS, sizeof *trial->agent_intervals));
    for (uint32_t i = 0; i < count; i++) {
        trial->intervals[i].index = i;
        fill_interval(&trial->intervals[i], manner, options, random);
        for (uint32_t agent = 0; agent < AGENTS; agent++) {
            trial->agent_intervals[i * AGENTS + agent] = (struct result_agent_interval){
                .agent = agent,
                .index = i,
                .cpu = (trial->intervals[i].due > 5000 ? 0.62 : 0.2) * (agent == 0 ? 1.0 : 0.8) *
                       lognormal(random, 1.0, 0.06),
                .rss_bytes = (UINT64_C(38) << 20) + (uint64_t)i * 4096 + (agent << 22),
                .sent = trial->intervals[i].sent / AGENTS,
                .received = trial->intervals[i].received / AGENTS,
            };
        }
    }
}

static void fill_audit(struct result_trial *trial, const struct result_phase *phases,
                       const char *run_id, bool faults)
{
    uint64_t total = phases[0].delivery.sent + phases[3].delivery.sent;

    trial->audit_count = TOPICS * SUBSCRIPTIONS;
    trial->audit = must(calloc(trial->audit_count, sizeof *trial->audit));
    for (uint32_t i = 0; i < trial->audit_count; i++) {
        struct result_audit *audit = &trial->audit[i];

        copy(audit->flow, sizeof audit->flow, i < 6 ? "orders" : "exports");
        (void)snprintf(audit->topic, sizeof audit->topic, "millrace-%.40s-c1-t0-%.20s-%u", run_id,
                       audit->flow, i / SUBSCRIPTIONS);
        audit->subscription = i % SUBSCRIPTIONS;
        audit->delivery.sent = total / TOPICS;
        audit->delivery.acked = total / TOPICS;
        audit->delivery.expected = total / TOPICS;
        audit->delivery.received = total / TOPICS;
    }
    if (faults) {
        struct result_audit *audit = &trial->audit[3];

        audit->delivery.lost = 42;
        audit->delivery.received -= 42;
        audit->delivery.unexpected = 1033;
        audit->delivery.received += 1033;
        audit->delivery.duplicated = 17;
        audit->delivery.reordered = 118;
        copy(audit->detail, sizeof audit->detail,
             "stream 3: lost 81220-81255 and 81260-81265 at +22.1 s; duplicated 81300-81316");
    }
}

static void fill_parties(struct result_trial *trial, const struct manner *manner,
                         struct random *random)
{
    static const char *const forms[][2] = {{"producer ", " (agent-1)"},
                                           {"consumer ", " of subscription 1 (agent-2)"},
                                           {"orders-", ""},
                                           {"orders-0, partition ", ""},
                                           {"agent-", ""}};
    static const uint32_t counts[] = {8, 8, 4, 4, 2};

    trial->parties = must(calloc(26, sizeof *trial->parties));
    for (uint32_t kind = 0; kind < 5; kind++) {
        for (uint32_t i = 0; i < counts[kind]; i++) {
            struct result_party *party = &trial->parties[trial->parties_count++];

            party->kind = (enum party_kind)kind;
            (void)snprintf(party->name, sizeof party->name, "%s%u%s", forms[kind][0], i + 1,
                           forms[kind][1]);
            party->messages = 75000 + i * 3;
            party->latency_ns_mean = lognormal(random, manner->p50_ns, 0.05);
            party->latency_ns_max = (int64_t)(party->latency_ns_mean * 30.0);
        }
    }
    trial->parties[2].latency_ns_mean *= 2.7;
    trial->parties[13].messages = 0;
    trial->parties[13].latency_ns_mean = 0.0;
    trial->parties[13].latency_ns_max = 0;
}

static void fill_outage(struct result *result, struct result_trial *trial,
                        const struct manner *manner)
{
    const char *const texts[] = {"connection reset by peer (12 clients)",
                                 "all clients are back after 4.1 s"};

    trial->outages_count = 1;
    trial->outages = must(calloc(1, sizeof *trial->outages));
    trial->outages[0] = (struct result_outage){
        .down_ns = manner->outage_s * NS_PER_S + 100 * NS_PER_MS,
        .up_ns = (int64_t)(manner->outage_s + manner->outage_length_s) * NS_PER_S + 200 * NS_PER_MS,
        .backlog_peak = 36000,
        .unconfirmed = 3100,
        .clients = 12,
    };
    copy(trial->outages[0].text, sizeof trial->outages[0].text, texts[0]);
    trial->errors_count = 2;
    trial->errors = must(calloc(2, sizeof *trial->errors));
    copy(trial->errors[0].text, REASON_BYTES, "connection reset by peer");
    trial->errors[0].count = 12;
    copy(trial->errors[1].text, REASON_BYTES,
         "CONNECTION_FORCED - broker forced connection closure");
    trial->errors[1].count = 4;
    result->marks_count = 2;
    result->marks = must(calloc(2, sizeof *result->marks));
    for (uint32_t i = 0; i < 2; i++) {
        result->marks[i].kind = i == 0 ? MARK_BROKER_DOWN : MARK_BROKER_UP;
        result->marks[i].trial = trial->number;
        result->marks[i].at_ns = i == 0 ? trial->outages[0].down_ns : trial->outages[0].up_ns;
        copy(result->marks[i].text, sizeof result->marks[i].text, texts[i]);
    }
}

static void fill_case(struct result *result, uint32_t number, const struct fixture_options *options,
                      struct random *random)
{
    const struct manner *manner = &manners[number];
    struct result_case *result_case = &result->cases[number];
    bool outage = options->faults && manner->outage_s > 0;
    struct result_trial *trial;

    copy(result_case->name, sizeof result_case->name, manner->target);
    copy(result_case->target, sizeof result_case->target, manner->target);
    copy(result_case->backend, sizeof result_case->backend, manner->backend);
    copy(result_case->address, sizeof result_case->address, manner->address);
    result_case->equivalence = number == 0 ? equivalence_memory : equivalence_broker;
    if (number == 3 && !options->all_measured) {
        result_case->status = CASE_SKIPPED;
        copy(result_case->reason, sizeof result_case->reason,
             "127.0.0.1:1883: connection refused (is the broker running?)");
        return;
    }
    copy(result_case->broker_version, sizeof result_case->broker_version, manner->version);
    result_case->status = CASE_MEASURED;
    result_case->phases = make_phases(options, manner, &result_case->phases_count, random);
    result_case->trials_count = 1;
    result_case->trials = trial = must(calloc(1, sizeof *trial));
    trial->number = number;
    trial->ended = true;
    trial->phases = make_phases(options, manner, &trial->phases_count, random);
    fill_intervals(trial, manner, options, random);
    fill_audit(trial, trial->phases, result->run_id, outage);
    fill_parties(trial, manner, random);
    if (outage) {
        fill_outage(result, trial, manner);
    }
}

static void fill_agents(struct result *result)
{
    result->agents_count = AGENTS;
    result->agents = must(calloc(AGENTS, sizeof *result->agents));
    for (uint32_t i = 0; i < AGENTS; i++) {
        struct result_agent *agent = &result->agents[i];

        (void)snprintf(agent->name, sizeof agent->name, "agent-%u", i + 1);
        (void)snprintf(agent->host, sizeof agent->host, "load-%02u.example", i + 1);
        copy(agent->kernel, sizeof agent->kernel, "Linux 6.1.0-18-amd64");
        copy(agent->version, sizeof agent->version, "0.1.0");
        agent->cpus = 8;
        agent->memory_bytes = UINT64_C(16) << 30;
        agent->start_skew_ns = 41000 + i * 7000;
        agent->clock_offset_ns = i == 0 ? 0 : -INT64_C(1834567);
        agent->clock_bound_ns = i == 0 ? 0 : 62000;
        agent->clock_drift_ppb = i == 0 ? 0.0 : -312.4;
    }
}

static void fill_versions(struct result *result)
{
    static const char *const versions[][2] = {
        {"millrace", "0.1.0"},    {"nng", "1.5.2"},          {"librdkafka", "2.0.2"},
        {"rabbitmq-c", "0.11.0"}, {"paho.mqtt.c", "1.3.12"}, {"HdrHistogram_c", "0.11.8"},
    };

    result->versions_count = sizeof versions / sizeof versions[0];
    result->versions = must(calloc(result->versions_count, sizeof *result->versions));
    for (uint32_t i = 0; i < result->versions_count; i++) {
        copy(result->versions[i].name, NAME_BYTES, versions[i][0]);
        copy(result->versions[i].value, NAME_BYTES, versions[i][1]);
    }
}

struct result *result_fixture_empty(enum verdict verdict)
{
    struct result *result = must(calloc(1, sizeof *result));

    copy(result->run_id, sizeof result->run_id, "20260205-140322-3f9a");
    result_fixture_set(&result->name, "steady-20k");
    result_fixture_set(&result->description,
                       "End-to-end latency at a steady 20 000 messages a second.");
    result_fixture_set(&result->command, "millrace run scenarios/steady-20k.yaml --seed 4711");
    result_fixture_set(&result->scenario, "");
    copy(result->scenario_sha256, sizeof result->scenario_sha256,
         "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    result->verdict = verdict;
    result->seed = 4711;
    result->started_unix_ns = STARTED_UNIX_NS;
    result->ended_unix_ns = STARTED_UNIX_NS + 3 * NS_PER_S;
    return result;
}

struct result *result_fixture(const struct fixture_options *options)
{
    struct result *result = result_fixture_empty(options->faults ? VERDICT_FAIL : VERDICT_PASS);
    struct random random;

    random_seed(&random, options->seed);
    result_fixture_set(&result->scenario,
                       "millrace: 1\nname: steady-20k\ntargets:\n"
                       "  - { label: memory, backend: memory }\n"
                       "  - { label: rabbit-3.10, backend: rabbitmq, address: "
                       "amqp://127.0.0.1:5672/%2f,\n      auth: { username: guest, password: "
                       "\"***\" } }\n"
                       "  - { label: kafka, backend: kafka, address: 127.0.0.1:9092 }\n"
                       "unavailable: skip\nflows:\n  orders: { rate: 19980/s }\n"
                       "  exports: { rate: 20/s }\nphases:\n"
                       "  - { name: warm-up, load: 25%, for: 5s, measure: false }\n"
                       "  - { name: steady, for: 60s }\n"
                       "objectives:\n  - { that: e2e.p99 < 10ms, in: steady }\n");
    fill_agents(result);
    fill_versions(result);
    result->cases_count = CASES;
    result->cases = must(calloc(CASES, sizeof *result->cases));
    for (uint32_t i = 0; i < CASES; i++) {
        fill_case(result, i, options, &random);
    }
    result_fixture_objectives(result, options->faults);
    result->ended_unix_ns =
        result->started_unix_ns +
        (int64_t)(WARM_UP_S + options->seconds + DRAIN_S + 2) * CASES * NS_PER_S;
    if (options->faults) {
        result_fixture_reason(result, "lost", "rabbit-3.10",
                              "lost == 0 was missed: 42 of 1250000 messages");
        result_fixture_reason(result, "e2e.p99", "kafka", "e2e.p99 < 10ms was missed in steady");
    }
    return result;
}
