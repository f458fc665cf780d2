#include "scenario.h"

#include <stdio.h>

static bool refuse(const struct catalog_entry *entry, enum capability capability, char *reason,
                   uint32_t reason_bytes)
{
    const struct catalog_capability *row = &entry->capabilities[capability];

    if (row->available) {
        return false;
    }
    (void)snprintf(reason, reason_bytes, "%s: %s", capability_name(capability),
                   row->note != NULL ? row->note : "this backend has no such thing");
    return true;
}

bool scenario_flow_available(const struct scenario_flow *flow, const struct catalog_entry *entry,
                             char *reason, uint32_t reason_bytes)
{
    const struct delivery *delivery = &flow->delivery;
    bool consumes = flow->topology.consumers > 0;
    /* Several consumers of a subscription on one topic share it. */
    bool shares = flow->topology.consumers > flow->topology.topics;
    bool labelled =
        flow->topology.producers_label[0] != '\0' || flow->topology.consumers_label[0] != '\0';
    const struct {
        bool asked;
        enum capability capability;
    } words[] = {
        {delivery->publish_ack == PUBLISH_ACK_NONE, CAPABILITY_PUBLISH_ACK_NONE},
        {delivery->publish_ack == PUBLISH_ACK_LEADER, CAPABILITY_PUBLISH_ACK_LEADER},
        {delivery->publish_ack == PUBLISH_ACK_ALL, CAPABILITY_PUBLISH_ACK_ALL},
        {consumes && delivery->consume_ack == CONSUME_ACK_NONE, CAPABILITY_CONSUME_ACK_NONE},
        {consumes && delivery->consume_ack == CONSUME_ACK_EACH, CAPABILITY_CONSUME_ACK_EACH},
        {consumes && delivery->consume_ack == CONSUME_ACK_BATCH, CAPABILITY_CONSUME_ACK_BATCH},
        {delivery->ordered, CAPABILITY_ORDERED},
        {delivery->ordered && shares, CAPABILITY_ORDERED_SHARED},
        {delivery->ttl_ns > 0, CAPABILITY_TTL},
        {flow->persistent_given && delivery->persistent, CAPABILITY_PERSISTENT},
        {flow->persistent_given && !delivery->persistent, CAPABILITY_NOT_PERSISTENT},
        {flow->topology.placement == PLACEMENT_APART || labelled, CAPABILITY_APART},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].asked && refuse(entry, words[i].capability, reason, reason_bytes)) {
            return false;
        }
    }
    return true;
}

bool scenario_available(const struct scenario_setup *setup, const struct catalog_entry *entry,
                        char *reason, uint32_t reason_bytes)
{
    bool paced = false;

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        if (!scenario_flow_available(&setup->flows[i], entry, reason, reason_bytes)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < setup->phases_count; i++) {
        paced = paced || setup->phases[i].consume.pace != CONSUME_FREE;
    }
    return !paced || !refuse(entry, CAPABILITY_CONSUME_PACE, reason, reason_bytes);
}
