#include "join_file.h"

#include "certificate.h"
#include "fields.h"
#include "join_line_inner.h"
#include "net.h"
#include "record.h"
#include "secret.h"
#include "secret_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct field join_address_fields[] = {
    FIELD(join_address, text, .min = 1),
};

static const struct record join_address_record = RECORD(join_address);

/* What stands in a document of version 1: a change of it is another version. */
static const struct field join_file_fields[] = {
    FIELD(join_file, name, .min = 1),
    FIELD(join_file, fleet),
    FIELD(join_file, processes_count, .max = PROCESSES_MAX),
    FIELD_ITEMS_OF(join_file, addresses, addresses_count, join_address_record, JOIN_ADDRESSES_MAX,
                   .min = 1),
    FIELD(join_file, authority_pem, .max = JOIN_PEM_BYTES_MAX),
    FIELD(join_file, certificate_pem, .max = JOIN_PEM_BYTES_MAX),
    FIELD(join_file, key_pem, .max = JOIN_PEM_BYTES_MAX, .secret = true),
    FIELD(join_file, secret),
    FIELD(join_file, valid_from_s),
    FIELD(join_file, valid_until_s),
};

static const struct record join_file_record = RECORD(join_file);

int join_file_write(const struct join_file *join, struct text *out)
{
    struct errinfo error = {""};
    struct fields *fields = NULL;
    uint8_t *document = NULL;
    uint32_t document_bytes = 0;
    int r = fields_write_new(&fields, &error);

    if (r < 0) {
        return r;
    }
    field_record(fields, &join_file_record, (void *)(uintptr_t)join); /* Nothing is written. */
    r = fields_failure(fields);
    if (r == 0) {
        document = fields_take(fields, &document_bytes);
        r = join_line_write(document, document_bytes, out);
        secret_wipe(document, document_bytes);
        free(document);
    }
    fields_free(fields);
    return r;
}

/* Beyond what the table says. */
static int check_whole(const struct join_file *join, struct errinfo *reterr)
{
    struct certificate certificate = {join->certificate_pem, join->key_pem};
    struct errinfo detail = {""};
    char host[NET_HOST_BYTES];
    char port[NET_PORT_BYTES];
    int r = record_check(&join_file_record, join, &detail);

    if (r == 0) {
        r = certificate_check(&certificate, join->authority_pem, &detail);
    }
    if (r == -ENOMEM) {
        return errinfo_nomem(reterr);
    }
    if (r < 0) {
        return errinfo_set(reterr, -EBADMSG, "is damaged: %s", detail.text);
    }
    for (uint32_t i = 0; i < join->addresses_count; i++) {
        if (net_split(join->addresses[i].text, host, port) < 0) {
            return errinfo_set(reterr, -EBADMSG, "is damaged: an address is not HOST:PORT");
        }
    }
    return 0;
}

static int read_document(const uint8_t *document, size_t document_bytes, struct join_file *join,
                         struct errinfo *reterr)
{
    struct errinfo detail = {""};
    struct fields *fields = NULL;
    int r = fields_read_new(document, (uint32_t)document_bytes, NULL, &fields, &detail);

    if (r < 0) {
        return errinfo_nomem(reterr);
    }
    field_record(fields, &join_file_record, join);
    r = fields_failure(fields);
    fields_free(fields);
    if (r == -ENOMEM) {
        return errinfo_nomem(reterr);
    }
    return r < 0 ? errinfo_set(reterr, -EBADMSG, "is damaged: %s", detail.text) : 0;
}

int join_file_parse(const char *line, size_t line_bytes, struct join_file *ret,
                    struct errinfo *reterr)
{
    struct join_file join = {0};
    uint8_t *document = NULL;
    size_t document_bytes = 0;
    int r;

    if (line_bytes > SECRET_FILE_BYTES_MAX) {
        return errinfo_set(reterr, -EBADMSG, "is no join file: it is longer than %zu bytes",
                           SECRET_FILE_BYTES_MAX);
    }
    r = join_line_read(line, line_bytes, &document, &document_bytes, reterr);
    if (r < 0) {
        return r;
    }
    r = read_document(document, document_bytes, &join, reterr);
    secret_wipe(document, document_bytes);
    free(document);
    if (r == 0) {
        r = check_whole(&join, reterr);
    }
    if (r < 0) {
        join_file_done(&join);
        return r;
    }
    *ret = join;
    secret_wipe(&join, sizeof join);
    return 0;
}

static int take_line(const char *path, char *line, size_t line_bytes, struct join_file *ret,
                     struct errinfo *reterr)
{
    int r = join_file_parse(line, line_bytes, ret, reterr);

    secret_file_free(line, line_bytes);
    return r < 0 ? errinfo_prefix(reterr, r, "%s", strcmp(path, "-") == 0 ? "stdin" : path) : 0;
}

int join_file_read(const char *path, struct join_file *ret, struct errinfo *reterr)
{
    char *line = NULL;
    size_t line_bytes = 0;
    int r = secret_file_read(path, &line, &line_bytes, reterr);

    return r < 0 ? r : take_line(path, line, line_bytes, ret, reterr);
}

int join_file_read_line(struct join_file *ret, struct errinfo *reterr)
{
    char *line = NULL;
    size_t line_bytes = 0;
    int r = secret_file_read_line(&line, &line_bytes, reterr);

    return r < 0 ? r : take_line("-", line, line_bytes, ret, reterr);
}

const char *join_time(int64_t at_s, char text[JOIN_TIME_BYTES])
{
    time_t at = (time_t)at_s;
    struct tm parts = {0};

    if (gmtime_r(&at, &parts) == NULL ||
        strftime(text, JOIN_TIME_BYTES, "%Y-%m-%d %H:%M UTC", &parts) == 0) {
        (void)snprintf(text, JOIN_TIME_BYTES, "%lld s after 1970", (long long)at_s);
    }
    return text;
}

int join_file_check_time(const struct join_file *join, int64_t now_s, struct errinfo *reterr)
{
    char valid[JOIN_TIME_BYTES];
    char now[JOIN_TIME_BYTES];

    if (now_s > join->valid_until_s) {
        return errinfo_set(reterr, -EKEYEXPIRED,
                           "certificate ended %s: millrace hosts add %s --again (on the "
                           "coordinator's host; here it is %s)",
                           join_time(join->valid_until_s, valid), join->name,
                           join_time(now_s, now));
    }
    if (now_s < join->valid_from_s) {
        return errinfo_set(reterr, -EAGAIN,
                           "certificate is not yet valid: it begins %s, and it is %s here: set "
                           "this host's clock, or the coordinator's",
                           join_time(join->valid_from_s, valid), join_time(now_s, now));
    }
    return 0;
}

void join_file_done(struct join_file *join)
{
    record_done(&join_file_record, join);
    secret_wipe(join, sizeof *join);
}
