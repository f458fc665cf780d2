#include "kafka_group_inner.h"

#include "kafka_session_inner.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS (50 * NS_PER_MS)
/* Where a group can't be looked at (the mock cluster): how long an empty assignment counts as not
 * yet given. */
#define IDLE_NS (2 * NS_PER_S)

const char *kafka_group_name(const struct endpoint_config *config, uint32_t client, char *name,
                             size_t name_bytes)
{
    const struct endpoint_client *of = &config->clients[client];

    (void)snprintf(name, name_bytes, KAFKA_NAME_PREFIX "%s-%u-%s-s%u", config->run_id,
                   config->trial, config->topics[of->topics[0]].name, of->subscription);
    return name;
}

static bool same_group(const struct endpoint_client *a, const struct endpoint_client *b)
{
    return a->subscription == b->subscription && a->topics[0] == b->topics[0];
}

static uint32_t partitions_of(const struct endpoint_config *config,
                              const struct endpoint_client *client)
{
    uint32_t partitions = 0;

    for (uint32_t i = 0; i < client->topics_count; i++) {
        partitions += config->topics[client->topics[i]].partitions;
    }
    return partitions;
}

int kafka_group_held(rd_kafka_t *client)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    int count = -1;

    if (rd_kafka_assignment(client, &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        count = list->cnt;
        rd_kafka_topic_partition_list_destroy(list);
    }
    return count;
}

/* What the broker says of a member. */
struct member {
    const char *id;
    int partitions;
};

static int given_to(const rd_kafka_MemberDescription_t *member)
{
    const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
    const rd_kafka_topic_partition_list_t *list =
        assignment == NULL ? NULL : rd_kafka_MemberAssignment_partitions(assignment);

    return list == NULL ? 0 : list->cnt;
}

static bool client_agrees(rd_kafka_t *client, const struct member *members, size_t count)
{
    char *id = rd_kafka_memberid(client);
    bool agrees = false;

    for (size_t i = 0; id != NULL && i < count; i++) {
        if (strcmp(members[i].id, id) == 0) {
            agrees = kafka_group_held(client) == members[i].partitions;
            break;
        }
    }
    if (id != NULL) {
        rd_kafka_mem_free(client, id);
    }
    return agrees;
}

/* All clients here that belong to the group of client first. */
static bool clients_agree(struct endpoint *endpoint, uint32_t first, const struct member *members,
                          size_t count)
{
    const struct endpoint_client *clients = endpoint->config->clients;

    for (uint32_t i = first; i < endpoint->config->clients_count; i++) {
        if (same_group(&clients[first], &clients[i]) &&
            !client_agrees(endpoint->handles[i].client, members, count)) {
            return false;
        }
    }
    return true;
}

static bool description_settled(struct endpoint *endpoint, uint32_t first,
                                const rd_kafka_ConsumerGroupDescription_t *group)
{
    size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);
    struct member *members;
    uint32_t given = 0;
    bool settled;

    if (rd_kafka_ConsumerGroupDescription_state(group) != RD_KAFKA_CONSUMER_GROUP_STATE_STABLE) {
        return false;
    }
    members = calloc(count + 1, sizeof *members);
    if (members == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(group, i);

        members[i].id = rd_kafka_MemberDescription_consumer_id(member);
        members[i].partitions = given_to(member);
        given += (uint32_t)members[i].partitions;
    }
    /* While partitions move from one member to another, nobody has them. */
    settled = given >= partitions_of(endpoint->config, &endpoint->config->clients[first]) &&
              clients_agree(endpoint, first, members, count);
    free(members);
    return settled;
}

/* 1: settled, 0: not yet; a negative errno if the broker can't or won't say. */
static int group_settled(struct endpoint *endpoint, uint32_t first, int64_t deadline_ns,
                         struct errinfo *reterr)
{
    char name[KAFKA_GROUP_BYTES];
    const char *names[1] = {kafka_group_name(endpoint->config, first, name, sizeof name)};
    struct kafka_session session = {.target = endpoint->config->target,
                                    .client = endpoint->handles[first].client};
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event = NULL;
    int r;

    session.queue = rd_kafka_queue_new(session.client);
    options =
        kafka_session_options(&session, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, deadline_ns);
    rd_kafka_DescribeConsumerGroups(session.client, names, 1, options, session.queue);
    r = kafka_session_answer(&session, RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT, deadline_ns,
                             &event, reterr);
    if (r == 0) {
        size_t count = 0;
        const rd_kafka_ConsumerGroupDescription_t **groups =
            rd_kafka_DescribeConsumerGroups_result_groups(
                rd_kafka_event_DescribeConsumerGroups_result(event), &count);

        if (count == 1 && rd_kafka_ConsumerGroupDescription_error(groups[0]) != NULL) {
            r = 0; /* No such group yet, or its coordinator is just moving. */
        } else if (count == 1) {
            r = description_settled(endpoint, first, groups[0]);
        }
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(session.queue);
    return r;
}

/* For the mock cluster, which doesn't describe groups: each client has its least share, or stays
 * idle. */
static bool group_seems_settled(struct endpoint *endpoint, uint32_t first, int64_t begun_ns)
{
    const struct endpoint_config *config = endpoint->config;

    for (uint32_t i = first; i < config->clients_count; i++) {
        const struct endpoint_client *client = &config->clients[i];
        uint32_t shares = client->shares_count > 0 ? client->shares_count : 1;
        int least = (int)(partitions_of(config, client) / shares);
        int held;

        if (!same_group(&config->clients[first], client)) {
            continue;
        }
        held = kafka_group_held(endpoint->handles[i].client);
        if (held < least || (held <= 0 && mono_ns() < begun_ns + IDLE_NS)) {
            return false;
        }
    }
    return true;
}

/* Adds what the handle complained of last, which is why it waits. */
static int timed_out(struct endpoint *endpoint, uint32_t first, struct errinfo *reterr)
{
    char name[KAFKA_GROUP_BYTES];
    char complaint[256] = "";
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(endpoint->handles[first].queue, 0)) != NULL) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
            (void)snprintf(complaint, sizeof complaint, ": %s", rd_kafka_event_error_string(event));
        }
        rd_kafka_event_destroy(event);
    }
    return errinfo_set(reterr, -ETIMEDOUT, "consumer group %s has not settled in time%s",
                       kafka_group_name(endpoint->config, first, name, sizeof name), complaint);
}

static bool is_first_of_group(const struct endpoint_config *config, uint32_t client)
{
    for (uint32_t i = 0; i < client; i++) {
        if (same_group(&config->clients[i], &config->clients[client])) {
            return false;
        }
    }
    return true;
}

int kafka_groups_settle(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    int64_t begun_ns = mono_ns();

    for (uint32_t i = 0; i < config->clients_count; i++) {
        while (is_first_of_group(config, i)) {
            int r = endpoint->is_mock
                        ? group_seems_settled(endpoint, i, begun_ns)
                        : group_settled(endpoint, i, config->open_deadline_ns, reterr);

            if (r == 1) {
                break;
            }
            if (r < 0 && r != -ETIMEDOUT) {
                return r;
            }
            if (mono_ns() + RETRY_NS > config->open_deadline_ns) {
                return timed_out(endpoint, i, reterr);
            }
            mono_sleep_until(mono_ns() + RETRY_NS);
        }
    }
    endpoint->settled = !endpoint->is_mock; /* Which can only seem to be. */
    return 0;
}
