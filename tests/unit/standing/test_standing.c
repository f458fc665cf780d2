/* Run after run, refusal after refusal, in a time that the test makes. */
#include "check.h"

#include "control_messages.h"
#include "log.h"
#include "mono.h"
#include "standing.h"
#include "sync.h"
#include "tls_look.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What one call of duty_run() does. */
struct turn {
    const char *run_id; /* That it joins; NULL: none. */
    int64_t silent_ns;  /* Nobody answers for so long; on_silence() is asked after it. */
    int r;
    const char *sentence;
};

static struct {
    const struct turn *turns;
    uint32_t turns_count;
    uint32_t taken;
    int64_t now_ns;
    int64_t paused_ns[64]; /* Before each turn. */
    const char *urls[64];  /* Of each. */
    char log[4096];        /* Its lines. */
} stand;

enum tls_look_stage __wrap_tls_look(const struct tls_look_config *config, int64_t deadline_ns,
                                    struct errinfo *ret);
int64_t __wrap_mono_ns(void);
bool __wrap_sync_event_wait(int event_fd, int timeout_ms);
int __wrap_duty_run(const struct duty_config *config, struct errinfo *reterr);
void __wrap_log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

int64_t __wrap_mono_ns(void)
{
    return stand.now_ns;
}

void __wrap_log_line(enum log_level level, const char *format, ...)
{
    size_t used = strlen(stand.log);
    va_list arguments;

    (void)level;
    va_start(arguments, format);
    (void)vsnprintf(stand.log + used, sizeof stand.log - used, format, arguments);
    va_end(arguments);
    used = strlen(stand.log);
    (void)snprintf(stand.log + used, sizeof stand.log - used, "\n");
}

enum tls_look_stage __wrap_tls_look(const struct tls_look_config *config, int64_t deadline_ns,
                                    struct errinfo *ret)
{
    (void)config;
    (void)deadline_ns;
    (void)ret;
    return TLS_LOOK_REFUSED;
}

/* The signal comes when nothing is left to do. */
bool __wrap_sync_event_wait(int event_fd, int timeout_ms)
{
    (void)event_fd;
    stand.now_ns += timeout_ms * NS_PER_MS;
    stand.paused_ns[stand.taken] = timeout_ms * NS_PER_MS;
    return stand.taken == stand.turns_count;
}

int __wrap_duty_run(const struct duty_config *config, struct errinfo *reterr)
{
    const struct turn *turn = &stand.turns[stand.taken];
    struct welcome welcome = {.accepted = true};

    stand.urls[stand.taken++] = config->url;
    stand.now_ns += turn->silent_ns;
    if (turn->silent_ns > 0 && !config->on_silence(config->context, turn->silent_ns)) {
        return errinfo_set(reterr, -ETIMEDOUT, "no coordinator answers");
    }
    if (turn->run_id != NULL) {
        (void)snprintf(welcome.run_id, sizeof welcome.run_id, "%s", turn->run_id);
        config->on_joined(config->context, &welcome);
    }
    return turn->r == 0 ? 0 : errinfo_set(reterr, turn->r, "%s", turn->sentence);
}

static void stand_with(const struct turn *turns, uint32_t turns_count, uint32_t urls_count)
{
    static const char *const urls[] = {"tcp://a:1", "tcp://b:2"};
    struct standing_config config = {.urls = urls, .urls_count = urls_count};
    struct errinfo error = {""};

    memset(&stand, 0, sizeof stand);
    stand.turns = turns;
    stand.turns_count = turns_count;
    assert_int_equal(standing_run(&config, &error), -EINTR);
    assert_int_equal(stand.taken, turns_count);
}

#define STAND_WITH(turns, urls_count)                                                              \
    stand_with(turns, sizeof(turns) / sizeof(turns)[0], urls_count)

