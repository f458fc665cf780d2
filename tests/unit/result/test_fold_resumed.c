/* A run that was resumed: in parts, each with its agents. */
#include "check.h"
#include "fold.h"
#include "made_journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AGENTS 2
#define CLIENTS 3 /* Of an agent of the second part; those of the first have twice as many. */

/* A journal of two trials, the second of them in a part of its own. */
struct told {
    struct made_trial *trials[2];
    struct fold *fold;
    const char *names[AGENTS]; /* Of the second part's agents; NULL: it is never told of them. */
    uint32_t times;            /* How often it was resumed between the two. */
    uint32_t agents_told;
    bool within; /* Not between the trials, but within the second. */
    bool lost;   /* The first part's second agent. */
};

static void tell_agents(struct told *told)
{
    struct result_agent agents[AGENTS];
    struct journal_entry entry = {.kind = ENTRY_AGENTS};

    memset(agents, 0, sizeof agents);
    for (uint32_t i = 0; i < AGENTS; i++) {
        (void)snprintf(agents[i].name, sizeof agents[i].name, "%s", told->names[i]);
        agents[i].cpus = 4;
        agents[i].clients = CLIENTS;
    }
    entry.as.agents = (struct entry_agents){agents, AGENTS};
    assert_int_equal(fold_add(told->fold, &entry, NULL), 0);
}

static int resume(struct fold *fold, uint32_t trial, struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_RESUMED};

    entry.as.resumed = (struct result_resume){.cause = RESUME_KILLED,
                                              .trial = trial,
                                              .trials_done = trial,
                                              .left_unix_ns = INT64_C(1770300210000000000),
                                              .resumed_unix_ns = INT64_C(1770300270000000000),
                                              .part_id = "20260205-140322-3f9a-r1"};
    return fold_add(fold, &entry, reterr);
}

static void tell_first_agents(const struct told *told, const struct journal_entry *entry)
{
    struct result_agent agents[AGENTS];
    struct journal_entry changed = {.kind = ENTRY_AGENTS, .as.agents = {agents, AGENTS}};

    assert_int_equal(entry->as.agents.agents_count, AGENTS);
    memcpy(agents, entry->as.agents.agents, sizeof agents);
    agents[0].clients = agents[1].clients = 2 * CLIENTS;
    agents[1].lost = told->lost;
    assert_int_equal(fold_add(told->fold, &changed, NULL), 0);
}

static void take(void *context, const struct journal_entry *entry)
{
    struct told *told = context;

    if (entry->kind == ENTRY_AGENTS) {
        if (told->agents_told++ == 0) { /* Those at the end are of the first part, too. */
            tell_first_agents(told, entry);
        }
        return;
    }
    if (entry->kind == ENTRY_TRIAL && entry->as.trial.number == 1 && !told->within) {
        for (uint32_t i = 0; i < told->times; i++) {
            assert_int_equal(resume(told->fold, 1, NULL), 0);
        }
        tell_agents(told);
    }
    if (entry->kind == ENTRY_TRIAL_END && entry->as.trial_end.trial == 1 && told->within) {
        struct errinfo error = {""};

        assert_int_equal(resume(told->fold, 1, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "within a trial"));
    }
    if (entry->kind == ENTRY_CLOSE) {
        struct journal_entry piece = *entry;

        piece.as.close.more = true;
        assert_int_equal(fold_add(told->fold, &piece, NULL), 0);
        assert_int_equal(resume(told->fold, 2, NULL), -EBADMSG);
        return;
    }
    assert_int_equal(fold_add(told->fold, entry, NULL), 0);
}

static struct result *tell(struct told *told)
{
    const struct made_options options = {.agents_count = AGENTS,
                                         .flows_count = 1,
                                         .topics_count = 1,
                                         .partitions = 2,
                                         .producers_count = 2,
                                         .subscriptions_count = 1,
                                         .consumers_count = 2,
                                         .phases_count = 1,
                                         .messages = 20,
                                         .agent_lost = UINT32_MAX};
    const struct made_journal journal = {.trials = told->trials, .trials_count = 2};
    struct result *result = NULL;

    assert_int_equal(fold_new(&told->fold, NULL), 0);
    told->trials[0] = made_trial_new(&options);
    told->trials[1] = made_trial_new(&options);
    made_journal_each(&journal, take, told);
    assert_int_equal(fold_result(told->fold, &result, NULL), 0);
    fold_free(told->fold);
    made_trial_free(told->trials[0]);
    made_trial_free(told->trials[1]);
    return result;
}

/* Messages that an agent of the run sent and received in a trial. */
static uint64_t moved(const struct result_trial *trial, uint32_t agent)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        sum += row->agent == agent ? row->sent + row->received : 0;
    }
    return sum;
}

