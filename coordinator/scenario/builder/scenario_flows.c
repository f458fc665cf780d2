#include "scenario_flows_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the values of one flow stand: its own mapping, then the scenario's. */
struct flow_source {
    struct loading *loading;
    const struct node *own; /* NULL: there is no `flows`. */
};

/* A flow's value wins over the scenario's; NULL: neither says anything usable. */
static const struct node *flow_node(const struct flow_source *source, const char *group,
                                    const char *key)
{
    const struct node *node = node_child(node_child(source->own, group), key);

    if (node == NULL) {
        node = node_child(node_child(source->loading->tree.root, group), key);
    }
    return node != NULL && !node->bad && node->row != NULL ? node : NULL;
}

static int64_t flow_number(const struct flow_source *source, const char *group, const char *key)
{
    char path[NAME_BYTES];

    (void)snprintf(path, sizeof path, "%s.%s", group, key);
    return usable_number(flow_node(source, group, key), path);
}

static void add_size(struct message_shape *message, struct key_value size, int64_t weight)
{
    message->sizes[message->sizes_count++] =
        (struct message_size){.bytes_min = (uint32_t)size.number,
                              .bytes_max = (uint32_t)size.number_max,
                              .weight = (uint32_t)weight};
}

static void build_keys(const struct flow_source *source, struct message_keys *ret)
{
    const struct node *keys = flow_node(source, "message", "keys");
    const struct node *count = usable(keys, "count");
    struct node *exponent = node_child(keys, "exponent");

    if (count == NULL) {
        return;
    }
    ret->count = (uint32_t)count->number;
    ret->distribution = (enum key_distribution)usable_number(usable(keys, "distribution"),
                                                             "message.keys.distribution");
    if (ret->distribution == KEYS_ZIPF) {
        ret->exponent_millis =
            (uint32_t)usable_number(usable(keys, "exponent"), "message.keys.exponent");
    } else if (exponent != NULL) {
        problems_node_key(&source->loading->tree.problems, exponent,
                          "is of another distribution (distribution: zipf)");
    }
}

static void build_compressibility(const struct flow_source *source, struct message_shape *message)
{
    struct node *node = node_child(node_child(source->own, "message"), "compressibility");

    if (node == NULL) {
        node = node_child(node_child(source->loading->tree.root, "message"), "compressibility");
    }
    message->compressible_millis = (uint32_t)flow_number(source, "message", "compressibility");
    if (message->compressible_millis > 0 && message->payload != PAYLOAD_RANDOM) {
        problems_node(
            &source->loading->tree.problems, node,
            "is that of a random payload, and flow %s has another (payload: random, or 0)",
            source->own != NULL ? source->own->key : "main");
    }
}

static void build_message(const struct flow_source *source, struct message_shape *message)
{
    const struct node *size = flow_node(source, "message", "size");
    struct node *mix = node_child(size, "mix");

    message->payload = (enum payload)flow_number(source, "message", "payload");
    build_keys(source, &message->keys);
    build_compressibility(source, message);
    if (size == NULL || size->kind != NODE_MAP) {
        add_size(message, usable_value(size, "message.size"), 1);
        return;
    }
    for (const struct node *part = mix != NULL && !mix->bad ? mix->first : NULL; part != NULL;
         part = part->next) {
        const struct node *bytes = usable(part, "size");

        if (bytes != NULL) {
            add_size(message, usable_value(bytes, "message.size.mix.*.size"),
                     usable_number(usable(part, "weight"), "message.size.mix.*.weight"));
        }
    }
    if (message_bytes_sum(message) > (uint64_t)MESSAGE_MIX_BYTES_MAX) {
        problems_node(&source->loading->tree.problems, mix,
                      "its largest messages have %llu MiB together (at most %d MiB)",
                      (unsigned long long)(message_bytes_sum(message) >> 20),
                      MESSAGE_MIX_BYTES_MAX >> 20);
    }
}

