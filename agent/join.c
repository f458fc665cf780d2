#include "join_inner.h"

#include "host_name.h"
#include "mono.h"
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

bool join_is_url(const char *where)
{
    return strstr(where, "://") != NULL;
}

static struct timespec changed_at(const char *path)
{
    struct stat status;

    return strcmp(path, "-") != 0 && stat(path, &status) == 0 ? status.st_ctim
                                                              : (struct timespec){0};
}

/* Not by snprintf(): sanitized builds take source and destination, of one struct, for overlapping.
 */
static const char *write_url(const struct join_address *address, char ret[JOIN_URL_BYTES])
{
    static const char scheme[] = "tcp://";

    memcpy(ret, scheme, sizeof scheme - 1);
    memcpy(ret + sizeof scheme - 1, address->text, strlen(address->text) + 1);
    return ret;
}

/* What points into the file. */
static void take_file(struct join *join)
{
    join->security = (struct channel_security){.authority_pem = join->file.authority_pem,
                                               .certificate_pem = join->file.certificate_pem,
                                               .key_pem = join->file.key_pem};
    join->host = (struct duty_host){.name = join->file.name,
                                    .fleet = join->file.fleet || join->file.processes_count > 0,
                                    .secret = join->file.secret};
    join->is_secured = true;
    join->urls_count = join->file.addresses_count;
    for (uint32_t i = 0; i < join->urls_count; i++) {
        join->urls[i] = write_url(&join->file.addresses[i], join->texts[i]);
    }
}

static int open_file(const char *path, struct join *join, struct errinfo *reterr)
{
    int r;

    join->path = path;
    join->changed = changed_at(path);
    r = join_file_read(path, &join->file, reterr);
    if (r == 0) {
        take_file(join);
    }
    return r;
}

/* "10.0.0.1 51234 10.0.0.2 22", of sshd: in front stands the host that this was started from. Slurm
 * tells that alone. */
static void put_caller_first(const struct join_leash *leash, struct join_file *file)
{
    const char *connection = getenv(leash->of_step ? "SLURM_LAUNCH_NODE_IPADDR" : "SSH_CONNECTION");
    int length = connection == NULL ? 0 : (int)strcspn(connection, " ");
    bool is_six = length > 0 && memchr(connection, ':', (size_t)length) != NULL;
    uint32_t kept =
        file->addresses_count < JOIN_ADDRESSES_MAX ? file->addresses_count : JOIN_ADDRESSES_MAX - 1;

    if (leash->port == 0 || length == 0 || length > JOIN_ADDRESS_BYTES - 16) {
        return;
    }
    memmove(&file->addresses[1], &file->addresses[0], kept * sizeof file->addresses[0]);
    file->addresses_count = kept + 1;
    (void)snprintf(file->addresses[0].text, sizeof file->addresses[0].text, "%s%.*s%s:%u",
                   is_six ? "[" : "", length, connection, is_six ? "]" : "", leash->port);
}

int join_open_leash(const struct join_leash *leash, struct join *ret, struct errinfo *reterr)
{
    int r;

    memset(ret, 0, sizeof *ret);
    ret->path = "-";
    r = join_file_read_line(&ret->file, reterr);
    if (r == 0) {
        put_caller_first(leash, &ret->file);
        take_file(ret);
    }
    return r;
}

static int read_identity(struct join *join, struct errinfo *reterr)
{
    struct identity anew = {0};
    int r = identity_read(&join->paths, CERTIFICATE_AGENT, &anew, reterr);

    if (r < 0) {
        return r;
    }
    identity_done(&join->identity);
    join->identity = anew;
    secret_wipe(&anew, sizeof anew);
    join->security = (struct channel_security){.authority_pem = join->identity.authority_pem,
                                               .certificate_pem = join->identity.certificate_pem,
                                               .key_pem = join->identity.key_pem};
    join->host = (struct duty_host){
        .name = IDENTITY_FLEET_NAME, .fleet = true, .secret = join->identity.secret};
    join->is_secured = true;
    return 0;
}

int join_open(const char *where, const struct identity_paths *paths, bool insecure,
              struct join *ret, struct errinfo *reterr)
{
    bool has_paths = identity_is_asked_for(paths);

    memset(ret, 0, sizeof *ret);
    if (!join_is_url(where)) {
        return open_file(where, ret, reterr);
    }
    if (!insecure && !has_paths && !channel_url_is_local(where)) {
        return errinfo_set(reterr, -EPERM,
                           "%s would be spoken in clear, and whoever answers there could drive "
                           "this agent: join by a file (\"millrace hosts add NAME\" on the "
                           "coordinator makes one), or say --insecure",
                           where);
    }
    ret->urls[0] = where;
    ret->urls_count = 1;
    ret->paths = *paths;
    return has_paths ? read_identity(ret, reterr) : 0;
}

