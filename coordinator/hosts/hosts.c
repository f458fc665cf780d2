#include "hosts_inner.h"

#include "file.h"
#include "host_entry_inner.h"
#include "host_name.h"
#include "nearest.h"
#include "secret.h"
#include "secret_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".host"

/* Newly allocated, NULL if memory ran out. 0, -ENOENT or -ENAMETOOLONG. */
static int default_folder(char **ret, struct errinfo *reterr)
{
    const char *chosen = getenv("MILLRACE_HOSTS_DIR");
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char path[PATH_MAX];
    int length;

    if (chosen != NULL && chosen[0] != '\0') {
        length = snprintf(path, sizeof path, "%s", chosen);
    } else if (geteuid() == 0) {
        length = snprintf(path, sizeof path, "/etc/millrace/hosts");
    } else if (config != NULL && config[0] == '/') {
        length = snprintf(path, sizeof path, "%s/millrace/hosts", config);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, sizeof path, "%s/.config/millrace/hosts", home);
    } else {
        return errinfo_set(reterr, -ENOENT,
                           "there is no folder for hosts, as HOME is not set: set it, or "
                           "MILLRACE_HOSTS_DIR");
    }
    if (length < 0 || (size_t)length >= sizeof path) {
        return errinfo_set(reterr, -ENAMETOOLONG, "the path of the folder for hosts is too long");
    }
    *ret = strdup(path); /* The caller looks whether there was memory. */
    return 0;
}

/* Who can write to it could add hosts of his own. */
static int check_folder(const char *folder, struct errinfo *reterr)
{
    struct stat found;

    if (stat(folder, &found) != 0) {
        return errno == ENOENT
                   ? 0
                   : errinfo_set(reterr, -errno, "%s: can't be read: %s", folder, strerror(errno));
    }
    if (!S_ISDIR(found.st_mode)) {
        return errinfo_set(reterr, -ENOTDIR, "%s: is no folder", folder);
    }
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return errinfo_set(reterr, -EPERM,
                           "%s: others than its owner can write to it, and add hosts: chmod 700 %s",
                           folder, folder);
    }
    return 0;
}

int hosts_open(const char *folder, struct hosts **ret, struct errinfo *reterr)
{
    char *path = folder == NULL ? NULL : strdup(folder);
    struct hosts *hosts;
    int r = folder == NULL ? default_folder(&path, reterr) : 0;

    if (r < 0) {
        return r;
    }
    if (path == NULL) {
        return errinfo_nomem(reterr);
    }
    r = check_folder(path, reterr);
    if (r < 0) {
        free(path);
        return r;
    }
    hosts = calloc(1, sizeof *hosts);
    if (hosts == NULL) {
        free(path);
        return errinfo_nomem(reterr);
    }
    hosts->folder = path;
    hosts->lock_fd = -1;
    *ret = hosts;
    return 0;
}

void hosts_free(struct hosts *hosts)
{
    if (hosts == NULL) {
        return;
    }
    if (hosts->lock_fd >= 0) {
        (void)close(hosts->lock_fd);
    }
    free(hosts->folder);
    free(hosts);
}

const char *hosts_folder(const struct hosts *hosts)
{
    return hosts->folder;
}

char *hosts_path(const struct hosts *hosts, const char *name)
{
    return file_join(hosts->folder, name);
}

char *hosts_entry_path(const struct hosts *hosts, const char *name)
{
    char file[NAME_BYTES + sizeof SUFFIX];

    (void)snprintf(file, sizeof file, "%s" SUFFIX, name);
    return hosts_path(hosts, file);
}

static int read_entry(const struct hosts *hosts, const char *name, struct host_entry *ret,
                      struct errinfo *reterr)
{
    char *path = hosts_entry_path(hosts, name);
    char *document = NULL;
    size_t document_bytes = 0;
    int r = path == NULL ? errinfo_nomem(reterr)
                         : secret_file_read(path, &document, &document_bytes, reterr);

    if (r == 0) {
        r = host_entry_read((const uint8_t *)document, (uint32_t)document_bytes, ret, reterr);
        if (r == 0 && strcmp(ret->name, name) != 0) {
            r = errinfo_set(reterr, -EBADMSG, "is that of \"%s\"", ret->name);
        }
        secret_file_free(document, document_bytes);
        if (r == -EBADMSG) {
            (void)errinfo_prefix(reterr, r, "%s: is damaged", path);
        }
    }
    free(path);
    return r;
}

