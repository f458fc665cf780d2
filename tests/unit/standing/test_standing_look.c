/* What is said of an address at which nobody answers. What each stage is called is tested with
 * tls_look; here it is played. */
#include "check.h"

#include "mono.h"
#include "standing_look_inner.h"
#include "tls_look.h"

#include <stdio.h>
#include <string.h>

static struct {
    int64_t now_ns;
    enum tls_look_stage stage;
    const char *sentence;
    uint32_t looks_count;
    char host[64];
} stand;

int64_t __wrap_mono_ns(void);
enum tls_look_stage __wrap_tls_look(const struct tls_look_config *config, int64_t deadline_ns,
                                    struct errinfo *ret);

int64_t __wrap_mono_ns(void)
{
    return stand.now_ns;
}

enum tls_look_stage __wrap_tls_look(const struct tls_look_config *config, int64_t deadline_ns,
                                    struct errinfo *ret)
{
    assert_true(deadline_ns - stand.now_ns <= STANDING_LOOK_NS_MAX);
    stand.looks_count++;
    (void)snprintf(stand.host, sizeof stand.host, "%s %s", config->host, config->port);
    (void)errinfo_set(ret, -EIO, "%s", stand.sentence);
    return stand.stage;
}

/* Looks after a silence of that many seconds in all; "" where there is nothing to say. */
static const char *say(struct standing_look *look, const char *url, int64_t silent_s)
{
    static char text[ERRINFO_BYTES];
    enum log_level level = LOG_LEVEL_ERROR;

    stand.now_ns = (100 + silent_s) * NS_PER_S;
    return standing_look(look, url, NULL, silent_s * NS_PER_S, text, &level) ? text : "";
}

static void a_coordinator_that_is_not_there_yet_is_waited_for_in_few_words(void **state)
{
    struct standing_look look = {0};

    (void)state;
    stand.stage = TLS_LOOK_REFUSED;
    stand.sentence = "nothing listens there";
    assert_string_equal(say(&look, "tcp://coord:7700", 2),
                        "waiting for a coordinator at tcp://coord:7700");
    assert_string_equal(stand.host, "coord 7700");
}

static void a_firewall_is_suspected_after_ten_seconds(void **state)
{
    struct standing_look look = {0};

    (void)state;
    stand.stage = TLS_LOOK_SILENT;
    stand.sentence = "no answer";
    assert_string_equal(say(&look, "tcp://coord:7700", 2),
                        "waiting for a coordinator at tcp://coord:7700");
    assert_string_equal(say(&look, "tcp://coord:7700", 11),
                        "no answer from coord:7700 after 10 s (connect; is a firewall between?)");
}

/* Addresses that take turns are silent for two seconds each time. */
static void its_silence_is_counted_over_all_turns(void **state)
{
    struct standing_look look = {0};
    char text[ERRINFO_BYTES];
    enum log_level level;

    (void)state;
    stand.stage = TLS_LOOK_SILENT;
    stand.now_ns = 100 * NS_PER_S;
    assert_true(standing_look(&look, "tcp://coord:7700", NULL, 2 * NS_PER_S, text, &level));
    stand.now_ns = 109 * NS_PER_S;
    assert_true(standing_look(&look, "tcp://coord:7700", NULL, 2 * NS_PER_S, text, &level));
    assert_non_null(strstr(text, "no answer from coord:7700 after 10 s"));
    assert_int_equal(level, LOG_LEVEL_WARNING);
}

static void what_stands_in_the_way_is_told_with_the_address(void **state)
{
    struct standing_look look = {0};

    (void)state;
    stand.stage = TLS_LOOK_THEIRS;
    stand.sentence = "the coordinator's certificate ended 2026-11-01";
    assert_string_equal(say(&look, "tcp://coord:7700", 2),
                        "coord:7700: the coordinator's certificate ended 2026-11-01");
}

static void it_looks_no_more_than_each_few_seconds_and_never_at_a_path(void **state)
{
    struct standing_look look = {0};
    struct standing_look local = {0};

    (void)state;
    stand.stage = TLS_LOOK_REFUSED;
    stand.looks_count = 0;
    for (int64_t silent_s = 2; silent_s < 22; silent_s++) {
        (void)say(&look, "tcp://coord:7700", silent_s);
    }
    assert_int_equal(stand.looks_count, 4);
    assert_string_equal(say(&local, "ipc:///run/millrace", 2),
                        "waiting for a coordinator at ipc:///run/millrace");
    assert_int_equal(stand.looks_count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coordinator_that_is_not_there_yet_is_waited_for_in_few_words),
        cmocka_unit_test(a_firewall_is_suspected_after_ten_seconds),
        cmocka_unit_test(its_silence_is_counted_over_all_turns),
        cmocka_unit_test(what_stands_in_the_way_is_told_with_the_address),
        cmocka_unit_test(it_looks_no_more_than_each_few_seconds_and_never_at_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
