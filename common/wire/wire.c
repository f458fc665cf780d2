#include "wire.h"

#include "wire_record_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of replies; those of requests are request_kind. */
enum reply_kind { REPLY_WELCOME = 64, REPLY_COMMAND, REPLY_RECEIPT, REPLY_CLOCK };

static_assert((int)REQUEST_COUNT <= (int)REPLY_WELCOME, "kinds of requests and replies differ");

/* Numbers take a byte more than in memory, texts three. */
static_assert(2 * (sizeof(struct status) + TARGETS_MAX * sizeof(struct probe_result)) <=
                      REQUEST_BYTES_MAX &&
                  2 * sizeof(struct hello) <= REQUEST_BYTES_MAX &&
                  2 * sizeof(struct clock_report) <= REQUEST_BYTES_MAX,
              "whatever an agent says fits into a request, but for what it measured");

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
    code_u32(coder, "protocol", protocol, UINT32_MAX);
    code_u32(coder, "kind", kind, UINT32_MAX);
}

/* What a frame has in its body; a head is for requests only, NULL for others. */
struct body {
    struct request_head *head;
    const struct record *record;
    void *item;
    const struct coder_limit *limits;
    uint32_t limits_count;
};

static void code_body(struct coder *coder, const struct body *body)
{
    if (body->head == NULL) {
        code_record(coder, body->record, body->item);
        return;
    }
    code_begin(coder, "request", 2);
    code_record(coder, &request_head_record, body->head);
    code_record(coder, body->record, body->item);
    code_end(coder);
}

