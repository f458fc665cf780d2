#include "kept.h"

#include "invariant.h"
#include "pages.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int kept_init(struct kept *kept, size_t bytes_max)
{
    *kept = (struct kept){.bytes = pages_new(bytes_max), .bytes_max = bytes_max};
    return kept->bytes != NULL ? 0 : -ENOMEM;
}

int kept_widen(struct kept *kept, size_t bytes_max)
{
    struct kept wider;
    int r;

    ASSERT(bytes_max > kept->bytes_max);
    r = kept_init(&wider, bytes_max);
    if (r < 0) {
        return r;
    }
    kept_put(&wider, kept->bytes + kept->begin, kept->end - kept->begin);
    kept_done(kept);
    *kept = wider;
    return 0;
}

void kept_done(struct kept *kept)
{
    pages_free(kept->bytes, kept->bytes_max);
    kept->bytes = NULL;
}

void kept_put(struct kept *kept, const char *bytes, size_t count)
{
    ASSERT(kept->end == 0 && count <= kept->bytes_max);
    if (count > 0) {
        memcpy(kept->bytes, bytes, count);
    }
    kept->begin = 0;
    kept->end = count;
    kept->touched = count > kept->touched ? count : kept->touched;
}

char *kept_room(struct kept *kept, size_t count)
{
    size_t waiting = kept->end - kept->begin;

    ASSERT(count <= kept->bytes_max - waiting);
    if (count > kept->bytes_max - kept->end) {
        memmove(kept->bytes, kept->bytes + kept->begin, waiting);
        kept->begin = 0;
        kept->end = waiting;
    }
    return kept->bytes + kept->end;
}

void kept_grow(struct kept *kept, size_t count)
{
    ASSERT(count <= kept->bytes_max - kept->end);
    kept->end += count;
    kept->touched = kept->end > kept->touched ? kept->end : kept->touched;
}

void kept_add(struct kept *kept, const char *bytes, size_t count)
{
    char *to = kept_room(kept, count);

    if (count > 0) {
        memcpy(to, bytes, count);
    }
    kept_grow(kept, count);
}

void kept_took(struct kept *kept, size_t count)
{
    ASSERT(count <= kept->end - kept->begin);
    kept->begin += count;
    if (kept->begin == kept->end) {
        kept_drop(kept);
    }
}

void kept_drop(struct kept *kept)
{
    kept->begin = 0;
    kept->end = 0;
}

void kept_shrink(struct kept *kept)
{
    if (kept->end == 0 && kept->touched > 0) {
        size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);

        /* The last page as a whole, too: behind what was touched it has zeros. */
        pages_clear(kept->bytes, 0, (kept->touched + page_bytes - 1) / page_bytes * page_bytes);
        kept->touched = 0;
    }
}
