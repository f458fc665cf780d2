#include "proof.h"

#include "secret.h"

#include <string.h>

static const char *const words[] = {[PROOF_HELLO] = "hello", [PROOF_WELCOME] = "welcome"};

int proof_make(const uint8_t secret[HMAC_BYTES], enum proof_side side,
               const struct proof_facts *facts, uint8_t ret[HMAC_BYTES])
{
    uint8_t instance[8];
    const struct hmac_part parts[] = {{words[side], strlen(words[side])},
                                      {facts->agent_nonce, PROOF_NONCE_BYTES},
                                      {facts->coordinator_nonce, PROOF_NONCE_BYTES},
                                      {facts->run_id, strlen(facts->run_id)},
                                      {instance, sizeof instance},
                                      {facts->host_name, strlen(facts->host_name)}};

    for (unsigned int i = 0; i < sizeof instance; i++) {
        instance[i] = (uint8_t)(facts->instance >> (56 - i * 8));
    }
    return hmac_sha256(secret, parts, sizeof parts / sizeof parts[0], ret);
}

bool proof_holds(const uint8_t secret[HMAC_BYTES], enum proof_side side,
                 const struct proof_facts *facts, const uint8_t proof[HMAC_BYTES])
{
    uint8_t expected[HMAC_BYTES];
    bool holds = proof_make(secret, side, facts, expected) == 0 && hmac_equal(expected, proof);

    secret_wipe(expected, sizeof expected);
    return holds;
}
