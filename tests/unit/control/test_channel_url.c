/* Which urls lead to this host for sure, and at which none can listen. */
#include "channel.h"
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void only_loopback_and_paths_are_local(void **state)
{
    static const char *const local[] = {"ipc:///run/millrace", "tcp://127.0.0.1:7700",
                                        "tcp://127.9.8.7:7700", "tcp://[::1]:7700",
                                        "tcp://localhost:7700"};
    static const char *const beyond[] = {"tcp://0.0.0.0:7700",
                                         "tcp://10.83.0.1:7700",
                                         "tcp://coord.example:7700",
                                         "tcp://127.example.org:7700",
                                         "tcp://[::]:7700",
                                         "tcp://localhost.example:7700",
                                         "tcp://*:7700",
                                         "tls+tcp://127.0.0.1:7700"};

    (void)state;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        if (!channel_url_is_local(local[i])) {
            fail_msg("%s is not taken for local", local[i]);
        }
    }
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        if (channel_url_is_local(beyond[i])) {
            fail_msg("%s is taken for local", beyond[i]);
        }
    }
}

static void where_none_can_listen_is_told_in_words(void **state)
{
    struct channel_server_config config = {.url = "tcp://127.0.0.1:0",
                                           .requests_max = 1,
                                           .request_bytes_max = 1024,
                                           .reply_bytes_max = 1024,
                                           .connections_max = 4};
    struct channel_server *first = NULL;
    struct channel_server *second = NULL;
    struct errinfo err = {{0}};
    char *url = NULL;
    char *again = NULL;

    (void)state;
    assert_int_equal(channel_server_new(&config, &first, &url, NULL), 0);
    config.url = url;
    assert_int_equal(channel_server_new(&config, &second, &again, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, ": another program listens there: end it, or take another"));
    config.url = "tcp://192.0.2.1:7000"; /* TEST-NET-1, RFC 5737: nobody's. */
    assert_int_equal(channel_server_new(&config, &second, &again, &err), -EADDRNOTAVAIL);
    assert_string_equal(err.text, "tcp://192.0.2.1:7000: is no address or port of this host");
    channel_server_free(first);
    free(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_loopback_and_paths_are_local),
        cmocka_unit_test(where_none_can_listen_is_told_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