static int encode(uint32_t kind, const struct body *body, struct text *out)
{
    size_t before = out->bytes_count;
    size_t bytes_max = kind < REQUEST_COUNT ? REQUEST_BYTES_MAX : FRAME_BYTES_MAX;
    uint32_t protocol = PROTOCOL_VERSION;
    struct coder coder;
    int r;

    coder_write(&coder, out);
    code_head(&coder, &protocol, &kind);
    code_body(&coder, body);
    code_end(&coder);
    r = coder.failure;
    if (text_failed(out)) {
        return -ENOMEM;
    }
    if (r == 0 && out->bytes_count - before > bytes_max) {
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

/* The body is a struct of zeros; on failure it may be half filled. */
static int decode(const void *bytes, size_t bytes_count, uint32_t kind_wanted,
                  const struct body *body, struct errinfo *reterr)
{
    uint32_t protocol = 0;
    uint32_t kind = 0;
    struct coder coder;
    int r;

    coder_read(&coder, bytes, bytes_count, reterr);
    coder.limits = body->limits;
    coder.limits_count = body->limits_count;
    code_head(&coder, &protocol, &kind);
    if (coder.failure == 0) {
        r = check_head(protocol, kind, kind_wanted, reterr);
        if (r < 0) {
            return r;
        }
    }
    code_body(&coder, body);
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

int wire_request_head(const void *bytes, size_t bytes_count, struct request_head *ret,
                      struct errinfo *reterr)
{
    struct request_head head = {.agent = 0};
    uint32_t protocol = 0;
    uint32_t kind = 0;
    struct coder coder;

    coder_read(&coder, bytes, bytes_count, reterr);
    code_head(&coder, &protocol, &kind);
    code_begin(&coder, "request", 2);
    code_record(&coder, &request_head_record, &head);
    if (coder.failure == 0) {
        *ret = head;
    }
    return coder.failure;
}

int wire_hello_of_other(const void *bytes, size_t bytes_count, char ret_version[NAME_BYTES],
                        char ret_name[NAME_BYTES], struct errinfo *reterr)
{
    struct hello hello = {0};
    uint32_t protocol = 0;
    uint32_t kind = 0;
    struct coder coder;

    coder_read(&coder, bytes, bytes_count, reterr);
    code_head(&coder, &protocol, &kind);
    if (coder.failure == 0 && kind != REQUEST_HELLO) {
        coder_bad(&coder, "kind", "is no hello");
    }
    coder_begin_first(&coder, "hello", 3);
    code_u32(&coder, "protocol", &hello.protocol, UINT32_MAX);
    code_text(&coder, "version", hello.version, sizeof hello.version);
    code_text(&coder, "name", hello.name, sizeof hello.name);
    if (coder.failure == 0) {
        memcpy(ret_version, hello.version, NAME_BYTES);
        memcpy(ret_name, hello.name, NAME_BYTES);
    }
    return coder.failure;
}

/* The pair of functions of a struct. The name of a type can't be in parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define WIRE_PAIR_OF(name, type, kind, head_of_item, check)                                        \
    int wire_encode_##name(const struct type *name, struct text *out)                              \
    {                                                                                              \
        struct type item = *name; /* A coder takes what it could write to. */                      \
                                                                                                   \
        return encode(kind, &(struct body){head_of_item, &type##_record, &item, NULL, 0}, out);    \
    }                                                                                              \
                                                                                                   \
    int wire_decode_##name(const void *bytes, size_t bytes_count, struct type *ret,                \
                           struct errinfo *reterr)                                                 \
    {                                                                                              \
        struct type item = {0};                                                                    \
        int r = decode(bytes, bytes_count, kind,                                                   \
                       &(struct body){head_of_item, &type##_record, &item, NULL, 0}, reterr);      \
                                                                                                   \
        r = r < 0 ? r : (check);                                                                   \
        if (r < 0) {                                                                               \
            record_done(&type##_record, &item);                                                    \
        } else {                                                                                   \
            *ret = item;                                                                           \
        }                                                                                          \
        return r;                                                                                  \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

#define WIRE_REQUEST(name, type, kind) WIRE_PAIR_OF(name, type, kind, &item.head, 0)
#define WIRE_REPLY(name, kind) WIRE_PAIR_OF(name, name, kind, NULL, 0)

WIRE_PAIR_OF(hello, hello, REQUEST_HELLO, NULL, 0)
WIRE_REQUEST(poll, poll, REQUEST_POLL)
WIRE_REQUEST(goodbye, poll, REQUEST_GOODBYE)
WIRE_REQUEST(status, status, REQUEST_STATUS)
WIRE_REQUEST(clock_report, clock_report, REQUEST_CLOCK)
WIRE_REPLY(welcome, REPLY_WELCOME)
WIRE_REPLY(receipt, REPLY_RECEIPT)
WIRE_REPLY(clock_answer, REPLY_CLOCK)
WIRE_PAIR_OF(command, command, REPLY_COMMAND, NULL,
             item.assignment == NULL ? 0 : assignment_check(item.assignment, reterr))

int wire_encode_snapshot(const struct snapshot *snapshot, struct text *out)
{
    struct snapshot copy = *snapshot;

    copy.head.agent = copy.agent;
    return encode(REQUEST_SNAPSHOT, &(struct body){&copy.head, &snapshot_record, &copy, NULL, 0},
                  out);
}

int wire_decode_snapshot(const void *bytes, size_t bytes_count, struct snapshot **ret,
                         struct errinfo *reterr)
{
    return wire_decode_snapshot_of(bytes, bytes_count, NULL, ret, reterr);
}

int wire_decode_snapshot_of(const void *bytes, size_t bytes_count,
                            const struct snapshot_limits *limits, struct snapshot **ret,
                            struct errinfo *reterr)
{
    const struct snapshot_limits most = limits != NULL ? *limits : (struct snapshot_limits){0};
    const struct coder_limit lists[] = {{&snapshot_row_record, most.rows},
                                        {&stream_delta_record, most.streams},
                                        {&stream_range_record, most.ranges},
                                        {&reading_delta_record, most.readings}};
    const uint32_t lists_count = limits != NULL ? sizeof lists / sizeof lists[0] : 0;
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    int r;

    if (snapshot == NULL) {
        return errinfo_nomem(reterr);
    }
    r = decode(bytes, bytes_count, REQUEST_SNAPSHOT,
               &(struct body){&snapshot->head, &snapshot_record, snapshot, lists, lists_count},
               reterr);
    if (r < 0) {
        snapshot_free(snapshot);
        return r;
    }
    snapshot->agent = snapshot->head.agent;
    *ret = snapshot;
    return 0;
}
