/* made_certificates: an authority and what it signs, for tests of both sides of a channel. */
#ifndef MILLRACE_TEST_MADE_CERTIFICATES_H
#define MILLRACE_TEST_MADE_CERTIFICATES_H

#include "certificate.h"

/* Valid now, for an hour on both sides. */
void made_authority(struct certificate *ret);
void made_certificate(enum certificate_role role, const struct certificate *authority,
                      struct certificate *ret);

/* Valid from and until then, in seconds from now. */
void made_certificate_of(enum certificate_role role, const struct certificate *authority,
                         int64_t from_s, int64_t until_s, struct certificate *ret);

#endif
