/* join_line_inner: the line of a join file, from and to its document. Internal to enrol. */
#ifndef MILLRACE_JOIN_LINE_INNER_H
#define MILLRACE_JOIN_LINE_INNER_H

#include "errinfo.h"
#include "text.h"

#include <stddef.h>
#include <stdint.h>

/* 0 or -ENOMEM. */
int join_line_write(const uint8_t *document, size_t document_bytes, struct text *out);

/* 0, -EBADMSG or -ENOMEM. The document is the caller's, who wipes it. */
int join_line_read(const char *line, size_t line_bytes, uint8_t **ret, size_t *ret_bytes,
                   struct errinfo *reterr);

#endif
