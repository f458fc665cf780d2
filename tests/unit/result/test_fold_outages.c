#include "fold_bench.h"

#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A running trial of three agents, whose snapshots a test makes up: producers, consumers and what
 * they heard of the broker. */
struct bench {
    struct fold *fold;
    struct made_trial *made;
    uint64_t sequence[3];
    struct health health[3];
};

#define SILENCE_NS (3 * NS_PER_S)

static void take_tables(void *context, const struct journal_entry *entry)
{
    if (entry->kind != ENTRY_SNAPSHOT && entry->kind != ENTRY_TRIAL_END &&
        entry->kind != ENTRY_CLOSE) {
        fold_bench_take(context, entry);
    }
}

static void begin(struct bench *bench, enum consume_pace pace)
{
    struct made_options options = fold_bench_faultless();
    struct made_journal journal = {.trials = &bench->made, .trials_count = 1};

    memset(bench, 0, sizeof *bench);
    bench->made = made_trial_new(&options);
    for (uint32_t i = 0; i < bench->made->entry.phases_count; i++) {
        bench->made->entry.phases[i].consume.pace = pace;
    }
    assert_int_equal(fold_new(&bench->fold, NULL), 0);
    made_journal_each(&journal, take_tables, bench->fold);
    for (uint32_t i = 0; i < 3; i++) {
        bench->health[i] = (struct health){.rss_bytes = 1, .clients = 4};
    }
}

static void done(struct bench *bench)
{
    fold_free(bench->fold);
    made_trial_free(bench->made);
}

/* An agent reports a second, as its health is now. */
static void second_of(struct bench *bench, uint32_t agent, uint32_t interval)
{
    struct snapshot snapshot = {.trial = bench->made->entry.number,
                                .agent = agent,
                                .sequence = bench->sequence[agent]++,
                                .interval = interval,
                                .last_part = true,
                                .from_ns = interval * NS_PER_S,
                                .until_ns = (interval + 1) * NS_PER_S,
                                .health = bench->health[agent]};
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT, .as.snapshot = &snapshot};

    fold_bench_take(bench->fold, &entry);
}

/* All agents do. */
static void second(struct bench *bench, uint32_t interval)
{
    for (uint32_t i = 0; i < 3; i++) {
        second_of(bench, i, interval);
    }
}

static void tell_loss(struct bench *bench, uint32_t client, bool is_back, int64_t at_ns)
{
    struct loss_delta loss = {.client = client, .is_back = is_back, .at_ns = at_ns};
    struct snapshot snapshot = {.trial = bench->made->entry.number,
                                .sequence = bench->sequence[0]++,
                                .interval = 1, /* After the one second that was told. */
                                .losses = &loss,
                                .losses_count = 1};
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT, .as.snapshot = &snapshot};

    (void)snprintf(loss.text, sizeof loss.text, "%s", is_back ? "" : "closed: too large");
    fold_bench_take(bench->fold, &entry);
}

static void mark(struct bench *bench, enum mark_kind kind, int64_t at_ns)
{
    struct journal_entry entry = {.kind = ENTRY_MARK};

    entry.as.mark =
        (struct result_mark){.kind = kind, .trial = bench->made->entry.number, .at_ns = at_ns};
    fold_bench_take(bench->fold, &entry);
}

static enum presence look(const struct bench *bench, int64_t *ret_since_ns)
{
    *ret_since_ns = 0;
    return fold_presence(bench->fold, SILENCE_NS, ret_since_ns);
}

