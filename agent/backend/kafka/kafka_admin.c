#include "kafka_admin_inner.h"

#include "kafka_client_inner.h"
#include "kafka_session_inner.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS (50 * NS_PER_MS)
/* A broker takes 1 MiB unless the topic says otherwise; batches hold a little more than messages.
 */
#define BATCH_BYTES_MAX (MESSAGE_BYTES_MAX + 65536)

/* ---- Making --------------------------------------------------------------------------------- */

static void new_topics_free(rd_kafka_NewTopic_t **wanted, uint32_t count)
{
    if (wanted != NULL) {
        rd_kafka_NewTopic_destroy_array(wanted, count);
    }
    free(wanted);
}

static int new_topics_make(const struct topic_list *topics, int32_t replication_factor,
                           rd_kafka_NewTopic_t ***ret, struct errinfo *reterr)
{
    rd_kafka_NewTopic_t **wanted =
        (rd_kafka_NewTopic_t **)calloc(topics->topics_count + 1, sizeof(void *));
    char reason[256] = "";
    char bytes[32];

    if (wanted == NULL) {
        return errinfo_nomem(reterr);
    }
    (void)snprintf(bytes, sizeof bytes, "%d", BATCH_BYTES_MAX);
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        wanted[i] = rd_kafka_NewTopic_new(topics->topics[i].name, (int)topics->topics[i].partitions,
                                          replication_factor > 0 ? replication_factor : -1, reason,
                                          sizeof reason);
        if (wanted[i] == NULL) {
            new_topics_free(wanted, i);
            return errinfo_set(reterr, -EINVAL, "topic %s: %s", topics->topics[i].name, reason);
        }
        (void)rd_kafka_NewTopic_set_config(wanted[i], "max.message.bytes", bytes);
    }
    *ret = wanted;
    return 0;
}

/* Topics whose creation came back without an error; for taking them back. */
struct made {
    struct topic *topics;
    uint32_t topics_count;
};

static int creation_judge(const rd_kafka_event_t *event, struct made *made, struct errinfo *reterr)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)event), &count);
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
        const char *text = rd_kafka_topic_result_error_string(results[i]);

        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            made->topics[made->topics_count++].name = rd_kafka_topic_result_name(results[i]);
        } else if (r == 0 || r == -EEXIST) {
            r = errinfo_set(reterr,
                            error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS ? -EEXIST : -EIO,
                            "topic %s can't be made: %s", rd_kafka_topic_result_name(results[i]),
                            text != NULL ? text : rd_kafka_err2str(error));
        }
    }
    return r;
}

/* Asks for all topics at once; takes back those that were made when another one wasn't. */
static int create_all(struct kafka_session *session, const struct topic_list *topics,
                      int32_t replication_factor, int64_t deadline_ns, struct errinfo *reterr)
{
    struct made made = {.topics_count = 0};
    rd_kafka_NewTopic_t **wanted = NULL;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event = NULL;
    int r = new_topics_make(topics, replication_factor, &wanted, reterr);

    if (r < 0) {
        return r;
    }
    made.topics = calloc(topics->topics_count + 1, sizeof *made.topics);
    if (made.topics == NULL) {
        new_topics_free(wanted, topics->topics_count);
        return errinfo_nomem(reterr);
    }
    options = kafka_session_options(session, RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline_ns);
    rd_kafka_CreateTopics(session->client, wanted, topics->topics_count, options, session->queue);
    r = kafka_session_answer(session, RD_KAFKA_EVENT_CREATETOPICS_RESULT, deadline_ns, &event,
                             reterr);
    if (r == 0) {
        r = creation_judge(event, &made, reterr);
    }
    if (r < 0 && made.topics_count > 0) {
        struct topic_list back = {.topics = made.topics, .topics_count = made.topics_count};

        (void)kafka_session_delete_topics(session, &back, deadline_ns, NULL);
    }
    rd_kafka_AdminOptions_destroy(options);
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    new_topics_free(wanted, topics->topics_count);
    free(made.topics);
    return r;
}

