#include "scenario_keys.h"

#include "bounds.h"
#include "mono.h"
#include "nearest.h"

#include <stdio.h>
#include <string.h>

#define HOUR_NS (3600 * NS_PER_S)

static const char *const unavailable_words[] = {"fail", "skip", NULL};
static const char *const placement_words[] = {"spread", "apart", NULL};
static const char *const payload_words[] = {"random", "zeros", NULL};
static const char *const payload_later[] = {"text", "json", "msgpack", "bson", NULL};
static const char *const keys_words[] = {"none", NULL};
static const char *const distribution_words[] = {"uniform", "zipf", "sequential", NULL};
static const char *const publish_ack_words[] = {"none", "leader", "all", NULL};
static const char *const consume_ack_words[] = {"none", "each", NULL};
static const char *const until_words[] = {"drained", NULL};
static const char *const arrivals_words[] = {"constant", "poisson", "aligned", NULL};

const struct scenario_key scenario_keys[] = {
    {.path = "", .type = KEY_MAP, .help = "The scenario."},
    {.path = "millrace",
     .type = KEY_COUNT,
     .required = true,
     .min = 1,
     .max = 1,
     .example = "millrace: 1",
     .help = "Version of the format."},
    {.path = "name",
     .type = KEY_NAME,
     .help = "Of the scenario, used in the name of the run's folder; the file's name if left out."},
    {.path = "description",
     .type = KEY_TEXT,
     .help = "The question that the scenario asks, for the report."},

    {.path = "targets",
     .type = KEY_LIST,
     .required = true,
     .entries_needed = true,
     .max = TARGETS_MAX,
     .example = "targets: [ { backend: memory } ]",
     .help = "Systems under test; every case runs on each of them."},
    {.path = "targets.*", .type = KEY_MAP, .help = "A system under test."},
    {.path = "targets.*.label",
     .type = KEY_NAME,
     .help = "Its name in commands and reports; the backend's name if left out."},
    {.path = "targets.*.backend",
     .type = KEY_TEXT,
     .required = true,
     .example = "backend: memory",
     .help = "memory, kafka, rabbitmq or mqtt; `millrace backends` lists them."},
    {.path = "targets.*.address",
     .type = KEY_TEXT,
     .help = "Where it is, in the backend's own form; never with a password in it."},
    {.path = "targets.*.addresses",
     .type = KEY_LIST,
     .entries_needed = true,
     .max = 64,
     .help = "Instead of address: several of them."},
    {.path = "targets.*.addresses.*", .type = KEY_TEXT, .help = "One address."},
    {.path = "targets.*.auth", .type = KEY_MAP, .help = "How to log in."},
    {.path = "targets.*.auth.username",
     .type = KEY_TEXT,
     .required = true,
     .example = "username: guest",
     .help = "User."},
    {.path = "targets.*.auth.password",
     .type = KEY_TEXT,
     .secret = true,
     .help = "Password; take it from the environment: \"${NAME}\"."},
    {.path = "targets.*.auth.mechanism",
     .type = KEY_TEXT,
     .help = "Login mechanism; the backend's usual one if left out."},
    {.path = "targets.*.tls",
     .type = KEY_MAP,
     .help = "Encrypted connection; {} takes the system's certificates."},
    {.path = "targets.*.tls.ca",
     .type = KEY_TEXT,
     .help = "File of trusted certificates, relative to the scenario."},
    {.path = "targets.*.tls.cert", .type = KEY_TEXT, .help = "File of the client's certificate."},
    {.path = "targets.*.tls.key", .type = KEY_TEXT, .help = "File of the client's key."},
    {.path = "targets.*.options",
     .type = KEY_MAP,
     .help = "The backend's own; `millrace backends NAME` lists them."},
    {.path = "targets.*.options.*", .type = KEY_ANY, .help = "An option of the backend."},

    {.path = "unavailable",
     .type = KEY_CHOICE,
     .choices = unavailable_words,
     .fallback = "fail",
     .help = "What a target that can't be reached before load does to the run."},
    {.path = "on_broker_loss",
     .type = KEY_DURATION,
     .min = 0,
     .max = 24 * HOUR_NS,
     .fallback = "30s",
     .help = "How long a target may be away under load before its run ends as fail."},

    {.path = "topology", .type = KEY_MAP, .help = "Topics and clients."},
    {.path = "topology.topics",
     .type = KEY_COUNT,
     .min = 1,
     .max = TOPICS_MAX,
     .fallback = "1",
     .help = "Topics, made before a trial and removed after it."},
    {.path = "topology.existing",
     .type = KEY_LIST,
     .later = true,
     .help = "Instead of topics: names of topics that are there."},
    {.path = "topology.partitions",
     .type = KEY_COUNT,
     .min = 1,
     .max = PARTITIONS_MAX,
     .fallback = "1",
     .help = "Partitions of each topic."},
    {.path = "topology.producers",
     .type = KEY_COUNT,
     .min = 0,
     .max = CLIENTS_MAX,
     .fallback = "1",
     .help = "Producing clients, in total."},
    {.path = "topology.subscriptions",
     .type = KEY_COUNT,
     .min = 1,
     .max = SUBSCRIPTIONS_MAX,
     .fallback = "1",
     .help = "Independent readers of each topic; each gets every message."},
    {.path = "topology.consumers",
     .type = KEY_COUNT,
     .min = 0,
     .max = CLIENTS_MAX,
     .fallback = "1",
     .help = "Consuming clients of each subscription, in total; 0 for a producing run."},
    {.path = "topology.placement",
     .type = KEY_CHOICE,
     .choices = placement_words,
     .fallback = "spread",
     .help =
         "spread: clients over all agents; apart: producers and consumers on different agents."},

    {.path = "message", .type = KEY_MAP, .help = "What is sent."},
    {.path = "message.size",
     .type = KEY_BYTES_RANGE,
     .also_map = true,
     .min = MESSAGE_BYTES_MIN,
     .max = (int64_t)MESSAGE_BYTES_MAX,
     .map_form = "{ mix: [ ... ] }",
     .fallback = "1KiB",
     .help = "Bytes of a message, its 40-byte stamp included; 4KiB..64KiB is uniform in between."},
    {.path = "message.size.mix",
     .type = KEY_LIST,
     .required = true,
     .entries_needed = true,
     .max = MESSAGE_SIZES_MAX,
     .example = "mix: [ { size: 256, weight: 70 }, { size: 4KiB..64KiB, weight: 30 } ]",
     .help = "Several sizes, each with its share of the messages."},
    {.path = "message.size.mix.*", .type = KEY_MAP, .help = "A size and its share."},
    {.path = "message.size.mix.*.size",
     .type = KEY_BYTES_RANGE,
     .required = true,
     .min = MESSAGE_BYTES_MIN,
     .max = (int64_t)MESSAGE_BYTES_MAX,
     .example = "size: 4KiB..64KiB",
     .help = "As message.size, for this share."},
    {.path = "message.size.mix.*.weight",
     .type = KEY_COUNT,
     .min = 1,
     .max = MESSAGE_WEIGHT_MAX,
     .fallback = "1",
     .help = "Its messages, relative to the other weights."},
    {.path = "message.payload",
     .type = KEY_CHOICE,
     .also_map = true,
     .choices = payload_words,
     .later_choices = payload_later,
     .fallback = "random",
     .help = "What follows the stamp."},
    {.path = "message.payload.file",
     .type = KEY_TEXT,
     .later = true,
     .help = "Messages of the user's, one per line."},
    {.path = "message.compressibility",
     .type = KEY_DECIMAL,
     .min = 0,
     .max = 1000,
     .fallback = "0",
     .help = "Share of a random payload that compresses away, 0 to 1."},
    {.path = "message.keys",
     .type = KEY_CHOICE,
     .also_map = true,
     .choices = keys_words,
     .map_form = "{ count: N, distribution: WORD }",
     .fallback = "none",
     .help =
         "Keys of messages; a message's partition is that of its key, as Kafka's clients choose "
         "it (murmur2). Where the broker has keys, messages carry them."},
    {.path = "message.keys.count",
     .type = KEY_COUNT,
     .required = true,
     .min = 1,
     .max = KEYS_MAX,
     .example = "count: 1000",
     .help = "How many different keys there are."},
    {.path = "message.keys.distribution",
     .type = KEY_CHOICE,
     .choices = distribution_words,
     .fallback = "uniform",
     .help = "uniform: all alike often; zipf: few of them most of the time; sequential: one after "
             "the other, by each producer."},
    {.path = "message.keys.exponent",
     .type = KEY_DECIMAL,
     .min = 1,
     .max = KEY_EXPONENT_MILLIS_MAX,
     .fallback = "0.99",
     .help = "Of zipf: key k is drawn in proportion to 1 / k^exponent. The default is YCSB's."},
    {.path = "message.headers", .type = KEY_MAP, .later = true, .help = "Headers of each message."},

    {.path = "delivery", .type = KEY_MAP, .help = "Guarantees asked of the broker."},
    {.path = "delivery.publish_ack",
     .type = KEY_CHOICE,
     .choices = publish_ack_words,
     .fallback = "all",
     .help = "Which confirm a producer waits for."},
    {.path = "delivery.in_flight",
     .type = KEY_COUNT,
     .min = 1,
     .max = IN_FLIGHT_MAX,
     .fallback = "1000",
     .help = "Unconfirmed messages per producer."},
    {.path = "delivery.consume_ack",
     .type = KEY_CHOICE,
     .also_map = true,
     .choices = consume_ack_words,
     .map_form = "{ batch: N }",
     .fallback = "none",
     .help = "How consumers acknowledge: none, each, or { batch: N }."},
    {.path = "delivery.consume_ack.batch",
     .type = KEY_COUNT,
     .required = true,
     .min = 1,
     .max = 1000000,
     .example = "batch: 100",
     .help = "One acknowledgement for every N messages."},
    {.path = "delivery.ordered",
     .type = KEY_BOOL,
     .fallback = "false",
     .help = "Each stream arrives in its order."},
    {.path = "delivery.ttl",
     .type = KEY_DURATION,
     .min = NS_PER_MS,
     .max = 720 * HOUR_NS,
     .help = "Age at which a message is dropped; for ever if left out."},
    {.path = "delivery.persistent",
     .type = KEY_BOOL,
     .help =
         "Messages outlive the broker's restart; true where there is such a thing, if left out."},

    {.path = "flows",
     .type = KEY_MAP,
     .entries_named = true,
     .entries_needed = true,
     .max = FLOWS_MAX,
     .help = "Several kinds of traffic at once, by name; topology, message and delivery are their "
             "defaults."},
    {.path = "flows.*", .type = KEY_MAP, .help = "One kind of traffic."},
    {.path = "flows.*.rate", .type = KEY_RATE, .help = "Its own rate; phases take percents of it."},
    {.path = "flows.*.topology",
     .type = KEY_MAP,
     .same_as = "topology",
     .help = "As above, for this flow."},
    {.path = "flows.*.message",
     .type = KEY_MAP,
     .same_as = "message",
     .help = "As above, for this flow."},
    {.path = "flows.*.delivery",
     .type = KEY_MAP,
     .same_as = "delivery",
     .help = "As above, for this flow."},

    {.path = "phases",
     .type = KEY_LIST,
     .required = true,
     .entries_needed = true,
     .max = PHASES_MAX - 1,
     .example = "phases: [ { name: steady, rate: 1k/s, for: 10s } ]",
     .help = "One after the other."},
    {.path = "phases.*", .type = KEY_MAP, .help = "A stretch of a trial with one load rule."},
    {.path = "phases.*.name",
     .type = KEY_NAME,
     .required = true,
     .example = "name: steady",
     .help = "Its name in reports."},
    {.path = "phases.*.rate",
     .type = KEY_PHASE_RATE,
     .also_map = true,
     .map_form = "{ from: RATE, to: RATE }",
     .help = "Messages in a time, max (as fast as confirms allow) or none; or a ramp or a curve."},
    {.path = "phases.*.rate.from",
     .type = KEY_RATE,
     .zero_too = true,
     .help = "A ramp's rate at the phase's start."},
    {.path = "phases.*.rate.to",
     .type = KEY_RATE,
     .zero_too = true,
     .help = "A ramp's rate at the phase's end; linear between the two."},
    {.path = "phases.*.rate.curve",
     .type = KEY_MAP,
     .entries_named = true,
     .entries_needed = true,
     .max = CURVE_POINTS_MAX,
     .help = "Rates at times of day, from 0h on; linear between them, after the last one as it."},
    {.path = "phases.*.rate.curve.*",
     .type = KEY_RATE,
     .zero_too = true,
     .help = "The rate at that time."},
    {.path = "phases.*.rate.speed",
     .type = KEY_COUNT,
     .min = 1,
     .max = 1000000,
     .fallback = "1",
     .help = "How much faster than the clock a curve is played: 24 makes an hour of a day."},
    {.path = "phases.*.load",
     .type = KEY_PERCENT,
     .min = 1,
     .max = INT64_C(1000000000),
     .help = "Percent of each flow's own rate."},
    {.path = "phases.*.for",
     .type = KEY_DURATION,
     .min = NS_PER_MS,
     .max = 720 * HOUR_NS,
     .help = "How long."},
    {.path = "phases.*.until",
     .type = KEY_CHOICE,
     .choices = until_words,
     .help = "drained: ends once every subscription has every confirmed message, at most after "
             "`for` (30s)."},
    {.path = "phases.*.measure",
     .type = KEY_BOOL,
     .fallback = "true",
     .help = "Whether the phase is judged; false for a warm-up."},
    {.path = "phases.*.arrivals",
     .type = KEY_CHOICE,
     .choices = arrivals_words,
     .fallback = "constant",
     .help = "constant: equal gaps, clients interleaved; poisson: exponential gaps; aligned: all "
             "producers of a flow in the same instants."},
    {.path = "phases.*.messages",
     .type = KEY_COUNT,
     .min = 1,
     .max = PHASE_MESSAGES_MAX,
     .help = "Ends once each flow has sent so many messages and has their outcomes, at most after "
             "`for` (1h)."},
    {.path = "phases.*.consume",
     .type = KEY_MAP,
     .entries_needed = true,
     .max = 1,
     .help = "Consumers that are paused, limited or slow; without it they take all there is."},
    {.path = "phases.*.consume.paused",
     .type = KEY_BOOL,
     .help = "They take nothing, and stay connected."},
    {.path = "phases.*.consume.rate",
     .type = KEY_RATE,
     .help = "Each subscription takes that at most, shared evenly by its consumers."},
    {.path = "phases.*.consume.think",
     .type = KEY_DURATION,
     .min = 1,
     .max = THINK_NS_MAX,
     .help = "Each message keeps its consumer busy for so long, before it takes the next."},

    {.path = "sweep",
     .type = KEY_MAP,
     .entries_named = true,
     .entries_needed = true,
     .max = SWEEP_KEYS_MAX,
     .help = "Values of keys of topology, message, delivery, flows or phases, as `message.size: "
             "[64, 1KiB]`; every combination is a case."},
    {.path = "sweep.*",
     .type = KEY_LIST,
     .entries_needed = true,
     .max = SETUPS_MAX,
     .help = "Values of one key."},
    {.path = "sweep.*.*", .type = KEY_TREE, .help = "A value, as the key takes it."},
    {.path = "variants",
     .type = KEY_MAP,
     .entries_named = true,
     .entries_needed = true,
     .max = SETUPS_MAX,
     .help = "Named sets of overrides, each a case, as `ordered: { delivery.ordered: true }`; the "
             "first is the baseline."},
    {.path = "variants.*",
     .type = KEY_MAP,
     .entries_named = true,
     .max = OVERRIDES_MAX,
     .help = "Overrides of one variant; {} for none."},
    {.path = "variants.*.*", .type = KEY_TREE, .help = "A value, as the key takes it."},
    {.path = "repeat",
     .type = KEY_COUNT,
     .min = 1,
     .max = REPEAT_MAX,
     .fallback = "1",
     .help = "Trials of each case, interleaved over the cases."},
    {.path = "compare", .type = KEY_MAP, .later = true, .help = "Cases against a baseline."},
    {.path = "search", .type = KEY_MAP, .later = true, .help = "Highest sustainable rate."},
    {.path = "events", .type = KEY_LIST, .later = true, .help = "Commands at times of the run."},
    {.path = "objectives",
     .type = KEY_LIST,
     .later = true,
     .help = "What must hold; lost == 0 and corrupted == 0 are implied."},
    {.path = "on_agent_loss",
     .type = KEY_TEXT,
     .later = true,
     .help = "What the loss of an agent does to the run."},
    {.path = NULL},
};

