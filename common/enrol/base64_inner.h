/* base64_inner: bytes as text that a shell, a URL and a file name leave alone: base64url without
 * padding (RFC 4648, 5). Pure. */
#ifndef MILLRACE_BASE64_INNER_H
#define MILLRACE_BASE64_INNER_H

#include "text.h"

#include <stddef.h>
#include <stdint.h>

/* Appends; a failure is remembered by out. */
void base64_write(const uint8_t *bytes, size_t bytes_count, struct text *out);

/* At most this many bytes are in so many characters. */
#define BASE64_BYTES(characters) ((characters) / 4 * 3 + 3)

/* Into ret, which has room for BASE64_BYTES(). 0, or -EBADMSG: a character that is none of the 64,
 * a length that no bytes have, or bits beyond the last byte that are not 0. */
int base64_read(const char *text, size_t characters, uint8_t *ret, size_t *ret_bytes);

#endif
