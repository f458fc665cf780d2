#include "kafka_session_inner.h"

#include "kafka_end_inner.h"
#include "mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS (100 * NS_PER_MS)

int kafka_session_open(const struct target *target, int64_t deadline_ns, struct kafka_session *ret,
                       struct errinfo *reterr)
{
    struct kafka_session session = {.target = target};
    rd_kafka_conf_t *conf = NULL;
    int r = kafka_conf_new(target, &conf, reterr);

    if (r < 0) {
        return r;
    }
    /* The mock cluster makes topics when it is asked for them by somebody who allows it. */
    r = kafka_conf_set(conf, reterr, "allow.auto.create.topics", "true");
    if (r == 0) {
        r = kafka_conf_set(conf, reterr, "log.connection.close", "true");
    }
    if (r < 0) {
        rd_kafka_conf_destroy(conf);
        return r;
    }
    r = kafka_client_new(RD_KAFKA_PRODUCER, conf, &session.client, reterr);
    if (r < 0) {
        return r;
    }
    session.queue = rd_kafka_queue_new(session.client);
    r = kafka_client_connect(session.client, target, deadline_ns, NULL, reterr);
    if (r < 0) {
        kafka_session_close(&session);
        return r;
    }
    session.is_mock = kafka_is_mock(session.client, deadline_ns);
    *ret = session;
    return 0;
}

void kafka_session_close(struct kafka_session *session)
{
    rd_kafka_queue_destroy(session->queue);
    kafka_end(&session->client, 1, mono_ns() + NS_PER_S);
}

rd_kafka_AdminOptions_t *kafka_session_options(struct kafka_session *session,
                                               rd_kafka_admin_op_t request, int64_t deadline_ns)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(session->client, request);
    char reason[128];

    (void)rd_kafka_AdminOptions_set_request_timeout(options, kafka_ms_until(deadline_ns), reason,
                                                    sizeof reason);
    return options;
}

static int error_errno(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
        return -EOPNOTSUPP;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return -ETIMEDOUT;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return -EACCES;
    default:
        return -EIO;
    }
}

/* What was asked for, in words; else the library's. */
static const char *request_of(const rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        return "making topics";
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
        return "removing topics";
    case RD_KAFKA_EVENT_DELETEGROUPS_RESULT:
        return "removing groups";
    case RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT:
        return "listing groups";
    case RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT:
        return "asking for groups";
    default:
        return rd_kafka_event_name(event);
    }
}

int kafka_session_answer(struct kafka_session *session, rd_kafka_event_type_t type,
                         int64_t deadline_ns, rd_kafka_event_t **ret, struct errinfo *reterr)
{
    /* The library answers a request's time-out itself; the extra is for its answer to come. */
    int64_t until_ns = deadline_ns + NS_PER_S;
    char addresses[KAFKA_ADDRESSES_BYTES];
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(session->queue, kafka_ms_until(until_ns))) != NULL) {
        rd_kafka_resp_err_t error = rd_kafka_event_error(event);

        if (rd_kafka_event_type(event) == type) {
            if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
                (void)errinfo_set(reterr, 0, "%s: %s: %s",
                                  kafka_addresses(session->target, addresses, sizeof addresses),
                                  request_of(event), rd_kafka_event_error_string(event));
                rd_kafka_event_destroy(event);
                return error_errno(error);
            }
            *ret = event;
            return 0;
        }
        rd_kafka_event_destroy(event);
    }
    return errinfo_set(reterr, -ETIMEDOUT, "%s: the broker did not answer in time",
                       kafka_addresses(session->target, addresses, sizeof addresses));
}

/* ---- Topics --------------------------------------------------------------------------------- */

int kafka_session_metadata(struct kafka_session *session, int64_t deadline_ns,
                           const struct rd_kafka_metadata **ret, struct errinfo *reterr)
{
    char addresses[KAFKA_ADDRESSES_BYTES];
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(session->client, 1, NULL, ret, kafka_ms_until(deadline_ns));

    return error == RD_KAFKA_RESP_ERR_NO_ERROR
               ? 0
               : errinfo_set(reterr, error_errno(error), "%s: listing topics: %s",
                             kafka_addresses(session->target, addresses, sizeof addresses),
                             rd_kafka_err2str(error));
}

const struct rd_kafka_metadata_topic *kafka_metadata_find(const struct rd_kafka_metadata *metadata,
                                                          const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, name) == 0) {
            return &metadata->topics[i];
        }
    }
    return NULL;
}

/* The first result that is an error, other than that the thing was not there. */
static int deletion_judge(const rd_kafka_event_t *event, struct errinfo *reterr)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result((rd_kafka_event_t *)(uintptr_t)event), &count);

    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);

        if (error != RD_KAFKA_RESP_ERR_NO_ERROR &&
            error != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            return errinfo_set(reterr, error_errno(error), "topic %s can't be deleted: %s",
                               rd_kafka_topic_result_name(results[i]), rd_kafka_err2str(error));
        }
    }
    return 0;
}

