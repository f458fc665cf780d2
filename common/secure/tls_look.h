/*
 * tls_look: why does a connection to a coordinator not come about? It makes one of its own, by
 * OpenSSL, and says at which stage it ends and what the other side had against it: whoever dials by
 * NNG learns only that there is none.
 *
 * It sends nothing but a handshake, and trusts nothing that it finds. Any thread; the process has
 * to ignore SIGPIPE.
 */
#ifndef MILLRACE_TLS_LOOK_H
#define MILLRACE_TLS_LOOK_H

#include "errinfo.h"

#include <stdint.h>

enum tls_look_stage {
    TLS_LOOK_THROUGH, /* It came about: whatever stood in the way is gone. */
    TLS_LOOK_NAME,    /* The name does not resolve. */
    TLS_LOOK_REFUSED, /* Nothing listens there. */
    TLS_LOOK_SILENT,  /* No answer to the TCP connection. */
    TLS_LOOK_CONNECT, /* No TCP connection for another reason. */
    TLS_LOOK_CLEAR,   /* It speaks in clear there, and was expected to speak TLS. */
    TLS_LOOK_MUTE,    /* It was expected to speak in clear, and says nothing. */
    TLS_LOOK_THEIRS,  /* Its certificate is not one to trust. */
    TLS_LOOK_OURS,    /* It does not take the certificate that it was shown. */
    TLS_LOOK_TLS,     /* The handshake failed for another reason. */
    TLS_LOOK_OWN      /* The texts below can't be read, or memory ran out. */
};

/* All borrowed. PEM texts, with authority NULL: in clear. */
struct tls_look_config {
    const char *host;
    const char *port;
    const char *server_name; /* That its certificate has to name. */
    const char *authority_pem;
    const char *certificate_pem;
    const char *key_pem;
};

/* Looks, and blocks until deadline_ns (mono_ns()) at most. Returns the stage; for all but
 * TLS_LOOK_THROUGH ret has a sentence that names no address ("nothing listens there"). */
enum tls_look_stage tls_look(const struct tls_look_config *config, int64_t deadline_ns,
                             struct errinfo *ret);

#endif