static void build_delivery(const struct flow_source *source, struct scenario_flow *flow)
{
    const struct node *ack = flow_node(source, "delivery", "consume_ack");
    const struct node *persistent = flow_node(source, "delivery", "persistent");
    struct delivery *delivery = &flow->delivery;

    delivery->publish_ack = (enum publish_ack)flow_number(source, "delivery", "publish_ack");
    delivery->in_flight = (uint32_t)flow_number(source, "delivery", "in_flight");
    delivery->consume_ack_batch = 1;
    if (ack != NULL && ack->kind == NODE_MAP) {
        const struct node *batch = usable(ack, "batch");

        delivery->consume_ack = CONSUME_ACK_BATCH;
        delivery->consume_ack_batch = batch != NULL ? (uint32_t)batch->number : 1;
    } else {
        delivery->consume_ack = (enum consume_ack)flow_number(source, "delivery", "consume_ack");
    }
    delivery->ordered = flow_number(source, "delivery", "ordered") != 0;
    delivery->ttl_ns = flow_number(source, "delivery", "ttl");
    flow->persistent_given = persistent != NULL;
    delivery->persistent = persistent != NULL && persistent->number != 0;
}

/* A word, or how clients are spread and which labels their hosts have. */
static void build_placement(const struct flow_source *source, struct scenario_topology *topology)
{
    const struct node *placement = flow_node(source, "topology", "placement");
    const struct node *producers = NULL;
    const struct node *consumers = NULL;

    if (placement == NULL || placement->kind != NODE_MAP) {
        topology->placement = (enum placement)usable_number(placement, "topology.placement");
        return;
    }
    topology->spread_equal =
        usable_number(usable(placement, "spread"), "topology.placement.spread") != 0;
    producers = usable(placement, "producers");
    consumers = usable(placement, "consumers");
    (void)snprintf(topology->producers_label, NAME_BYTES, "%s",
                   producers == NULL ? "" : producers->text);
    (void)snprintf(topology->consumers_label, NAME_BYTES, "%s",
                   consumers == NULL ? "" : consumers->text);
}

static void check_producers(const struct flow_source *source, const struct scenario_flow *flow)
{
    struct node *node = NULL;

    if (flow->topology.producers > 0) {
        return;
    }
    node = node_child(node_child(source->own, "topology"), "producers");
    if (node == NULL) {
        node = node_child(node_child(source->loading->tree.root, "topology"), "producers");
    }
    if (node != NULL && !node->bad) {
        problems_node(&source->loading->tree.problems, node,
                      "0 needs existing topics, which are not supported yet (at least 1)");
    }
}

static void build_flow(const struct flow_source *source, struct scenario_flow *flow)
{
    struct scenario_topology *topology = &flow->topology;
    const struct node *rate = source->own != NULL ? usable(source->own, "rate") : NULL;

    (void)snprintf(flow->name, sizeof flow->name, "%.63s",
                   source->own != NULL ? source->own->key : "main");
    flow->explicit_flow = source->own != NULL;
    flow->has_rate = rate != NULL;
    if (rate != NULL) {
        flow->rate = rate->rate;
    }
    topology->topics = (uint32_t)flow_number(source, "topology", "topics");
    topology->partitions = (uint32_t)flow_number(source, "topology", "partitions");
    topology->producers = (uint32_t)flow_number(source, "topology", "producers");
    topology->subscriptions = (uint32_t)flow_number(source, "topology", "subscriptions");
    topology->consumers = (uint32_t)flow_number(source, "topology", "consumers");
    build_placement(source, topology);
    build_message(source, &flow->message);
    build_delivery(source, flow);
    check_producers(source, flow);
}

