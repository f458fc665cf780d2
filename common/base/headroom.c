#include "headroom.h"

#include "file.h"
#include "sync.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define MIB (1024.0 * 1024.0)
#define LIMITS_BYTES 256

static size_t stack_bytes(void)
{
    pthread_attr_t attributes;
    size_t bytes = 0;

    if (pthread_getattr_default_np(&attributes) == 0) {
        (void)pthread_attr_getstacksize(&attributes, &bytes);
        (void)pthread_attr_destroy(&attributes);
    }
    return bytes;
}

/* Those that are set, with what sets them; "" if none is known. */
static void name_limits(char *ret)
{
    struct rlimit limit;
    char pids[32];
    size_t used = 0;

    ret[0] = '\0';
    if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        used += (size_t)snprintf(ret + used, LIMITS_BYTES - used,
                                 ", %llu processes and threads of this user (ulimit -u)",
                                 (unsigned long long)limit.rlim_cur);
    }
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        used += (size_t)snprintf(ret + used, LIMITS_BYTES - used,
                                 ", %.0f MiB of address space (ulimit -v)",
                                 (double)limit.rlim_cur / MIB);
    }
    file_first_line("/sys/fs/cgroup/pids.max", pids, sizeof pids);
    if (strtoul(pids, NULL, 10) > 0) { /* Else "max", or no such file. */
        (void)snprintf(ret + used, LIMITS_BYTES - used, ", %.20s in the control group (pids.max)",
                       pids);
    }
}

int headroom_refused(uint32_t started, uint32_t threads_count, size_t bytes, int code,
                     struct errinfo *reterr)
{
    double needed = (double)stack_bytes() * threads_count + (double)bytes;
    char limits[LIMITS_BYTES];

    name_limits(limits);
    return errinfo_set(reterr, code,
                       "this host gives too little: %u of %u threads that are needed could be "
                       "started, with %.0f MiB of address space (%s)%s%s",
                       started, threads_count, needed / MIB, strerror(-code),
                       limits[0] == '\0' ? "" : "; limits: ", limits[0] == '\0' ? "" : limits + 2);
}

/* Ends once whoever started it has given up the lock. */
static void *wait_for_lock(void *argument)
{
    pthread_mutex_t *lock = argument;

    sync_lock(lock);
    sync_unlock(lock);
    return NULL;
}

int headroom_try(uint32_t threads_count, size_t bytes, struct errinfo *reterr)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *threads = calloc((size_t)threads_count + 1, sizeof *threads);
    void *memory = MAP_FAILED;
    uint32_t started = 0;
    int code = 0;

    if (threads == NULL) {
        return errinfo_nomem(reterr);
    }
    sync_lock(&lock);
    while (code == 0 && started < threads_count) {
        code = pthread_create(&threads[started], NULL, wait_for_lock, &lock);
        started += code == 0 ? 1 : 0;
    }
    if (code == 0 && bytes > 0) {
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        code = memory == MAP_FAILED ? errno : 0;
    }
    sync_unlock(&lock);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (memory != MAP_FAILED) {
        (void)munmap(memory, bytes);
    }
    (void)pthread_mutex_destroy(&lock);
    free(threads);
    return code == 0 ? 0 : headroom_refused(started, threads_count, bytes, -code, reterr);
}
