#include "check.h"
#include "cli_screen_inner.h"
#include "mono.h"
#include "sync.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOTICES 500
#define PIPE_BYTES 4096

/* stderr as a pipe, and who reads it. */
struct reader {
    pthread_t thread;
    int pipe[2];
    int before; /* What stderr was. */
    char text[NOTICES * 32];
    size_t text_bytes;
};

static void take_stderr(struct reader *reader)
{
    memset(reader, 0, sizeof *reader);
    assert_int_equal(pipe2(reader->pipe, O_CLOEXEC), 0);
    assert_true(fcntl(reader->pipe[1], F_SETPIPE_SZ, PIPE_BYTES) > 0);
    reader->before = dup(STDERR_FILENO);
    assert_int_equal(dup2(reader->pipe[1], STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(reader->pipe[1]), 0);
}

static void *read_all(void *context)
{
    struct reader *reader = context;
    ssize_t got;

    while ((got = read(reader->pipe[0], reader->text + reader->text_bytes,
                       sizeof reader->text - 1 - reader->text_bytes)) > 0) {
        reader->text_bytes += (size_t)got;
    }
    return NULL;
}

static void give_stderr_back(struct reader *reader)
{
    assert_int_equal(dup2(reader->before, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(reader->before), 0);
    assert_int_equal(pthread_join(reader->thread, NULL), 0);
    assert_int_equal(close(reader->pipe[0]), 0);
}

static void notices_wait_for_a_reader_and_hold_up_nobody(void **state)
{
    static const atomic_int interrupts;
    static struct reader reader;
    struct cli_screen screen;
    char wanted[NOTICES * 32] = "";
    size_t used = 0;

    (void)state;
    take_stderr(&reader);
    assert_int_equal(cli_screen_init(&screen, false, NULL), 0);
    for (int i = 0; i < NOTICES; i++) { /* More than the pipe holds, and nobody reads. */
        char text[32];

        (void)snprintf(text, sizeof text, "notice number %d", i);
        cli_screen_notice(&screen, text);
        used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s\n", text);
    }
    assert_true(used > PIPE_BYTES);
    assert_true(cli_screen_waits_since(&screen) != 0);
    assert_int_equal(pthread_create(&reader.thread, NULL, read_all, &reader), 0);
    assert_true(cli_screen_close(&screen, &interrupts));
    give_stderr_back(&reader);
    assert_string_equal(reader.text, wanted);
}

static void a_notice_of_a_stranger_is_one_harmless_line(void **state)
{
    static const atomic_int interrupts;
    static struct reader reader;
    struct cli_screen screen;

    (void)state;
    take_stderr(&reader);
    assert_int_equal(cli_screen_init(&screen, true, NULL), 0);
    cli_screen_notice(&screen, "it says \033[2J and\nmore");
    assert_int_equal(pthread_create(&reader.thread, NULL, read_all, &reader), 0);
    assert_true(cli_screen_close(&screen, &interrupts));
    give_stderr_back(&reader);
    assert_string_equal(reader.text, "it says ?[2J and more\n");
}

/* Once the phase was named after the time at which a line was written, not after its data. */
static void a_line_for_a_log_stands_under_the_phase_of_its_data(void **state)
{
    static const atomic_int interrupts;
    static struct reader reader;
    struct run_progress progress = {.stage = "running",
                                    .case_name = "kafka",
                                    .phase_name = "steady",
                                    .trials_count = 1,
                                    .trial_ns = 1 * NS_PER_S,
                                    .phase_ns = 1 * NS_PER_S};
    struct cli_screen screen;

    (void)state;
    take_stderr(&reader);
    assert_int_equal(cli_screen_init(&screen, false, NULL), 0);
    cli_screen_progress(&screen, &progress); /* The stage. */
    cli_screen_progress(&screen, &progress);
    progress.live.intervals = 1;
    progress.live.last.length_s = 1.0;
    progress.live.last.sent = 100;
    cli_screen_progress(&screen, &progress);
    progress.phase_name = "drain";
    progress.trial_ns = 2 * NS_PER_S;
    progress.phase_ns = 0;
    cli_screen_progress(&screen, &progress); /* Still the second of steady. */
    progress.live.intervals = 2;
    progress.live.last.start_ns = 2 * NS_PER_S;
    progress.live.last.sent = 7;
    cli_screen_progress(&screen, &progress);
    assert_int_equal(pthread_create(&reader.thread, NULL, read_all, &reader), 0);
    assert_true(cli_screen_close(&screen, &interrupts));
    give_stderr_back(&reader);
    assert_non_null(strstr(reader.text, "running\nkafka steady begins\n"));
    assert_non_null(strstr(reader.text, "\ncase=kafka trial=1/1 phase=steady "));
    assert_non_null(strstr(strstr(reader.text, "phase=steady"), " sent_per_s=100.0 "));
    assert_non_null(strstr(reader.text, "\ncase=kafka trial=1/1 phase=drain "));
    assert_non_null(strstr(strstr(reader.text, "phase=drain"), " sent_per_s=7.0 "));
    assert_null(strstr(strstr(reader.text, "phase=drain") + 1, "phase="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_wait_for_a_reader_and_hold_up_nobody),
        cmocka_unit_test(a_notice_of_a_stranger_is_one_harmless_line),
        cmocka_unit_test(a_line_for_a_log_stands_under_the_phase_of_its_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
