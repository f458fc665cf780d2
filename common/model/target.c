#include "target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void target_done(struct target *target)
{
    record_done(&target_record, target);
}

static int copy_text(const char *from, char **to)
{
    if (from == NULL) {
        return 0;
    }
    *to = strdup(from);
    return *to == NULL ? -ENOMEM : 0;
}

static int copy_texts(const struct target *from, struct target *to)
{
    int r = copy_text(from->label, &to->label);

    r = r < 0 ? r : copy_text(from->backend, &to->backend);
    r = r < 0 ? r : copy_text(from->username, &to->username);
    r = r < 0 ? r : copy_text(from->password, &to->password);
    r = r < 0 ? r : copy_text(from->mechanism, &to->mechanism);
    r = r < 0 ? r : copy_text(from->tls_ca, &to->tls_ca);
    r = r < 0 ? r : copy_text(from->tls_cert, &to->tls_cert);
    return r < 0 ? r : copy_text(from->tls_key, &to->tls_key);
}

static int copy_addresses(const struct target *from, struct target *to)
{
    int r = 0;

    if (from->addresses_count == 0) {
        return 0;
    }
    to->addresses = calloc(from->addresses_count, sizeof *to->addresses);
    if (to->addresses == NULL) {
        return -ENOMEM;
    }
    to->addresses_count = from->addresses_count;
    for (uint32_t i = 0; r == 0 && i < from->addresses_count; i++) {
        r = copy_text(from->addresses[i], &to->addresses[i]);
    }
    return r;
}

static int copy_options(const struct target *from, struct target *to)
{
    int r = 0;

    if (from->options_count == 0) {
        return 0;
    }
    to->options = calloc(from->options_count, sizeof *to->options);
    if (to->options == NULL) {
        return -ENOMEM;
    }
    to->options_count = from->options_count;
    for (uint32_t i = 0; r == 0 && i < from->options_count; i++) {
        r = copy_text(from->options[i].key, &to->options[i].key);
        r = r < 0 ? r : copy_text(from->options[i].value, &to->options[i].value);
    }
    return r;
}

int target_copy(const struct target *from, struct target *to)
{
    int r;

    memset(to, 0, sizeof *to);
    to->tls = from->tls;
    r = copy_texts(from, to);
    r = r < 0 ? r : copy_addresses(from, to);
    r = r < 0 ? r : copy_options(from, to);
    if (r < 0) {
        target_done(to);
    }
    return r;
}

bool target_same_place(const struct target *a, const struct target *b)
{
    return strcmp(a->backend, b->backend) == 0 &&
           (a->addresses_count == 0) == (b->addresses_count == 0) &&
           (a->addresses_count == 0 || strcmp(a->addresses[0], b->addresses[0]) == 0);
}

static struct option_value *find_option(const struct target *target, const char *key)
{
    for (uint32_t i = 0; i < target->options_count; i++) {
        if (strcmp(target->options[i].key, key) == 0) {
            return &target->options[i];
        }
    }
    return NULL;
}

const char *target_option(const struct target *target, const char *key)
{
    const struct option_value *option = find_option(target, key);

    return option == NULL ? NULL : option->value;
}

static int append_option(struct target *target, const char *key, char *value)
{
    struct option_value *grown;
    char *own_key = strdup(key);

    if (own_key == NULL) {
        return -ENOMEM;
    }
    grown = reallocarray(target->options, (size_t)target->options_count + 1, sizeof *grown);
    if (grown == NULL) {
        free(own_key);
        return -ENOMEM;
    }
    grown[target->options_count] = (struct option_value){.key = own_key, .value = value};
    target->options = grown;
    target->options_count++;
    return 0;
}

int target_set_option(struct target *target, const char *key, const char *value)
{
    struct option_value *option = find_option(target, key);
    char *own_value = strdup(value);
    int r = 0;

    if (own_value == NULL) {
        return -ENOMEM;
    }
    if (option != NULL) {
        free(option->value);
        option->value = own_value;
        return 0;
    }
    r = append_option(target, key, own_value);
    if (r < 0) {
        free(own_value);
    }
    return r;
}
