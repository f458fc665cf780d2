#include "channel.h"
#include "check.h"
#include "mono.h"
#include "temp.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX 65536
#define LONG_MS 20000 /* Only a failing test waits this long. */
#define CALLERS 8
#define CALLS 200

/* A server with a thread that answers each request with the same bytes. */
struct echo {
    struct channel_server *server;
    char *url;
    pthread_t thread;
    pthread_mutex_t lock;
    bool ends;
};

static bool echo_ends(struct echo *echo)
{
    bool ends;

    (void)pthread_mutex_lock(&echo->lock);
    ends = echo->ends;
    (void)pthread_mutex_unlock(&echo->lock);
    return ends;
}

static void *echo_run(void *argument)
{
    struct echo *echo = argument;

    while (!echo_ends(echo)) {
        struct channel_request *request = NULL;

        if (channel_server_next(echo->server, 50, &request) == 0) {
            size_t bytes_count = 0;
            const void *bytes = channel_request_bytes(request, &bytes_count);
            char copy[BYTES_MAX];

            memcpy(copy, bytes, bytes_count);
            channel_request_reply(request, copy, bytes_count);
        }
    }
    return NULL;
}

static int serve(const char *url, uint32_t requests_max, struct channel_server **ret,
                 char **ret_url, struct errinfo *reterr)
{
    const struct channel_server_config config = {.url = url,
                                                 .requests_max = requests_max,
                                                 .request_bytes_max = BYTES_MAX,
                                                 .reply_bytes_max = BYTES_MAX,
                                                 .connections_max = 64};

    return channel_server_new(&config, ret, ret_url, reterr);
}

static void echo_start(struct echo *echo, const char *url)
{
    struct errinfo err = {{0}};

    memset(echo, 0, sizeof *echo);
    assert_int_equal(serve(url, 16, &echo->server, &echo->url, &err), 0);
    assert_int_equal(pthread_mutex_init(&echo->lock, NULL), 0);
    assert_int_equal(pthread_create(&echo->thread, NULL, echo_run, echo), 0);
}

static void echo_stop(struct echo *echo)
{
    (void)pthread_mutex_lock(&echo->lock);
    echo->ends = true;
    (void)pthread_mutex_unlock(&echo->lock);
    assert_int_equal(pthread_join(echo->thread, NULL), 0);
    channel_server_free(echo->server);
    (void)pthread_mutex_destroy(&echo->lock);
    free(echo->url);
}

static int dial(const char *url, size_t bytes_max, struct channel_client **ret)
{
    return channel_client_new(&(struct channel_client_config){.url = url, .bytes_max = bytes_max},
                              ret, NULL);
}

static void call_expecting_echo(struct channel_client *client, const void *bytes,
                                size_t bytes_count)
{
    struct channel_reply reply = {0};
    struct errinfo err = {{0}};

    assert_int_equal(channel_call(client, bytes, bytes_count, LONG_MS, &reply, &err), 0);
    assert_int_equal(reply.bytes_count, bytes_count);
    assert_memory_equal(reply.bytes, bytes, bytes_count);
    assert_true(reply.received_ns > reply.sent_ns);
    free(reply.bytes);
}

static void channel_server_new_tells_the_port_it_was_given(void **state)
{
    struct echo echo;
    struct channel_client *client = NULL;

    (void)state;
    echo_start(&echo, "tcp://127.0.0.1:0");
    assert_ptr_equal(strstr(echo.url, "tcp://127.0.0.1:"), echo.url);
    assert_true(atoi(strrchr(echo.url, ':') + 1) > 0);
    assert_int_equal(dial(echo.url, BYTES_MAX, &client), 0);
    call_expecting_echo(client, "hello", 5);
    channel_client_free(client);
    echo_stop(&echo);
}

