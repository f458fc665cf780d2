#include "check.h"
#include "digest.h"

#include <stdlib.h>
#include <string.h>

/* The examples of FIPS 180-4's test vectors. */
static void a_digest_is_that_of_the_standard(void **state)
{
    static const struct {
        const char *text;
        const char *digest;
    } examples[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char digest[DIGEST_TEXT_BYTES];

        assert_int_equal(digest_sha256(examples[i].text, strlen(examples[i].text), digest), 0);
        assert_string_equal(digest, examples[i].digest);
    }
}

static void a_million_bytes_have_one_too(void **state)
{
    const size_t bytes_count = 1000000;
    char *bytes = malloc(bytes_count);
    char digest[DIGEST_TEXT_BYTES];

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'a', bytes_count);
    assert_int_equal(digest_sha256(bytes, bytes_count, digest), 0);
    assert_string_equal(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_digest_is_that_of_the_standard),
                                       cmocka_unit_test(a_million_bytes_have_one_too)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
