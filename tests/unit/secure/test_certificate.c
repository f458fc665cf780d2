#include "certificate.h"
#include "check.h"
#include "secret.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEGIN_S INT64_C(1796000000) /* 2026-11-30 00:53:20 UTC. */
#define DAY_S INT64_C(86400)

static const struct certificate_request for_authority = {.role = CERTIFICATE_AUTHORITY,
                                                         .name = "millrace hosts",
                                                         .valid_from_s = BEGIN_S,
                                                         .valid_until_s = BEGIN_S + 3650 * DAY_S};
static const struct certificate_request for_coordinator = {.role = CERTIFICATE_COORDINATOR,
                                                           .name = CERTIFICATE_COORDINATOR_NAME,
                                                           .valid_from_s = BEGIN_S,
                                                           .valid_until_s = BEGIN_S + DAY_S};
static const struct certificate_request for_agent = {.role = CERTIFICATE_AGENT,
                                                     .name = "load1",
                                                     .valid_from_s = BEGIN_S,
                                                     .valid_until_s = BEGIN_S + 30 * DAY_S};

struct family {
    struct certificate authority;
    struct certificate coordinator;
    struct certificate agent;
};

static void make(const struct certificate_request *request, const struct certificate *authority,
                 struct certificate *ret)
{
    struct errinfo error = {""};

    if (certificate_make(request, authority, ret, &error) != 0) {
        fail_msg("%s", error.text);
    }
}

static struct family make_family(void)
{
    struct family family;

    make(&for_authority, NULL, &family.authority);
    make(&for_coordinator, &family.authority, &family.coordinator);
    make(&for_agent, &family.authority, &family.agent);
    return family;
}

static void family_done(struct family *family)
{
    certificate_done(&family->authority);
    certificate_done(&family->coordinator);
    certificate_done(&family->agent);
}

static X509 *parsed(const char *pem)
{
    BIO *from = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(from, NULL, NULL, NULL);

    assert_non_null(certificate);
    BIO_free(from);
    return certificate;
}

/* What OpenSSL's own verification says of a certificate for a purpose at a time. */
static int verified(const char *pem, const char *authority_pem, int purpose, int64_t at_s)
{
    X509 *authority = parsed(authority_pem);
    X509 *certificate = parsed(pem);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int said;

    assert_int_equal(X509_STORE_add_cert(store, authority), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, certificate, NULL), 1);
    assert_int_equal(X509_STORE_CTX_set_purpose(context, purpose), 1);
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)at_s);
    said = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(certificate);
    X509_free(authority);
    ERR_clear_error();
    return said;
}

static void openssl_verifies_each_for_its_own_role_only(void **state)
{
    struct family family = make_family();
    const char *authority = family.authority.pem;

    (void)state;
    assert_int_equal(
        verified(family.coordinator.pem, authority, X509_PURPOSE_SSL_SERVER, BEGIN_S + 1),
        X509_V_OK);
    assert_int_equal(verified(family.agent.pem, authority, X509_PURPOSE_SSL_CLIENT, BEGIN_S + 1),
                     X509_V_OK);
    assert_int_equal(verified(family.agent.pem, authority, X509_PURPOSE_SSL_SERVER, BEGIN_S + 1),
                     X509_V_ERR_INVALID_PURPOSE);
    assert_int_equal(
        verified(family.coordinator.pem, authority, X509_PURPOSE_SSL_CLIENT, BEGIN_S + 1),
        X509_V_ERR_INVALID_PURPOSE);
    family_done(&family);
}

static void one_that_ended_or_has_not_begun_is_refused(void **state)
{
    struct family family = make_family();
    const char *authority = family.authority.pem;

    (void)state;
    assert_int_equal(verified(family.agent.pem, authority, X509_PURPOSE_SSL_CLIENT, BEGIN_S - 1),
                     X509_V_ERR_CERT_NOT_YET_VALID);
    assert_int_equal(
        verified(family.agent.pem, authority, X509_PURPOSE_SSL_CLIENT, for_agent.valid_until_s - 1),
        X509_V_OK);
    assert_int_equal(
        verified(family.agent.pem, authority, X509_PURPOSE_SSL_CLIENT, for_agent.valid_until_s + 1),
        X509_V_ERR_CERT_HAS_EXPIRED);
    family_done(&family);
}

