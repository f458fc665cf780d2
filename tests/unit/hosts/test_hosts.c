#include "check.h"
#include "hosts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_S INT64_C(1796000000) /* 2026-11-30 00:53:20 UTC. */
#define DAY_S INT64_C(86400)

static char folder[64];
static struct hosts *hosts;
static struct errinfo error;

static void path_of(const char *name, char path[256])
{
    (void)snprintf(path, 256, "%s/%s", folder, name);
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/test_hosts_XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(hosts_open(folder, &hosts, &error), 0);
    return 0;
}

static int end(void **state)
{
    DIR *files = opendir(folder);
    struct dirent *file;

    (void)state;
    hosts_free(hosts);
    hosts = NULL;
    assert_non_null(files);
    while ((file = readdir(files)) != NULL) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        (void)unlink(path);
    }
    assert_int_equal(closedir(files), 0);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static int add(const char *name, int64_t valid_s, struct join_file *ret)
{
    struct host_entry entry = {.addresses = {{"coord.example:7700"}}, .addresses_count = 1};
    int r;

    (void)snprintf(entry.name, sizeof entry.name, "%s", name);
    r = hosts_make(hosts, &entry, valid_s, NOW_S, ret, &error);
    return r < 0 ? r : hosts_put(hosts, &entry, &error);
}

static void add_plain(const char *name)
{
    struct join_file join;

    assert_int_equal(add(name, DAY_S, &join), 0);
    join_file_done(&join);
}

static void what_is_added_can_be_found_with_the_secret_of_its_join_file(void **state)
{
    struct join_file join;
    struct host_entry entry;

    (void)state;
    assert_int_equal(hosts_lock(hosts, &error), 0);
    assert_int_equal(add("load1", 30 * DAY_S, &join), 0);
    assert_int_equal(hosts_find(hosts, "load1", &entry, &error), 0);
    assert_memory_equal(entry.secret, join.secret, HMAC_BYTES);
    assert_string_equal(join.name, "load1");
    assert_false(join.fleet);
    assert_string_equal(join.addresses[0].text, "coord.example:7700");
    assert_int_equal(join.valid_until_s, NOW_S + 30 * DAY_S);
    assert_int_equal(entry.valid_until_s, join.valid_until_s);
    assert_int_equal(entry.added_s, NOW_S);
    assert_true(hosts_is_enrolled(hosts, "load1"));
    join_file_done(&join);
}

static void the_join_file_and_the_coordinator_know_the_same_authority(void **state)
{
    struct join_file join;
    struct hosts_security security;
    int64_t from_s = 0;
    int64_t until_s = 0;

    (void)state;
    assert_int_equal(hosts_security(hosts, NOW_S, &security, &error), -ENOENT);
    assert_non_null(strstr(error.text, "no host was added yet: millrace hosts add NAME"));
    assert_int_equal(add("load1", DAY_S, &join), 0);
    assert_int_equal(hosts_security(hosts, NOW_S, &security, &error), 0);
    assert_string_equal(security.authority_pem, join.authority_pem);
    assert_int_equal(certificate_check(&security.coordinator, join.authority_pem, &error), 0);
    assert_int_equal(certificate_check_coordinator(security.coordinator.pem, &error), 0);
    assert_int_equal(certificate_check_coordinator(join.certificate_pem, &error), -EKEYREJECTED);
    assert_int_equal(certificate_validity(join.authority_pem, &from_s, &until_s, &error), 0);
    assert_int_equal(until_s, NOW_S + HOSTS_AUTHORITY_VALID_S);
    hosts_security_done(&security);
    join_file_done(&join);
}

static void files_are_their_owners_alone(void **state)
{
    static const char *const names[] = {"authority.pem", "authority.key", "load1.host", "lock"};
    char path[256];
    struct stat found;

    (void)state;
    assert_int_equal(hosts_lock(hosts, &error), 0);
    add_plain("load1");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(names[i], path);
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_mode & 07777, 0600);
    }
}

static void a_new_folder_is_its_owners_alone(void **state)
{
    char path[256];
    struct hosts *inner = NULL;
    struct host_list list = {NULL, 0};
    struct stat found;

    (void)state;
    path_of("new", path);
    assert_int_equal(hosts_open(path, &inner, &error), 0);
    assert_int_equal(hosts_list(inner, &list, &error), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(stat(path, &found), -1); /* Looking makes nothing. */
    assert_int_equal(hosts_lock(inner, &error), 0);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0700);
    hosts_free(inner);
    path_of("new/lock", path);
    assert_int_equal(unlink(path), 0);
    path_of("new", path);
    assert_int_equal(rmdir(path), 0);
}

