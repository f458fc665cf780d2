/*
 * bare: what the bare loops share: their arguments, the measured stretch and the line that
 * tests/bench/run reads.
 *
 *     bare_X ADDRESS publish|confirm [SECONDS [BYTES [WINDOW]]]
 *
 * publish: the weakest confirm that the library has (acks=0, no confirms, QoS 0); confirm: the
 * broker's, WINDOW outstanding. One producer and one consumer, as in the scenario that Millrace
 * runs; messages are counted where they are received, between the end of the first BARE_WARM_S and
 * SECONDS later. What was sent before and after must arrive too, or the loop fails.
 *
 * Threads: bare_sending() and bare_count() are for any thread, the rest for main().
 */
#ifndef MILLRACE_BARE_H
#define MILLRACE_BARE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_WARM_S 1.0
#define BARE_PATIENCE_S 20.0

struct bare_job {
    const char *address;
    bool confirms;
    double seconds;
    size_t bytes;
    uint64_t window;
};

extern atomic_bool bare_over;                 /* Nothing more is to be sent. */
extern atomic_uint_fast64_t bare_received;    /* Messages; written by one thread. */
extern atomic_uint_fast64_t bare_expected;    /* Set by the producer at its end; 0: not known. */
extern atomic_uint_fast64_t bare_outstanding; /* For loops whose library confirms on a thread. */

/* Ends the program with a usage if the arguments can't be read. */
struct bare_job bare_job_read(int argc, char **argv);

/* Ends the program with what and why unless good. */
void bare_check(bool good, const char *what, const char *why);

static inline bool bare_sending(void)
{
    return !atomic_load_explicit(&bare_over, memory_order_relaxed);
}

/* Only by the thread that receives. */
static inline void bare_count(uint64_t messages)
{
    uint64_t before = atomic_load_explicit(&bare_received, memory_order_relaxed);

    atomic_store_explicit(&bare_received, before + messages, memory_order_relaxed);
}

/* There is something left to receive, or may be. */
static inline bool bare_receiving(void)
{
    uint64_t expected = atomic_load_explicit(&bare_expected, memory_order_acquire);

    return expected == 0 || atomic_load_explicit(&bare_received, memory_order_relaxed) < expected;
}

/* Of the producer, at its end: how many it sent, all confirmed. */
void bare_sent(uint64_t messages);

/* Measures while the threads work, then waits until all has arrived and prints the line. */
void bare_measure(const struct bare_job *job);

#endif