bool hosts_is_enrolled(const struct hosts *hosts, const char *name)
{
    struct errinfo ignored;
    char *path = host_name_check(name, &ignored) < 0 ? NULL : hosts_entry_path(hosts, name);
    bool is = path != NULL && access(path, F_OK) == 0;

    free(path);
    return is;
}

/* The name of an entry's file into name; false: another file. */
static bool name_of(const char *file, char name[NAME_BYTES])
{
    struct errinfo ignored;
    size_t length = strlen(file);
    size_t suffix = strlen(SUFFIX);

    if (length <= suffix || length - suffix >= NAME_BYTES ||
        strcmp(file + length - suffix, SUFFIX) != 0) {
        return false;
    }
    memcpy(name, file, length - suffix);
    name[length - suffix] = '\0';
    return host_name_check(name, &ignored) == 0;
}

static int add_entry(const struct hosts *hosts, const char *name, struct host_list *list,
                     struct errinfo *reterr)
{
    struct host_entry entry = {.is_damaged = false};
    struct host_entry *grown;
    int r = read_entry(hosts, name, &entry, reterr);

    if (r == -ENOENT) {
        return 0; /* Removed while the folder was read. */
    }
    if (r == -ENOMEM) {
        return r;
    }
    if (r < 0) {
        entry = (struct host_entry){.is_damaged = true};
        (void)snprintf(entry.name, sizeof entry.name, "%s", name);
    }
    grown = calloc(list->count + 1, sizeof *grown);
    if (grown == NULL) {
        secret_wipe(&entry, sizeof entry);
        return errinfo_nomem(reterr);
    }
    if (list->count > 0) {
        memcpy(grown, list->entries, list->count * sizeof *grown);
        secret_wipe(list->entries, list->count * sizeof *grown);
    }
    free(list->entries);
    grown[list->count++] = entry;
    list->entries = grown;
    secret_wipe(&entry, sizeof entry);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct host_entry *)a)->name, ((const struct host_entry *)b)->name);
}

int hosts_list(const struct hosts *hosts, struct host_list *ret, struct errinfo *reterr)
{
    struct host_list list = {NULL, 0};
    DIR *folder = opendir(hosts->folder);
    struct dirent *file;
    char name[NAME_BYTES];
    int r = 0;

    if (folder == NULL && errno != ENOENT) {
        return errinfo_set(reterr, -errno, "%s: can't be read: %s", hosts->folder, strerror(errno));
    }
    while (folder != NULL && r == 0 && (file = readdir(folder)) != NULL) {
        if (name_of(file->d_name, name)) {
            r = add_entry(hosts, name, &list, reterr);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    if (r < 0) {
        host_list_done(&list);
        return r;
    }
    if (list.count > 0) {
        qsort(list.entries, list.count, sizeof *list.entries, by_name);
    }
    *ret = list;
    return 0;
}

void host_list_done(struct host_list *list)
{
    secret_wipe(list->entries, list->count * sizeof *list->entries);
    free(list->entries);
    *list = (struct host_list){NULL, 0};
}

int hosts_unknown(const struct hosts *hosts, const char *name, struct errinfo *reterr)
{
    struct host_list list = {NULL, 0};
    struct nearest nearest;

    nearest_init(&nearest, name);
    if (hosts_list(hosts, &list, reterr) < 0) {
        list = (struct host_list){NULL, 0};
    }
    for (uint32_t i = 0; i < list.count; i++) {
        nearest_offer(&nearest, list.entries[i].name);
    }
    (void)errinfo_set(reterr, -ENOENT, "%.80s is not among the hosts%s%s%s (millrace hosts list)",
                      name, nearest.best == NULL ? "" : ", did you mean ",
                      nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "?");
    host_list_done(&list);
    return -ENOENT;
}

int hosts_find(const struct hosts *hosts, const char *name, struct host_entry *ret,
               struct errinfo *reterr)
{
    struct host_entry entry = {.is_damaged = false};
    struct errinfo detail = {""};
    int r = host_name_check(name, &detail) < 0 ? -ENOENT : read_entry(hosts, name, &entry, &detail);

    if (r == -ENOENT) {
        return hosts_unknown(hosts, name, reterr);
    }
    if (r < 0) {
        return errinfo_set(reterr, r, "%s", detail.text);
    }
    *ret = entry;
    secret_wipe(&entry, sizeof entry);
    return 0;
}
