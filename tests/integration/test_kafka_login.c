#include "check.h"

#include "bed.h"
#include "broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker; /* Wants TLS and a login: millrace / secret. */
static struct errinfo missing;
static char ca[600];

static int start_broker(void **state)
{
    char folder[512] = "";

    (void)state;
    if (broker_start("kafka", "--tls --auth", &broker, &missing) == 0 &&
        broker_ask(&broker, "dir", NULL, folder, sizeof folder, &missing) == 0) {
        (void)snprintf(ca, sizeof ca, "%s/tls/ca.pem", folder);
    }
    return 0;
}

static int stop_broker(void **state)
{
    (void)state;
    broker_stop(&broker);
    return 0;
}

static struct bed *new_bed(const char *password)
{
    struct bed *bed;

    if (missing.text[0] != '\0') {
        print_message("[  REASON  ] %s\n", missing.text);
        skip();
    }
    bed = bed_new("kafka", broker.address);
    bed->target.tls = true;
    bed->target.tls_ca = strdup(ca);
    if (password != NULL) {
        bed->target.username = strdup("millrace");
        bed->target.password = strdup(password);
    }
    return bed;
}

static void done_without_topic(struct bed *bed)
{
    target_done(&bed->target);
    free(bed);
}

static void expect(struct bed *bed, enum probe_failure failure)
{
    struct probe probe = {.failure = PROBE_OTHER};
    struct errinfo error = {""};
    int64_t start_ns = mono_ns();
    int r = bed->ops->probe(&bed->target, mono_ns() + 5 * NS_PER_S, &probe, &error);

    if (probe.failure != failure || (r == 0) != (failure == PROBE_OK)) {
        fail_msg("failure %d, code %d, \"%s\"", (int)probe.failure, r, error.text);
    }
    assert_true(mono_ns() - start_ns < 6 * NS_PER_S);
    assert_true(failure == PROBE_OK || strstr(error.text, broker.address) != NULL);
    done_without_topic(bed);
}

static void probe_with_the_right_password_finds_the_broker(void **state)
{
    (void)state;
    expect(new_bed("secret"), PROBE_OK);
}

static void probe_with_a_wrong_password_says_login(void **state)
{
    (void)state;
    expect(new_bed("wrong"), PROBE_LOGIN);
}

static void a_wrong_password_by_scram_says_login_too(void **state)
{
    struct bed *bed = new_bed("wrong");

    (void)state;
    bed->target.mechanism = strdup("SCRAM-SHA-256");
    expect(bed, PROBE_LOGIN);
}

static void probe_that_does_not_trust_the_broker_says_tls(void **state)
{
    struct bed *bed = new_bed("secret");

    (void)state;
    free(bed->target.tls_ca);
    bed->target.tls_ca = NULL; /* The system's store. */
    expect(bed, PROBE_TLS);
}

static void probe_with_a_certificate_file_that_is_not_there_says_tls(void **state)
{
    struct bed *bed = new_bed("secret");
    struct probe probe = {.failure = PROBE_OK};
    struct errinfo error = {""};

    (void)state;
    free(bed->target.tls_ca);
    bed->target.tls_ca = strdup("/nonexistent/ca.pem");
    assert_true(bed->ops->probe(&bed->target, mono_ns() + 5 * NS_PER_S, &probe, &error) < 0);
    assert_int_equal(probe.failure, PROBE_TLS);
    done_without_topic(bed);
}

static void opening_with_a_wrong_password_is_refused_with_a_sentence(void **state)
{
    struct bed *bed = new_bed("wrong");
    struct endpoint *endpoint = NULL;
    struct errinfo error = {""};

    (void)state;
    bed->producer_config.clients_count = 1;
    bed->producer_config.open_deadline_ns = mono_ns() + 20 * NS_PER_S;
    assert_int_equal(bed->ops->open(&bed->producer_config, &endpoint, &error), -EACCES);
    assert_non_null(strstr(error.text, broker.address));
    assert_null(strstr(error.text, "wrong"));
    done_without_topic(bed);
}

static void messages_travel_over_tls_with_a_login(void **state)
{
    struct bed *bed = new_bed("secret");

    (void)state;
    bed->topic.partitions = 2;
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    bed_make(bed);
    bed_open(bed, 2, 2);
    bed_send(bed, 300);
    bed_settle(bed);
    bed_wait(bed, &bed->received, 300);
    assert_int_equal(bed->acked, 300);
    bed_free(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probe_with_the_right_password_finds_the_broker),
        cmocka_unit_test(probe_with_a_wrong_password_says_login),
        cmocka_unit_test(a_wrong_password_by_scram_says_login_too),
        cmocka_unit_test(probe_that_does_not_trust_the_broker_says_tls),
        cmocka_unit_test(probe_with_a_certificate_file_that_is_not_there_says_tls),
        cmocka_unit_test(opening_with_a_wrong_password_is_refused_with_a_sentence),
        cmocka_unit_test(messages_travel_over_tls_with_a_login),
    };

    return cmocka_run_group_tests_name("kafka login", tests, start_broker, stop_broker);
}
