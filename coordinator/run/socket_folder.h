/*
 * socket_folder: the folder of a run's ipc socket, below $TMPDIR or /tmp, for this user alone. It
 * is locked for as long as its run lives, so that the next run can tell, and take away, what killed
 * ones left behind.
 */
#ifndef MILLRACE_SOCKET_FOLDER_H
#define MILLRACE_SOCKET_FOLDER_H

#include "errinfo.h"

#define SOCKET_FOLDER_SOCKET "control"

struct socket_folder {
    char path[96]; /* "": there is none. A socket within fits in 107. */
    int lock_fd;
};

/* Takes away what others left, and makes a new one: 0 or a negative errno, with path "". Zeroed
 * before. */
int socket_folder_make(struct socket_folder *folder, struct errinfo *reterr);

/* With the socket in it; one that is not there is fine. */
void socket_folder_remove(struct socket_folder *folder);

#endif
