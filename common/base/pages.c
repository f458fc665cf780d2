#include "pages.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *pages_new(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}

void pages_clear(void *pages, size_t from_bytes, size_t until_bytes)
{
    char *bytes = pages;
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t first = (from_bytes + page_bytes - 1) / page_bytes * page_bytes;
    size_t end = until_bytes / page_bytes * page_bytes;

    if (first >= end || madvise(bytes + first, end - first, MADV_DONTNEED) != 0) {
        memset(bytes + from_bytes, 0, until_bytes - from_bytes);
        return;
    }
    memset(bytes + from_bytes, 0, first - from_bytes);
    memset(bytes + end, 0, until_bytes - end);
}

void pages_free(void *pages, size_t bytes)
{
    if (pages != NULL) {
        (void)munmap(pages, bytes);
    }
}
