/*
 * invariant: what must hold or the program is wrong. Never compiled out: an instrument that goes on
 * with broken state gives numbers nobody can believe. Not for bad input or failed operations; those
 * have an errno.
 */
#ifndef MILLRACE_INVARIANT_H
#define MILLRACE_INVARIANT_H

#define ASSERT(condition)                                                                          \
    (__builtin_expect(!(condition), 0) ? invariant_broken(#condition, __FILE__, __LINE__) : (void)0)

/* Writes the condition and its place to stderr and aborts. */
_Noreturn void invariant_broken(const char *condition, const char *file, int line);

#endif