static void expect_same_delivery(const struct result *result)
{
    const struct result_trial *trials = result->cases[0].trials;

    assert_int_equal(result->cases[0].trials_count, 2);
    assert_string_equal(result->violation, "");
    assert_memory_equal(&trials[0].phases[0].delivery, &trials[1].phases[0].delivery,
                        sizeof trials[0].phases[0].delivery);
    assert_int_equal(result->cases[0].phases[0].delivery.sent,
                     2 * trials[0].phases[0].delivery.sent);
}

static void a_part_with_the_same_agents_in_another_order_has_their_rows(void **state)
{
    struct told told = {.names = {"agent-2", "agent-1"}, .times = 1};
    struct result *result = tell(&told);
    const struct result_trial *trials = result->cases[0].trials;

    (void)state;
    assert_int_equal(result->agents_count, 2);
    assert_string_equal(result->agents[0].name, "agent-1");
    assert_int_equal(result->agents[0].clients, 2 * CLIENTS); /* At most, in all of the run. */
    assert_int_equal(result->resumes_count, 1);
    assert_int_equal(result->resumes[0].trial, 1);
    assert_int_equal(result->resumes[0].agents_count, 2);
    assert_int_equal(result->resumes[0].agents_new, 0);
    assert_int_equal(result->resumes[0].agents_gone, 0);
    expect_same_delivery(result);
    /* What its first agent did is the work of the run's second. */
    assert_int_equal(moved(&trials[1], 1), moved(&trials[0], 0));
    assert_int_equal(moved(&trials[1], 0), moved(&trials[0], 1));
    result_free(result);
}

static void a_part_with_another_agent_has_a_row_more(void **state)
{
    struct told told = {.names = {"elsewhere", "agent-1"}, .times = 1};
    struct result *result = tell(&told);
    const struct result_trial *trials = result->cases[0].trials;

    (void)state;
    assert_int_equal(result->agents_count, 3);
    assert_string_equal(result->agents[2].name, "elsewhere");
    assert_int_equal(result->resumes[0].agents_new, 1);
    assert_int_equal(result->resumes[0].agents_gone, 1);
    expect_same_delivery(result);
    assert_int_equal(moved(&trials[1], 2), moved(&trials[0], 0));
    assert_int_equal(moved(&trials[1], 0), moved(&trials[0], 1));
    assert_int_equal(moved(&trials[1], 1), 0);
    result_free(result);
}

/* Its row said that nothing was lost, and what lacks its share was judged as if it were whole. */
static void an_agent_that_was_lost_and_is_back_in_a_later_part_stays_lost(void **state)
{
    struct told told = {.names = {"agent-1", "agent-2"}, .times = 1, .lost = true};
    struct result *result = tell(&told);

    (void)state;
    assert_int_equal(result->agents_count, 3);
    assert_string_equal(result->agents[1].name, "agent-2");
    assert_true(result->agents[1].lost);
    assert_string_equal(result->agents[2].name, "agent-2");
    assert_false(result->agents[2].lost);
    assert_int_equal(result->agents[2].clients, CLIENTS);
    assert_int_equal(result->resumes[0].agents_new, 1);
    assert_int_equal(result->resumes[0].agents_gone, 1);
    result_free(result);
}

static void a_part_is_compared_with_the_last_one_that_had_agents(void **state)
{
    struct told told = {.names = {"agent-1", "agent-2"}, .times = 3};
    struct result *result = tell(&told);

    (void)state;
    assert_int_equal(result->resumes_count, 3);
    assert_int_equal(result->resumes[0].agents_count, 0);
    assert_int_equal(result->resumes[2].agents_count, 2);
    assert_int_equal(result->resumes[2].agents_new, 0);
    assert_int_equal(result->resumes[2].agents_gone, 0);
    assert_int_equal(result->agents_count, 2);
    expect_same_delivery(result);
    result_free(result);
}

static void a_run_is_not_resumed_within_a_trial_or_after_its_end(void **state)
{
    struct told told = {.names = {"agent-1", "agent-2"}, .within = true};
    struct result *result = tell(&told);

    (void)state;
    assert_int_equal(result->resumes_count, 0);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_with_the_same_agents_in_another_order_has_their_rows),
        cmocka_unit_test(a_part_with_another_agent_has_a_row_more),
        cmocka_unit_test(an_agent_that_was_lost_and_is_back_in_a_later_part_stays_lost),
        cmocka_unit_test(a_part_is_compared_with_the_last_one_that_had_agents),
        cmocka_unit_test(a_run_is_not_resumed_within_a_trial_or_after_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
