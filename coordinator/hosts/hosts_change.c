#include "hosts_inner.h"

#include "file.h"
#include "host_entry_inner.h"
#include "secret.h"
#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of its owner alone, unless it was there already. */
static int make_folder(const char *folder, struct errinfo *reterr)
{
    int r;

    if (file_exists(folder)) {
        return 0;
    }
    r = file_mkdirs(folder, reterr);
    if (r == 0 && chmod(folder, S_IRWXU) != 0) {
        r = errinfo_set(reterr, -errno, "%s: can't be made private: %s", folder, strerror(errno));
    }
    return r;
}

static int lock(int fd)
{
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int hosts_lock(struct hosts *hosts, struct errinfo *reterr)
{
    int r = make_folder(hosts->folder, reterr);
    char *path;
    int fd;

    if (r < 0) {
        return r;
    }
    path = hosts_path(hosts, "lock");
    if (path == NULL) {
        return errinfo_nomem(reterr);
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    r = fd < 0 ? -errno : lock(fd);
    if (r < 0) {
        (void)errinfo_set(reterr, r, "%s: can't be locked: %s", path, strerror(-r));
        if (fd >= 0) {
            (void)close(fd);
        }
    } else {
        hosts->lock_fd = fd;
    }
    free(path);
    return r;
}

static int check_end(const struct certificate *authority, int64_t until_s, struct errinfo *reterr)
{
    char text[JOIN_TIME_BYTES];
    int64_t authority_from_s = 0;
    int64_t authority_until_s = 0;
    int r = certificate_validity(authority->pem, &authority_from_s, &authority_until_s, reterr);

    if (r == 0 && until_s > authority_until_s) {
        r = errinfo_set(reterr, -EINVAL,
                        "it would be valid for longer than the authority, which "
                        "ends %s",
                        join_time(authority_until_s, text));
    }
    return r;
}

/* What the join file has of the entry. */
static void describe(const struct host_entry *entry, struct join_file *join)
{
    memcpy(join->name, entry->name, sizeof join->name);
    join->fleet = entry->fleet_count > 0;
    join->processes_count = entry->processes_count;
    memcpy(join->addresses, entry->addresses, sizeof join->addresses);
    join->addresses_count = entry->addresses_count;
    memcpy(join->secret, entry->secret, sizeof join->secret);
    join->valid_from_s = entry->valid_from_s;
    join->valid_until_s = entry->valid_until_s;
}

static int make_join(struct host_entry *entry, struct certificate *authority, struct join_file *ret,
                     struct errinfo *reterr)
{
    const struct certificate_request request = {.role = CERTIFICATE_AGENT,
                                                .name = entry->name,
                                                .valid_from_s = entry->valid_from_s,
                                                .valid_until_s = entry->valid_until_s};
    struct certificate made = {NULL, NULL};
    int r = secret_make(entry->secret);

    if (r < 0) {
        return errinfo_set(reterr, r, "the kernel gave no random bytes for a secret");
    }
    r = certificate_make(&request, authority, &made, reterr);
    if (r == 0) {
        *ret = (struct join_file){
            .authority_pem = authority->pem, .certificate_pem = made.pem, .key_pem = made.key_pem};
        authority->pem = NULL;
        describe(entry, ret);
    }
    return r;
}

int hosts_make(struct hosts *hosts, struct host_entry *entry, int64_t valid_s, int64_t now_s,
               struct join_file *ret, struct errinfo *reterr)
{
    struct certificate authority = {NULL, NULL};
    int r = hosts_authority_have(hosts, now_s, &authority, reterr);

    if (r == 0) {
        r = check_end(&authority, now_s + valid_s, reterr);
    }
    if (r == 0) {
        entry->added_s = now_s;
        entry->valid_from_s = now_s - HOSTS_SLACK_S;
        entry->valid_until_s = now_s + valid_s;
        r = make_join(entry, &authority, ret, reterr);
    }
    certificate_done(&authority);
    return r;
}

int hosts_put(struct hosts *hosts, const struct host_entry *entry, struct errinfo *reterr)
{
    char *path = hosts_entry_path(hosts, entry->name);
    uint8_t *document = NULL;
    uint32_t document_bytes = 0;
    int r = path == NULL ? errinfo_nomem(reterr)
                         : host_entry_write(entry, &document, &document_bytes, reterr);

    if (r == 0) {
        r = secret_file_write(path, document, document_bytes, reterr);
        secret_wipe(document, document_bytes);
        free(document);
    }
    free(path);
    return r;
}

int hosts_remove(struct hosts *hosts, const char *name, struct errinfo *reterr)
{
    char *path = hosts_entry_path(hosts, name);
    int r = path == NULL ? errinfo_nomem(reterr) : secret_file_remove(path, reterr);

    free(path);
    return r;
}