int join_refresh(struct join *join, struct errinfo *reterr)
{
    int64_t now_s = wall_unix_ns() / NS_PER_S;
    struct join_file anew = {0};
    struct timespec changed;

    if (!join->is_secured) {
        return 0;
    }
    if (join->path == NULL) {
        (void)read_identity(join, NULL);
        return identity_check_time(&join->identity, now_s, reterr);
    }
    changed = changed_at(join->path);
    if (changed.tv_sec != 0 && memcmp(&changed, &join->changed, sizeof changed) != 0) {
        join->changed = changed;
        if (join_file_read(join->path, &anew, NULL) == 0) {
            join_file_done(&join->file);
            join->file = anew;
            secret_wipe(&anew, sizeof anew);
            take_file(join);
        }
    }
    return join_file_check_time(&join->file, now_s, reterr);
}

int join_check_name(const struct join *join, const char *name, struct errinfo *reterr)
{
    if (join->path != NULL && !join->file.fleet) {
        return errinfo_set(reterr, -EINVAL,
                           "--name does not go with the join file of a host: it goes by \"%s\"",
                           join->host.name);
    }
    return errinfo_prefix(reterr, host_name_check(name, reterr), "--name");
}

int join_processes(const struct join *join, uint32_t wanted, struct errinfo *reterr)
{
    uint32_t of_file = join->file.processes_count > 0 ? join->file.processes_count : 1;

    if (join->path == NULL || join->file.fleet) {
        return wanted > 0 ? (int)wanted : 1;
    }
    if (wanted > 0 && wanted != of_file) {
        return errinfo_set(reterr, -EINVAL,
                           "--processes %u: the join file of %s is for %u; \"millrace hosts add %s "
                           "--again --processes %u\" makes one for as many (on the coordinator's "
                           "host)",
                           wanted, join->file.name, of_file, join->file.name, wanted);
    }
    return (int)of_file;
}

int join_for_processes(const struct join *join, const char *where, char text[JOIN_PATH_BYTES],
                       const char **ret, struct errinfo *reterr)
{
    struct text line = {.secret = true};
    int fd;
    int r = 0;

    if (strcmp(where, "-") != 0) {
        *ret = where;
        return 0;
    }
    fd = memfd_create("millrace-join", 0); /* They inherit it. */
    if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
        r = -errno;
    }
    if (r == 0) {
        r = join_file_write(&join->file, &line);
    }
    if (r == 0 && write(fd, line.bytes, line.bytes_count) != (ssize_t)line.bytes_count) {
        r = -EIO; /* Of memory: whole, or not at all. */
    }
    text_done(&line);
    if (r < 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return errinfo_set(reterr, r, "the join file can't be handed on: %s", strerror(-r));
    }
    (void)snprintf(text, JOIN_PATH_BYTES, "/proc/self/fd/%d", fd);
    *ret = text;
    return 0;
}

/* Without a number behind it. */
static const char *base_name(const struct join *join, const char *given, char ret[NAME_BYTES])
{
    const char *index = getenv("JOB_COMPLETION_INDEX");
    struct utsname names;

    if (given != NULL || !join->is_secured) {
        return given;
    }
    if (join->path != NULL && !join->file.fleet) {
        return join->host.name;
    }
    if (index != NULL) {
        (void)snprintf(ret, NAME_BYTES, "%.*s-%.10s", NAME_BYTES - 12, join->host.name, index);
        return ret;
    }
    if (uname(&names) < 0) {
        return NULL;
    }
    (void)snprintf(ret, NAME_BYTES, "%.*s", NAME_BYTES - 1, names.nodename);
    return ret;
}

const char *join_name(const struct join *join, const char *given, uint32_t process,
                      char ret[NAME_BYTES])
{
    bool of_host = join->path != NULL && !join->file.fleet;
    char base[NAME_BYTES];
    const char *name = base_name(join, given, base);

    if (name == NULL || (process == 0 && name != base)) {
        return name;
    }
    if (process == 0) {
        memcpy(ret, base, sizeof base);
    } else {
        (void)snprintf(ret, NAME_BYTES, "%.*s%s%u", NAME_BYTES - 12, name, of_host ? "/" : "-",
                       process);
    }
    return ret;
}

void join_done(struct join *join)
{
    join_file_done(&join->file);
    identity_done(&join->identity);
    secret_wipe(join, sizeof *join);
}
