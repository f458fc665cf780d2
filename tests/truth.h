/* truth: what a figure should have been, how near it had to come and how near it came, as a line of
 * a test's output. `tests/truth` makes one table of all of them. After the assertions: what is said
 * then holds. */
#ifndef MILLRACE_TEST_TRUTH_H
#define MILLRACE_TEST_TRUTH_H

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 4))) static inline void truth(const char *what, const char *bound,
                                                               const char *found, ...)
{
    va_list args;

    va_start(args, found);
    (void)printf("# truth: %s | %s | ", what, bound);
    (void)vprintf(found, args);
    (void)printf("\n");
    (void)fflush(stdout);
    va_end(args);
}

#endif