/* A topic can be used when every partition has a leader. */
static bool is_ready(const struct rd_kafka_metadata *metadata, const struct topic *topic)
{
    const struct rd_kafka_metadata_topic *found = kafka_metadata_find(metadata, topic->name);

    if (found == NULL || found->err != RD_KAFKA_RESP_ERR_NO_ERROR ||
        found->partition_cnt < (int)topic->partitions) {
        return false;
    }
    for (int i = 0; i < found->partition_cnt; i++) {
        if (found->partitions[i].leader < 0) {
            return false;
        }
    }
    return true;
}

static int wait_ready(struct kafka_session *session, const struct topic_list *topics,
                      int64_t deadline_ns, struct errinfo *reterr)
{
    uint32_t ready = 0;

    for (;;) {
        const struct rd_kafka_metadata *metadata = NULL;
        int r = kafka_session_metadata(session, deadline_ns, &metadata, reterr);

        if (r < 0) {
            return r;
        }
        while (ready < topics->topics_count && is_ready(metadata, &topics->topics[ready])) {
            ready++;
        }
        rd_kafka_metadata_destroy(metadata);
        if (ready == topics->topics_count) {
            return 0;
        }
        if (mono_ns() + RETRY_NS > deadline_ns) {
            return errinfo_set(reterr, -ETIMEDOUT,
                               "topic %s has not got leaders for its %u partitions in time",
                               topics->topics[ready].name, topics->topics[ready].partitions);
        }
        mono_sleep_until(mono_ns() + RETRY_NS);
    }
}

/* The mock cluster makes a topic, of four partitions, when its metadata are asked for. */
static int create_by_asking(struct kafka_session *session, const struct topic_list *topics,
                            int64_t deadline_ns, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        rd_kafka_topic_t *topic = rd_kafka_topic_new(session->client, topics->topics[i].name, NULL);
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t error = topic == NULL
                                        ? RD_KAFKA_RESP_ERR__INVALID_ARG
                                        : rd_kafka_metadata(session->client, 0, topic, &metadata,
                                                            kafka_ms_until(deadline_ns));

        if (metadata != NULL) {
            rd_kafka_metadata_destroy(metadata);
        }
        if (topic != NULL) {
            rd_kafka_topic_destroy(topic);
        }
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return errinfo_set(reterr, -EIO, "topic %s can't be made: %s", topics->topics[i].name,
                               rd_kafka_err2str(error));
        }
    }
    return 0;
}

int kafka_topics_create(const struct target *target, const struct topic_list *topics,
                        int32_t replication_factor, int64_t deadline_ns, struct errinfo *reterr)
{
    struct kafka_session session;
    int r = kafka_session_open(target, deadline_ns, &session, reterr);

    if (r < 0) {
        return r;
    }
    if (session.is_mock) {
        r = create_by_asking(&session, topics, deadline_ns, reterr);
    } else if (topics->topics_count > 0) {
        r = create_all(&session, topics, replication_factor, deadline_ns, reterr);
    }
    if (r == 0) {
        r = wait_ready(&session, topics, deadline_ns, reterr);
    }
    kafka_session_close(&session);
    return r;
}

/* ---- Removing ------------------------------------------------------------------------------- */

