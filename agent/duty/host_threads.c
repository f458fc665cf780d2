#include "host_inner.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHERS "(others)"

static bool read_name(const char *thread, char ret[THREAD_NAME_BYTES + 1])
{
    char path[64];
    FILE *file;
    bool read;

    ret[0] = '\0';
    (void)snprintf(path, sizeof path, "/proc/self/task/%.20s/comm", thread);
    file = fopen(path, "re");
    if (file == NULL) {
        return false; /* It ended meanwhile. */
    }
    read = fgets(ret, THREAD_NAME_BYTES + 1, file) != NULL;
    (void)fclose(file);
    ret[strcspn(ret, "\n")] = '\0';
    return read && ret[0] != '\0';
}

/* Beyond THREAD_NAMES_MAX - 1 names all others are one. */
static uint32_t add(struct thread_count *counts, uint32_t counts_count, const char *name)
{
    uint32_t at = 0;

    while (at < counts_count && strcmp(counts[at].name, name) != 0) {
        at++;
    }
    if (at >= THREAD_NAMES_MAX - 1) {
        at = THREAD_NAMES_MAX - 1;
        name = OTHERS;
    }
    (void)snprintf(counts[at].name, THREAD_NAME_BYTES, "%s", name);
    counts[at].count++;
    return at == counts_count ? counts_count + 1 : counts_count;
}

static int compare(const void *a, const void *b)
{
    const struct thread_count *left = a;
    const struct thread_count *right = b;

    return strcmp(left->name, right->name);
}

void host_threads(struct thread_count **ret, uint32_t *ret_count)
{
    struct thread_count *counts = calloc(THREAD_NAMES_MAX, sizeof *counts);
    DIR *folder = counts == NULL ? NULL : opendir("/proc/self/task");
    char name[THREAD_NAME_BYTES + 1];
    const struct dirent *entry;
    uint32_t count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.' && read_name(entry->d_name, name)) {
            count = add(counts, count, name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
        qsort(counts, count, sizeof *counts, compare);
    }
    *ret = counts;
    *ret_count = count;
}
