#include "library_load.h"

#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_ROOM 32 /* Of a thread's name the kernel keeps 15 bytes. */

/* The clock of another thread of this process, as pthread_getcpuclockid() makes it of the thread's
 * number: the number inverted, and the kernel's CPUCLOCK_PERTHREAD_MASK and CPUCLOCK_SCHED. A
 * library's threads are known by their number only. -1: it has ended. */
static int64_t cpu_now_ns(pid_t id)
{
    clockid_t clock = (clockid_t)((~(unsigned)id << 3) | 6U);
    struct timespec now;

    return clock_gettime(clock, &now) == 0 ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec : -1;
}

static bool has_name(pid_t id, const char *names)
{
    char path[64];
    char name[NAME_ROOM] = "";

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)id);
    file_first_line(path, name, sizeof name);
    return strncmp(name, names, strlen(names)) == 0;
}

/* Threads are listed in the order in which they began: what is looked for stands where the last one
 * stood, or behind it. */
static const struct library_thread *find(const struct library_load *load, uint32_t *from, pid_t id)
{
    for (uint32_t i = *from; i < load->threads_count; i++) {
        if (load->threads[i].id == id) {
            *from = i + 1;
            return &load->threads[i];
        }
    }
    return NULL;
}

static bool make_room(struct library_load *load, struct library_thread **now, uint32_t *capacity)
{
    uint32_t wanted = *capacity == 0 ? load->threads_count + 16 : *capacity * 2;
    struct library_thread *grown = realloc(*now, wanted * sizeof *grown);

    if (grown != NULL) {
        *now = grown;
        *capacity = wanted;
    }
    return grown != NULL;
}

/* What the thread has used since the last call; of one whose number was another's all it has. */
static int64_t look_at(const struct library_load *load, uint32_t *from, pid_t id,
                       struct library_thread *ret)
{
    const struct library_thread *before = find(load, from, id);
    int64_t cpu_ns = cpu_now_ns(id);
    bool is_same = before != NULL && cpu_ns >= before->cpu_ns;

    *ret = (struct library_thread){.id = id, .cpu_ns = cpu_ns};
    if (cpu_ns < 0) {
        return 0;
    }
    /* One that is new may not have its name yet. */
    ret->is_library = (is_same && before->is_library) || has_name(id, load->names);
    return !ret->is_library ? 0 : is_same ? cpu_ns - before->cpu_ns : cpu_ns;
}

void library_load_open(struct library_load *load, const char *names)
{
    *load = (struct library_load){.names = names};
    if (names != NULL) {
        load->tasks = opendir("/proc/self/task");
    }
}

void library_load_close(struct library_load *load)
{
    if (load->tasks != NULL) {
        (void)closedir(load->tasks);
    }
    free(load->threads);
    *load = (struct library_load){0};
}

int64_t library_load_take(struct library_load *load)
{
    struct library_thread *now = NULL;
    uint32_t capacity = 0;
    uint32_t count = 0;
    uint32_t from = 0;
    int64_t most_ns = 0;
    const struct dirent *entry;

    if (load->tasks == NULL) {
        return 0;
    }
    rewinddir(load->tasks);
    while ((entry = readdir(load->tasks)) != NULL) {
        pid_t id = (pid_t)strtol(entry->d_name, NULL, 10);
        int64_t used_ns;

        if (id <= 0) {
            continue;
        }
        if (count == capacity && !make_room(load, &now, &capacity)) {
            break; /* Of those that are left out nothing is known. */
        }
        used_ns = look_at(load, &from, id, &now[count++]);
        most_ns = used_ns > most_ns ? used_ns : most_ns;
    }
    free(load->threads);
    load->threads = now;
    load->threads_count = count;
    return most_ns;
}