/* What a single flow may have, all of them together may be too much. */
static void check_totals(struct loading *loading)
{
    const struct scenario_setup *setup = loading->setup;
    uint64_t topics = 0;
    uint64_t clients = 0;
    uint64_t streams = 0;
    uint64_t readings = 0;

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        const struct scenario_topology *t = &setup->flows[i].topology;
        uint64_t here =
            (uint64_t)(t->producers > t->topics ? t->producers : t->topics) * t->partitions;

        topics += t->topics;
        clients += t->producers + (uint64_t)t->subscriptions * t->consumers;
        streams += here;
        readings += t->consumers > 0 ? here * t->subscriptions : 0;
    }
    const struct {
        const char *what;
        uint64_t count;
        uint64_t max;
    } totals[] = {{"topics", topics, TOPICS_MAX},
                  {"clients", clients, CLIENTS_MAX},
                  {"streams (producers x their topics x partitions)", streams, STREAMS_MAX},
                  {"streams x subscriptions", readings, READINGS_MAX}};
    const struct node *at = node_child(loading->tree.root, "flows");

    at = at != NULL ? at : node_child(loading->tree.root, "topology");
    at = at != NULL ? at : loading->tree.root;
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
        if (totals[i].count > totals[i].max) {
            problems_add(&loading->tree.problems, at->at, at->key != NULL ? at->key : "",
                         "%llu %s in total (at most %llu)", (unsigned long long)totals[i].count,
                         totals[i].what, (unsigned long long)totals[i].max);
        }
    }
}

void build_flows(struct loading *loading)
{
    const struct node *flows = usable(loading->tree.root, "flows");
    struct flow_source source = {.loading = loading};
    struct scenario_setup *setup = loading->setup;

    if (node_child(loading->tree.root, "flows") != NULL && flows == NULL) {
        return;
    }
    setup->flows = calloc(FLOWS_MAX, sizeof setup->flows[0]);
    if (setup->flows == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    if (flows == NULL) {
        build_flow(&source, &setup->flows[setup->flows_count++]);
    }
    for (const struct node *own = flows != NULL ? flows->first : NULL; own != NULL;
         own = own->next) {
        source.own = own;
        if (!own->bad && own->row != NULL) {
            build_flow(&source, &setup->flows[setup->flows_count++]);
        }
    }
    check_totals(loading);
}

/* ---- Warnings that need targets and flows ---- */

static void warn_idle(struct loading *loading, const struct scenario_flow *flow,
                      const struct target *target)
{
    const struct scenario_topology *t = &flow->topology;
    uint64_t readers = (uint64_t)t->topics * t->partitions;
    const struct node *flows = node_child(loading->tree.root, "flows");
    const struct node *at = node_child(node_child(flows, flow->name), "topology");

    if (t->consumers <= readers) {
        return;
    }
    at = node_child(at, "consumers") != NULL ? at : node_child(loading->tree.root, "topology");
    at = node_child(at, "consumers") != NULL ? node_child(at, "consumers") : loading->tree.root;
    problems_add(&loading->tree.warnings, at->at, "topology.consumers",
                 "%llu of %u consumers of each subscription of flow %s have no partition on %s and "
                 "will idle (at most %llu: topics x partitions)",
                 (unsigned long long)(t->consumers - readers), t->consumers, flow->name,
                 target->label, (unsigned long long)readers);
}

void build_warnings(struct loading *loading)
{
    const struct scenario *scenario = loading->scenario;
    const struct scenario_setup *setup = loading->setup;
    const struct node *targets = node_child(loading->tree.root, "targets");

    for (uint32_t i = 0; i < scenario->targets_count; i++) {
        const struct target *target = &scenario->targets[i];
        const struct catalog_entry *entry = catalog_entry_of(target);
        const struct node *item = node_item(targets, target->label);
        char reason[REASON_BYTES];

        if (!scenario_available(setup, entry, reason, sizeof reason)) {
            problems_add(&loading->tree.warnings, item != NULL ? item->at : targets->at,
                         target->label, "not available: %s", reason);
            continue;
        }
        for (uint32_t f = 0; f < setup->flows_count && entry->group_assigns; f++) {
            warn_idle(loading, &setup->flows[f], target);
        }
    }
}
