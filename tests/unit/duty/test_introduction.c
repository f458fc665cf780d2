/* A coordinator that is the right one, and what else may answer at its address. */
#include "check.h"

#include "introduction_inner.h"
#include "proof.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define INSTANCE 77

static const uint8_t secret[HMAC_BYTES] = "the secret of load1";
static const struct duty_host load1 = {.name = "load1", .secret = secret};
static const struct duty_host fleet = {.name = "crowd", .fleet = true, .secret = secret};

/* What answers, and what it heard. */
static struct {
    const uint8_t *secret; /* That it knows. */
    bool asks;             /* For a proof. */
    const char *run_id;    /* Of its second answer; NULL: that of the first. */
    const char *refusal;   /* Of the hello that it would take. */
    const char *host_name; /* That the proof is about. */
    bool replays;          /* Sends the agent's proof back for its own. */
    bool lost;             /* The connection, between the two. */
    uint32_t hellos_count;
    uint8_t nonce[PROOF_BYTES]; /* Of the agent's first hello. */
} peer;

int __wrap_coordinator_link_hello(struct coordinator_link *link, const struct hello *hello,
                                  struct welcome *ret, struct errinfo *reterr);

static void answer_proof(const struct hello *hello, struct welcome *ret)
{
    const uint8_t nonce[PROOF_BYTES] = "the coordinator's";
    const struct proof_facts facts = {.agent_nonce = peer.nonce,
                                      .coordinator_nonce = nonce,
                                      .run_id = "run",
                                      .instance = hello->instance,
                                      .host_name = peer.host_name};

    assert_memory_equal(hello->nonce, peer.nonce, PROOF_BYTES);
    if (!proof_holds(secret, PROOF_HELLO, &facts, hello->proof)) {
        (void)snprintf(ret->reason, sizeof ret->reason, "has another secret");
        return;
    }
    ret->accepted = true;
    if (peer.replays) {
        memcpy(ret->proof, hello->proof, PROOF_BYTES);
    } else {
        assert_int_equal(proof_make(peer.secret, PROOF_WELCOME, &facts, ret->proof), 0);
    }
}

int __wrap_coordinator_link_hello(struct coordinator_link *link, const struct hello *hello,
                                  struct welcome *ret, struct errinfo *reterr)
{
    static const uint8_t none[PROOF_BYTES];

    (void)link;
    (void)reterr;
    memset(ret, 0, sizeof *ret);
    peer.hellos_count++;
    (void)snprintf(ret->run_id, sizeof ret->run_id, "%s",
                   peer.hellos_count == 2 && peer.run_id != NULL ? peer.run_id : "run");
    if (peer.refusal != NULL) {
        (void)snprintf(ret->reason, sizeof ret->reason, "%s", peer.refusal);
    } else if (!peer.asks) {
        ret->accepted = true;
    } else if (peer.hellos_count == 1 || peer.lost) {
        assert_true(peer.lost || memcmp(hello->proof, none, sizeof none) == 0);
        memcpy(peer.nonce, hello->nonce, sizeof peer.nonce);
        (void)snprintf((char *)ret->nonce, sizeof ret->nonce, "the coordinator's");
    } else {
        answer_proof(hello, ret);
    }
    return 0;
}

static int introduce_but(const char *but_to, const struct duty_host *host, struct welcome *ret,
                         struct errinfo *said)
{
    struct hello hello = {.instance = INSTANCE, .name = "rack-2"};

    memset(said, 0, sizeof *said);
    peer.hellos_count = 0;
    peer.host_name = peer.host_name == NULL ? "load1" : peer.host_name;
    return introduction_make(NULL, &hello, host, but_to, ret, said);
}

static int introduce(const struct duty_host *host, struct welcome *ret, struct errinfo *said)
{
    return introduce_but(NULL, host, ret, said);
}

static void forget(void)
{
    memset(&peer, 0, sizeof peer);
    peer.secret = secret;
    peer.asks = true;
}

