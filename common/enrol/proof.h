/*
 * proof: that agent and coordinator know the secret of a host, without saying it. Each makes an
 * HMAC of what the two hellos of this connection agreed on; the first word is another for each
 * side, so that neither can send back what it was sent. Mutual TLS keeps strangers out before; a
 * proof says which host it is, as NNG does not tell the name in a certificate.
 *
 * It refuses to remember: nonces are the callers', a new one for each hello. Any thread; never
 * blocks.
 */
#ifndef MILLRACE_PROOF_H
#define MILLRACE_PROOF_H

#include "hmac.h"

#include <stdbool.h>
#include <stdint.h>

#define PROOF_NONCE_BYTES 32

enum proof_side {
    PROOF_HELLO,  /* Made by the agent. */
    PROOF_WELCOME /* Made by the coordinator. */
};

/* What is proved; texts are borrowed for the call. */
struct proof_facts {
    const uint8_t *agent_nonce;       /* PROOF_NONCE_BYTES, of the agent's first hello. */
    const uint8_t *coordinator_nonce; /* Likewise, of the answer. */
    const char *run_id;               /* As the coordinator said it. */
    uint64_t instance;                /* Of the agent's process. */
    const char *host_name;            /* Of the join file; in a fleet the host's own. */
};

/* 0, or -ENOMEM with ret untouched. */
int proof_make(const uint8_t secret[HMAC_BYTES], enum proof_side side,
               const struct proof_facts *facts, uint8_t ret[HMAC_BYTES]);

/* Whether the other side made this proof with the same secret over the same facts. False, too,
 * where memory is lacking. */
bool proof_holds(const uint8_t secret[HMAC_BYTES], enum proof_side side,
                 const struct proof_facts *facts, const uint8_t proof[HMAC_BYTES]);

#endif
