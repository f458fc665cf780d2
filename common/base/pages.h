/*
 * pages: large tables of zeros of which little is used. calloc() promises zeros, not that they cost
 * nothing: once a program has freed a large block, glibc takes the next ones from its heap and
 * clears them, and every page becomes a real one. These come from the kernel, page by page, when
 * they are first written.
 *
 * Any thread. For what lives long: getting and giving back are system calls.
 */
#ifndef MILLRACE_PAGES_H
#define MILLRACE_PAGES_H

#include <stddef.h>

/* Zeros, aligned to a page; NULL without memory. The caller owns them. */
void *pages_new(size_t bytes);

/* Makes the part [from, until) in bytes zeros again; whole pages in it go back to the kernel. */
void pages_clear(void *pages, size_t from_bytes, size_t until_bytes);

/* NULL is allowed; bytes as given to pages_new(). */
void pages_free(void *pages, size_t bytes);

#endif