static void another_authority_of_the_same_name_vouches_for_none_of_them(void **state)
{
    struct family family = make_family();
    struct certificate other;
    struct errinfo error = {""};

    (void)state;
    make(&for_authority, NULL, &other);
    assert_int_not_equal(
        verified(family.agent.pem, other.pem, X509_PURPOSE_SSL_CLIENT, BEGIN_S + 1), X509_V_OK);
    assert_int_equal(certificate_check(&family.agent, other.pem, &error), -EKEYREJECTED);
    assert_string_equal(error.text, "the certificate was not signed by this authority");
    assert_int_equal(certificate_check(&family.agent, family.authority.pem, &error), 0);
    certificate_done(&other);
    family_done(&family);
}

static void an_agent_can_sign_nobody(void **state)
{
    struct family family = make_family();
    struct certificate forged;
    struct errinfo error = {""};

    (void)state;
    make(&for_coordinator, &family.agent, &forged);
    assert_int_not_equal(
        verified(forged.pem, family.authority.pem, X509_PURPOSE_SSL_SERVER, BEGIN_S + 1),
        X509_V_OK);
    assert_int_equal(certificate_check_coordinator(family.agent.pem, &error), -EKEYREJECTED);
    assert_int_equal(certificate_check_coordinator(family.coordinator.pem, &error), 0);
    assert_int_not_equal(
        verified(forged.pem, family.agent.pem, X509_PURPOSE_SSL_SERVER, BEGIN_S + 1), X509_V_OK);
    certificate_done(&forged);
    family_done(&family);
}

static void the_coordinators_name_is_the_same_whatever_its_address(void **state)
{
    struct family family = make_family();
    X509 *coordinator = parsed(family.coordinator.pem);

    (void)state;
    assert_int_equal(X509_check_host(coordinator, CERTIFICATE_COORDINATOR_NAME, 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(coordinator, "coord.example", 0, 0, NULL), 0);
    X509_free(coordinator);
    family_done(&family);
}

static void keys_are_of_p256_and_signatures_of_sha256(void **state)
{
    struct family family = make_family();
    const char *const all[] = {family.authority.pem, family.coordinator.pem, family.agent.pem};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        X509 *certificate = parsed(all[i]);
        char group[32] = "";

        assert_int_equal(
            EVP_PKEY_get_group_name(X509_get0_pubkey(certificate), group, sizeof group, NULL), 1);
        assert_string_equal(group, "prime256v1");
        assert_int_equal(X509_get_signature_nid(certificate), NID_ecdsa_with_SHA256);
        assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
        X509_free(certificate);
    }
    family_done(&family);
}

static void serials_are_positive_and_never_the_same(void **state)
{
    struct family family = make_family();
    X509 *certificates[8];

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct certificate made;

        make(&for_agent, &family.authority, &made);
        certificates[i] = parsed(made.pem);
        assert_true(ASN1_INTEGER_cmp(X509_get0_serialNumber(certificates[i]),
                                     X509_get0_serialNumber(certificates[0])) != 0 ||
                    i == 0);
        assert_int_equal(X509_get0_serialNumber(certificates[i])->type, V_ASN1_INTEGER);
        assert_int_equal(X509_get0_serialNumber(certificates[i])->length, 16);
        certificate_done(&made);
    }
    for (size_t i = 0; i < 8; i++) {
        X509_free(certificates[i]);
    }
    family_done(&family);
}

static void validity_is_what_was_asked_for_also_far_from_today(void **state)
{
    static const int64_t begins_s[] = {0, BEGIN_S, INT64_C(2524608000) /* 2050-01-01. */,
                                       INT64_C(4102444800)};

    (void)state;
    for (size_t i = 0; i < sizeof begins_s / sizeof begins_s[0]; i++) {
        struct certificate_request request = for_authority;
        struct certificate made;
        struct errinfo error = {""};
        int64_t from_s = 0;
        int64_t until_s = 0;

        request.valid_from_s = begins_s[i];
        request.valid_until_s = begins_s[i] + 12345;
        make(&request, NULL, &made);
        assert_int_equal(certificate_validity(made.pem, &from_s, &until_s, &error), 0);
        assert_int_equal(from_s, begins_s[i]);
        assert_int_equal(until_s, begins_s[i] + 12345);
        certificate_done(&made);
    }
}

