/*
 * errinfo: one sentence for a person about an operation that failed.
 *
 * Functions return a negative errno and fill the sentence; who calls adds what it knows ("target
 * rabbit: ...") with errinfo_prefix(). No allocation, no I/O; a struct belongs to one thread.
 */
#ifndef MILLRACE_ERRINFO_H
#define MILLRACE_ERRINFO_H

#include <errno.h>

#define ERRINFO_BYTES 512

struct errinfo {
    char text[ERRINFO_BYTES];
};

/* Formats the sentence and returns code (a negative errno), so that it can stand in a return
 * statement. err may be NULL. Text that does not fit ends
 * after its last whole word, with " …". */
int errinfo_set(struct errinfo *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " in front of the sentence; returns code. */
int errinfo_prefix(struct errinfo *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* -ENOMEM with its sentence. Here, so that an analyzer sees that callers are told. */
static inline int errinfo_nomem(struct errinfo *err)
{
    (void)errinfo_set(err, -ENOMEM, "out of memory");
    return -ENOMEM;
}

#endif
