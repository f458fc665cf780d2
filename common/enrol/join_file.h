/*
 * join_file: what a host needs to join a coordinator: addresses, certificates, a secret, its name.
 * One line of text,
 *
 *   millrace-join-1:DOCUMENT.CHECK
 *
 * with a BSON document in base64url and the first 16 digits of the SHA-256 of that text. A line
 * that was cut off or damaged on its way, by a terminal or by mail, is told from a wrong one.
 *
 * Refuses what it does not know whole, and files that others can read. It says no word of what is
 * in a line. Any thread; reading blocks on the disk.
 */
#ifndef MILLRACE_JOIN_FILE_H
#define MILLRACE_JOIN_FILE_H

#include "bounds.h"
#include "errinfo.h"
#include "hmac.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOIN_ADDRESSES_MAX 8
#define JOIN_ADDRESS_BYTES 256
#define JOIN_PEM_BYTES_MAX 8192

struct join_address {
    char text[JOIN_ADDRESS_BYTES]; /* "HOST:PORT", "[::1]:7700". */
};

struct join_file {
    char name[NAME_BYTES]; /* Of the host; of a fleet, what `millrace hosts` lists it as. */
    bool fleet;            /* For many hosts (add --any): each goes by a name of its own. */
    /* For so many processes of the host, which go by "NAME/1" and so on; 0: one, of that name. */
    uint32_t processes_count;
    struct join_address addresses[JOIN_ADDRESSES_MAX];
    uint32_t addresses_count;
    char *authority_pem; /* Owned, as are the next two. */
    char *certificate_pem;
    char *key_pem;
    uint8_t secret[HMAC_BYTES];
    int64_t valid_from_s; /* UTC, since 1970; ends included. */
    int64_t valid_until_s;
};

/* Appends the line with its newline to out, which is a secret text. 0, or -ENOMEM; -EMSGSIZE:
 * something in it is beyond its bound. */
int join_file_write(const struct join_file *join, struct text *out);

/*
 * Reads a line; blanks and line ends around it are passed over. 0, or -EBADMSG with what is wrong:
 * no join file, of another version, cut off, damaged; -ENOMEM. Times are not looked at. On success
 * *ret is the caller's, for join_file_done(); on failure it is untouched.
 */
int join_file_parse(const char *line, size_t line_bytes, struct join_file *ret,
                    struct errinfo *reterr);

/* Likewise from a file, "-": stdin; the sentence begins with the path. Also what
 * secret_file_read() fails with, -EPERM if group or others can read it among them. */
int join_file_read(const char *path, struct join_file *ret, struct errinfo *reterr);

/* Likewise from the first line of stdin, which stays open. */
int join_file_read_line(struct join_file *ret, struct errinfo *reterr);

/* Whether it is valid at that time (wall clock, UTC, in s since 1970): 0, -EKEYEXPIRED with the
 * command that makes a new one, or -EAGAIN: not yet, with both times, as one of two clocks is
 * wrong then. Ask again before each time that it is used: it ends while an agent waits. */
int join_file_check_time(const struct join_file *join, int64_t now_s, struct errinfo *reterr);

/* Wipes, frees and zeroes it. */
void join_file_done(struct join_file *join);

/* "2026-11-01 08:00 UTC", for sentences. */
#define JOIN_TIME_BYTES 32
const char *join_time(int64_t at_s, char text[JOIN_TIME_BYTES]);

#endif
