#include "introduction_inner.h"

#include "proof.h"
#include "secret.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static_assert(PROOF_BYTES == HMAC_BYTES && PROOF_BYTES == PROOF_NONCE_BYTES &&
                  PROOF_BYTES == SECRET_BYTES,
              "nonces and proofs are of one length");

static bool asks_for_proof(const struct welcome *welcome)
{
    return !welcome->accepted && welcome->reason[0] == '\0';
}

/* The second hello, and what it is worth. */
static int prove(struct coordinator_link *link, struct hello *hello, const struct duty_host *host,
                 const struct welcome *challenge, struct welcome *ret, struct errinfo *reterr)
{
    const struct proof_facts facts = {.agent_nonce = hello->nonce,
                                      .coordinator_nonce = challenge->nonce,
                                      .run_id = challenge->run_id,
                                      .instance = hello->instance,
                                      .host_name = host->fleet ? hello->name : host->name};
    int r;

    if (proof_make(host->secret, PROOF_HELLO, &facts, hello->proof) < 0) {
        return errinfo_nomem(reterr);
    }
    r = coordinator_link_hello(link, hello, ret, reterr);
    if (r < 0) {
        return r;
    }
    if (asks_for_proof(ret)) {
        return errinfo_set(reterr, -ECONNRESET, "the connection was lost between two hellos");
    }
    if (ret->accepted && (strcmp(ret->run_id, challenge->run_id) != 0 ||
                          !proof_holds(host->secret, PROOF_WELCOME, &facts, ret->proof))) {
        return errinfo_set(reterr, -EPERM,
                           "what answers there has not the secret of this join file, so it is not "
                           "the coordinator that made it");
    }
    return 0;
}

int introduction_make(struct coordinator_link *link, const struct hello *hello,
                      const struct duty_host *host, const char *but_to, struct welcome *ret,
                      struct errinfo *reterr)
{
    struct hello said = *hello;
    struct welcome first = {0};
    int r;

    if (host != NULL && secret_make(said.nonce) < 0) {
        return errinfo_set(reterr, -EIO, "this host has no source of random numbers");
    }
    r = coordinator_link_hello(link, &said, &first, reterr);
    if (r < 0) {
        return r;
    }
    if (but_to != NULL && strcmp(first.run_id, but_to) == 0) {
        return errinfo_set(reterr, -EALREADY, "run %s is here, too", but_to);
    }
    if (host == NULL && asks_for_proof(&first)) {
        return errinfo_set(reterr, -EPERM,
                           "the coordinator asks for a join file: \"millrace hosts add NAME\" "
                           "makes one, on its host");
    }
    if (host != NULL && first.accepted) {
        return errinfo_set(reterr, -EPERM,
                           "what answers there asks for no proof, so it is not the coordinator "
                           "that made this join file");
    }
    if (host != NULL && asks_for_proof(&first)) {
        return prove(link, &said, host, &first, ret, reterr);
    }
    *ret = first;
    return 0;
}
