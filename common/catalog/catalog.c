#include "catalog.h"

#include "address.h"
#include "catalog_entries.h"
#include "invariant.h"
#include "units.h"

#include <errno.h>
#include <string.h>

#define ROW(name) &catalog_##name,
static const struct catalog_entry *const entries[] = {
#include "catalog_rows.h"
    NULL,
};
#undef ROW

static const char *const capability_names[CAPABILITY_COUNT] = {
    [CAPABILITY_PUBLISH_ACK_NONE] = "publish_ack: none",
    [CAPABILITY_PUBLISH_ACK_LEADER] = "publish_ack: leader",
    [CAPABILITY_PUBLISH_ACK_ALL] = "publish_ack: all",
    [CAPABILITY_CONSUME_ACK_NONE] = "consume_ack: none",
    [CAPABILITY_CONSUME_ACK_EACH] = "consume_ack: each",
    [CAPABILITY_CONSUME_ACK_BATCH] = "consume_ack: batch",
    [CAPABILITY_CONSUME_PACE] = "consume",
    [CAPABILITY_ORDERED] = "ordered: true",
    [CAPABILITY_ORDERED_SHARED] = "ordered: true with several consumers of a subscription",
    [CAPABILITY_TTL] = "ttl",
    [CAPABILITY_PERSISTENT] = "persistent: true",
    [CAPABILITY_NOT_PERSISTENT] = "persistent: false",
    [CAPABILITY_APART] = "placement: apart, or by labels",
    [CAPABILITY_TLS] = "tls",
    [CAPABILITY_AUTH] = "auth",
};

const char *capability_name(enum capability capability)
{
    ASSERT(capability < CAPABILITY_COUNT);
    return capability_names[capability];
}

const struct catalog_entry *const *catalog_all(void)
{
    return entries;
}

const struct catalog_entry *catalog_find(const char *name)
{
    for (size_t i = 0; entries[i] != NULL; i++) {
        if (strcmp(entries[i]->name, name) == 0) {
            return entries[i];
        }
    }
    return NULL;
}

const struct catalog_entry *catalog_find_client(const char *name, const char *client)
{
    for (size_t i = 0; entries[i] != NULL; i++) {
        bool is_it = client[0] == '\0'
                         ? entries[i]->client == NULL || entries[i]->client_unnamed
                         : entries[i]->client != NULL && strcmp(entries[i]->client, client) == 0;

        if (is_it && strcmp(entries[i]->name, name) == 0) {
            return entries[i];
        }
    }
    return NULL;
}

const struct catalog_entry *catalog_entry_of(const struct target *target)
{
    const char *client = target_option(target, "client");

    return client == NULL ? catalog_find(target->backend)
                          : catalog_find_client(target->backend, client);
}

const struct catalog_entry *catalog_backend(size_t index)
{
    for (size_t i = 0; entries[i] != NULL; i++) {
        bool is_first = i == 0 || strcmp(entries[i]->name, entries[i - 1]->name) != 0;

        if (is_first && index-- == 0) {
            return entries[i];
        }
    }
    return NULL;
}

const struct catalog_option *catalog_option_find(const struct catalog_entry *entry, const char *key)
{
    for (const struct catalog_option *option = entry->options; option->key != NULL; option++) {
        if (strcmp(option->key, key) == 0) {
            return option;
        }
    }
    return NULL;
}

const struct catalog_entry *catalog_other_with(const struct catalog_entry *entry, const char *key)
{
    for (size_t i = 0; entries[i] != NULL; i++) {
        if (entries[i] != entry && strcmp(entries[i]->name, entry->name) == 0 &&
            catalog_option_find(entries[i], key) != NULL) {
            return entries[i];
        }
    }
    return NULL;
}

static int check_choice(const struct catalog_option *option, const char *value,
                        struct errinfo *reterr)
{
    char known[256] = "";

    for (size_t i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            return (int)i;
        }
        (void)strncat(known, i == 0 ? "" : " | ", sizeof known - strlen(known) - 1);
        (void)strncat(known, option->choices[i], sizeof known - strlen(known) - 1);
    }
    return errinfo_set(reterr, -EINVAL, "\"%s\" is not one of its values (%s)", value, known);
}

