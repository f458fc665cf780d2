/* check: what every cmocka test includes, in the order cmocka wants it. */
#ifndef MILLRACE_TEST_CHECK_H
#define MILLRACE_TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