/* What a launcher starts is there for one run. */
static void who_is_there_once_ends_with_its_run_or_a_refusal(void **state)
{
    static const struct turn served[] = {{.silent_ns = NS_PER_S, .r = -ETIMEDOUT},
                                         {.run_id = "run-1", .r = 0}};
    static const struct turn refused[] = {{.r = -ECONNRESET, .sentence = "the connection was lost"},
                                          {.r = -EPERM, .sentence = "all agents are here"}};
    static const char *const urls[] = {"tcp://a:1", "tcp://b:2"};
    struct standing_config config = {.urls = urls, .urls_count = 2, .once = true};
    struct errinfo error = {""};

    (void)state;
    memset(&stand, 0, sizeof stand);
    stand.turns = served;
    stand.turns_count = 3; /* No signal comes. */
    assert_int_equal(standing_run(&config, &error), 0);
    assert_int_equal(stand.taken, 2);
    assert_string_equal(stand.urls[1], "tcp://b:2");
    memset(&stand, 0, sizeof stand);
    stand.turns = refused;
    stand.turns_count = 3;
    assert_int_equal(standing_run(&config, &error), -EPERM);
    assert_string_equal(error.text, "all agents are here");
}

/* Nobody may be there any more to end it. */
static void who_is_there_once_has_so_long_to_join(void **state)
{
    static const struct turn turns[] = {
        {.silent_ns = 4 * NS_PER_S, .r = -ECONNRESET, .sentence = "the connection was lost"},
        {.silent_ns = 10 * NS_PER_S, .r = -ECONNRESET, .sentence = "the connection was lost"}};
    static const char *const urls[] = {"tcp://a:1"};
    struct standing_config config = {
        .urls = urls, .urls_count = 1, .once = true, .join_ns = 12 * NS_PER_S};
    struct errinfo error = {""};

    (void)state;
    memset(&stand, 0, sizeof stand);
    stand.turns = turns;
    stand.turns_count = 3; /* No signal comes. */
    assert_int_equal(standing_run(&config, &error), -ETIMEDOUT);
    assert_int_equal(stand.taken, 2);
    assert_string_equal(error.text,
                        "no coordinator was joined within 12 s: no coordinator answers");
}

