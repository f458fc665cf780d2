#include "check.h"
#include "resumed.h"

#include <string.h>

#define AT_NS INT64_C(1770300202000000000)

static void expect_line(const struct result_resume *resume, uint32_t planned, const char *wanted)
{
    struct result_resume own = *resume;
    struct result result = {.resumes = &own, .resumes_count = 1, .trials_planned = planned};
    struct text out = {0};

    resumed_line(&result, 0, &out);
    assert_false(text_failed(&out));
    assert_string_equal(out.bytes, wanted);
    text_done(&out);
}

static void a_resumption_is_told_with_its_trial_its_pause_and_its_agents(void **state)
{
    struct result_resume resume = {.cause = RESUME_KILLED,
                                   .trial = 2,
                                   .trials_done = 2,
                                   .began_trial = true,
                                   .left_unix_ns = AT_NS,
                                   .resumed_unix_ns = AT_NS + INT64_C(840500000000),
                                   .agents_count = 2};

    (void)state;
    expect_line(&resume, 6,
                "Resumed at trial 3 of 6, 14 min after its coordinator was killed. The trial that "
                "was under way was made again. The agents are the same.");
    resume.agents_new = 1;
    resume.agents_gone = 2;
    resume.cause = RESUME_FAILED;
    expect_line(&resume, 0,
                "Resumed at trial 3, 14 min after it failed. The trial that was under way was made "
                "again. Its agents differ: 1 new, 2 gone. Compare the trials before and after with "
                "care.");
    resume.began_trial = false;
    resume.trials_done = 0; /* All trials are those agents'. */
    resume.trial = 0;
    resume.resumed_unix_ns = AT_NS - 1; /* A clock that was set back. */
    resume.cause = RESUME_INTERRUPTED;
    expect_line(&resume, 6, "Resumed at trial 1 of 6, 0 s after it was interrupted.");
    resume.trials_done = 6;
    resume.agents_count = 0;
    expect_line(&resume, 6, "Resumed after its last trial, 0 s after it was interrupted.");
}

/* NULL: nothing is left that can be made later. */
static void expect_left(const struct result *result, const char *wanted)
{
    struct text out = {0};

    assert_int_equal(resumed_left(result, &out), wanted != NULL);
    if (wanted != NULL) {
        assert_string_equal(out.bytes, wanted);
    }
    text_done(&out);
}

static void what_is_left_is_told_of_runs_that_ended_early(void **state)
{
    struct result_trial trials[2] = {{.ended = true}, {.number = 1}};
    struct result_case of = {.trials = trials, .trials_count = 2};
    struct result result = {.resumable = true,
                            .cut_off = true,
                            .verdict = VERDICT_FAILED,
                            .cases = &of,
                            .cases_count = 1,
                            .trials_planned = 3};

    (void)state;
    expect_left(&result, "2 of 3 trials are left");
    result.resumable = false; /* A journal of before there was any of this. */
    expect_left(&result, NULL);
    result.resumable = true;
    result.trials_planned = 0;
    expect_left(&result, "The run has not come to its end");
    result.trials_planned = 1; /* To begin again is the same. */
    expect_left(&result, NULL);
    result.trials_planned = 2;
    trials[1].ended = true;
    expect_left(&result, "All 2 trials are there, but nobody judged them");
    result.cut_off = false;
    result.verdict = VERDICT_INTERRUPTED;
    expect_left(&result, "Not all of its 2 trials are whole");
    result.verdict = VERDICT_FAIL;
    expect_left(&result, NULL);
    result.verdict = VERDICT_FAILED;
    result.trials_planned = 0;
    of.trials_count = 0;
    expect_left(&result, NULL);
}

static void expect_command(const struct result *result, const char *folder, const char *wanted)
{
    struct text out = {0};

    resumed_command(result, folder, &out);
    assert_string_equal(out.bytes, wanted);
    text_done(&out);
}

static void the_command_names_what_the_journal_does_not_have(void **state)
{
    char command[] = "millrace run s.yaml --listen tcp://127.0.0.1:0";
    char with_hosts[] = "millrace run s.yaml --hosts load1,load2 --out x";
    char with_launch[] = "millrace run s.yaml --launch=ssh:load1";
    char scenario[] = "targets:\n  - password: \"***\"\n";
    struct result result = {.verdict = VERDICT_FAILED};

    (void)state;
    expect_command(&result, "runs/x", "millrace run --resume runs/x");
    result.command = command;
    expect_command(&result, NULL, "millrace run --resume RUN_DIR --listen URL");
    result.command = with_hosts;
    expect_command(&result, "x", "millrace run --resume x --hosts load1,load2");
    result.command = with_launch;
    expect_command(&result, "x", "millrace run --resume x --launch=ssh:load1");
    result.command = command;
    result.scenario = scenario;
    expect_command(&result, "x", "millrace run SCENARIO --resume x --listen URL");
}

static void the_time_for_which_runs_were_left_is_summed_up(void **state)
{
    struct result_resume resumes[] = {{.left_unix_ns = AT_NS, .resumed_unix_ns = AT_NS + 5},
                                      {.left_unix_ns = AT_NS, .resumed_unix_ns = AT_NS - 7},
                                      {.left_unix_ns = AT_NS, .resumed_unix_ns = AT_NS + 2}};
    struct result result = {.resumes = resumes, .resumes_count = 3};

    (void)state;
    assert_int_equal(resumed_away_ns(&result), 7);
    assert_false(resumed_elsewhere(&result));
    resumes[2].agents_gone = 1;
    assert_true(resumed_elsewhere(&result));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumption_is_told_with_its_trial_its_pause_and_its_agents),
        cmocka_unit_test(what_is_left_is_told_of_runs_that_ended_early),
        cmocka_unit_test(the_command_names_what_the_journal_does_not_have),
        cmocka_unit_test(the_time_for_which_runs_were_left_is_summed_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
