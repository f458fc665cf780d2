/* What a damaged journal can say: each is refused with a sentence, none of it is believed. */
#include "check.h"

#include "fold.h"
#include "made_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct made_options options(void)
{
    return (struct made_options){.agents_count = 2,
                                 .flows_count = 2,
                                 .topics_count = 2,
                                 .partitions = 1,
                                 .producers_count = 2,
                                 .subscriptions_count = 2,
                                 .consumers_count = 2,
                                 .phases_count = 2,
                                 .messages = 3,
                                 .agent_lost = UINT32_MAX,
                                 .seed = 1};
}

/* Folds a journal, changing each entry before; a change that makes no difference is an error of
 * the test. */
struct damage {
    struct fold *fold;
    void (*change)(struct journal_entry *entry);
    uint32_t refused;
    uint32_t told; /* Of these, with a reason of their own. */
};

static void take_damaged(void *context, const struct journal_entry *entry)
{
    struct damage *damage = context;
    struct journal_entry changed = *entry;
    struct entry_trial trial = {0};
    struct errinfo error = {""};
    int r;

    if (entry->kind == ENTRY_TRIAL) {
        assert_int_equal(entry_trial_copy(&entry->as.trial, &trial, NULL), 0);
        changed.as.trial = trial;
    }
    damage->change(&changed);
    r = fold_add(damage->fold, &changed, &error);
    if (r < 0) {
        assert_true(r == -EBADMSG || r == -EALREADY);
        assert_true(strlen(error.text) > 10);
        damage->refused++;
        damage->told += r == -EBADMSG ? 1 : 0;
    }
    entry_trial_done(&trial);
}

static void assert_refused(void (*change)(struct journal_entry *entry))
{
    const struct made_options of = options();
    struct made_trial *made = made_trial_new(&of);
    const struct made_journal journal = {.trials = &made, .trials_count = 1};
    struct damage damage = {.change = change};
    struct result *result = NULL;

    assert_int_equal(fold_new(&damage.fold, NULL), 0);
    made_journal_each(&journal, take_damaged, &damage);
    assert_true(damage.refused > 0);
    assert_int_equal(fold_result(damage.fold, &result, NULL), 0); /* What was left folds. */
    result_free(result);
    fold_free(damage.fold);
    made_trial_free(made);
}

