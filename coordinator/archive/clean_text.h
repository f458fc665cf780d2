/* clean_text: BSON's text is UTF-8; a broker's sentence may not be, nor one that was cut within a
 * character. Private to this module. */
#ifndef MILLRACE_CLEAN_TEXT_H
#define MILLRACE_CLEAN_TEXT_H

#include <stddef.h>

/* A copy of the same length in which bytes that are no UTF-8 are '?'. The caller frees it; NULL if
 * memory ran out. */
char *clean_text(const char *text, size_t bytes_count);

#endif
