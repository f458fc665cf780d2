#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_error(const char *path, const char *what, struct errinfo *reterr)
{
    int code = -errno;

    return errinfo_set(reterr, code, "%s: %s: %s", path, what, strerror(-code));
}

int file_read_all(const char *path, size_t bytes_max, char **ret, size_t *ret_bytes,
                  struct errinfo *reterr)
{
    FILE *file = fopen(path, "rbe");
    char *text = NULL;
    size_t used = 0;
    size_t capacity = 0;
    int r = 0;

    if (file == NULL) {
        return file_error(path, "can't be read", reterr);
    }
    for (;;) {
        char *grown = realloc(text, capacity + 65537);
        size_t got;

        if (grown == NULL) {
            r = errinfo_nomem(reterr);
            goto out;
        }
        text = grown;
        capacity += 65536;
        got = fread(text + used, 1, capacity - used, file);
        used += got;
        if (used > bytes_max) {
            r = errinfo_set(reterr, -EFBIG, "%s: larger than %zu bytes", path, bytes_max);
            goto out;
        }
        if (used < capacity) {
            break;
        }
    }
    if (ferror(file)) {
        r = file_error(path, "can't be read", reterr);
        goto out;
    }
    text[used] = '\0';
    *ret = text;
    text = NULL;
    *ret_bytes = used;
out:
    free(text);
    (void)fclose(file);
    return r;
}

int file_write_all(const char *path, const void *bytes, size_t bytes_count, struct errinfo *reterr)
{
    char partial[PATH_MAX];
    FILE *file;
    int r = 0;

    if (snprintf(partial, sizeof partial, "%s.part", path) >= (int)sizeof partial) {
        return errinfo_set(reterr, -ENAMETOOLONG, "%s: path too long", path);
    }
    file = fopen(partial, "wbe");
    if (file == NULL) {
        return file_error(path, "can't be written", reterr);
    }
    if (fwrite(bytes, 1, bytes_count, file) != bytes_count || fflush(file) != 0 ||
        fsync(fileno(file)) != 0) {
        r = file_error(path, "can't be written", reterr);
    }
    if (fclose(file) != 0 && r == 0) {
        r = file_error(path, "can't be written", reterr);
    }
    if (r == 0 && rename(partial, path) != 0) {
        r = file_error(path, "can't be renamed into place", reterr);
    }
    if (r < 0) {
        (void)unlink(partial);
    }
    return r;
}

int file_mkdirs(const char *path, struct errinfo *reterr)
{
    char partial[PATH_MAX];
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof partial) {
        return errinfo_set(reterr, -EINVAL, "\"%s\": not a usable folder name", path);
    }
    memcpy(partial, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (partial[i] != '/' && partial[i] != '\0') {
            continue;
        }
        partial[i] = '\0';
        if (mkdir(partial, 0755) != 0 && errno != EEXIST) {
            return file_error(partial, "folder can't be made", reterr);
        }
        if (i < length) {
            partial[i] = '/';
        }
    }
    return 0;
}

bool file_exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

char *file_join(const char *folder, const char *name)
{
    char *joined = NULL;

    return asprintf(&joined, "%s/%s", folder, name) < 0 ? NULL : joined;
}

void file_first_line(const char *path, char *line, size_t line_bytes)
{
    FILE *file = fopen(path, "re");

    line[0] = '\0';
    if (file == NULL) {
        return;
    }
    if (fgets(line, (int)line_bytes, file) == NULL) {
        line[0] = '\0';
    }
    line[strcspn(line, "\n")] = '\0';
    (void)fclose(file);
}
