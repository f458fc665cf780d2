#include "check.h"

#include "bounds.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

static struct run_progress running(void)
{
    struct run_progress progress = {.stage = "running",
                                    .agents_joined = 2,
                                    .agents_wanted = 2,
                                    .trial = 1,
                                    .trials_count = 3,
                                    .case_name = "rabbitmq",
                                    .phase_name = "steady",
                                    .phase_ns = INT64_C(15000000000),
                                    .phase_length_ns = INT64_C(30000000000),
                                    .trial_ns = INT64_C(20000000000),
                                    .trial_length_ns = INT64_C(65000000000)};

    progress.live.intervals = 20;
    progress.live.last.due = 20000;
    progress.live.last.sent = 19990;
    progress.live.last.acked = 19980;
    progress.live.last.received = 19970;
    progress.live.last.e2e.samples = 5;
    progress.live.last.e2e.p50 = 1000000;
    progress.live.last.e2e.p99 = 4120000;
    progress.live.last.publish.samples = 5;
    progress.live.last.publish.p50 = 900000;
    progress.live.last.publish.p99 = 3000000;
    progress.live.backlog = 17;
    progress.live.outstanding = 3;
    return progress;
}

static char *screen(const struct run_progress *progress, int width)
{
    struct text out = {0};

    view_screen(progress, width, &out);
    assert_false(text_failed(&out));
    return text_take(&out);
}

/* Characters of the longest line; every line has to end. */
static int widest(const char *text)
{
    int most = 0;
    int columns = 0;

    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            most = columns > most ? columns : most;
            columns = 0;
        } else if (((unsigned char)*text & 0xC0) != 0x80) {
            columns++;
        }
    }
    assert_int_equal(columns, 0);
    return most;
}

static void assert_fits(const struct run_progress *progress)
{
    for (int width = -1; width < 300; width++) {
        char *text = screen(progress, width);

        assert_true(widest(text) <= (width > 0 ? width : 0));
        free(text);
    }
}

static void the_screen_shows_phase_rates_latencies_and_state(void **state)
{
    struct run_progress progress = running();
    char *text = screen(&progress, 100);

    (void)state;
    assert_non_null(strstr(text, "rabbitmq  trial 2 of 3  phase steady"));
    assert_non_null(strstr(text, "[########........]"));
    assert_non_null(strstr(text, "at most 45 s left"));
    assert_non_null(strstr(text, "asked 20,000/s"));
    assert_non_null(strstr(text, "p99 4.12 ms"));
    assert_non_null(strstr(text, "backlog 17"));
    assert_non_null(strstr(text, "agents 2 of 2"));
    assert_null(strstr(text, "AWAY"));
    assert_null(strstr(text, "ceiling"));
    free(text);
    (void)strcpy(progress.ceiling, "3.4x the load");
    text = screen(&progress, 100);
    assert_non_null(strstr(text, "agents 2 of 2  ceiling 3.4x the load"));
    free(text);
    progress.live.clients_down = 1;
    progress.live.clients = 4;
    text = screen(&progress, 100);
    assert_null(strstr(text, "AWAY")); /* One client is not the broker. */
    assert_non_null(strstr(text, "1 of 4 clients down"));
    free(text);
    progress.broker_away = true;
    text = screen(&progress, 100);
    assert_non_null(strstr(text, "BROKER AWAY"));
    free(text);
}

static void no_line_is_wider_than_the_screen(void **state)
{
    struct run_progress progress = running();
    char name[NAME_BYTES];

    (void)state;
    assert_fits(&progress);
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    progress.case_name = name;
    progress.phase_name = name;
    progress.live.last.sent = UINT64_MAX;
    progress.live.last.e2e.p99 = INT64_MAX;
    progress.live.backlog = UINT64_MAX;
    progress.live.outstanding = UINT64_MAX;
    assert_fits(&progress);
}

static void times_that_make_no_sense_are_drawn_all_the_same(void **state)
{
    static const int64_t times[] = {INT64_C(-1000000000), 0, INT64_C(90000000000)};
    struct run_progress progress = running();

    (void)state;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            char *text;

            progress.phase_ns = times[i];
            progress.phase_length_ns = times[j];
            progress.trial_ns = times[i];
            progress.trial_length_ns = times[j];
            text = screen(&progress, 100);
            assert_true(widest(text) <= 100);
            free(text);
        }
    }
}

#define MANY 1024

static void fill_agents(struct progress_agent *agents, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        agents[i] = (struct progress_agent){.name = "load",
                                            .reason = "",
                                            .messages = 100,
                                            .late_ns = 100000 + i,
                                            .clock_bound_ns = 13200};
    }
}

