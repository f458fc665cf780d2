#include "made_certificates.h"

#include "check.h"

#include <time.h>

#define HOUR_S 3600

void made_certificate_of(enum certificate_role role, const struct certificate *authority,
                         int64_t from_s, int64_t until_s, struct certificate *ret)
{
    const int64_t now_s = time(NULL);
    const struct certificate_request request = {.role = role,
                                                .name = "made for a test",
                                                .valid_from_s = now_s + from_s,
                                                .valid_until_s = now_s + until_s};
    struct errinfo error = {""};

    if (certificate_make(&request, authority, ret, &error) != 0) {
        fail_msg("%s", error.text);
    }
}

void made_certificate(enum certificate_role role, const struct certificate *authority,
                      struct certificate *ret)
{
    made_certificate_of(role, authority, -HOUR_S, HOUR_S, ret);
}

void made_authority(struct certificate *ret)
{
    made_certificate(CERTIFICATE_AUTHORITY, NULL, ret);
}