/* "millrace-RUN-TRIAL-TOPIC-sN", see kafka_group_name(). */
static bool group_reads(const char *group, const struct topic_list *topics)
{
    const char *end = strrchr(group, '-');

    if (end == NULL || end[1] != 's') {
        return false;
    }
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        size_t bytes = strlen(topics->topics[i].name);

        if ((size_t)(end - group) > bytes && end[-(ptrdiff_t)bytes - 1] == '-' &&
            strncmp(end - bytes, topics->topics[i].name, bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* Groups of these topics, or all of Millrace's (topics NULL). */
static int delete_groups(struct kafka_session *session, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr)
{
    struct kafka_names names = {.count = 0};
    int r;

    if (session->is_mock) {
        return 0;
    }
    r = kafka_session_groups(session, deadline_ns, &names, reterr);
    if (r == 0) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < names.count; i++) {
            char *name = names.names[i];

            if (topics == NULL || group_reads(name, topics)) {
                names.names[kept++] = name;
            } else {
                free(name);
            }
        }
        names.count = kept;
        r = kafka_session_delete_groups(session, &names, deadline_ns, reterr);
    }
    kafka_names_done(&names);
    return r;
}

/* A broker confirms a deletion before everybody has forgotten the topic. */
static int wait_gone(struct kafka_session *session, const struct topic_list *topics,
                     int64_t deadline_ns, struct errinfo *reterr)
{
    uint32_t gone = 0;

    for (;;) {
        const struct rd_kafka_metadata *metadata = NULL;
        int r = kafka_session_metadata(session, deadline_ns, &metadata, reterr);

        if (r < 0) {
            return r;
        }
        while (gone < topics->topics_count &&
               kafka_metadata_find(metadata, topics->topics[gone].name) == NULL) {
            gone++;
        }
        rd_kafka_metadata_destroy(metadata);
        if (gone == topics->topics_count) {
            return 0;
        }
        if (mono_ns() + RETRY_NS > deadline_ns) {
            return errinfo_set(reterr, -ETIMEDOUT, "topic %s was deleted but is still there",
                               topics->topics[gone].name);
        }
        mono_sleep_until(mono_ns() + RETRY_NS);
    }
}

static int delete_topics(struct kafka_session *session, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr)
{
    int r;

    if (session->is_mock) {
        return 0;
    }
    r = kafka_session_delete_topics(session, topics, deadline_ns, reterr);
    return r < 0 ? r : wait_gone(session, topics, deadline_ns, reterr);
}

int kafka_topics_delete(const struct target *target, const struct topic_list *topics,
                        int64_t deadline_ns, struct errinfo *reterr)
{
    struct kafka_session session;
    int groups;
    int r = kafka_session_open(target, deadline_ns, &session, reterr);

    if (r < 0) {
        return r;
    }
    r = delete_topics(&session, topics, deadline_ns, reterr);
    groups = delete_groups(&session, topics, deadline_ns, r == 0 ? reterr : NULL);
    kafka_session_close(&session);
    return r < 0 ? r : groups;
}

int kafka_clean(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
                struct errinfo *reterr)
{
    const struct rd_kafka_metadata *metadata = NULL;
    struct kafka_session session;
    struct topic_list list = {.topics_count = 0};
    struct topic *topics = NULL;
    int r = kafka_session_open(target, deadline_ns, &session, reterr);

    if (r < 0) {
        return r;
    }
    r = kafka_session_metadata(&session, deadline_ns, &metadata, reterr);
    if (r < 0) {
        goto out;
    }
    topics = calloc((size_t)metadata->topic_cnt + 1, sizeof *topics);
    if (topics == NULL) {
        r = errinfo_nomem(reterr);
        goto out;
    }
    list.topics = topics;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const char *name = metadata->topics[i].topic;

        if (strncmp(name, KAFKA_NAME_PREFIX, strlen(KAFKA_NAME_PREFIX)) == 0) {
            topics[list.topics_count++].name = name;
        }
    }
    r = delete_topics(&session, &list, deadline_ns, reterr);
    if (r == 0) {
        r = delete_groups(&session, NULL, deadline_ns, reterr);
    }
    if (r == 0) {
        *ret_removed = list.topics_count;
    }
out:
    if (metadata != NULL) {
        rd_kafka_metadata_destroy(metadata);
    }
    free(topics);
    kafka_session_close(&session);
    return r;
}