#define CHANGE(name, of_kind, ...)                                                                 \
    static void name(struct journal_entry *entry)                                                  \
    {                                                                                              \
        if (entry->kind == (of_kind)) {                                                            \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
    }

CHANGE(no_run, ENTRY_RUN, entry->kind = ENTRY_CLOSE)
CHANGE(unknown_kind, ENTRY_CLOSE, entry->kind = ENTRY_COUNT)
CHANGE(second_run, ENTRY_CASES, entry->kind = ENTRY_RUN; memset(&entry->as, 0, sizeof entry->as))
CHANGE(no_such_case, ENTRY_TRIAL, entry->as.trial.case_index = 1)
CHANGE(too_many_agents, ENTRY_TRIAL, entry->as.trial.agents_count = 3)
CHANGE(producer_of_no_agent, ENTRY_TRIAL, entry->as.trial.producer_agents[1] = 2)
CHANGE(consumer_of_no_agent, ENTRY_TRIAL, entry->as.trial.consumer_agents[0] = UINT32_MAX)
CHANGE(producer_of_no_flow, ENTRY_TRIAL, entry->as.trial.producers[0].flow = 2)
CHANGE(producer_beyond_streams, ENTRY_TRIAL, entry->as.trial.producers[3].stream_first = 7)
CHANGE(producer_of_no_topic, ENTRY_TRIAL, entry->as.trial.producers[0].topic_first = 5)
CHANGE(consumer_of_no_flow, ENTRY_TRIAL, entry->as.trial.consumers[0].flow = 15)
CHANGE(consumer_of_no_subscription, ENTRY_TRIAL, entry->as.trial.consumers[0].subscription = 2)
CHANGE(client_twice, ENTRY_TRIAL, entry->as.trial.producers[1].client = 0)
CHANGE(no_such_client, ENTRY_TRIAL, entry->as.trial.producers[1].client = 60000)
CHANGE(flow_without_topics, ENTRY_TRIAL, entry->as.trial.flows[1].topics_count = 0)
CHANGE(flow_beyond_topics, ENTRY_TRIAL, entry->as.trial.flows[1].topic_first = 3)
CHANGE(flow_beyond_streams, ENTRY_TRIAL, entry->as.trial.flows[1].stream_first = 5)
CHANGE(too_many_subscriptions, ENTRY_TRIAL, entry->as.trial.flows[0].subscriptions_count = 65)
CHANGE(phase_of_no_length, ENTRY_TRIAL, entry->as.trial.phases[0].duration_ns = 0)
CHANGE(phase_too_long, ENTRY_TRIAL, entry->as.trial.phases[0].duration_ns = INT64_MAX)
CHANGE(no_phases, ENTRY_TRIAL, entry->as.trial.phases_count = 0)
CHANGE(segment_of_no_trial, ENTRY_SEGMENT, entry->as.segment.trial = 1)
CHANGE(segment_of_no_phase, ENTRY_SEGMENT, entry->as.segment.phase_last = 2)
CHANGE(segment_backwards, ENTRY_SEGMENT, entry->as.segment.phase_first = 2)
CHANGE(segment_at_no_time, ENTRY_SEGMENT, entry->as.segment.start_ns = INT64_MAX)
CHANGE(segment_without_end, ENTRY_SEGMENT, entry->as.segment.end_ns = INT64_MIN)
CHANGE(end_of_no_trial, ENTRY_TRIAL_END, entry->as.trial_end.trial = UINT32_MAX)
CHANGE(end_at_no_time, ENTRY_TRIAL_END, entry->as.trial_end.ended_ns = INT64_MIN)
CHANGE(run_at_no_time, ENTRY_RUN, entry->as.run.started_unix_ns = INT64_MIN)
CHANGE(trial_at_no_time, ENTRY_TRIAL, entry->as.trial.started_unix_ns = INT64_MAX)
CHANGE(close_at_no_time, ENTRY_CLOSE, entry->as.close.ended_unix_ns = INT64_MIN)
CHANGE(fewer_cases, ENTRY_CLOSE, entry->kind = ENTRY_CASES; memset(&entry->as, 0, sizeof entry->as))

static void fewer_agents_at_the_end(struct journal_entry *entry)
{
    if (entry->kind == ENTRY_AGENTS && entry->as.agents.agents[0].start_skew_ns == 0) {
        static bool again;

        entry->as.agents.agents_count -= again ? 1 : 0;
        again = true;
    }
}

static void mark_at_no_time(struct journal_entry *entry)
{
    if (entry->kind == ENTRY_CLOSE) {
        *entry = (struct journal_entry){.kind = ENTRY_MARK};
        entry->as.mark.at_ns = INT64_MIN;
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    static void (*const changes[])(struct journal_entry * entry) = {
        no_run,
        unknown_kind,
        second_run,
        no_such_case,
        too_many_agents,
        producer_of_no_agent,
        consumer_of_no_agent,
        producer_of_no_flow,
        producer_beyond_streams,
        producer_of_no_topic,
        consumer_of_no_flow,
        consumer_of_no_subscription,
        client_twice,
        no_such_client,
        flow_without_topics,
        flow_beyond_topics,
        flow_beyond_streams,
        too_many_subscriptions,
        phase_of_no_length,
        phase_too_long,
        no_phases,
        segment_of_no_trial,
        segment_of_no_phase,
        segment_backwards,
        segment_at_no_time,
        segment_without_end,
        end_of_no_trial,
        end_at_no_time,
        run_at_no_time,
        trial_at_no_time,
        close_at_no_time,
        fewer_cases,
        fewer_agents_at_the_end,
        mark_at_no_time,
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_refused(changes[i]);
    }
}

/* Snapshots are changed in place and put back. */
static void assert_snapshot_refused(struct snapshot *snapshot, void *place, const void *value,
                                    size_t value_bytes)
{
    const struct made_options of = options();
    struct made_trial *made = made_trial_new(&of);
    struct fold *fold = NULL;
    struct journal_entry entry = {.kind = ENTRY_RUN};
    struct result_agent agents[2] = {{.name = "a"}, {.name = "b"}};
    struct entry_case of_case = {.name = "c"};
    struct errinfo error = {""};
    char before[64];

    assert_true(value_bytes <= sizeof before);
    assert_int_equal(fold_new(&fold, NULL), 0);
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_AGENTS};
    entry.as.agents = (struct entry_agents){.agents = agents, .agents_count = 2};
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_CASES};
    entry.as.cases = (struct entry_cases){.cases = &of_case, .cases_count = 1};
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_TRIAL};
    entry.as.trial = made->entry;
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_SNAPSHOT};
    entry.as.snapshot = snapshot;
    memcpy(before, place, value_bytes);
    memcpy(place, value, value_bytes);
    assert_int_equal(fold_add(fold, &entry, &error), -EBADMSG);
    assert_true(strlen(error.text) > 10);
    memcpy(place, before, value_bytes);
    fold_free(fold);
    made_trial_free(made);
}

