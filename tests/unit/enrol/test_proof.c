#include "check.h"
#include "proof.h"

#include <string.h>

static const uint8_t secret[HMAC_BYTES] = {1, 2, 3};
static const uint8_t agent_nonce[PROOF_NONCE_BYTES] = {10};
static const uint8_t coordinator_nonce[PROOF_NONCE_BYTES] = {20};
static const uint8_t other_nonce[PROOF_NONCE_BYTES] = {30};
static const struct proof_facts facts = {.agent_nonce = agent_nonce,
                                         .coordinator_nonce = coordinator_nonce,
                                         .run_id = "20261130-101500-1a2b",
                                         .instance = UINT64_C(0x1122334455667788),
                                         .host_name = "load1"};

static void a_proof_holds_for_who_has_the_same_secret(void **state)
{
    uint8_t proof[HMAC_BYTES];
    uint8_t other_secret[HMAC_BYTES] = {1, 2, 4};

    (void)state;
    assert_int_equal(proof_make(secret, PROOF_HELLO, &facts, proof), 0);
    assert_true(proof_holds(secret, PROOF_HELLO, &facts, proof));
    assert_false(proof_holds(other_secret, PROOF_HELLO, &facts, proof));
}

static void what_the_agent_sent_can_not_be_sent_back_to_it(void **state)
{
    uint8_t proof[HMAC_BYTES];

    (void)state;
    assert_int_equal(proof_make(secret, PROOF_HELLO, &facts, proof), 0);
    assert_false(proof_holds(secret, PROOF_WELCOME, &facts, proof));
}

static void every_fact_is_part_of_it(void **state)
{
    struct proof_facts others[7];
    uint8_t proof[HMAC_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        others[i] = facts;
    }
    others[0].agent_nonce = other_nonce;
    others[1].coordinator_nonce = other_nonce;
    others[2].run_id = "20261130-101500-1a2c";
    others[3].instance++;
    others[4].host_name = "load2";
    others[5].agent_nonce = coordinator_nonce; /* The two are not the same in another order. */
    others[5].coordinator_nonce = agent_nonce;
    others[6].host_name = "";
    assert_int_equal(proof_make(secret, PROOF_HELLO, &facts, proof), 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(proof_holds(secret, PROOF_HELLO, &others[i], proof));
    }
}

static void zeros_prove_nothing(void **state)
{
    const uint8_t zeros[HMAC_BYTES] = {0};

    (void)state;
    assert_false(proof_holds(secret, PROOF_HELLO, &facts, zeros));
    assert_false(proof_holds(zeros, PROOF_HELLO, &facts, zeros));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_holds_for_who_has_the_same_secret),
        cmocka_unit_test(what_the_agent_sent_can_not_be_sent_back_to_it),
        cmocka_unit_test(every_fact_is_part_of_it), cmocka_unit_test(zeros_prove_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
