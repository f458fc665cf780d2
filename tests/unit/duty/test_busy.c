/* What others hear of an agent that serves one of them. */
#include "busy_inner.h"
#include "check.h"

#include "coordinator_link_inner.h"
#include "introduction_inner.h"
#include "sync.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

static const char *const urls[] = {"tcp://a:1", "tcp://b:2", "tcp://c:3"};

static struct {
    char dialled[256]; /* Urls, each with a space behind it. */
    char said[REASON_BYTES];
    char but_to[NAME_BYTES];
    uint64_t instance;
    uint32_t rounds_left;
    sem_t rounds_over;
    bool hangs; /* The hello, until it is called back. */
    sem_t called_back;
    sem_t hanging;
} stand;

int __wrap_coordinator_link_new(const struct coordinator_link_config *config,
                                struct coordinator_link **ret, struct errinfo *reterr);
void __wrap_coordinator_link_free(struct coordinator_link *link);
void __wrap_coordinator_link_cancel(struct coordinator_link *link);
int __wrap_introduction_make(struct coordinator_link *link, const struct hello *hello,
                             const struct duty_host *host, const char *but_to, struct welcome *ret,
                             struct errinfo *reterr);
bool __real_sync_event_wait(int event_fd, int timeout_ms);
bool __wrap_sync_event_wait(int event_fd, int timeout_ms);

int __wrap_coordinator_link_new(const struct coordinator_link_config *config,
                                struct coordinator_link **ret, struct errinfo *reterr)
{
    size_t used = strlen(stand.dialled);

    (void)reterr;
    (void)snprintf(stand.dialled + used, sizeof stand.dialled - used, "%s ", config->url);
    *ret = (struct coordinator_link *)&stand;
    return 0;
}

void __wrap_coordinator_link_free(struct coordinator_link *link)
{
    (void)link;
}

void __wrap_coordinator_link_cancel(struct coordinator_link *link)
{
    (void)link;
    (void)sem_post(&stand.called_back);
}

int __wrap_introduction_make(struct coordinator_link *link, const struct hello *hello,
                             const struct duty_host *host, const char *but_to, struct welcome *ret,
                             struct errinfo *reterr)
{
    (void)link;
    (void)host;
    (void)ret;
    (void)reterr;
    (void)snprintf(stand.said, sizeof stand.said, "%s", hello->busy);
    (void)snprintf(stand.but_to, sizeof stand.but_to, "%s", but_to);
    stand.instance = hello->instance;
    if (stand.hangs) {
        (void)sem_post(&stand.hanging);
        (void)sem_wait(&stand.called_back);
    }
    return -ETIMEDOUT;
}

/* The pause between two rounds is none, until those that the test wants are over. */
bool __wrap_sync_event_wait(int event_fd, int timeout_ms)
{
    if (timeout_ms == 0) {
        return __real_sync_event_wait(event_fd, 0);
    }
    if (stand.rounds_left > 1) {
        stand.rounds_left--;
        return false;
    }
    (void)sem_post(&stand.rounds_over);
    return __real_sync_event_wait(event_fd, -1);
}

static void begin(uint32_t rounds, const char *url, uint32_t urls_count, struct busy **ret)
{
    static struct duty_config config;
    const struct hello hello = {.instance = 77, .name = "load1"};

    (void)sem_init(&stand.rounds_over, 0, 0);
    (void)sem_init(&stand.called_back, 0, 0);
    (void)sem_init(&stand.hanging, 0, 0);
    stand.dialled[0] = '\0';
    stand.rounds_left = rounds;
    config = (struct duty_config){.url = url, .urls = urls, .urls_count = urls_count};
    assert_int_equal(busy_new(&config, &hello, "20261130-one", ret, NULL), 0);
}

static void every_other_address_hears_with_what_again_and_again(void **state)
{
    struct busy *busy = NULL;

    (void)state;
    begin(2, urls[1], 3, &busy);
    (void)sem_wait(&stand.rounds_over);
    busy_free(busy);
    assert_string_equal(stand.dialled, "tcp://a:1 tcp://c:3 tcp://a:1 tcp://c:3 ");
    assert_string_equal(stand.said, "busy with run 20261130-one of coordinator b:2");
    assert_string_equal(stand.but_to, "20261130-one");
    assert_int_not_equal(stand.instance, 77);
}

static void with_one_address_nobody_else_can_wait(void **state)
{
    struct busy *busy = NULL;

    (void)state;
    begin(1, urls[0], 1, &busy);
    assert_null(busy);
    busy_free(busy);
    assert_string_equal(stand.dialled, "");
}

static void a_hello_under_way_is_called_back_when_the_run_ends(void **state)
{
    struct busy *busy = NULL;

    (void)state;
    stand.hangs = true;
    begin(1, urls[0], 2, &busy);
    (void)sem_wait(&stand.hanging);
    busy_free(busy); /* Else it would wait for ever. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_other_address_hears_with_what_again_and_again),
        cmocka_unit_test(with_one_address_nobody_else_can_wait),
        cmocka_unit_test(a_hello_under_way_is_called_back_when_the_run_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
