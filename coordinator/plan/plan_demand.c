#include "plan_demand.h"

#include "units.h"

#include <errno.h>
#include <stdio.h>

struct plan_demand plan_demand_of(const struct scenario_setup *setup,
                                  const struct catalog_entry *entry)
{
    struct plan_demand demand = {.connections = 0};

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        const struct scenario_flow *flow = &setup->flows[i];
        uint32_t bytes = message_bytes_max(&flow->message);

        demand.connections += (uint64_t)flow->topology.producers * entry->producer_connections +
                              (uint64_t)flow->topology.consumers * flow->topology.subscriptions *
                                  entry->consumer_connections;
        demand.message_bytes = bytes > demand.message_bytes ? bytes : demand.message_bytes;
    }
    demand.host_connections = demand.connections;
    return demand;
}

struct look_request plan_look_of(const struct scenario *scenario)
{
    struct look_request look = {.message_bytes = 0};

    for (uint32_t i = 0; i < scenario->setups_count; i++) {
        for (uint32_t f = 0; f < scenario->setups[i].flows_count; f++) {
            const struct scenario_flow *flow = &scenario->setups[i].flows[f];
            uint32_t bytes = message_bytes_max(&flow->message);

            look.message_bytes = bytes > look.message_bytes ? bytes : look.message_bytes;
            if (flow->delivery.publish_ack > look.publish_ack) {
                look.publish_ack = flow->delivery.publish_ack;
            }
            if (flow->delivery.consume_ack != CONSUME_ACK_NONE) {
                look.consume_ack = CONSUME_ACK_EACH;
            }
        }
    }
    return look;
}

static int check_one(const struct plan_demand *demand, const struct broker_limit *limit, char *ret)
{
    uint64_t needed = limit->kind == LIMIT_CONNECTIONS        ? demand->connections
                      : limit->kind == LIMIT_HOST_CONNECTIONS ? demand->host_connections
                      : limit->kind == LIMIT_MESSAGE_BYTES    ? demand->message_bytes
                                                              : 0;
    char wanted[UNITS_TEXT_BYTES];
    char taken[UNITS_TEXT_BYTES];

    if (needed <= limit->value) {
        return 0;
    }
    (void)units_format_whole(needed, wanted);
    (void)units_format_whole(limit->value, taken);
    if (limit->kind == LIMIT_MESSAGE_BYTES) {
        (void)snprintf(ret, PLAN_DEMAND_BYTES,
                       "messages of %s bytes are sent, the broker takes %s (%s): raise it, or send "
                       "smaller ones",
                       wanted, taken, limit->name);
        return -EMSGSIZE;
    }
    (void)snprintf(ret, PLAN_DEMAND_BYTES,
                   "%s connections%s are needed, the broker takes %s (%s): raise it, or use fewer "
                   "clients",
                   wanted, limit->kind == LIMIT_HOST_CONNECTIONS ? " from one host" : "", taken,
                   limit->name);
    return -EUSERS;
}

int plan_demand_check(const struct plan_demand *demand, const struct broker_limits *limits,
                      char *ret)
{
    int r = 0;

    for (uint32_t i = 0; i < limits->count && r == 0; i++) {
        r = check_one(demand, &limits->items[i], ret);
    }
    return r;
}
