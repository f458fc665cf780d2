/* Targets that take a connection and never say a word. */
#include "duty_bench.h"

#include "backend_table.h"
#include "mono.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TARGETS 10
#define DEADLINE_NS NS_PER_S

/* A listener whose kernel takes the connections; nobody reads them. Its port. */
static int silent_port(int *ret_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t address_bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4 * TARGETS), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_bytes), 0);
    *ret_fd = fd;
    return ntohs(address.sin_port);
}

/* A backend that this build has and that speaks TCP; NULL if there is none. */
static const char *silent_target(int port, char *address, size_t address_bytes)
{
    if (backend_find(catalog_find("rabbitmq")) != NULL) {
        (void)snprintf(address, address_bytes, "amqp://127.0.0.1:%d/", port);
        return "rabbitmq";
    }
    (void)snprintf(address, address_bytes, "127.0.0.1:%d", port);
    return backend_find(catalog_find("mqtt")) != NULL    ? "mqtt"
           : backend_find(catalog_find("kafka")) != NULL ? "kafka"
                                                         : NULL;
}

static void fill(struct command *command, const char *backend, const char *address)
{
    *command = (struct command){.kind = COMMAND_PROBE,
                                .targets = calloc(TARGETS, sizeof *command->targets),
                                .targets_count = TARGETS,
                                .deadline_ns = DEADLINE_NS};
    assert_non_null(command->targets);
    for (uint32_t i = 0; i < TARGETS; i++) {
        struct target *target = &command->targets[i];

        target->label = strdup("silent");
        target->backend = strdup(backend);
        target->addresses = calloc(1, sizeof(char *));
        assert_non_null(target->addresses);
        target->addresses[0] = strdup(address);
        target->addresses_count = 1;
    }
}

/* They were asked one after the other, on the thread that polls: five seconds each, in which the
 * agent seemed to be gone. */
static void targets_that_are_silent_take_as_long_as_one_and_the_agent_goes_on_polling(void **state)
{
    struct duty_bench bench;
    struct command command;
    const struct status *answer;
    const char *backend;
    char address[64];
    int64_t begin_ns;
    uint64_t sequence;
    int fd = -1;

    (void)state;
    backend = silent_target(silent_port(&fd), address, sizeof address);
    if (backend == NULL) {
        (void)close(fd);
        skip(); /* A build with the memory backend only. */
    }
    duty_bench_begin(&bench, true);
    fill(&command, backend, address);
    begin_ns = mono_ns();
    sequence = duty_bench_send(&bench, &command);
    duty_bench_wait(&bench);
    assert_int_equal(bench.answers[sequence].command, 0); /* It polls, and is not done. */
    answer = duty_bench_answer(&bench, sequence);
    assert_true(mono_ns() - begin_ns < TARGETS * DEADLINE_NS / 2);
    assert_int_equal(answer->code, 0);
    assert_int_equal(answer->results_count, TARGETS);
    for (uint32_t i = 0; i < TARGETS; i++) {
        assert_int_not_equal(answer->results[i].failure, PROBE_OK);
        assert_true(answer->results[i].reason[0] != '\0');
    }
    command = (struct command){.kind = COMMAND_GOODBYE};
    (void)duty_bench_send(&bench, &command);
    assert_int_equal(duty_bench_end(&bench), 0);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_that_are_silent_take_as_long_as_one_and_the_agent_goes_on_polling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
