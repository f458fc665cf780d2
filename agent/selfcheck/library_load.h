/*
 * library_load: what the threads of a client library cost, which no load thread sees.
 *
 * A library may do the work of a message in threads of its own; where one of them uses up a CPU it
 * is what limits the generator, however idle the load threads are. They are known by their names,
 * and their CPU time is read by their clocks: a system call each. Not for the data plane: it
 * allocates and reads files. One thread at a time.
 */
#ifndef MILLRACE_LIBRARY_LOAD_H
#define MILLRACE_LIBRARY_LOAD_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct library_thread {
    pid_t id;
    bool is_library;
    int64_t cpu_ns; /* Since it began. */
};

struct library_load {
    const char *names; /* What the names of the library's threads begin with; NULL: it has none. */
    DIR *tasks;        /* NULL: none, or the host does not tell. */
    struct library_thread *threads; /* As they were at the last call. */
    uint32_t threads_count;
};

/* names is borrowed until close; NULL: nothing is ever used. */
void library_load_open(struct library_load *load, const char *names);
void library_load_close(struct library_load *load);

/* CPU time of the library's busiest thread since the last call, or since it began; 0: there is
 * none. */
int64_t library_load_take(struct library_load *load);

#endif
