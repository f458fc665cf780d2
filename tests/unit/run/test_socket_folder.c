#include "check.h"

#include "socket_folder.h"
#include "temp.h"

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

/* A folder of its own, as TMPDIR. */
struct bench {
    char parent[64];
    char before[256]; /* TMPDIR. */
};

static void begin(struct bench *bench)
{
    const char *before = getenv("TMPDIR");

    (void)snprintf(bench->before, sizeof bench->before, "%s", before == NULL ? "" : before);
    assert_non_null(mkdtemp(temp_name(bench->parent, "sweep")));
    assert_int_equal(setenv("TMPDIR", bench->parent, 1), 0);
}

/* What a test left here is a failure. */
static void end(struct bench *bench)
{
    assert_int_equal(rmdir(bench->parent), 0);
    assert_int_equal(
        bench->before[0] == '\0' ? unsetenv("TMPDIR") : setenv("TMPDIR", bench->before, 1), 0);
}

static const char *path_of(const struct bench *bench, const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", bench->parent, name);
    return path;
}

static bool there(const struct bench *bench, const char *name)
{
    return access(path_of(bench, name), F_OK) == 0;
}

/* With the socket of somebody who listens, or no more. Returns the listener. */
static int leave(const struct bench *bench, const char *name, mode_t mode, bool listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(mkdir(path_of(bench, name), mode), 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/%s/" SOCKET_FOLDER_SOCKET,
                   bench->parent, name);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    if (!listening) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static void take_away(const struct bench *bench, const char *name, const char *within)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/%s/%s", bench->parent, name, within);
    (void)unlink(path);
    assert_int_equal(rmdir(path_of(bench, name)), 0);
}

static void make_and_remove(void)
{
    struct socket_folder folder = {.path = ""};
    struct errinfo error;

    assert_int_equal(socket_folder_make(&folder, &error), 0);
    socket_folder_remove(&folder);
}

static void socket_folder_make_makes_it_below_tmpdir_for_this_user_alone(void **state)
{
    struct bench bench;
    struct socket_folder folder = {.path = ""};
    struct errinfo error;
    struct stat about;

    (void)state;
    begin(&bench);
    assert_int_equal(socket_folder_make(&folder, &error), 0);
    assert_memory_equal(folder.path, bench.parent, strlen(bench.parent));
    assert_int_equal(stat(folder.path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    socket_folder_remove(&folder);
    end(&bench);
}

static void socket_folder_make_removes_what_a_killed_run_left(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench);
    (void)leave(&bench, "millrace-abcdef", 0700, false);
    assert_int_equal(mkdir(path_of(&bench, "millrace-empty1"), 0700), 0);
    make_and_remove();
    assert_false(there(&bench, "millrace-abcdef"));
    assert_false(there(&bench, "millrace-empty1"));
    end(&bench);
}

static void socket_folder_make_leaves_those_of_living_runs(void **state)
{
    struct bench bench;
    struct socket_folder mine = {.path = ""};
    struct errinfo error;
    int listener;

    (void)state;
    begin(&bench);
    assert_int_equal(socket_folder_make(&mine, &error), 0);
    /* As an earlier version has it: not locked. */
    listener = leave(&bench, "millrace-listn1", 0700, true);
    make_and_remove();
    assert_int_equal(access(mine.path, F_OK), 0);
    assert_true(there(&bench, "millrace-listn1/" SOCKET_FOLDER_SOCKET));
    (void)close(listener);
    take_away(&bench, "millrace-listn1", SOCKET_FOLDER_SOCKET);
    socket_folder_remove(&mine);
    end(&bench);
}

static void socket_folder_make_leaves_what_no_run_made(void **state)
{
    static const char *const names[] = {"millrace-test-abcdef", "millrace-brokers", "other-abcdef",
                                        "millrace-abcde"};
    struct bench bench;
    int fd;

    (void)state;
    begin(&bench);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(mkdir(path_of(&bench, names[i]), 0700), 0);
    }
    assert_int_equal(mkdir(path_of(&bench, "millrace-public"), 0755), 0);
    assert_int_equal(mkdir(path_of(&bench, "millrace-filled"), 0700), 0);
    fd = open(path_of(&bench, "millrace-filled/notes"), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(symlink(names[0], path_of(&bench, "millrace-symlnk")), 0);
    make_and_remove();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(rmdir(path_of(&bench, names[i])), 0);
    }
    assert_int_equal(rmdir(path_of(&bench, "millrace-public")), 0);
    take_away(&bench, "millrace-filled", "notes");
    assert_int_equal(unlink(path_of(&bench, "millrace-symlnk")), 0);
    end(&bench);
}

static void socket_folder_make_leaves_those_of_other_users(void **state)
{
    struct bench bench;

    (void)state;
    if (geteuid() != 0) {
        skip(); /* Only root can give a folder to somebody else. */
    }
    begin(&bench);
    (void)leave(&bench, "millrace-others", 0700, false);
    assert_int_equal(chown(path_of(&bench, "millrace-others"), 65534, 65534), 0);
    make_and_remove();
    assert_true(there(&bench, "millrace-others/" SOCKET_FOLDER_SOCKET));
    take_away(&bench, "millrace-others", SOCKET_FOLDER_SOCKET);
    end(&bench);
}

static void socket_folder_make_passes_over_a_tmpdir_that_no_socket_fits_in(void **state)
{
    struct socket_folder folder = {.path = ""};
    struct errinfo error;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_int_equal(setenv("TMPDIR",
                            "/a/folder/with/a/name/that/is/so/long/that/no/socket/fits/in/it/as/"
                            "its/path/has/107/bytes",
                            1),
                     0);
    assert_int_equal(socket_folder_make(&folder, &error), 0);
    assert_memory_equal(folder.path, "/tmp/millrace-", 14);
    socket_folder_remove(&folder);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket_folder_make_makes_it_below_tmpdir_for_this_user_alone),
        cmocka_unit_test(socket_folder_make_removes_what_a_killed_run_left),
        cmocka_unit_test(socket_folder_make_leaves_those_of_living_runs),
        cmocka_unit_test(socket_folder_make_leaves_what_no_run_made),
        cmocka_unit_test(socket_folder_make_leaves_those_of_other_users),
        cmocka_unit_test(socket_folder_make_passes_over_a_tmpdir_that_no_socket_fits_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
