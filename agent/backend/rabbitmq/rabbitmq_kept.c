#include "rabbitmq_kept_inner.h"

#include "invariant.h"
#include "pages.h"

#include <errno.h>
#include <string.h>

int rabbitmq_kept_init(struct rabbitmq_kept *kept, size_t bytes_max)
{
    *kept = (struct rabbitmq_kept){.bytes = pages_new(bytes_max), .bytes_max = bytes_max};
    return kept->bytes != NULL ? 0 : -ENOMEM;
}

void rabbitmq_kept_done(struct rabbitmq_kept *kept)
{
    pages_free(kept->bytes, kept->bytes_max);
    kept->bytes = NULL;
}

void rabbitmq_kept_put(struct rabbitmq_kept *kept, const char *bytes, size_t count)
{
    ASSERT(kept->end == 0 && count <= kept->bytes_max);
    if (count > 0) {
        memcpy(kept->bytes, bytes, count);
    }
    kept->begin = 0;
    kept->end = count;
    kept->touched = count > kept->touched ? count : kept->touched;
}

void rabbitmq_kept_took(struct rabbitmq_kept *kept, size_t count)
{
    ASSERT(count <= kept->end - kept->begin);
    kept->begin += count;
    if (kept->begin == kept->end) {
        rabbitmq_kept_drop(kept);
    }
}

void rabbitmq_kept_drop(struct rabbitmq_kept *kept)
{
    kept->begin = 0;
    kept->end = 0;
}

void rabbitmq_kept_shrink(struct rabbitmq_kept *kept)
{
    if (kept->end == 0 && kept->touched > 0) {
        pages_clear(kept->bytes, 0, kept->touched);
        kept->touched = 0;
    }
}
