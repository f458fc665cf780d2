#include "hosts.h"

#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_all(const struct host_list *list, int64_t now_s, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < list->count; i++) {
        r = host_entry_check(&list->entries[i], now_s, reterr);
    }
    return r;
}

/* names: with commas. */
static int tell_empty(const struct hosts *hosts, const char *names, struct errinfo *reterr)
{
    char parted[128];

    (void)snprintf(parted, sizeof parted, "%.*s", (int)sizeof parted - 1, names);
    for (char *comma = strchr(parted, ','); comma != NULL; comma = strchr(comma, ',')) {
        *comma = ' ';
    }
    return errinfo_set(reterr, -ENOENT,
                       "there is no host yet (%s): millrace hosts add %s --at HOST:PORT",
                       hosts_folder(hosts), parted);
}

static int select_all(const struct hosts *hosts, struct host_list *list, struct errinfo *reterr)
{
    int r = hosts_list(hosts, list, reterr);

    return r == 0 && list->count == 0 ? tell_empty(hosts, "NAME", reterr) : r;
}

static bool has(const struct host_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->entries[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int select_one(const struct hosts *hosts, const char *name, struct host_list *list,
                      struct errinfo *reterr)
{
    int r;

    if (name[0] == '\0') {
        return errinfo_set(reterr, -EINVAL, "--hosts has an empty name: NAME,NAME or all");
    }
    if (has(list, name)) {
        return errinfo_set(reterr, -EINVAL, "--hosts has %s twice", name);
    }
    r = hosts_find(hosts, name, &list->entries[list->count], reterr);
    list->count += r == 0 ? 1 : 0;
    return r;
}

static int select_named(const struct hosts *hosts, const char *wanted, struct host_list *list,
                        struct errinfo *reterr)
{
    char *names = strdup(wanted);
    uint32_t names_count = 1;
    char *rest = names;
    struct host_list all = {NULL, 0};
    int r = hosts_list(hosts, &all, reterr);

    if (r == 0 && all.count == 0) {
        r = tell_empty(hosts, wanted, reterr);
    }
    host_list_done(&all);

    for (const char *c = wanted; *c != '\0'; c++) {
        names_count += *c == ',' ? 1 : 0;
    }
    list->entries = names == NULL ? NULL : calloc(names_count, sizeof *list->entries);
    if (list->entries == NULL && r == 0) {
        r = errinfo_nomem(reterr);
    }
    while (r == 0 && rest != NULL) {
        r = select_one(hosts, strsep(&rest, ","), list, reterr);
    }
    free(names);
    return r;
}

int hosts_select(const struct hosts *hosts, const char *wanted, int64_t now_s,
                 struct host_list *ret, struct errinfo *reterr)
{
    struct host_list list = {NULL, 0};
    int r = strcmp(wanted, "all") == 0 ? select_all(hosts, &list, reterr)
                                       : select_named(hosts, wanted, &list, reterr);

    if (r == 0) {
        r = check_all(&list, now_s, reterr);
    }
    if (r < 0) {
        host_list_done(&list);
        return r;
    }
    *ret = list;
    return 0;
}