/* A broker that was frozen with its connections open was never missed. */
static void a_broker_is_away_when_messages_wait_and_nothing_comes(void **state)
{
    struct bench bench;
    int64_t since_ns;

    (void)state;
    begin(&bench, CONSUME_FREE);
    bench.health[0].signs.waiting_since_ns = 1; /* Something always waited. */
    bench.health[0].signs.answered_last_ns = 900 * NS_PER_MS;
    bench.health[2].signs.answered_last_ns = 950 * NS_PER_MS; /* A consumer's. */
    second(&bench, 0);
    assert_int_equal(look(&bench, &since_ns), PRESENCE_THERE);
    bench.health[0].signs.answered_last_ns = 0;
    bench.health[2].signs.answered_last_ns = 0;
    second(&bench, 1);
    second(&bench, 2);
    assert_int_equal(look(&bench, &since_ns), PRESENCE_THERE); /* 2.05 s. */
    second(&bench, 3);
    assert_int_equal(look(&bench, &since_ns), PRESENCE_SILENT);
    assert_int_equal(since_ns, 950 * NS_PER_MS);
    assert_int_equal(fold_back_since(bench.fold, since_ns), 0);
    bench.health[1].signs.answered_first_ns = 4200 * NS_PER_MS;
    bench.health[1].signs.answered_last_ns = 4900 * NS_PER_MS;
    second(&bench, 4);
    assert_int_equal(look(&bench, &since_ns), PRESENCE_THERE);
    assert_int_equal(fold_back_since(bench.fold, 950 * NS_PER_MS), 4200 * NS_PER_MS);
    done(&bench);
}

static void a_broker_that_nobody_waits_for_is_there(void **state)
{
    struct bench bench;
    int64_t since_ns;

    (void)state;
    begin(&bench, CONSUME_FREE);
    bench.health[0].signs.answered_last_ns = 10;
    for (uint32_t i = 0; i < 6; i++) {
        second(&bench, i);
        bench.health[0].signs.answered_last_ns = 0;
        assert_int_equal(look(&bench, &since_ns), PRESENCE_THERE);
    }
    done(&bench);
}

/* Messages that nobody confirms are missed by their deliveries; not where consumers are held. */
static void what_nobody_confirms_is_missed_by_consumers_that_read_freely(void **state)
{
    for (int held = 0; held < 2; held++) {
        struct bench bench;
        int64_t since_ns;

        (void)state;
        begin(&bench, held == 1 ? CONSUME_PAUSED : CONSUME_FREE);
        for (uint32_t i = 0; i < 6; i++) {
            bench.health[0].signs.handed_ns = (i + 1) * NS_PER_S - NS_PER_MS;
            bench.health[1].signs.answered_last_ns = i < 2 ? bench.health[0].signs.handed_ns : 0;
            second(&bench, i);
        }
        if (held == 1) {
            assert_int_equal(look(&bench, &since_ns), PRESENCE_THERE);
        } else {
            assert_int_equal(look(&bench, &since_ns), PRESENCE_SILENT);
            assert_in_range(since_ns, 1999 * NS_PER_MS, 2 * NS_PER_S);
        }
        done(&bench);
    }
}

/* Reports of a trial that lasts for more than an hour wait up to ten seconds, those of an agent
 * that has trouble do not: consumers whose reports waited were taken for a broker that is away. */
static void what_consumers_have_not_reported_yet_is_not_missed(void **state)
{
    struct bench bench;
    int64_t since_ns;

    (void)state;
    begin(&bench, CONSUME_FREE);
    for (uint32_t i = 0; i < 6; i++) {
        bench.health[0].signs.handed_ns = (i + 1) * NS_PER_S - NS_PER_MS;
        second_of(&bench, 0, i);
        assert_int_equal(look(&bench, &since_ns), PRESENCE_THERE);
    }
    for (uint32_t i = 0; i < 6; i++) {
        bench.health[1].signs.answered_last_ns = i < 2 ? (i + 1) * NS_PER_S - NS_PER_MS : 0;
        second_of(&bench, 1, i);
        second_of(&bench, 2, i);
        assert_int_equal(look(&bench, &since_ns), i < 4 ? PRESENCE_THERE : PRESENCE_SILENT);
    }
    assert_in_range(since_ns, 1999 * NS_PER_MS, 2 * NS_PER_S);
    done(&bench);
}

