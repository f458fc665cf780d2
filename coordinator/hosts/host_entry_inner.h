/* host_entry_inner: an entry from and to its document. Internal to hosts. */
#ifndef MILLRACE_HOST_ENTRY_INNER_H
#define MILLRACE_HOST_ENTRY_INNER_H

#include "host_entry.h"

/* 0 or -ENOMEM; the document is the caller's, who wipes it. */
int host_entry_write(const struct host_entry *entry, uint8_t **ret, uint32_t *ret_bytes,
                     struct errinfo *reterr);

/* 0, -EBADMSG or -ENOMEM. On failure *ret is untouched. */
int host_entry_read(const uint8_t *document, uint32_t document_bytes, struct host_entry *ret,
                    struct errinfo *reterr);

#endif