const struct scenario_key *scenario_key_find(const char *path)
{
    for (const struct scenario_key *row = scenario_keys; row->path != NULL; row++) {
        if (strcmp(row->path, path) == 0) {
            return row;
        }
    }
    return NULL;
}

static const char *children_path(const struct scenario_key *parent)
{
    return parent->same_as != NULL ? parent->same_as : parent->path;
}

/* What row's path has below parent's, NULL if it isn't right below it. */
static const char *name_below(const struct scenario_key *parent, const struct scenario_key *row)
{
    const char *above = children_path(parent);
    size_t above_bytes = strlen(above);
    const char *name = row->path + above_bytes;

    if (above_bytes > 0) {
        if (strncmp(row->path, above, above_bytes) != 0 || *name != '.') {
            return NULL;
        }
        name++;
    }
    return *name != '\0' && strchr(name, '.') == NULL ? name : NULL;
}

const struct scenario_key *scenario_key_child(const struct scenario_key *parent, const char *key)
{
    for (const struct scenario_key *row = scenario_keys; row->path != NULL; row++) {
        const char *name = name_below(parent, row);

        if (name != NULL && (strcmp(name, "*") == 0 || strcmp(name, key) == 0)) {
            return row;
        }
    }
    return NULL;
}

const struct scenario_key *scenario_key_next(const struct scenario_key *parent,
                                             const struct scenario_key *row)
{
    for (row = row == NULL ? scenario_keys : row + 1; row->path != NULL; row++) {
        if (name_below(parent, row) != NULL) {
            return row;
        }
    }
    return NULL;
}

const char *scenario_key_name(const struct scenario_key *row)
{
    const char *dot = strrchr(row->path, '.');

    return dot != NULL ? dot + 1 : row->path;
}

const char *scenario_key_nearest(const struct scenario_key *parent, const char *key)
{
    struct nearest nearest;

    nearest_init(&nearest, key);
    for (const struct scenario_key *row = scenario_key_next(parent, NULL); row != NULL;
         row = scenario_key_next(parent, row)) {
        nearest_offer(&nearest, scenario_key_name(row));
    }
    return nearest.best;
}