/* One client that was closed ended the run: "the broker went away", while the others went on. */
static void a_broker_is_there_as_long_as_one_client_can_use_it(void **state)
{
    struct bench bench;
    int64_t since_ns;

    (void)state;
    begin(&bench, CONSUME_FREE);
    bench.health[0].signs.answered_last_ns = 900 * NS_PER_MS;
    for (uint32_t i = 0; i < 3; i++) {
        bench.health[i].clients_down = i == 2 ? 3 : 4;
        bench.health[i].down_since_ns = 500 * NS_PER_MS;
    }
    second(&bench, 0);
    assert_int_equal(look(&bench, &since_ns), PRESENCE_THERE);
    bench.health[2].clients_down = 4;
    second(&bench, 1);
    assert_int_equal(look(&bench, &since_ns), PRESENCE_NO_CLIENT);
    assert_int_equal(since_ns, 900 * NS_PER_MS); /* Its last sign of life. */
    done(&bench);
}

static void lost_connections_are_outages_of_their_client_or_of_the_broker(void **state)
{
    struct bench bench;
    struct result *result = NULL;
    const struct result_trial *trial;

    (void)state;
    begin(&bench, CONSUME_FREE);
    second(&bench, 0);
    tell_loss(&bench, bench.made->entry.producers[1].client, false, 100);
    tell_loss(&bench, bench.made->entry.producers[1].client, true, 300);
    mark(&bench, MARK_BROKER_DOWN, 20 * NS_PER_S);
    tell_loss(&bench, bench.made->entry.producers[0].client, false, 20 * NS_PER_S + 5);
    tell_loss(&bench, bench.made->entry.consumers[0].client, false, 20 * NS_PER_S + 6);
    tell_loss(&bench, bench.made->entry.producers[0].client, true, 22 * NS_PER_S);
    tell_loss(&bench, bench.made->entry.consumers[0].client, true, 22 * NS_PER_S + 1);
    mark(&bench, MARK_BROKER_UP, 22 * NS_PER_S);
    tell_loss(&bench, bench.made->entry.consumers[0].client, false, 23 * NS_PER_S);
    assert_string_equal(fold_last_loss(bench.fold, 23 * NS_PER_S), "closed: too large");
    assert_string_equal(fold_last_loss(bench.fold, 24 * NS_PER_S), "");
    assert_int_equal(fold_result(bench.fold, &result, NULL), 0);
    trial = &result->cases[0].trials[0];
    assert_int_equal(trial->outages_count, 3);
    assert_int_equal(trial->outages[0].kind, OUTAGE_BROKER);
    assert_int_equal(trial->outages[0].clients, 2);
    assert_int_equal(trial->outages[1].kind, OUTAGE_CLIENT);
    assert_string_equal(trial->outages[1].client, trial->parties[1].name);
    assert_true(trial->outages[1].is_producers && !trial->outages[2].is_producers);
    assert_string_equal(trial->outages[1].flow, trial->parties[1].flow);
    assert_int_equal(trial->outages[1].up_ns - trial->outages[1].down_ns, 200);
    assert_string_equal(trial->outages[1].text, "closed: too large");
    assert_true(trial->outages[2].up_ns < trial->outages[2].down_ns);
    result_free(result);
    done(&bench);
}

static void what_a_journal_can_not_know_is_refused(void **state)
{
    struct bench bench;
    struct loss_delta loss = {.client = 100000};
    struct snapshot snapshot = {.losses = &loss, .losses_count = 1};
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT, .as.snapshot = &snapshot};
    struct errinfo error = {""};

    (void)state;
    begin(&bench, CONSUME_FREE);
    snapshot.trial = bench.made->entry.number;
    assert_int_equal(fold_add(bench.fold, &entry, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "client 100000"));
    done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_is_away_when_messages_wait_and_nothing_comes),
        cmocka_unit_test(a_broker_that_nobody_waits_for_is_there),
        cmocka_unit_test(what_nobody_confirms_is_missed_by_consumers_that_read_freely),
        cmocka_unit_test(what_consumers_have_not_reported_yet_is_not_missed),
        cmocka_unit_test(a_broker_is_there_as_long_as_one_client_can_use_it),
        cmocka_unit_test(lost_connections_are_outages_of_their_client_or_of_the_broker),
        cmocka_unit_test(what_a_journal_can_not_know_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
