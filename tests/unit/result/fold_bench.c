#include "fold_bench.h"

void fold_bench_take(void *context, const struct journal_entry *entry)
{
    struct errinfo error = {""};

    if (fold_add(context, entry, &error) < 0) {
        fail_msg("%s", error.text);
    }
}

struct result *fold_bench_result(const struct made_journal *journal)
{
    struct fold *fold = NULL;
    struct result *result = NULL;

    assert_int_equal(fold_new(&fold, NULL), 0);
    made_journal_each(journal, fold_bench_take, fold);
    assert_int_equal(fold_result(fold, &result, NULL), 0);
    fold_free(fold);
    return result;
}

struct result *fold_bench_result_of_options(const struct made_options *options,
                                            struct made_trial **ret_made)
{
    struct made_trial *made = made_trial_new(options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1};
    struct result *result = fold_bench_result(&journal);

    *ret_made = made;
    return result;
}

struct made_options fold_bench_faultless(void)
{
    return (struct made_options){.agents_count = 3,
                                 .flows_count = 2,
                                 .topics_count = 2,
                                 .partitions = 2,
                                 .producers_count = 2,
                                 .subscriptions_count = 2,
                                 .consumers_count = 3,
                                 .phases_count = 2,
                                 .messages = 25,
                                 .agent_lost = UINT32_MAX,
                                 .seed = 9};
}
