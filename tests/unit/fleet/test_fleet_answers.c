/* Answers of agents that are broken, or that somebody plays. */
#include "fleet_bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE 4711

static uint64_t ask_for_two(struct bench *bench, uint32_t agent)
{
    struct command command = {.kind = COMMAND_PROBE,
                              .targets = calloc(2, sizeof *command.targets),
                              .targets_count = 2,
                              .deadline_ns = NS_PER_S};

    assert_non_null(command.targets);
    for (uint32_t i = 0; i < 2; i++) {
        command.targets[i].label = strdup("memory");
        command.targets[i].backend = strdup("memory");
    }
    return fleet_command(bench->fleet, agent, &command);
}

/* `run` took the broker's version from a result that was not there. */
static void an_answer_that_lacks_targets_is_an_error(void **state)
{
    struct bench bench;
    struct probe_result results[3] = {{.failure = PROBE_OK}};
    struct status status = {.head = {.instance = INSTANCE}, .results = results};
    const struct status *answer;

    (void)state;
    bench_begin(&bench, 1);
    status.head.agent = bench_join(&bench, INSTANCE);
    for (uint32_t count = 0; count <= 3; count++) {
        struct command taken;

        status.command = ask_for_two(&bench, status.head.agent);
        taken = bench_poll(&bench, status.head.agent, INSTANCE, status.command - 1);
        command_done(&taken);
        status.results_count = count;
        assert_true(bench_say_status(&bench, &status).accepted);
        answer = fleet_answer(bench.fleet, status.head.agent, status.command);
        assert_non_null(answer);
        assert_int_equal(answer->code, count == 2 ? 0 : -EBADMSG);
        assert_true(count == 2 || strstr(answer->text, "of 2 targets") != NULL);
    }
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_lacks_targets_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