static uint32_t times_said(const char *text)
{
    uint32_t count = 0;

    for (const char *at = stand.log; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static void run_after_run_is_served_until_the_signal(void **state)
{
    static const struct turn turns[] = {{.silent_ns = 5 * NS_PER_S, .run_id = "one"},
                                        {.run_id = "two"},
                                        {.silent_ns = 1, .run_id = "three"}};

    (void)state;
    STAND_WITH(turns, 1);
    assert_int_equal(times_said("has ended; waiting for the next one"), 3);
    assert_int_equal(times_said("waiting for a coordinator at tcp://a:1"), 2);
}

static void a_refusal_is_said_once_and_asked_again_less_and_less_often(void **state)
{
    static const struct turn turns[] = {
        {.r = -EPERM, .sentence = "all are here"}, {.r = -EPERM, .sentence = "all are here"},
        {.r = -EPERM, .sentence = "another"},      {.r = -EPERM, .sentence = "all are here"},
        {.r = -EPERM, .sentence = "another"},      {.r = -EPERM, .sentence = "all are here"}};

    (void)state;
    STAND_WITH(turns, 1);
    assert_int_equal(times_said("all are here"), 1);
    assert_int_equal(times_said("tcp://a:1: another"), 1);
    assert_int_equal(stand.paused_ns[0], 0);
    assert_in_range(stand.paused_ns[1], NS_PER_S, 3 * NS_PER_S);
    assert_in_range(stand.paused_ns[2], 3 * NS_PER_S, 5 * NS_PER_S);
    assert_in_range(stand.paused_ns[6], 7 * NS_PER_S, 13 * NS_PER_S);
}

static void after_a_run_a_refusal_is_said_again_and_soon_asked_again(void **state)
{
    static const struct turn turns[] = {{.r = -EPERM, .sentence = "all are here"},
                                        {.r = -EPERM, .sentence = "all are here"},
                                        {.run_id = "one"},
                                        {.r = -EPERM, .sentence = "all are here"}};

    (void)state;
    STAND_WITH(turns, 1);
    assert_int_equal(times_said("all are here"), 2);
    assert_in_range(stand.paused_ns[4], NS_PER_S, 3 * NS_PER_S);
}

static void a_coordinator_that_goes_away_ends_its_run_alone(void **state)
{
    static const struct turn turns[] = {
        {.run_id = "one", .r = -ECONNABORTED, .sentence = "has not answered for 30 s"},
        {.run_id = "two"}};

    (void)state;
    STAND_WITH(turns, 1);
    assert_int_equal(times_said("run one ended here: has not answered for 30 s"), 1);
    assert_int_equal(times_said("run two has ended"), 1);
}

static void addresses_take_turns_while_nobody_answers(void **state)
{
    static const struct turn turns[] = {{.silent_ns = 2 * NS_PER_S},
                                        {.silent_ns = 2 * NS_PER_S},
                                        {.silent_ns = 2 * NS_PER_S},
                                        {.run_id = "one"},
                                        {.run_id = "two"}};

    (void)state;
    STAND_WITH(turns, 2);
    assert_string_equal(stand.urls[0], "tcp://a:1");
    assert_string_equal(stand.urls[1], "tcp://b:2");
    assert_string_equal(stand.urls[2], "tcp://a:1");
    assert_string_equal(stand.urls[3], "tcp://b:2");
    assert_string_equal(stand.urls[4], "tcp://b:2"); /* Where a run was, the next one is likely. */
    assert_int_equal(times_said("waiting for a coordinator at tcp://a:1"), 1);
}

static int refresh(void *context, struct standing_config *config, struct errinfo *reterr)
{
    static const char *const other[] = {"tcp://c:3"};
    uint32_t *asked = context;

    if (++*asked <= 3) {
        return errinfo_set(reterr, -EKEYEXPIRED, "the join file of load1 ended; here it is 10:0%u",
                           *asked);
    }
    config->urls = other;
    config->urls_count = 1;
    return 0;
}

static void a_join_file_that_has_ended_is_said_once_until_there_is_another(void **state)
{
    static const struct turn turns[] = {{.silent_ns = 2 * NS_PER_S}, {.run_id = "one"}};
    static const char *const urls[] = {"tcp://a:1", "tcp://b:2"};
    uint32_t asked = 0;
    struct standing_config config = {
        .urls = urls, .urls_count = 2, .refresh = refresh, .context = &asked};

    (void)state;
    memset(&stand, 0, sizeof stand);
    stand.turns = turns;
    stand.turns_count = 2;
    assert_int_equal(standing_run(&config, NULL), -EINTR);
    assert_int_equal(asked, 5);
    assert_int_equal(times_said("the join file of load1 ended"), 1);
    assert_string_equal(stand.urls[0], "tcp://c:3");
    assert_int_equal(times_said("run one has ended"), 1);
}

/* It may end or be replaced while nobody answers. */
static void a_join_file_is_looked_at_again_while_nobody_answers(void **state)
{
    static const struct turn turns[] = {{.silent_ns = 60 * NS_PER_S}, {.run_id = "one"}};
    static const char *const urls[] = {"tcp://a:1"};
    uint32_t asked = 3;
    struct standing_config config = {
        .urls = urls, .urls_count = 1, .refresh = refresh, .context = &asked};

    (void)state;
    memset(&stand, 0, sizeof stand);
    stand.turns = turns;
    stand.turns_count = 2;
    assert_int_equal(standing_run(&config, NULL), -EINTR);
    assert_int_equal(asked, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_there_once_ends_with_its_run_or_a_refusal),
        cmocka_unit_test(who_is_there_once_has_so_long_to_join),
        cmocka_unit_test(run_after_run_is_served_until_the_signal),
        cmocka_unit_test(a_refusal_is_said_once_and_asked_again_less_and_less_often),
        cmocka_unit_test(after_a_run_a_refusal_is_said_again_and_soon_asked_again),
        cmocka_unit_test(a_coordinator_that_goes_away_ends_its_run_alone),
        cmocka_unit_test(a_join_file_that_has_ended_is_said_once_until_there_is_another),
        cmocka_unit_test(a_join_file_is_looked_at_again_while_nobody_answers),
        cmocka_unit_test(addresses_take_turns_while_nobody_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
