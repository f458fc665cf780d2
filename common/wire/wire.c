#include "wire.h"

#include "wire_fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of replies; those of requests are request_kind. */
enum reply_kind { REPLY_WELCOME = 64, REPLY_COMMAND, REPLY_RECEIPT, REPLY_CLOCK };

static_assert((int)REQUEST_COUNT <= (int)REPLY_WELCOME, "kinds of requests and replies differ");

#define MAGIC "MR"

/* Opens the frame and its first three fields; the body is the fourth. */
static void code_head(struct coder *coder, uint32_t *protocol, uint32_t *kind)
{
    char magic[sizeof MAGIC] = MAGIC;

    code_begin(coder, "frame", 4);
    code_text(coder, "magic", magic, sizeof magic);
    if (strcmp(magic, MAGIC) != 0) {
        coder_bad(coder, "magic", "is not ours");
    }
    code_u32(coder, "protocol", protocol, ANY_U32);
    code_u32(coder, "kind", kind, ANY_U32);
}

static int encode(uint32_t kind, void (*code)(struct coder *, void *), void *body, struct text *out)
{
    size_t before = out->bytes_count;
    uint32_t protocol = PROTOCOL_VERSION;
    struct coder coder;
    int r;

    coder_write(&coder, out);
    code_head(&coder, &protocol, &kind);
    code(&coder, body);
    code_end(&coder);
    r = coder.failure;
    coder_done(&coder);
    if (text_failed(out)) {
        return -ENOMEM;
    }
    if (r == 0 && out->bytes_count - before > (size_t)FRAME_BYTES_MAX) {
        r = -EMSGSIZE;
    }
    if (r < 0) {
        out->bytes_count = before; /* Nothing of it goes out. */
        out->bytes[before] = '\0';
    }
    return r;
}

static int check_head(uint32_t protocol, uint32_t kind, uint32_t kind_wanted,
                      struct errinfo *reterr)
{
    if (protocol != PROTOCOL_VERSION) {
        return errinfo_set(reterr, -EPROTONOSUPPORT,
                           "the other side speaks protocol %u, this one %d: both must be of the "
                           "same version of Millrace",
                           protocol, PROTOCOL_VERSION);
    }
    if (kind != kind_wanted) {
        return errinfo_set(reterr, -EBADMSG, "frame: kind is %u where %u belongs", kind,
                           kind_wanted);
    }
    return 0;
}

/* body is a struct of zeros; on failure it may be half filled. */
static int decode(const void *bytes, size_t bytes_count, uint32_t kind_wanted,
                  void (*code)(struct coder *, void *), void *body, struct errinfo *reterr)
{
    uint32_t protocol = 0;
    uint32_t kind = 0;
    struct coder coder;
    int r;

    coder_read(&coder, bytes, bytes_count, reterr);
    code_head(&coder, &protocol, &kind);
    if (coder.failure == 0) {
        r = check_head(protocol, kind, kind_wanted, reterr);
        if (r < 0) {
            return r;
        }
    }
    code(&coder, body);
    code_end(&coder);
    if (coder.failure == 0 && coder.at != coder.end) {
        coder_bad(&coder, "end", "has more after it");
    }
    return coder.failure;
}

int wire_request_kind(const void *bytes, size_t bytes_count, uint32_t *ret_protocol,
                      enum request_kind *ret, struct errinfo *reterr)
{
    uint32_t protocol = 0;
    uint32_t kind = 0;
    struct coder coder;

    coder_read(&coder, bytes, bytes_count, reterr);
    code_head(&coder, &protocol, &kind);
    if (coder.failure == 0 && protocol == PROTOCOL_VERSION && kind >= REQUEST_COUNT) {
        coder_bad(&coder, "kind", "is no request");
    }
    if (coder.failure != 0) {
        return coder.failure;
    }
    *ret_protocol = protocol;
    *ret = kind < REQUEST_COUNT ? (enum request_kind)kind : REQUEST_COUNT;
    return 0;
}

/* The pair of functions of a struct that owns nothing. The name of a type can't be in parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define WIRE_PAIR(name, kind)                                                                      \
    int wire_encode_##name(const struct name *name, struct text *out)                              \
    {                                                                                              \
        struct name copy = *name; /* The field lists take what they could write to. */             \
                                                                                                   \
        return encode(kind, code_##name, &copy, out);                                              \
    }                                                                                              \
                                                                                                   \
    int wire_decode_##name(const void *bytes, size_t bytes_count, struct name *ret,                \
                           struct errinfo *reterr)                                                 \
    {                                                                                              \
        struct name name = {0};                                                                    \
        int r = decode(bytes, bytes_count, kind, code_##name, &name, reterr);                      \
                                                                                                   \
        if (r == 0) {                                                                              \
            *ret = name;                                                                           \
        }                                                                                          \
        return r;                                                                                  \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

WIRE_PAIR(hello, REQUEST_HELLO)
WIRE_PAIR(poll, REQUEST_POLL)
WIRE_PAIR(clock_report, REQUEST_CLOCK)
WIRE_PAIR(welcome, REPLY_WELCOME)
WIRE_PAIR(receipt, REPLY_RECEIPT)
WIRE_PAIR(clock_answer, REPLY_CLOCK)

int wire_encode_goodbye(const struct poll *poll, struct text *out)
{
    struct poll copy = *poll;

    return encode(REQUEST_GOODBYE, code_goodbye, &copy, out);
}

int wire_decode_goodbye(const void *bytes, size_t bytes_count, struct poll *ret,
                        struct errinfo *reterr)
{
    struct poll poll = {0};
    int r = decode(bytes, bytes_count, REQUEST_GOODBYE, code_goodbye, &poll, reterr);

    if (r == 0) {
        *ret = poll;
    }
    return r;
}

int wire_encode_status(const struct status *status, struct text *out)
{
    struct status copy = *status;

    return encode(REQUEST_STATUS, code_status, &copy, out);
}

int wire_decode_status(const void *bytes, size_t bytes_count, struct status *ret,
                       struct errinfo *reterr)
{
    struct status status = {0};
    int r = decode(bytes, bytes_count, REQUEST_STATUS, code_status, &status, reterr);

    if (r < 0) {
        status_done(&status);
        return r;
    }
    *ret = status;
    return 0;
}

int wire_encode_command(const struct command *command, struct text *out)
{
    struct command copy = *command;

    return encode(REPLY_COMMAND, code_command, &copy, out);
}

int wire_decode_command(const void *bytes, size_t bytes_count, struct command *ret,
                        struct errinfo *reterr)
{
    struct command command = {0};
    int r = decode(bytes, bytes_count, REPLY_COMMAND, code_command, &command, reterr);

    if (r == 0 && command.assignment != NULL) {
        r = assignment_check(command.assignment, reterr);
    }
    if (r < 0) {
        command_done(&command);
        return r;
    }
    *ret = command;
    return 0;
}

int wire_encode_snapshot(const struct snapshot *snapshot, struct text *out)
{
    struct snapshot copy = *snapshot;

    return encode(REQUEST_SNAPSHOT, code_snapshot, &copy, out);
}

int wire_decode_snapshot(const void *bytes, size_t bytes_count, struct snapshot **ret,
                         struct errinfo *reterr)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    int r;

    if (snapshot == NULL) {
        return errinfo_nomem(reterr);
    }
    r = decode(bytes, bytes_count, REQUEST_SNAPSHOT, code_snapshot, snapshot, reterr);
    if (r < 0) {
        snapshot_free(snapshot);
        return r;
    }
    *ret = snapshot;
    return 0;
}