static void each_of_a_few_agents_has_a_line(void **state)
{
    struct run_progress progress = running();
    struct progress_agent agents[3];
    char *text;

    (void)state;
    fill_agents(agents, 3);
    agents[0].name = "load1";
    agents[1].name = "load2";
    agents[1].state = PROGRESS_AGENT_SUSPECT;
    agents[1].silent_ns = INT64_C(4100000000);
    agents[2].name = "load3";
    agents[2].state = PROGRESS_AGENT_LOST;
    agents[2].reason = "it has fallen silent";
    progress.agents = agents;
    progress.agents_count = 3;
    text = screen(&progress, 120);
    assert_non_null(strstr(text, "load1             33.3 %  late 100 µs   clock ±13.2 µs"));
    assert_non_null(strstr(text, "NOT HEARD OF for 4 s"));
    assert_non_null(strstr(text, "LOST: it has fallen silent"));
    assert_true(strstr(text, "load3") < strstr(text, "load2")); /* The worst first. */
    assert_true(strstr(text, "load2") < strstr(text, "load1"));
    assert_fits(&progress);
    free(text);
}

static void of_many_agents_there_are_the_worst_and_their_sum(void **state)
{
    static struct progress_agent agents[MANY];
    struct run_progress progress = running();
    struct text line = {0};
    uint32_t lines = 0;
    char *text;

    (void)state;
    fill_agents(agents, MANY);
    agents[700].name = "load700";
    agents[700].state = PROGRESS_AGENT_LOST;
    agents[700].reason = "its process ended";
    agents[3].name = "load3";
    agents[3].late_ns = INT64_C(50000000);
    agents[900].state = PROGRESS_AGENT_SUSPECT;
    progress.agents = agents;
    progress.agents_count = MANY;
    text = screen(&progress, 200);
    for (const char *at = text; *at != '\0'; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    assert_int_equal(lines, 9);
    assert_non_null(
        strstr(text, "1022 of 1024 agents there, 1 agent not heard of, 1 lost; shares "));
    assert_non_null(strstr(text, "load700          LOST: its process ended"));
    assert_non_null(strstr(text, "late 50.0 ms"));
    free(text);
    view_line(&progress, &line);
    assert_non_null(strstr(line.bytes, "backlog=17 agents_silent=1 agents_lost=1\n"));
    text_done(&line);
}

static void before_a_trial_there_is_one_line_with_the_stage(void **state)
{
    struct run_progress progress = {.stage = "waiting for agents",
                                    .detail = "ipc:///home/j\xc3\xb6rg/x\n\x1b[2J",
                                    .agents_wanted = 4};
    char *text = screen(&progress, 100);

    (void)state;
    assert_string_equal(text,
                        "waiting for agents: ipc:///home/j\xc3\xb6rg/x??[2J (0 of 4 agents)\n");
    free(text);
    /* Cut within a character of two bytes: the whole of it or nothing. */
    text = screen(&progress, 34);
    assert_string_equal(text, "waiting for agents: ipc:///home/j\xc3\xb6\n");
    free(text);
    text = screen(&progress, 33);
    assert_string_equal(text, "waiting for agents: ipc:///home/j\n");
    free(text);
    assert_fits(&progress);
}

static void a_calibration_is_no_trial_of_the_run(void **state)
{
    struct run_progress progress = {.stage = "running",
                                    .case_name = "calibration",
                                    .phase_name = "warm-up",
                                    .trial = CALIBRATION_TRIAL_FIRST,
                                    .trials_count = 1,
                                    .phase_length_ns = 1000000000,
                                    .agents_joined = 2,
                                    .agents_wanted = 2};
    char *text = screen(&progress, 100);

    (void)state;
    assert_int_equal(strncmp(text, "calibration  phase warm-up  [", 29), 0);
    free(text);
}

static void a_line_for_a_log_has_no_latency_without_samples(void **state)
{
    struct run_progress progress = running();
    struct text out = {0};

    (void)state;
    view_line(&progress, &out);
    assert_string_equal(out.bytes,
                        "case=rabbitmq trial=2/3 phase=steady elapsed_s=20 target_per_s=20000.0 "
                        "sent_per_s=19990.0 confirmed_per_s=19980.0 received_per_s=19970.0 "
                        "e2e_p50_ms=1 e2e_p99_ms=4.12 publish_p99_ms=3 backlog=17\n");
    text_done(&out);
    progress.live.last.e2e.samples = 0;
    progress.broker_away = true;
    view_line(&progress, &out);
    assert_non_null(strstr(out.bytes, "backlog=17 broker=away\n"));
    assert_null(strstr(out.bytes, "e2e_"));
    text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screen_shows_phase_rates_latencies_and_state),
        cmocka_unit_test(no_line_is_wider_than_the_screen),
        cmocka_unit_test(times_that_make_no_sense_are_drawn_all_the_same),
        cmocka_unit_test(each_of_a_few_agents_has_a_line),
        cmocka_unit_test(of_many_agents_there_are_the_worst_and_their_sum),
        cmocka_unit_test(before_a_trial_there_is_one_line_with_the_stage),
        cmocka_unit_test(a_calibration_is_no_trial_of_the_run),
        cmocka_unit_test(a_line_for_a_log_has_no_latency_without_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
