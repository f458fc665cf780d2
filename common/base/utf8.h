/* utf8: which bytes are characters (RFC 3629: no overlong forms, no surrogates). Pure. */
#ifndef MILLRACE_UTF8_H
#define MILLRACE_UTF8_H

#include <stddef.h>

/* Length of the character that begins at bytes, of which there are bytes_count (1 at least); 0:
 * none does. NUL is a character. */
size_t utf8_length(const char *bytes, size_t bytes_count);

/* A copy of text with '?' in place of each byte that is part of no character, in as many bytes:
 * what a broker says and what was cut within a character isn't always UTF-8. NULL: no memory; the
 * caller frees it. */
char *utf8_clean(const char *text, size_t bytes_count);

#endif
