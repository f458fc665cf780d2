#include "settings.h"

#include "facts.h"
#include "scenario_load.h"

#include <string.h>

#define SEPARATOR " · "

/* One flow is told in full; several have a line each in the scenario. */
static const struct scenario_flow *only_flow(const struct scenario_setup *setup)
{
    return setup->flows_count == 1 ? &setup->flows[0] : NULL;
}

static void add_size(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);
    char low[UNITS_TEXT_BYTES];
    char high[UNITS_TEXT_BYTES];

    if (flow == NULL) {
        text_addf(out, "%u flows", setup->flows_count);
        return;
    }
    units_format_bytes(message_bytes_min(&flow->message), low);
    units_format_bytes(message_bytes_max(&flow->message), high);
    if (strcmp(low, high) == 0) {
        text_add(out, low);
    } else {
        text_addf(out, "%s to %s", low, high);
    }
}

static void add_payload(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);

    if (flow != NULL && flow->message.payload != PAYLOAD_RANDOM) {
        text_addf(out, "payload %s", message_payload_name(flow->message.payload));
    }
}

static void add_acks(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);

    if (flow != NULL && flow->topology.producers > 0) {
        text_addf(out, "publish ack %s", publish_ack_names[flow->delivery.publish_ack]);
    }
}

static void add_consume_acks(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);

    if (flow == NULL || flow->topology.consumers == 0) {
        return;
    }
    text_addf(out, "consume ack %s", consume_ack_names[flow->delivery.consume_ack]);
    if (flow->delivery.consume_ack == CONSUME_ACK_BATCH) {
        text_addf(out, " of %u", flow->delivery.consume_ack_batch);
    }
}

static void add_guarantees(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);
    char span[UNITS_TEXT_BYTES];

    if (flow == NULL) {
        return;
    }
    if (flow->persistent_given) {
        text_add(out, flow->delivery.persistent ? "persistent" : "not persistent");
    }
    if (flow->delivery.ordered) {
        text_addf(out, "%sordered", out->bytes_count == 0 ? "" : ", ");
    }
    if (flow->delivery.ttl_ns > 0) {
        text_addf(out, "%sexpires after %s", out->bytes_count == 0 ? "" : ", ",
                  units_format_duration(flow->delivery.ttl_ns, span));
    }
}

static void add_keys(const struct scenario_setup *setup, struct text *out)
{
    static const char *const names[] = {
        [KEYS_UNIFORM] = "uniform", [KEYS_ZIPF] = "Zipf", [KEYS_SEQUENTIAL] = "sequential"};
    const struct scenario_flow *flow = only_flow(setup);

    if (flow != NULL && flow->message.keys.count > 0) {
        text_addf(out, "%u keys (%s)", flow->message.keys.count,
                  names[flow->message.keys.distribution]);
    }
}

static void add_many(uint32_t count, const char *what, struct text *out)
{
    text_addf(out, "%u %s%s", count, what, count == 1 ? "" : "s");
}

static void add_topics(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);

    if (flow == NULL) {
        return;
    }
    add_many(flow->topology.topics, "topic", out);
    if (flow->topology.partitions > 1) {
        text_addf(out, " of %u partitions", flow->topology.partitions);
    }
}

static void add_producers(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);

    if (flow != NULL) {
        add_many(flow->topology.producers, "producer", out);
    }
}

static void add_consumers(const struct scenario_setup *setup, struct text *out)
{
    const struct scenario_flow *flow = only_flow(setup);

    if (flow == NULL) {
        return;
    }
    if (flow->topology.subscriptions > 1) {
        add_many(flow->topology.subscriptions, "subscription", out);
        text_add(out, " of ");
    }
    add_many(flow->topology.consumers, "consumer", out);
}

static void add_arrivals(const struct scenario_setup *setup, struct text *out)
{
    static const char *const names[] = {[ARRIVALS_CONSTANT] = "",
                                        [ARRIVALS_POISSON] = "Poisson arrivals",
                                        [ARRIVALS_ALIGNED] = "aligned arrivals"};

    for (uint32_t i = 0; i < setup->phases_count; i++) {
        const char *name = names[setup->phases[i].pacing.arrivals];

        if (setup->phases[i].measured && name[0] != '\0') {
            text_add(out, name);
            return;
        }
    }
}

typedef void add_item(const struct scenario_setup *setup, struct text *out);

static const struct {
    add_item *add;
    const char *what; /* Told in its place where the setups differ in it. */
} items[] = {
    {add_size, "size"},
    {add_payload, "payload"},
    {add_topics, "topics"},
    {add_producers, "producers"},
    {add_consumers, "consumers"},
    {add_acks, "publish ack"},
    {add_consume_acks, "consume ack"},
    {add_guarantees, "guarantees"},
    {add_keys, "keys"},
    {add_arrivals, "arrivals"},
};

static void put(struct text *out, const char *item)
{
    text_addf(out, "%s%s", out->bytes_count == 0 ? "" : SEPARATOR, item);
}

/* Does the item come out alike in all setups? */
static bool is_same(const struct scenario *scenario, add_item *add, const struct text *first)
{
    bool same = true;

    for (uint32_t i = 1; i < scenario->setups_count && same; i++) {
        struct text one = {0};

        add(&scenario->setups[i], &one);
        same = strcmp(one.bytes == NULL ? "" : one.bytes,
                      first->bytes == NULL ? "" : first->bytes) == 0;
        text_done(&one);
    }
    return same;
}

static void add_items(const struct scenario *scenario, struct text *out)
{
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        struct text one = {0};

        items[i].add(&scenario->setups[0], &one);
        if (!is_same(scenario, items[i].add, &one)) {
            text_addf(out, "%s%s differs", out->bytes_count == 0 ? "" : SEPARATOR, items[i].what);
        } else if (one.bytes_count > 0) {
            put(out, one.bytes);
        }
        out->failed = out->failed || text_failed(&one);
        text_done(&one);
    }
}

/* The version is known once somebody was connected. */
static const char *version_of(const struct result *result, const char *label)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (strcmp(result->cases[i].target, label) == 0 &&
            result->cases[i].broker_version[0] != '\0') {
            return result->cases[i].broker_version;
        }
    }
    return "";
}

static void add_targets(const struct result *result, const struct scenario *scenario,
                        struct text *out)
{
    for (uint32_t i = 0; i < scenario->targets_count; i++) {
        const struct target *target = &scenario->targets[i];
        const char *version = version_of(result, target->label);

        put(out, target->label);
        if (version[0] != '\0') {
            text_addf(out, " (%s)", version);
        }
        for (uint32_t j = 0; j < target->options_count; j++) {
            text_addf(out, " %s=%s", target->options[j].key, target->options[j].value);
        }
    }
}

void settings_line(const struct result *result, struct text *out)
{
    const struct scenario_sources sources = {.path = "scenario", .text = result->scenario};
    struct scenario *scenario = NULL;
    struct text problems = {0};
    struct text warnings = {0};

    if (result->scenario != NULL && result->scenario[0] != '\0' &&
        scenario_load(&sources, &scenario, &problems, &warnings) == 0) {
        add_targets(result, scenario, out);
        add_items(scenario, out);
    }
    scenario_free(scenario);
    text_done(&problems);
    text_done(&warnings);
}