static void a_folder_that_others_can_write_to_is_refused(void **state)
{
    struct hosts *other = NULL;

    (void)state;
    assert_int_equal(chmod(folder, 0770), 0);
    assert_int_equal(hosts_open(folder, &other, &error), -EPERM);
    assert_non_null(strstr(error.text, "chmod 700 "));
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(hosts_open("/dev/null", &other, &error), -ENOTDIR);
}

static void an_entry_that_others_can_read_counts_as_damaged(void **state)
{
    struct host_entry entry;
    struct host_list list;
    char path[256];

    (void)state;
    add_plain("load1");
    path_of("load1.host", path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(hosts_find(hosts, "load1", &entry, &error), -EPERM);
    assert_int_equal(hosts_list(hosts, &list, &error), 0);
    assert_true(list.entries[0].is_damaged);
    host_list_done(&list);
}

static void what_is_removed_is_gone_at_once(void **state)
{
    struct host_entry entry;

    (void)state;
    add_plain("load1");
    add_plain("load2");
    assert_true(hosts_is_enrolled(hosts, "load1"));
    assert_int_equal(hosts_remove(hosts, "load1", &error), 0);
    assert_false(hosts_is_enrolled(hosts, "load1"));
    assert_true(hosts_is_enrolled(hosts, "load2"));
    assert_int_equal(hosts_find(hosts, "load1", &entry, &error), -ENOENT);
    assert_string_equal(error.text,
                        "load1 is not among the hosts, did you mean load2? (millrace hosts list)");
    assert_int_equal(hosts_remove(hosts, "load1", &error), -ENOENT);
}

/* Which hosts there are instead was no help where there are none. */
static void in_an_empty_store_it_is_told_how_to_add_the_host(void **state)
{
    struct host_list list;

    (void)state;
    assert_int_equal(hosts_select(hosts, "load1,load2", 0, &list, &error), -ENOENT);
    assert_non_null(strstr(error.text, "there is no host yet ("));
    assert_non_null(strstr(error.text, "): millrace hosts add load1 load2 --at HOST:PORT"));
    assert_int_equal(hosts_select(hosts, "all", 0, &list, &error), -ENOENT);
    assert_non_null(strstr(error.text, "): millrace hosts add NAME --at HOST:PORT"));
}

static void names_that_lead_out_of_the_folder_are_no_hosts(void **state)
{
    struct host_entry entry;

    (void)state;
    add_plain("load1");
    assert_false(hosts_is_enrolled(hosts, "../load1"));
    assert_false(hosts_is_enrolled(hosts, ""));
    assert_int_equal(hosts_find(hosts, "./load1", &entry, &error), -ENOENT);
}

static void anew_is_another_secret(void **state)
{
    struct join_file before;
    struct join_file after;

    (void)state;
    assert_int_equal(add("load1", DAY_S, &before), 0);
    assert_int_equal(add("load1", DAY_S, &after), 0);
    assert_memory_not_equal(before.secret, after.secret, HMAC_BYTES);
    assert_string_equal(before.authority_pem, after.authority_pem);
    join_file_done(&before);
    join_file_done(&after);
}

static void lists_are_in_the_order_of_names_and_hold_what_is_damaged(void **state)
{
    struct host_list list;
    char path[256];
    FILE *file;

    (void)state;
    add_plain("load2");
    add_plain("load10");
    add_plain("a");
    path_of("load2.host", path);
    file = fopen(path, "w");
    assert_true(fputs("nothing", file) >= 0);
    assert_int_equal(fclose(file), 0);
    path_of("load3.host.part", path); /* Of one that was killed. */
    file = fopen(path, "w");
    assert_int_equal(fclose(file), 0);
    assert_int_equal(hosts_list(hosts, &list, &error), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.entries[0].name, "a");
    assert_string_equal(list.entries[1].name, "load10");
    assert_string_equal(list.entries[2].name, "load2");
    assert_false(list.entries[1].is_damaged);
    assert_true(list.entries[2].is_damaged);
    host_list_done(&list);
}

static void an_entry_under_another_name_is_refused(void **state)
{
    struct host_entry entry;
    char from[256];
    char to[256];

    (void)state;
    add_plain("load1");
    path_of("load1.host", from);
    path_of("load9.host", to);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(hosts_find(hosts, "load9", &entry, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "is that of \"load1\""));
}

static void assert_select(const char *wanted, int64_t now_s, int code, const char *why)
{
    struct host_list list = {NULL, 0};

    assert_int_equal(hosts_select(hosts, wanted, now_s, &list, &error), code);
    assert_null(list.entries);
    if (strstr(error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    }
}

static void those_of_a_run_are_chosen_by_name_or_all(void **state)
{
    struct host_list list;

    (void)state;
    assert_select("all", NOW_S, -ENOENT, "there is no host yet");
    add_plain("load1");
    add_plain("load2");
    assert_int_equal(hosts_select(hosts, "all", NOW_S, &list, &error), 0);
    assert_int_equal(list.count, 2);
    host_list_done(&list);
    assert_int_equal(hosts_select(hosts, "load2,load1", NOW_S, &list, &error), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.entries[0].name, "load2");
    host_list_done(&list);
    assert_select("load1,lod2", NOW_S, -ENOENT, "did you mean load2?");
    assert_select("load1,load1", NOW_S, -EINVAL, "--hosts has load1 twice");
    assert_select("load1,", NOW_S, -EINVAL, "--hosts has an empty name");
    assert_select("", NOW_S, -EINVAL, "--hosts has an empty name");
    assert_select(
        "load1", NOW_S + DAY_S + 1, -EKEYEXPIRED,
        "load1: certificate ended 2026-12-01 00:53 UTC: millrace hosts add load1 --again");
}

static void an_authority_that_ended_says_what_is_left_to_do(void **state)
{
    struct hosts_security security;
    struct join_file join;

    (void)state;
    add_plain("load1");
    assert_int_equal(hosts_security(hosts, NOW_S + HOSTS_AUTHORITY_VALID_S + 1, &security, &error),
                     -EKEYEXPIRED);
    assert_non_null(strstr(error.text, "the authority ended 2036-11-27 00:53 UTC: move the folder "
                                       "away, and add each host again"));
    assert_int_equal(hosts_security(hosts, 0, &security, &error), -EKEYEXPIRED);
    assert_non_null(strstr(error.text, "this host's clock is wrong, or was then"));
    assert_int_equal(add("load2", HOSTS_AUTHORITY_VALID_S + 1, &join), -EINVAL);
    assert_non_null(strstr(error.text, "longer than the authority, which ends 2036-11-27"));
}

static void write_over(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    path_of(name, path);
    file = fopen(path, "w");
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void a_damaged_authority_is_never_made_anew_in_silence(void **state)
{
    struct certificate other;
    const struct certificate_request request = {.role = CERTIFICATE_AUTHORITY,
                                                .name = "millrace hosts",
                                                .valid_from_s = NOW_S - 1,
                                                .valid_until_s = NOW_S + DAY_S};
    struct join_file join;
    char path[256];

    (void)state;
    add_plain("load1");
    assert_int_equal(certificate_make(&request, NULL, &other, &error), 0);
    write_over("authority.key", other.key_pem);
    assert_int_equal(add("load2", 60, &join), -EKEYREJECTED);
    assert_non_null(strstr(error.text, "authority.pem: the key is not that of the certificate: "
                                       "move the folder away, and add each host again"));
    write_over("authority.pem", "nothing");
    assert_int_equal(add("load2", 60, &join), -EBADMSG);
    write_over("authority.pem", other.pem);
    path_of("authority.key", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(add("load2", 60, &join), -EKEYREJECTED);
    assert_non_null(strstr(error.text, "its key is missing (authority.key)"));
    certificate_done(&other);
}

static void the_default_folder_is_where_its_kind_is_looked_for(void **state)
{
    struct hosts *other = NULL;

    (void)state;
    assert_int_equal(setenv("MILLRACE_HOSTS_DIR", folder, 1), 0);
    assert_int_equal(hosts_open(NULL, &other, &error), 0);
    assert_string_equal(hosts_folder(other), folder);
    hosts_free(other);
    assert_int_equal(unsetenv("MILLRACE_HOSTS_DIR"), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    assert_int_equal(hosts_open(NULL, &other, &error), 0);
    assert_string_equal(hosts_folder(other) + strlen(hosts_folder(other)) - 15, "/millrace/hosts");
    assert_true(geteuid() != 0 || strcmp(hosts_folder(other), "/etc/millrace/hosts") == 0);
    hosts_free(other);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_added_can_be_found_with_the_secret_of_its_join_file),
        TEST(the_join_file_and_the_coordinator_know_the_same_authority),
        TEST(files_are_their_owners_alone),
        TEST(a_new_folder_is_its_owners_alone),
        TEST(a_folder_that_others_can_write_to_is_refused),
        TEST(an_entry_that_others_can_read_counts_as_damaged),
        TEST(what_is_removed_is_gone_at_once),
        TEST(in_an_empty_store_it_is_told_how_to_add_the_host),
        TEST(names_that_lead_out_of_the_folder_are_no_hosts),
        TEST(anew_is_another_secret),
        TEST(lists_are_in_the_order_of_names_and_hold_what_is_damaged),
        TEST(an_entry_under_another_name_is_refused),
        TEST(those_of_a_run_are_chosen_by_name_or_all),
        TEST(an_authority_that_ended_says_what_is_left_to_do),
        TEST(a_damaged_authority_is_never_made_anew_in_silence),
        TEST(the_default_folder_is_where_its_kind_is_looked_for)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
