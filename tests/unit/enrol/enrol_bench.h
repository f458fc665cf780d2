/* enrol_bench: an authority, an agent's certificate, a join file, and a folder for files. */
#ifndef MILLRACE_ENROL_BENCH_H
#define MILLRACE_ENROL_BENCH_H

#include "certificate.h"
#include "join_file.h"

#define BENCH_BEGIN_S INT64_C(1796000000) /* 2026-11-30 00:53:20 UTC. */
#define BENCH_END_S (BENCH_BEGIN_S + 30 * INT64_C(86400))

struct enrol_bench {
    struct certificate authority;
    struct certificate coordinator;
    struct certificate agent;
    char folder[64];
};

extern struct enrol_bench bench;

/* Set-up and end of a group of tests; the end removes the folder and what is in it. */
int enrol_bench_begin(void **state);
int enrol_bench_end(void **state);

/* Of load1; the caller's, for join_file_done(). */
struct join_file enrol_bench_join(void);

/* Writes a file of that mode; returns its path, the caller's to free(). */
char *enrol_bench_file(const char *name, const char *text, unsigned int mode);

#endif
