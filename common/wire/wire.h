/*
 * wire: the structs of model as msgpack bytes and back. The only door to msgpack-c.
 *
 * One pair of functions per struct. Encoders append to a growing buffer; decoders trust nothing:
 * every count is checked against bounds.h before memory is taken, nesting is limited, unknown
 * fields are refused, and on failure the output is untouched (-EBADMSG with the place,
 * -EPROTONOSUPPORT for a frame of another protocol version, -ENOMEM). A decoded assignment has
 * passed assignment_check(); the indexes of a snapshot are within bounds.h, whether they fit the
 * plan is for merge to say. No I/O, no clock, any thread.
 *
 * A frame is an array: [magic "MR", protocol version, kind, body]. The version is read before the
 * body, so that an agent of another version can be refused by name. The body of a request, but of a
 * HELLO, is again an array: [head, what it says]; the head is read before the rest, so that nothing
 * is unpacked that is of no agent of this run.
 */
#ifndef MILLRACE_WIRE_H
#define MILLRACE_WIRE_H

#include "control_messages.h"
#include "errinfo.h"
#include "text.h"

#include <stddef.h>
#include <stdint.h>

/* Reads only the head of a request. -EBADMSG: not ours. *ret_protocol may differ from
 * PROTOCOL_VERSION; a kind that only the other version knows is REQUEST_COUNT then. */
int wire_request_kind(const void *bytes, size_t bytes_count, uint32_t *ret_protocol,
                      enum request_kind *ret, struct errinfo *reterr);

/* Reads the head of a request that is no HELLO and of this protocol. -EBADMSG: not ours. */
int wire_request_head(const void *bytes, size_t bytes_count, struct request_head *ret,
                      struct errinfo *reterr);

/* Who says hello in another protocol: since the first one the version of Millrace and the wanted
 * name stand at the same place. -EBADMSG: no hello, or none that is made like that. */
int wire_hello_of_other(const void *bytes, size_t bytes_count, char ret_version[NAME_BYTES],
                        char ret_name[NAME_BYTES], struct errinfo *reterr);

/*
 * Requests. Encoders append to out (a struct of zeros is empty; text_done() frees) and return 0,
 * -ENOMEM, -EMSGSIZE (beyond REQUEST_BYTES_MAX, replies FRAME_BYTES_MAX, or a list's bound) or
 * -EBADMSG (breaks a rule that the decoder checks); on failure out holds what it held before.
 */
int wire_encode_hello(const struct hello *hello, struct text *out);
int wire_decode_hello(const void *bytes, size_t bytes_count, struct hello *ret,
                      struct errinfo *reterr);
int wire_encode_poll(const struct poll *poll, struct text *out);
int wire_decode_poll(const void *bytes, size_t bytes_count, struct poll *ret,
                     struct errinfo *reterr);
int wire_encode_status(const struct status *status, struct text *out);
int wire_decode_status(const void *bytes, size_t bytes_count, struct status *ret,
                       struct errinfo *reterr);
/* The head's agent is the snapshot's, in both directions. */
int wire_encode_snapshot(const struct snapshot *snapshot, struct text *out);
int wire_decode_snapshot(const void *bytes, size_t bytes_count, struct snapshot **ret,
                         struct errinfo *reterr);
/* Of a trial whose lists are no longer than that: more is refused before memory is taken. */
int wire_decode_snapshot_of(const void *bytes, size_t bytes_count,
                            const struct snapshot_limits *limits, struct snapshot **ret,
                            struct errinfo *reterr);
int wire_encode_clock_report(const struct clock_report *report, struct text *out);
int wire_decode_clock_report(const void *bytes, size_t bytes_count, struct clock_report *ret,
                             struct errinfo *reterr);
int wire_encode_goodbye(const struct poll *poll, struct text *out);
int wire_decode_goodbye(const void *bytes, size_t bytes_count, struct poll *ret,
                        struct errinfo *reterr);

/* Replies. */
int wire_encode_welcome(const struct welcome *welcome, struct text *out);
int wire_decode_welcome(const void *bytes, size_t bytes_count, struct welcome *ret,
                        struct errinfo *reterr);
int wire_encode_command(const struct command *command, struct text *out);
int wire_decode_command(const void *bytes, size_t bytes_count, struct command *ret,
                        struct errinfo *reterr);
int wire_encode_receipt(const struct receipt *receipt, struct text *out);
int wire_decode_receipt(const void *bytes, size_t bytes_count, struct receipt *ret,
                        struct errinfo *reterr);
int wire_encode_clock_answer(const struct clock_answer *answer, struct text *out);
int wire_decode_clock_answer(const void *bytes, size_t bytes_count, struct clock_answer *ret,
                             struct errinfo *reterr);

#endif