static void a_snapshot_of_what_the_trial_does_not_have_is_refused(void **state)
{
    const struct made_options of = options();
    struct made_trial *made = made_trial_new(&of);
    struct snapshot *snapshot = &made->snapshots[0];
    struct client_delta client = {.client = 0};
    const uint32_t no_client = 60000;
    struct snapshot with_client = {.clients = &client, .clients_count = 1};
    const uint32_t other = 2;
    const uint32_t far = UINT32_MAX;
    const uint64_t next = 1;
    const int64_t never_ns = INT64_MAX;
    const int64_t before_all_ns = INT64_MIN; /* The histogram log tells how long it was. */

    (void)state;
    assert_snapshot_refused(snapshot, &snapshot->trial, &other, sizeof other);
    assert_snapshot_refused(snapshot, &snapshot->agent, &other, sizeof other);
    assert_snapshot_refused(snapshot, &snapshot->interval, &far, sizeof far);
    assert_snapshot_refused(snapshot, &snapshot->sequence, &next, sizeof next);
    assert_snapshot_refused(snapshot, &snapshot->until_ns, &never_ns, sizeof never_ns);
    assert_snapshot_refused(snapshot, &snapshot->from_ns, &before_all_ns, sizeof before_all_ns);
    assert_true(snapshot->rows_count > 0 && snapshot->ranges_count > 0);
    assert_snapshot_refused(snapshot, &snapshot->rows[0].flow, &other, sizeof other);
    assert_snapshot_refused(snapshot, &snapshot->rows[0].phase, &other, sizeof other);
    assert_snapshot_refused(snapshot, &snapshot->ranges[0].stream, &far, sizeof far);
    assert_snapshot_refused(&with_client, &client.client, &no_client, sizeof no_client);
    made_trial_free(made);
}

static void a_range_of_no_stream(struct journal_entry *entry)
{
    if (entry->kind == ENTRY_SNAPSHOT && entry->as.snapshot->agent == 0 &&
        entry->as.snapshot->sequence == 1) {
        assert_true(entry->as.snapshot->ranges_count > 0);
        entry->as.snapshot->ranges[0].stream = UINT32_MAX;
    }
}

/* A run leaves out what is refused: a journal in which the next one followed could not be read. */
static void what_comes_after_a_refused_snapshot_of_an_agent_is_refused_as_well(void **state)
{
    const struct made_options of = options();
    struct made_trial *made = made_trial_new(&of);
    const struct made_journal journal = {.trials = &made, .trials_count = 1};
    struct damage damage = {.change = a_range_of_no_stream};

    (void)state;
    assert_int_equal(fold_new(&damage.fold, NULL), 0);
    made_journal_each(&journal, take_damaged, &damage);
    assert_int_equal(damage.refused, made_reported(made, 0) - 1);
    assert_int_equal(damage.told, 1);
    fold_free(damage.fold);
    made_trial_free(made);
}

