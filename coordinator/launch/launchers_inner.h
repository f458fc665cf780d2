/* launchers: the functions of each launcher, a row of CMakeLists.txt each. */
#ifndef MILLRACE_LAUNCHERS_INNER_H
#define MILLRACE_LAUNCHERS_INNER_H

#include "launch.h"

#define ROW(name) extern const struct launcher_ops launcher_##name;
#include "launch_rows.h"
#undef ROW

#endif
