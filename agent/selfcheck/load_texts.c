#include "load_texts_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps over the number at *at; false if there is none. */
static bool next_number(const char **at, uint64_t *ret)
{
    const char *begin = *at + strspn(*at, " \t");
    size_t digits = strspn(begin, "0123456789");

    if (digits == 0) {
        return false;
    }
    *ret = strtoull(begin, NULL, 10);
    *at = begin + digits;
    return true;
}

bool load_text_wait(const char *text, int64_t *ret_ns)
{
    uint64_t number;

    if (!next_number(&text, &number) || !next_number(&text, &number)) {
        return false;
    }
    *ret_ns = (int64_t)number;
    return true;
}

bool load_text_steal(const char *text, uint64_t *ret_ticks)
{
    uint64_t number = 0;

    if (strncmp(text, "cpu ", 4) != 0) {
        return false;
    }
    text += 4;
    for (int i = 0; i < 8; i++) {
        if (!next_number(&text, &number)) {
            return false;
        }
    }
    *ret_ticks = number;
    return true;
}

/* The number behind a key that begins a line. */
static bool find_number(const char *text, const char *key, uint64_t *ret)
{
    size_t key_bytes = strlen(key);

    while (text != NULL) {
        if (strncmp(text, key, key_bytes) == 0 && text[key_bytes] == ' ') {
            text += key_bytes;
            return next_number(&text, ret);
        }
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return false;
}

bool load_text_throttled(const char *text, int64_t *ret_ns)
{
    uint64_t number;

    if (find_number(text, "throttled_usec", &number)) {
        *ret_ns = (int64_t)number * 1000;
        return true;
    }
    if (find_number(text, "throttled_time", &number)) {
        *ret_ns = (int64_t)number;
        return true;
    }
    return false;
}

/* Is "cpu" one of the controllers of a line "N:cpu,cpuacct:PATH"? */
static bool has_cpu(const char *controllers, size_t bytes)
{
    while (bytes > 0) {
        size_t one = strcspn(controllers, ",:");

        if (one == 3 && strncmp(controllers, "cpu", 3) == 0) {
            return true;
        }
        if (one >= bytes) {
            return false;
        }
        controllers += one + 1;
        bytes -= one + 1;
    }
    return false;
}

bool load_text_cgroup(const char *text, char *ret, size_t ret_bytes)
{
    while (text != NULL && *text != '\0') {
        const char *controllers = strchr(text, ':');
        const char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        const char *end = strchr(text, '\n');
        bool second; /* Version. */
        int length;

        if (path == NULL) {
            return false;
        }
        controllers++;
        path++;
        length = end == NULL ? (int)strlen(path) : (int)(end - path);
        second = path - controllers == 1;
        if (path[0] == '/' && (second || has_cpu(controllers, (size_t)(path - controllers) - 1))) {
            return snprintf(ret, ret_bytes, "%s%.*s%scpu.stat", second ? "" : "cpu/", length - 1,
                            path + 1, length > 1 ? "/" : "") < (int)ret_bytes;
        }
        text = end == NULL ? NULL : end + 1;
    }
    return false;
}

bool load_text_above(char *path)
{
    char *file = strrchr(path, '/');
    char *name;

    if (file == NULL || file == path) {
        return false; /* "cpu.stat", the root of version 2. */
    }
    *file = '\0';
    name = strrchr(path, '/');
    if (name == NULL && strcmp(path, "cpu") == 0) {
        *file = '/'; /* The root of version 1. */
        return false;
    }
    memmove(name == NULL ? path : name + 1, "cpu.stat", sizeof "cpu.stat");
    return true;
}
