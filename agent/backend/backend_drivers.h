/* backend_drivers: the functions of each driver that was built, a row of CMakeLists.txt each. */
#ifndef MILLRACE_BACKEND_DRIVERS_H
#define MILLRACE_BACKEND_DRIVERS_H

#include "backend.h"

#define ROW(name) extern const struct backend_ops backend_##name;
#include "backend_rows.h"
#undef ROW

#endif
