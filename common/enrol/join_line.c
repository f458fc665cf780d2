#include "join_line_inner.h"

#include "base64_inner.h"
#include "digest.h"
#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "millrace-join-"
#define VERSION "1"
#define CHECK_DIGITS 16

struct part {
    const char *at;
    size_t length;
};

int join_line_write(const uint8_t *document, size_t document_bytes, struct text *out)
{
    struct text coded = {.secret = true};
    char digest[DIGEST_TEXT_BYTES] = "";
    int r;

    base64_write(document, document_bytes, &coded);
    r = text_failed(&coded) ? -ENOMEM : digest_sha256(coded.bytes, coded.bytes_count, digest);
    if (r == 0) {
        text_add(out, MARK VERSION ":");
        text_add_bytes(out, coded.bytes, coded.bytes_count);
        text_add(out, ".");
        text_add_bytes(out, digest, CHECK_DIGITS);
        text_add(out, "\n");
        r = text_failed(out) ? -ENOMEM : 0;
    }
    text_done(&coded);
    return r;
}

static struct part trim(const char *line, size_t line_bytes)
{
    struct part part = {line, line_bytes};

    while (part.length > 0 && isspace((unsigned char)part.at[0])) {
        part.at++;
        part.length--;
    }
    while (part.length > 0 && isspace((unsigned char)part.at[part.length - 1])) {
        part.length--;
    }
    return part;
}

/* Takes off what is up to the mark, if there is one. */
static bool take_until(struct part *from, char mark, struct part *ret)
{
    const char *at = memchr(from->at, mark, from->length);

    if (at == NULL) {
        return false;
    }
    *ret = (struct part){from->at, (size_t)(at - from->at)};
    from->length -= ret->length + 1;
    from->at = at + 1;
    return true;
}

static bool is_number(const struct part *part)
{
    for (size_t i = 0; i < part->length; i++) {
        if (!isdigit((unsigned char)part->at[i])) {
            return false;
        }
    }
    return part->length > 0 && part->length <= 9;
}

static int check_head(struct part *rest, struct errinfo *reterr)
{
    size_t mark = strlen(MARK);
    struct part version;

    if (rest->length < mark || memcmp(rest->at, MARK, mark) != 0) {
        return errinfo_set(reterr, -EBADMSG,
                           "is no join file: its line would begin with \"" MARK VERSION ":\"");
    }
    rest->at += mark;
    rest->length -= mark;
    if (!take_until(rest, ':', &version)) {
        return errinfo_set(reterr, -EBADMSG, "is cut off: make a copy of the whole line");
    }
    if (!is_number(&version)) {
        return errinfo_set(reterr, -EBADMSG,
                           "is no join file: its line would begin with \"" MARK VERSION ":\"");
    }
    if (version.length != strlen(VERSION) || memcmp(version.at, VERSION, version.length) != 0) {
        return errinfo_set(reterr, -EBADMSG,
                           "is a join file of version %.*s, and this build (" MILLRACE_VERSION
                           ") reads version " VERSION
                           ": install the coordinator's version of Millrace here",
                           (int)version.length, version.at);
    }
    return 0;
}

static bool has_blank(const struct part *part)
{
    for (size_t i = 0; i < part->length; i++) {
        if (isspace((unsigned char)part->at[i])) {
            return true;
        }
    }
    return false;
}

/* rest: what follows the head; on success the document as text. */
static int check_text(struct part rest, struct part *ret, struct errinfo *reterr)
{
    char digest[DIGEST_TEXT_BYTES];
    struct part coded;

    if (has_blank(&rest)) {
        return errinfo_set(reterr, -EBADMSG, "has more than one line, or a blank in its line");
    }
    if (!take_until(&rest, '.', &coded) || rest.length < CHECK_DIGITS) {
        return errinfo_set(reterr, -EBADMSG, "is cut off: make a copy of the whole line");
    }
    if (digest_sha256(coded.at, coded.length, digest) < 0) {
        return errinfo_nomem(reterr);
    }
    if (rest.length > CHECK_DIGITS || memcmp(rest.at, digest, CHECK_DIGITS) != 0) {
        return errinfo_set(reterr, -EBADMSG,
                           "is damaged: its line is not what was written; make a new copy");
    }
    *ret = coded;
    return 0;
}

int join_line_read(const char *line, size_t line_bytes, uint8_t **ret, size_t *ret_bytes,
                   struct errinfo *reterr)
{
    struct part rest = trim(line, line_bytes);
    struct part coded = {NULL, 0};
    uint8_t *document;
    size_t document_bytes = 0;
    int r = check_head(&rest, reterr);

    if (r == 0) {
        r = check_text(rest, &coded, reterr);
    }
    if (r < 0) {
        return r;
    }
    document = malloc(BASE64_BYTES(coded.length));
    if (document == NULL) {
        return errinfo_nomem(reterr);
    }
    r = base64_read(coded.at, coded.length, document, &document_bytes);
    if (r < 0) {
        secret_wipe(document, BASE64_BYTES(coded.length));
        free(document);
        return errinfo_set(reterr, r, "is damaged: it holds characters that no join file has");
    }
    *ret = document;
    *ret_bytes = document_bytes;
    return 0;
}
