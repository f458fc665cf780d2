/*
 * broker: a real broker for a test program, started and ended with deploy/brokers/NAME.
 *
 * If the environment has MILLRACE_TEST_NAME (MILLRACE_TEST_RABBITMQ, ..._MOSQUITTO, ..._KAFKA), its
 * value is the address of one that runs already; it is used as it is and can't be killed. What was
 * started and not stopped is stopped when the program ends.
 */
#ifndef MILLRACE_TEST_BROKER_H
#define MILLRACE_TEST_BROKER_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>

struct broker {
    char name[32];
    char address[256]; /* As a scenario would write it. */
    bool ours;         /* It was started here, so it can be killed. */
};

/* arguments: further words for the script's `start`, such as "--tls"; NULL: none. May take a
 * minute. 0, or a negative errno with the reason to skip with; then *ret is untouched. */
int broker_start(const char *name, const char *arguments, struct broker *ret,
                 struct errinfo *reterr);

/* NULL and a struct of zeros are allowed. */
void broker_stop(struct broker *broker);

/* SIGKILL; its data stay. -EPERM if it isn't ours. */
int broker_kill(struct broker *broker, struct errinfo *reterr);

/* Starts it again after broker_kill(): same address, same data. */
int broker_resume(struct broker *broker, struct errinfo *reterr);

/* Any verb of the script ("prometheus", "ctl"): its output without the last newline. arguments may
 * be NULL. */
int broker_ask(const struct broker *broker, const char *verb, const char *arguments, char *output,
               size_t output_bytes, struct errinfo *reterr);

#endif