int kafka_session_delete_topics(struct kafka_session *session, const struct topic_list *topics,
                                int64_t deadline_ns, struct errinfo *reterr)
{
    rd_kafka_DeleteTopic_t **doomed =
        (rd_kafka_DeleteTopic_t **)calloc(topics->topics_count + 1, sizeof(void *));
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event = NULL;
    int r;

    if (doomed == NULL) {
        return errinfo_nomem(reterr);
    }
    if (topics->topics_count == 0) {
        free(doomed);
        return 0;
    }
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        doomed[i] = rd_kafka_DeleteTopic_new(topics->topics[i].name);
    }
    options = kafka_session_options(session, RD_KAFKA_ADMIN_OP_DELETETOPICS, deadline_ns);
    rd_kafka_DeleteTopics(session->client, doomed, topics->topics_count, options, session->queue);
    r = kafka_session_answer(session, RD_KAFKA_EVENT_DELETETOPICS_RESULT, deadline_ns, &event,
                             reterr);
    if (r == 0) {
        r = deletion_judge(event, reterr);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteTopic_destroy_array(doomed, topics->topics_count);
    free(doomed);
    return r;
}

/* ---- Groups --------------------------------------------------------------------------------- */

void kafka_names_done(struct kafka_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        free(names->names[i]);
    }
    free(names->names);
    *names = (struct kafka_names){.count = 0};
}

static int names_take(const rd_kafka_event_t *event, struct kafka_names *names,
                      struct errinfo *reterr)
{
    size_t count = 0;
    const rd_kafka_ConsumerGroupListing_t **groups = rd_kafka_ListConsumerGroups_result_valid(
        rd_kafka_event_ListConsumerGroups_result((rd_kafka_event_t *)(uintptr_t)event), &count);

    names->names = (char **)calloc(count + 1, sizeof *names->names);
    if (names->names == NULL) {
        return errinfo_nomem(reterr);
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = rd_kafka_ConsumerGroupListing_group_id(groups[i]);

        if (strncmp(name, KAFKA_NAME_PREFIX, strlen(KAFKA_NAME_PREFIX)) != 0) {
            continue;
        }
        names->names[names->count] = strdup(name);
        if (names->names[names->count] == NULL) {
            return errinfo_nomem(reterr);
        }
        names->count++;
    }
    return 0;
}

int kafka_session_groups(struct kafka_session *session, int64_t deadline_ns,
                         struct kafka_names *names, struct errinfo *reterr)
{
    rd_kafka_AdminOptions_t *options =
        kafka_session_options(session, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, deadline_ns);
    rd_kafka_event_t *event = NULL;
    int r;

    rd_kafka_ListConsumerGroups(session->client, options, session->queue);
    r = kafka_session_answer(session, RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT, deadline_ns, &event,
                             reterr);
    if (r == 0) {
        r = names_take(event, names, reterr);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    return r;
}

/* A broker that was fenced for a moment (on a busy host) takes its groups back when it is again. */
static bool is_passing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP || code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
}

/* -EBUSY: a member has not left yet, or the group's coordinator is moving. */
static int groups_judge(const rd_kafka_event_t *event, struct errinfo *reterr)
{
    size_t count = 0;
    const rd_kafka_group_result_t **results = rd_kafka_DeleteGroups_result_groups(
        rd_kafka_event_DeleteGroups_result((rd_kafka_event_t *)(uintptr_t)event), &count);
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_group_result_error(results[i]);
        rd_kafka_resp_err_t code = rd_kafka_error_code(error);

        if (error == NULL || code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) {
            continue;
        }
        if (r == 0 || r == -EBUSY) {
            r = errinfo_set(reterr, is_passing(code) ? -EBUSY : error_errno(code),
                            "consumer group %s can't be deleted: %s",
                            rd_kafka_group_result_name(results[i]), rd_kafka_error_string(error));
        }
    }
    return r;
}

static int delete_groups_once(struct kafka_session *session, rd_kafka_DeleteGroup_t **doomed,
                              uint32_t count, int64_t deadline_ns, struct errinfo *reterr)
{
    rd_kafka_AdminOptions_t *options =
        kafka_session_options(session, RD_KAFKA_ADMIN_OP_DELETEGROUPS, deadline_ns);
    rd_kafka_event_t *event = NULL;
    int r;

    rd_kafka_DeleteGroups(session->client, doomed, count, options, session->queue);
    r = kafka_session_answer(session, RD_KAFKA_EVENT_DELETEGROUPS_RESULT, deadline_ns, &event,
                             reterr);
    if (r == 0) {
        r = groups_judge(event, reterr);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    return r;
}

int kafka_session_delete_groups(struct kafka_session *session, const struct kafka_names *names,
                                int64_t deadline_ns, struct errinfo *reterr)
{
    rd_kafka_DeleteGroup_t **doomed;
    int r;

    if (names->count == 0) {
        return 0;
    }
    doomed = (rd_kafka_DeleteGroup_t **)calloc(names->count, sizeof(void *));
    if (doomed == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < names->count; i++) {
        doomed[i] = rd_kafka_DeleteGroup_new(names->names[i]);
    }
    for (;;) {
        r = delete_groups_once(session, doomed, names->count, deadline_ns, reterr);
        if (r != -EBUSY || mono_ns() + RETRY_NS > deadline_ns) {
            break;
        }
        mono_sleep_until(mono_ns() + RETRY_NS);
    }
    rd_kafka_DeleteGroup_destroy_array(doomed, names->count);
    free(doomed);
    return r;
}
