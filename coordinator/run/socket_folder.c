#include "socket_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PREFIX "millrace-"
#define RANDOM_BYTES 6 /* Of mkdtemp(). */
#define MAKE_TRIES 10

/* One that is too long is passed over. */
static const char *parent_folder(void)
{
    const char *parent = getenv("TMPDIR");
    size_t own_bytes = strlen("/" PREFIX) + RANDOM_BYTES + 1;

    if (parent == NULL || parent[0] != '/' ||
        strlen(parent) + own_bytes > sizeof(((struct socket_folder *)NULL)->path)) {
        return "/tmp";
    }
    return parent;
}

static bool has_name(const char *name)
{
    size_t prefix_bytes = strlen(PREFIX);

    return strncmp(name, PREFIX, prefix_bytes) == 0 &&
           strlen(name) == prefix_bytes + RANDOM_BYTES &&
           strpbrk(name + prefix_bytes, "-_.") == NULL;
}

/* Somebody listens: a run of a version that locked nothing. */
static bool is_listened_at(int folder_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool dead;

    if (fd < 0) {
        return true;
    }
    /* By its descriptor: whatever the name has become meanwhile. */
    (void)snprintf(address.sun_path, sizeof address.sun_path,
                   "/proc/self/fd/%d/" SOCKET_FOLDER_SOCKET, folder_fd);
    dead = connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 &&
           (errno == ECONNREFUSED || errno == ENOENT);
    (void)close(fd);
    return !dead;
}

/* What is not this user's, not a folder, or holds more than a socket is somebody else's, whatever
 * its name; what is locked lives. rmdir() leaves what is not empty. */
static void remove_left(int parent_fd, const char *name)
{
    struct stat about;
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    if (fstat(fd, &about) == 0 && about.st_uid == geteuid() && (about.st_mode & 0777) == 0700 &&
        flock(fd, LOCK_EX | LOCK_NB) == 0 && !is_listened_at(fd)) {
        if (fstatat(fd, SOCKET_FOLDER_SOCKET, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISSOCK(about.st_mode)) {
            (void)unlinkat(fd, SOCKET_FOLDER_SOCKET, 0);
        }
        (void)unlinkat(parent_fd, name, AT_REMOVEDIR);
    }
    (void)close(fd);
}

static void sweep(const char *parent)
{
    DIR *folder = opendir(parent);
    const struct dirent *entry;

    if (folder == NULL) {
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (has_name(entry->d_name)) {
            remove_left(dirfd(folder), entry->d_name);
        }
    }
    (void)closedir(folder);
}

/* False: another run's sweep was faster, and it is gone, or going. Where the file system knows no
 * locks, whoever sweeps can take none either. */
static bool lock(struct socket_folder *folder)
{
    struct stat held;
    struct stat named;

    folder->lock_fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder->lock_fd < 0) {
        return false;
    }
    if ((flock(folder->lock_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
        fstat(folder->lock_fd, &held) == 0 && stat(folder->path, &named) == 0 &&
        held.st_ino == named.st_ino) {
        return true;
    }
    (void)close(folder->lock_fd);
    return false;
}

int socket_folder_make(struct socket_folder *folder, struct errinfo *reterr)
{
    const char *parent = parent_folder();

    sweep(parent);
    for (int i = 0; i < MAKE_TRIES; i++) {
        (void)snprintf(folder->path, sizeof folder->path, "%s/" PREFIX "XXXXXX", parent);
        if (mkdtemp(folder->path) == NULL) {
            int r = -errno;

            folder->path[0] = '\0';
            return errinfo_set(reterr, r, "%s: a folder for the agents' socket can't be made: %s",
                               parent, strerror(-r));
        }
        if (lock(folder)) {
            return 0;
        }
        folder->path[0] = '\0';
    }
    return errinfo_set(reterr, -EBUSY,
                       "%s: the folder for the agents' socket is removed again and "
                       "again by somebody else",
                       parent);
}

void socket_folder_remove(struct socket_folder *folder)
{
    char path[sizeof folder->path + sizeof "/" SOCKET_FOLDER_SOCKET];

    if (folder->path[0] == '\0') {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/" SOCKET_FOLDER_SOCKET, folder->path);
    (void)unlink(path);
    (void)rmdir(folder->path);
    (void)close(folder->lock_fd);
    folder->path[0] = '\0';
}
