/* The end of a trial with very many partitions. Each partition and each topic went through all
 * streams: these 262,144 partitions took 70 billion steps, on the thread that all agents wait for.
 */
#include "fold_bench.h"

#include "made_trial.h"

#define TOPICS 256
#define PARTITIONS PARTITIONS_MAX

static uint64_t partitions_messages(const struct result_trial *trial, uint32_t *ret_count)
{
    uint64_t messages = 0;

    *ret_count = 0;
    for (uint32_t i = 0; i < trial->parties_count; i++) {
        if (trial->parties[i].kind == PARTY_PARTITION) {
            messages += trial->parties[i].messages;
            (*ret_count)++;
        }
    }
    return messages;
}

static void a_quarter_of_a_million_partitions_are_answered(void **state)
{
    const struct made_options options = {.agents_count = 1,
                                         .flows_count = 1,
                                         .topics_count = TOPICS,
                                         .partitions = PARTITIONS,
                                         .producers_count = 1,
                                         .subscriptions_count = 2,
                                         .consumers_count = 1,
                                         .phases_count = 1,
                                         .messages = 200,
                                         .agent_lost = UINT32_MAX,
                                         .seed = 4};
    struct made_trial *made = NULL;
    struct result *result = fold_bench_result_of_options(&options, &made);
    const struct result_trial *trial = &result->cases[0].trials[0];
    uint64_t sent = 0;
    uint64_t received = 0;
    uint32_t partitions_count;

    (void)state;
    assert_string_equal(trial->violation, "");
    assert_int_equal(trial->audit_count, 2 * TOPICS);
    for (uint32_t i = 0; i < trial->audit_count; i++) {
        sent += trial->audit[i].subscription == 0 ? trial->audit[i].delivery.sent : 0;
        received += trial->audit[i].delivery.received;
    }
    assert_int_equal(sent, made->messages_count);
    assert_int_equal(received, 2 * sent);
    assert_int_equal(partitions_messages(trial, &partitions_count), received);
    assert_int_equal(partitions_count, TOPICS * PARTITIONS);
    assert_int_equal(trial->phases[0].delivery.received, received);
    result_free(result);
    made_trial_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_of_a_million_partitions_are_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
