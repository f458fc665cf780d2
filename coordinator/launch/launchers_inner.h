/* launchers: the functions of each launcher, a row of CMakeLists.txt each, and what several share.
 */
#ifndef MILLRACE_LAUNCHERS_INNER_H
#define MILLRACE_LAUNCHERS_INNER_H

#include "launch.h"
#include "text.h"

#include <sys/types.h>

#define ROW(name) extern const struct launcher_ops launcher_##name;
#include "launch_rows.h"
#undef ROW

/* The line by which a member of another host joins, secret, at that address; NULL: at those of the
 * config, or else at this host's name. 0, -ENOMEM, or what the host's name is refused with. */
int launch_join_line(const struct launch_config *config, uint32_t member, const char *address,
                     struct text *out, struct errinfo *reterr);

/* One process more, found in PATH, with its input and output (both of outputs) from and to these
 * descriptors. It has a process group of its own, so that a Ctrl-C at the terminal reaches the
 * coordinator only. 0, or why it can't be started, with *ret 0. */
int launch_spawn(const char *const *arguments, int in_fd, int out_fd, pid_t *ret,
                 struct errinfo *reterr);

/* Likewise, and it gets a SIGUSR2 when this process ends, however that ends: one for each thread
 * that ends then. */
int launch_spawn_bound(const char *const *arguments, int in_fd, int out_fd, pid_t *ret,
                       struct errinfo *reterr);

/* The last line of what is in that file, without its end; "" if there is none. */
#define LAUNCH_LINE_BYTES 1100 /* A line of a log fits. */
const char *launch_last_line(int fd, char ret[LAUNCH_LINE_BYTES]);

/* Whether it is a line of an agent's log; what an error there says, else NULL; and its words
 * without their time, of another line all of it. */
bool launch_is_log(const char *line);
const char *launch_log_error(const char *line);
const char *launch_log_words(const char *line);

#endif