static int parse_number(const struct catalog_option *option, const char *value, int64_t *ret)
{
    uint64_t number = 0;
    int r;

    switch (option->type) {
    case OPTION_DURATION:
        return units_parse_duration_ns(value, ret);
    case OPTION_BYTES:
        r = units_parse_bytes(value, &number);
        break;
    default:
        r = units_parse_count(value, &number);
        break;
    }
    if (r == 0) {
        *ret = (int64_t)number;
    }
    return r;
}

static int check_number(const struct catalog_option *option, const char *value,
                        struct errinfo *reterr)
{
    static const char *const forms[] = {[OPTION_COUNT] = "a count such as 512 or 20k",
                                        [OPTION_BYTES] = "a size such as 512, 64KiB or 1MB",
                                        [OPTION_DURATION] = "a duration such as 250ms, 10s or 5m"};
    int64_t number = 0;
    int r = parse_number(option, value, &number);

    if (r < 0) {
        return errinfo_set(reterr, -EINVAL, "\"%s\" is not %s", value, forms[option->type]);
    }
    if (number < option->min || number > option->max) {
        char low[UNITS_TEXT_BYTES];
        char high[UNITS_TEXT_BYTES];

        if (option->type == OPTION_DURATION) {
            (void)units_format_ns((double)option->min, low);
            (void)units_format_ns((double)option->max, high);
        } else if (option->type == OPTION_BYTES) {
            (void)units_format_bytes((double)option->min, low);
            (void)units_format_bytes((double)option->max, high);
        } else {
            (void)units_format_count((double)option->min, low);
            (void)units_format_count((double)option->max, high);
        }
        return errinfo_set(reterr, -EINVAL, "\"%s\" is out of range (%s to %s)", value, low, high);
    }
    return 0;
}

int catalog_option_check(const struct catalog_option *option, const char *value,
                         struct errinfo *reterr)
{
    int r;

    switch (option->type) {
    case OPTION_BOOL:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
            return errinfo_set(reterr, -EINVAL, "\"%s\" is not true or false", value);
        }
        return 0;
    case OPTION_CHOICE:
        r = check_choice(option, value, reterr);
        return r < 0 ? r : 0;
    case OPTION_TEXT:
        return 0;
    default:
        return check_number(option, value, reterr);
    }
}

int64_t catalog_value_number(const struct catalog_option *option, const char *value)
{
    int64_t number = 0;

    if (option->type == OPTION_BOOL) {
        return strcmp(value, "true") == 0;
    }
    if (option->type == OPTION_CHOICE) {
        number = check_choice(option, value, NULL);
        ASSERT(number >= 0);
        return number;
    }
    ASSERT(parse_number(option, value, &number) == 0);
    return number;
}

const char *catalog_option_text(const struct catalog_entry *entry, const struct target *target,
                                const char *key)
{
    const struct catalog_option *option = catalog_option_find(entry, key);
    const char *given = target_option(target, key);

    ASSERT(option != NULL);
    return given != NULL ? given : option->default_value;
}

int64_t catalog_option_number(const struct catalog_entry *entry, const struct target *target,
                              const char *key)
{
    return catalog_value_number(catalog_option_find(entry, key),
                                catalog_option_text(entry, target, key));
}

int catalog_address_check(const struct catalog_entry *entry, const char *address,
                          struct errinfo *reterr)
{
    struct address parsed;

    if (entry->local) {
        return address[0] == '\0'
                   ? 0
                   : errinfo_set(reterr, -EINVAL, "the %s backend has no address", entry->name);
    }
    if (strchr(address, '@') != NULL) {
        /* It may hold a password, so it is not repeated. */
        return errinfo_set(reterr, -EINVAL,
                           "user and password don't belong into an address (%s, and auth: { "
                           "username, password })",
                           entry->address_form);
    }
    return address_parse(entry, address, &parsed, reterr);
}