static void both_sides_prove_that_they_have_the_secret(void **state)
{
    struct welcome welcome;
    struct errinfo said;
    uint8_t nonce[PROOF_BYTES];

    (void)state;
    forget();
    assert_int_equal(introduce(&load1, &welcome, &said), 0);
    assert_true(welcome.accepted);
    assert_int_equal(peer.hellos_count, 2);
    memcpy(nonce, peer.nonce, sizeof nonce);
    assert_int_equal(introduce(&load1, &welcome, &said), 0);
    assert_memory_not_equal(nonce, peer.nonce, sizeof nonce); /* Another one each time. */
}

static void one_of_a_fleet_proves_its_own_name(void **state)
{
    struct welcome welcome;
    struct errinfo said;

    (void)state;
    forget();
    peer.host_name = "rack-2";
    assert_int_equal(introduce(&fleet, &welcome, &said), 0);
    assert_true(welcome.accepted);
}

static void a_refusal_is_handed_on_at_either_hello(void **state)
{
    static const struct duty_host other = {.name = "load1",
                                           .secret = (const uint8_t *)"another secret of 32 bytes."
                                                                      "...."};
    struct welcome welcome;
    struct errinfo said;

    (void)state;
    forget();
    peer.refusal = "load1 is not among the hosts of this run";
    assert_int_equal(introduce(&load1, &welcome, &said), 0);
    assert_string_equal(welcome.reason, peer.refusal);
    forget();
    assert_int_equal(introduce(&other, &welcome, &said), 0);
    assert_false(welcome.accepted);
    assert_string_equal(welcome.reason, "has another secret");
}

static void who_does_not_prove_to_be_the_coordinator_is_not_obeyed(void **state)
{
    static const uint8_t others[HMAC_BYTES] = "of another coordinator";
    struct welcome welcome = {0};
    struct errinfo said;

    (void)state;
    forget();
    peer.secret = others;
    assert_int_equal(introduce(&load1, &welcome, &said), -EPERM);
    assert_non_null(strstr(said.text, "has not the secret of this join file"));
    forget();
    peer.replays = true;
    assert_int_equal(introduce(&load1, &welcome, &said), -EPERM);
    forget();
    peer.run_id = "another run";
    assert_int_equal(introduce(&load1, &welcome, &said), -EPERM);
    forget();
    peer.asks = false;
    assert_int_equal(introduce(&load1, &welcome, &said), -EPERM);
    assert_non_null(strstr(said.text, "asks for no proof"));
}

static void a_connection_that_was_lost_between_two_hellos_is_taken_up_again(void **state)
{
    struct welcome welcome;
    struct errinfo said;

    (void)state;
    forget();
    peer.lost = true;
    assert_int_equal(introduce(&load1, &welcome, &said), -ECONNRESET);
}

/* It is the coordinator that is served, at another of its addresses. */
static void a_run_that_is_served_is_not_told_that_the_agent_is_busy_with_it(void **state)
{
    struct welcome welcome;
    struct errinfo said;

    (void)state;
    forget();
    assert_int_equal(introduce_but("run", &load1, &welcome, &said), -EALREADY);
    assert_int_equal(peer.hellos_count, 1);
    assert_int_equal(introduce_but("another run", &load1, &welcome, &said), 0);
    assert_int_equal(peer.hellos_count, 2);
}

static void without_a_join_file_a_proof_can_not_be_given(void **state)
{
    struct welcome welcome;
    struct errinfo said;

    (void)state;
    forget();
    assert_int_equal(introduce(NULL, &welcome, &said), -EPERM);
    assert_non_null(strstr(said.text, "asks for a join file"));
    forget();
    peer.asks = false;
    assert_int_equal(introduce(NULL, &welcome, &said), 0);
    assert_true(welcome.accepted);
    assert_int_equal(peer.hellos_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_prove_that_they_have_the_secret),
        cmocka_unit_test(one_of_a_fleet_proves_its_own_name),
        cmocka_unit_test(a_refusal_is_handed_on_at_either_hello),
        cmocka_unit_test(who_does_not_prove_to_be_the_coordinator_is_not_obeyed),
        cmocka_unit_test(a_connection_that_was_lost_between_two_hellos_is_taken_up_again),
        cmocka_unit_test(a_run_that_is_served_is_not_told_that_the_agent_is_busy_with_it),
        cmocka_unit_test(without_a_join_file_a_proof_can_not_be_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