static void channel_server_new_over_ipc_lets_only_this_user_in(void **state)
{
    char folder[TEMP_BYTES];
    char url[128];
    struct stat status;
    struct echo echo;
    struct channel_client *client = NULL;

    (void)state;
    assert_non_null(mkdtemp(temp_name(folder, "test")));
    (void)snprintf(url, sizeof url, "ipc://%s/control", folder);
    echo_start(&echo, url);
    assert_string_equal(echo.url, url);
    assert_int_equal(stat(url + 6, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(dial(url, BYTES_MAX, &client), 0);
    call_expecting_echo(client, "hello", 5);
    channel_client_free(client);
    echo_stop(&echo);
    assert_int_equal(rmdir(folder), 0); /* The socket itself is gone. */
}

static void channel_server_new_says_what_is_wrong_with_a_url(void **state)
{
    static const struct {
        const char *url;
        int code;
    } wrong[] = {
        {"", -EINVAL},
        {"127.0.0.1:7000", -EINVAL},
        {"http://127.0.0.1:7000", -EINVAL},
        {"ipc://", -EINVAL},
        {"tcp://127.0.0.1", -EINVAL},
        {"tcp://127.0.0.1:", -EINVAL},
        {"tcp://127.0.0.1:7a", -EINVAL},
        {"tcp://127.0.0.1:70000", -EADDRNOTAVAIL},
        {"tcp://192.0.2.1:7000", -EADDRNOTAVAIL}, /* TEST-NET-1, RFC 5737: nobody's. */
        {"ipc:///nowhere/at/all/control", -ENOENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct channel_server *server = NULL;
        struct errinfo err = {{0}};
        char *url = NULL;

        assert_int_equal(serve(wrong[i].url, 1, &server, &url, &err), wrong[i].code);
        assert_null(server);
        assert_null(url);
        assert_ptr_equal(strstr(err.text, wrong[i].url), err.text);
    }
}

static void channel_server_new_refuses_an_address_that_is_in_use(void **state)
{
    struct channel_server *first = NULL;
    struct channel_server *second = NULL;
    struct errinfo err = {{0}};
    char *url = NULL;
    char *again = NULL;

    (void)state;
    assert_int_equal(serve("tcp://127.0.0.1:0", 1, &first, &url, NULL), 0);
    assert_int_equal(serve(url, 1, &second, &again, &err), -EADDRINUSE);
    assert_null(second);
    channel_server_free(first);
    free(url);
}

struct caller {
    struct channel_client *client;
    uint32_t number;
    uint32_t wrong;
};

static void *caller_run(void *argument)
{
    struct caller *caller = argument;

    for (uint32_t i = 0; i < CALLS; i++) {
        uint32_t words[2] = {caller->number, i};
        struct channel_reply reply = {0};

        if (channel_call(caller->client, words, sizeof words, LONG_MS, &reply, NULL) != 0 ||
            reply.bytes_count != sizeof words || memcmp(reply.bytes, words, sizeof words) != 0) {
            caller->wrong++;
        }
        free(reply.bytes);
    }
    return NULL;
}

static void channel_call_gives_each_of_many_threads_its_own_reply(void **state)
{
    struct echo echo;
    struct channel_client *client = NULL;
    struct caller callers[CALLERS] = {{0}};
    pthread_t threads[CALLERS];

    (void)state;
    echo_start(&echo, "tcp://127.0.0.1:0");
    assert_int_equal(dial(echo.url, BYTES_MAX, &client), 0);
    for (uint32_t i = 0; i < CALLERS; i++) {
        callers[i].client = client;
        callers[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, caller_run, &callers[i]), 0);
    }
    for (uint32_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
    }
    channel_client_free(client);
    echo_stop(&echo);
}

static void channel_call_carries_messages_up_to_the_limit(void **state)
{
    char bytes[BYTES_MAX + 1];
    struct echo echo;
    struct channel_client *client = NULL;
    struct channel_reply reply = {0};

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    echo_start(&echo, "tcp://127.0.0.1:0");
    assert_int_equal(dial(echo.url, BYTES_MAX, &client), 0);
    call_expecting_echo(client, bytes, 0);
    call_expecting_echo(client, bytes, BYTES_MAX);
    assert_int_equal(channel_call(client, bytes, BYTES_MAX + 1, LONG_MS, &reply, NULL), -EMSGSIZE);
    channel_client_free(client);
    echo_stop(&echo);
}

static void channel_call_that_is_beyond_the_servers_limit_ends_at_once(void **state)
{
    char bytes[BYTES_MAX + 1024] = {0};
    struct echo echo;
    struct channel_client *client = NULL;
    struct channel_reply reply = {0};

    (void)state;
    echo_start(&echo, "tcp://127.0.0.1:0");
    assert_int_equal(dial(echo.url, sizeof bytes, &client), 0);
    assert_int_equal(channel_call(client, bytes, sizeof bytes, LONG_MS, &reply, NULL), -ECONNRESET);
    call_expecting_echo(client, "still there", 11);
    channel_client_free(client);
    echo_stop(&echo);
}

/* A url on which nobody listens. */
static char *free_url(void)
{
    struct channel_server *server = NULL;
    char *url = NULL;

    assert_int_equal(serve("tcp://127.0.0.1:0", 1, &server, &url, NULL), 0);
    channel_server_free(server);
    return url;
}

static void channel_call_without_a_server_is_refused(void **state)
{
    char *url = free_url();
    struct channel_client *client = NULL;
    struct channel_reply reply = {0};

    (void)state;
    assert_int_equal(dial(url, BYTES_MAX, &client), 0);
    assert_int_equal(channel_call(client, "x", 1, 30, &reply, NULL), -ECONNREFUSED);
    assert_null(reply.bytes);
    channel_client_free(client);
    free(url);
}

static void channel_call_waits_for_a_server_that_comes_later(void **state)
{
    char *url = free_url();
    struct caller caller = {0};
    struct echo echo;
    pthread_t thread;

    (void)state;
    assert_int_equal(dial(url, BYTES_MAX, &caller.client), 0);
    assert_int_equal(pthread_create(&thread, NULL, caller_run, &caller), 0);
    echo_start(&echo, url);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(caller.wrong, 0);
    channel_client_free(caller.client);
    echo_stop(&echo);
    free(url);
}

struct single {
    struct channel_client *client;
    struct channel_reply reply;
    int result;
};

static void *single_run(void *argument)
{
    struct single *single = argument;

    single->result = channel_call(single->client, "x", 1, LONG_MS, &single->reply, NULL);
    return NULL;
}

static void channel_call_times_out_when_the_server_keeps_silent(void **state)
{
    struct channel_server *server = NULL;
    struct channel_client *client = NULL;
    struct channel_request *request = NULL;
    struct channel_reply reply = {0};
    struct single single = {0};
    pthread_t thread;
    char *url = NULL;

    (void)state;
    assert_int_equal(serve("tcp://127.0.0.1:0", 2, &server, &url, NULL), 0);
    assert_int_equal(dial(url, BYTES_MAX, &client), 0);
    assert_int_equal(channel_call(client, "late", 4, 300, &reply, NULL), -ETIMEDOUT);
    assert_int_equal(channel_server_next(server, LONG_MS, &request), 0);
    channel_request_reply(request, "too late", 8); /* Goes nowhere and harms nothing. */
    single.client = client;
    assert_int_equal(pthread_create(&thread, NULL, single_run, &single), 0);
    assert_int_equal(channel_server_next(server, LONG_MS, &request), 0);
    channel_request_reply(request, "in time", 7);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(single.reply.bytes_count, 7);
    free(single.reply.bytes);
    channel_client_free(client);
    channel_server_free(server);
    free(url);
}

static void channel_call_notices_at_once_that_the_server_went_away(void **state)
{
    struct channel_server *server = NULL;
    struct channel_request *request = NULL;
    struct single single = {0};
    struct echo echo;
    pthread_t thread;
    char *url = NULL;

    (void)state;
    assert_int_equal(serve("tcp://127.0.0.1:0", 2, &server, &url, NULL), 0);
    assert_int_equal(dial(url, BYTES_MAX, &single.client), 0);
    assert_int_equal(pthread_create(&thread, NULL, single_run, &single), 0);
    assert_int_equal(channel_server_next(server, LONG_MS, &request), 0);
    channel_server_free(server);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(single.result, -ECONNRESET);
    assert_null(single.reply.bytes);

    echo_start(&echo, url); /* The same client finds the next server by itself. */
    call_expecting_echo(single.client, "again", 5);
    channel_client_free(single.client);
    echo_stop(&echo);
    free(url);
}

static void channel_client_cancel_ends_calls_under_way_and_to_come(void **state)
{
    struct channel_server *server = NULL;
    struct channel_request *request = NULL;
    struct single single = {0};
    pthread_t thread;
    char *url = NULL;

    (void)state;
    assert_int_equal(serve("tcp://127.0.0.1:0", 2, &server, &url, NULL), 0);
    assert_int_equal(dial(url, BYTES_MAX, &single.client), 0);
    assert_int_equal(pthread_create(&thread, NULL, single_run, &single), 0);
    assert_int_equal(channel_server_next(server, LONG_MS, &request), 0);
    channel_client_cancel(single.client);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(single.result, -ECANCELED);
    assert_int_equal(channel_call(single.client, "x", 1, LONG_MS, &single.reply, NULL), -ECANCELED);
    channel_request_drop(request);
    channel_client_free(single.client);
    channel_server_free(server);
    free(url);
}

static void channel_server_holds_many_long_polls_and_still_answers_others(void **state)
{
    struct channel_server *server = NULL;
    struct channel_request *polls[CALLERS];
    struct channel_request *request = NULL;
    struct single singles[CALLERS] = {{0}};
    struct single quick = {0};
    pthread_t threads[CALLERS];
    pthread_t quick_thread;
    char *url = NULL;

    (void)state;
    assert_int_equal(serve("tcp://127.0.0.1:0", CALLERS + 1, &server, &url, NULL), 0);
    for (uint32_t i = 0; i < CALLERS; i++) {
        assert_int_equal(dial(url, BYTES_MAX, &singles[i].client), 0);
        assert_int_equal(pthread_create(&threads[i], NULL, single_run, &singles[i]), 0);
        assert_int_equal(channel_server_next(server, LONG_MS, &polls[i]), 0);
    }
    quick.client = singles[0].client;
    assert_int_equal(pthread_create(&quick_thread, NULL, single_run, &quick), 0);
    assert_int_equal(channel_server_next(server, LONG_MS, &request), 0);
    channel_request_reply(request, "quick", 5);
    assert_int_equal(pthread_join(quick_thread, NULL), 0);
    assert_int_equal(quick.reply.bytes_count, 5);
    free(quick.reply.bytes);
    for (uint32_t i = 0; i < CALLERS; i++) {
        channel_request_reply(polls[i], "slow", 4);
    }
    for (uint32_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(singles[i].reply.bytes_count, 4);
        free(singles[i].reply.bytes);
        channel_client_free(singles[i].client);
    }
    channel_server_free(server);
    free(url);
}

static void channel_server_next_gives_each_request_once_with_its_time(void **state)
{
    struct channel_server *server = NULL;
    struct channel_request *requests[2];
    struct single singles[2] = {{0}};
    pthread_t threads[2];
    int64_t before_ns = mono_ns();
    char *url = NULL;

    (void)state;
    assert_int_equal(serve("tcp://127.0.0.1:0", 2, &server, &url, NULL), 0);
    assert_int_equal(channel_server_next(server, 0, &requests[0]), -EAGAIN);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(dial(url, BYTES_MAX, &singles[i].client), 0);
        assert_int_equal(pthread_create(&threads[i], NULL, single_run, &singles[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(channel_server_next(server, LONG_MS, &requests[i]), 0);
        assert_in_range(channel_request_received_ns(requests[i]), before_ns, mono_ns());
    }
    assert_int_equal(channel_server_next(server, 0, &(struct channel_request *){NULL}), -EAGAIN);
    for (size_t i = 0; i < 2; i++) {
        channel_request_reply(requests[i], "", 0); /* Not in the order of the threads, perhaps. */
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(singles[i].result, 0);
        free(singles[i].reply.bytes);
        channel_client_free(singles[i].client);
    }
    channel_server_free(server);
    free(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channel_server_new_tells_the_port_it_was_given),
        cmocka_unit_test(channel_server_new_over_ipc_lets_only_this_user_in),
        cmocka_unit_test(channel_server_new_says_what_is_wrong_with_a_url),
        cmocka_unit_test(channel_server_new_refuses_an_address_that_is_in_use),
        cmocka_unit_test(channel_call_gives_each_of_many_threads_its_own_reply),
        cmocka_unit_test(channel_call_carries_messages_up_to_the_limit),
        cmocka_unit_test(channel_call_that_is_beyond_the_servers_limit_ends_at_once),
        cmocka_unit_test(channel_call_without_a_server_is_refused),
        cmocka_unit_test(channel_call_waits_for_a_server_that_comes_later),
        cmocka_unit_test(channel_call_times_out_when_the_server_keeps_silent),
        cmocka_unit_test(channel_call_notices_at_once_that_the_server_went_away),
        cmocka_unit_test(channel_client_cancel_ends_calls_under_way_and_to_come),
        cmocka_unit_test(channel_server_holds_many_long_polls_and_still_answers_others),
        cmocka_unit_test(channel_server_next_gives_each_request_once_with_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
