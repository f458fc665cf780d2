/*
 * secret: bytes that nobody can guess, and forgetting them. From the kernel (getrandom(2)). Any
 * thread.
 */
#ifndef MILLRACE_SECRET_H
#define MILLRACE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#define SECRET_BYTES 32

/* 0, or -EIO: the kernel gave none, and there is no other source to fall back to. Waits only while
 * a host that has just begun has no randomness yet. */
int secret_make(uint8_t ret[SECRET_BYTES]);

/* Overwrites them, also where a compiler sees that nobody reads them again. NULL is allowed. */
void secret_wipe(void *bytes, size_t bytes_count);

/* Likewise a string that was allocated; then frees it. NULL is allowed. */
void secret_free(char *text);

#endif
