/* virtual_time: mono_ns() in the hands of a test. A program that uses it is linked with
 * -Wl,--wrap=mono_ns; one thread. */
#ifndef MILLRACE_TEST_VIRTUAL_TIME_H
#define MILLRACE_TEST_VIRTUAL_TIME_H

#include <stdint.h>

#define VIRTUAL_START_NS INT64_C(1000000000000)

void virtual_time_set(int64_t now_ns);
/* Each reading of the clock costs so much of it. */
void virtual_time_step(int64_t step_ns);
int64_t virtual_time_ns(void);

#endif
