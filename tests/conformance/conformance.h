/*
 * conformance: the one suite that every backend passes. A backend adds a file of a few lines:
 *
 *     #include "conformance.h"
 *
 *     CONFORMANCE_MAIN(.backend = "rabbitmq", .broker = "rabbitmq", .username = "guest",
 *                      .password = "guest")
 *
 * and a line in CMakeLists.txt. Each test makes topics of its own, opens endpoints as a worker
 * would, moves stamped messages and keeps a ledger of every token and every delivery.
 */
#ifndef MILLRACE_CONFORMANCE_H
#define MILLRACE_CONFORMANCE_H

#include "check.h"

#include "backend.h"

#include <stdbool.h>

#define CONFORMANCE_OPTIONS_MAX 16

struct conformance {
    const char *backend; /* Name in the catalog. If it was not built, all tests are skipped. */
    const char *client;  /* Of the target's option `client`; NULL: the backend has one. */
    const char *broker;  /* Script in deploy/brokers; NULL: the backend needs none. */
    const char *broker_arguments; /* Further words for the script's `start`, such as "--mqtt". */
    const char *username;
    const char *password;
    const char *options[2 * CONFORMANCE_OPTIONS_MAX]; /* Of the target: key, value, ... NULL. */

    /* Words for the script's `start` that make a broker which wants a login, if it has such, and
     * what lets one in. A broker of its own gets the tests of that. */
    const char *login_arguments;
    const char *login_username;
    const char *login_password;
    const char *login_mechanism;
    bool silent_without_login; /* Who doesn't log in is dropped, and not told why. */

    /* Added to options for the test in which the broker goes away and comes back by itself, for a
     * backend without a broker process. It must be there for the first second. */
    const char *outage_options[2 * CONFORMANCE_OPTIONS_MAX];

    /* How the broker is made to go away and come back; NULL: with the script, if there is one. */
    int (*kill)(struct errinfo *reterr);
    int (*resume)(struct errinfo *reterr);

    bool implicit_topics;      /* Topics are not objects: nothing to make, to find or to remove. */
    bool acks_by_itself;       /* The client library acknowledges before the caller does. */
    const char *no_redelivery; /* Why what a consumer left unacknowledged does not come again when
                                * it comes back; NULL: it does. */
    const char *no_unacked;    /* Why a consumer that acknowledges nothing may get one message only;
                                  NULL: all. */
    const char *drops_unacknowledged; /* Why what needs no acknowledgement may get lost on its way;
                                       * NULL: it doesn't. */
    bool forgets_at_crash;            /* A broker that was killed has lost its messages. */
    const char *no_ttl; /* Why the broker drops messages with a ttl otherwise; NULL: it doesn't. */
    const char *no_sharing; /* Why consumers can't compete for messages; NULL: they can. */
    const char *long_only;  /* Why it is only run with MILLRACE_TEST_LONG; NULL: it always is. */
    int64_t patience_ns;    /* How long a message or a confirm may take; 0: 20 s. */
};

/* Runs all tests, or those whose names match the pattern ("probe*") of the first argument; the exit
 * code of main(). Where the backend has TLS, a second broker with TLS gets the tests of that. */
int conformance_run(const struct conformance *conformance, int argc, char **argv);

#define CONFORMANCE_MAIN(...)                                                                      \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const struct conformance conformance = {__VA_ARGS__};                               \
                                                                                                   \
        return conformance_run(&conformance, argc, argv);                                          \
    }

#endif