static void trials_of_a_case_must_have_the_same_phases(void **state)
{
    struct made_options of = options();
    struct made_trial *trials[2];
    const struct made_journal first = {.trials = trials, .trials_count = 1};
    struct damage damage = {0};
    struct journal_entry entry = {.kind = ENTRY_TRIAL};

    (void)state;
    trials[0] = made_trial_new(&of);
    of.phases_count = 1;
    trials[1] = made_trial_new(&of);
    damage.change = segment_of_no_trial; /* Of no matter. */
    assert_int_equal(fold_new(&damage.fold, NULL), 0);
    made_journal_each(&first, take_damaged, &damage);
    entry.as.trial = trials[1]->entry;
    entry.as.trial.number = 1;
    assert_int_equal(fold_add(damage.fold, &entry, NULL), -EBADMSG);
    entry.as.trial = trials[0]->entry;
    entry.as.trial.number = 1;
    assert_int_equal(fold_add(damage.fold, &entry, NULL), 0);
    fold_free(damage.fold);
    made_trial_free(trials[0]);
    made_trial_free(trials[1]);
}

static long rss_kib_max(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* A fold that has a run of one agent and one case. */
static struct fold *begun(void)
{
    struct fold *fold = NULL;
    struct journal_entry entry = {.kind = ENTRY_RUN};
    struct result_agent agent = {.name = "a"};
    struct entry_case of_case = {.name = "c"};

    assert_int_equal(fold_new(&fold, NULL), 0);
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_AGENTS};
    entry.as.agents = (struct entry_agents){.agents = &agent, .agents_count = 1};
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    entry = (struct journal_entry){.kind = ENTRY_CASES};
    entry.as.cases = (struct entry_cases){.cases = &of_case, .cases_count = 1};
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    return fold;
}

/* Nobody writes to them, so there are no streams: a small journal asked for a row of each, 1 GB. */
static void partitions_that_nobody_writes_to_are_refused_where_they_are_too_many(void **state)
{
    static struct assigned_topic topics[TOPICS_MAX];
    static struct assigned_flow flow = {.name = "main",
                                        .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1},
                                        .delivery = {.in_flight = 1, .consume_ack_batch = 1},
                                        .topics_count = TOPICS_MAX,
                                        .partitions = PARTITIONS_MAX,
                                        .subscriptions_count = 1,
                                        .consumers_count = 1};
    static struct assigned_phase phase = {.name = "p", .duration_ns = INTERVAL_NS};
    struct journal_entry entry = {.kind = ENTRY_TRIAL};
    struct fold *fold = begun();
    struct result *result = NULL;
    struct errinfo error = {""};
    long before_kib = rss_kib_max();

    (void)state;
    for (uint32_t i = 0; i < TOPICS_MAX; i++) {
        memcpy(topics[i].name, "topic", 6);
    }
    entry.as.trial = (struct entry_trial){.agents_count = 1,
                                          .flows = &flow,
                                          .flows_count = 1,
                                          .topics = topics,
                                          .topics_count = TOPICS_MAX,
                                          .phases = &phase,
                                          .phases_count = 1};
    assert_int_equal(fold_add(fold, &entry, &error), -EBADMSG);
    assert_string_equal(error.text,
                        "trial 0: assignment: topics x partitions is 4194304 (0 to 1048576)");
    assert_int_equal(fold_result(fold, &result, NULL), 0);
    assert_true(rss_kib_max() - before_kib < 50 * 1024);
    result_free(result);
    flow.partitions = STREAMS_MAX / TOPICS_MAX;
    assert_int_equal(fold_add(fold, &entry, NULL), 0);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_snapshot_of_what_the_trial_does_not_have_is_refused),
        cmocka_unit_test(what_comes_after_a_refused_snapshot_of_an_agent_is_refused_as_well),
        cmocka_unit_test(trials_of_a_case_must_have_the_same_phases),
        cmocka_unit_test(partitions_that_nobody_writes_to_are_refused_where_they_are_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
