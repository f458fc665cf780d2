/* fuzz_target: what libFuzzer calls, and replay.c. */
#ifndef MILLRACE_FUZZ_TARGET_H
#define MILLRACE_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count);

#endif