static void what_is_no_certificate_is_refused(void **state)
{
    struct family family = make_family();
    struct errinfo error = {""};
    int64_t time_s = -1;
    char *cut = strndup(family.agent.pem, strlen(family.agent.pem) / 2);
    const char *const wrong[] = {"", "hello", cut, family.agent.key_pem};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(certificate_validity(wrong[i], &time_s, &time_s, &error), -EBADMSG);
        assert_string_equal(error.text, "the certificate is damaged, or no certificate (PEM)");
        assert_int_equal(time_s, -1);
    }
    free(cut);
    family_done(&family);
}

static void a_key_of_another_certificate_is_refused(void **state)
{
    struct family family = make_family();
    struct certificate mixed = {family.agent.pem, family.coordinator.key_pem};
    struct certificate no_key = {family.authority.pem, family.authority.pem};
    struct certificate made;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(certificate_check(&mixed, NULL, &error), -EKEYREJECTED);
    assert_string_equal(error.text, "the key is not that of the certificate");
    assert_int_equal(certificate_check(&no_key, NULL, &error), -EBADMSG);
    assert_int_equal(certificate_make(&for_agent, &no_key, &made, &error), -EBADMSG);
    assert_string_equal(
        error.text, "authority: the key is damaged, or no private key without a password (PEM)");
    family_done(&family);
}

static void wrong_names_and_times_are_refused(void **state)
{
    struct certificate_request request = for_authority;
    struct certificate made;
    struct errinfo error = {""};
    char long_name[CERTIFICATE_NAME_CHARACTERS_MAX + 2];

    (void)state;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    request.name = long_name;
    assert_int_equal(certificate_make(&request, NULL, &made, &error), -EINVAL);
    request.name = "";
    assert_int_equal(certificate_make(&request, NULL, &made, &error), -EINVAL);
    long_name[CERTIFICATE_NAME_CHARACTERS_MAX] = '\0';
    request.name = long_name;
    make(&request, NULL, &made);
    certificate_done(&made);
    request.valid_until_s = request.valid_from_s;
    assert_int_equal(certificate_make(&request, NULL, &made, &error), -EINVAL);
    assert_int_equal(certificate_make(&for_agent, NULL, &made, &error), -EINVAL);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* As somebody at a terminal would look whether it is right. */
static void the_program_openssl_verifies_it_too(void **state)
{
    char folder[] = "/tmp/test_certificate_XXXXXX";
    char authority[64];
    char agent[64];
    char command[256];
    struct family family;

    (void)state;
    if (system("openssl version >/dev/null 2>&1") != 0) {
        print_message("skipped: there is no program openssl\n");
        skip();
    }
    family = make_family();
    assert_non_null(mkdtemp(folder));
    (void)snprintf(authority, sizeof authority, "%s/authority.pem", folder);
    (void)snprintf(agent, sizeof agent, "%s/agent.pem", folder);
    write_file(authority, family.authority.pem);
    write_file(agent, family.agent.pem);
    (void)snprintf(command, sizeof command,
                   "openssl verify -x509_strict -purpose sslclient -attime %lld -CAfile %s %s "
                   ">/dev/null 2>&1",
                   (long long)BEGIN_S + 1, authority, agent);
    assert_int_equal(system(command), 0);
    assert_int_equal(unlink(authority), 0);
    assert_int_equal(unlink(agent), 0);
    assert_int_equal(rmdir(folder), 0);
    family_done(&family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_verifies_each_for_its_own_role_only),
        cmocka_unit_test(one_that_ended_or_has_not_begun_is_refused),
        cmocka_unit_test(another_authority_of_the_same_name_vouches_for_none_of_them),
        cmocka_unit_test(an_agent_can_sign_nobody),
        cmocka_unit_test(the_coordinators_name_is_the_same_whatever_its_address),
        cmocka_unit_test(keys_are_of_p256_and_signatures_of_sha256),
        cmocka_unit_test(serials_are_positive_and_never_the_same),
        cmocka_unit_test(validity_is_what_was_asked_for_also_far_from_today),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(wrong_names_and_times_are_refused),
        cmocka_unit_test(the_program_openssl_verifies_it_too)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
