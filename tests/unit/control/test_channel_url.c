/* Which urls lead to this host for sure. */
#include "channel.h"
#include "check.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_loopback_and_paths_are_local)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
