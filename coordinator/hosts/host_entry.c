#include "host_entry_inner.h"

#include "fields.h"
#include "net.h"
#include "record.h"
#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STORE_VERSION 1

/* The version stands in front, so that an older program says which one it lacks. */
struct kept_entry {
    uint32_t version;
    struct host_entry host;
};

static const struct field host_label_fields[] = {
    FIELD(host_label, text, .min = 1),
};

static const struct record host_label_record = RECORD(host_label);

static const struct field kept_address_fields[] = {
    FIELD(join_address, text, .min = 1),
};

static const struct record kept_address_record =
    RECORD_OF(join_address, "address", kept_address_fields);

static const struct field host_entry_fields[] = {
    FIELD(host_entry, name, .min = 1),
    FIELD(host_entry, secret),
    FIELD(host_entry, added_s),
    FIELD(host_entry, valid_from_s),
    FIELD(host_entry, valid_until_s),
    FIELD(host_entry, weight, .max = HOST_WEIGHT_MAX),
    FIELD_ITEMS_OF(host_entry, labels, labels_count, host_label_record, HOST_LABELS_MAX),
    FIELD_ITEMS_OF(host_entry, addresses, addresses_count, kept_address_record, JOIN_ADDRESSES_MAX),
    FIELD(host_entry, fleet_count, .max = AGENTS_MAX),
    FIELD(host_entry, processes_count, .max = PROCESSES_MAX),
};

static const struct record host_entry_record = RECORD(host_entry);

static const struct field kept_entry_fields[] = {
    FIELD(kept_entry, version, .min = STORE_VERSION, .max = STORE_VERSION),
    FIELD_RECORD_OF(kept_entry, host, host_entry_record),
};

static const struct record kept_entry_record = RECORD(kept_entry);

static bool is_port(const char *port)
{
    char *end = NULL;
    long number = isdigit((unsigned char)port[0]) ? strtol(port, &end, 10) : 0;

    return end != NULL && *end == '\0' && number >= 1 && number <= 65535;
}

int host_address_check(const char *address, struct errinfo *reterr)
{
    char host[NET_HOST_BYTES];
    char port[NET_PORT_BYTES];

    if (strstr(address, "://") != NULL) {
        return errinfo_set(reterr, -EINVAL, "\"%.200s\": HOST:PORT is wanted, without tcp://",
                           address);
    }
    if (strlen(address) >= JOIN_ADDRESS_BYTES || net_split(address, host, port) < 0 ||
        host[0] == '\0' || !is_port(port)) {
        return errinfo_set(reterr, -EINVAL,
                           "\"%.200s\" is no address: HOST:PORT, as coord.example:7700", address);
    }
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) {
        return errinfo_set(reterr, -EINVAL,
                           "\"%s\" can't be dialled: give the address by which the hosts reach "
                           "this one",
                           address);
    }
    return 0;
}

uint32_t host_entry_agents(const struct host_entry *entry)
{
    uint32_t several = entry->fleet_count > 0 ? entry->fleet_count : entry->processes_count;

    return several > 0 ? several : 1;
}

int host_entry_check(const struct host_entry *entry, int64_t now_s, struct errinfo *reterr)
{
    char until[JOIN_TIME_BYTES];

    if (entry->is_damaged) {
        return errinfo_set(reterr, -EBADMSG,
                           "%s: its entry is damaged: millrace hosts add %s --again --at HOST:PORT",
                           entry->name, entry->name);
    }
    if (now_s > entry->valid_until_s) {
        return errinfo_set(reterr, -EKEYEXPIRED,
                           "%s: certificate ended %s: millrace hosts add %s --again", entry->name,
                           join_time(entry->valid_until_s, until), entry->name);
    }
    return 0;
}

int host_entry_write(const struct host_entry *entry, uint8_t **ret, uint32_t *ret_bytes,
                     struct errinfo *reterr)
{
    struct kept_entry kept = {.version = STORE_VERSION, .host = *entry};
    struct fields *fields = NULL;
    int r = fields_write_new(&fields, reterr);

    if (r == 0) {
        field_record(fields, &kept_entry_record, &kept);
        r = fields_failure(fields);
        if (r == 0) {
            *ret = fields_take(fields, ret_bytes);
        }
        fields_free(fields);
    }
    secret_wipe(&kept, sizeof kept);
    return r;
}

int host_entry_read(const uint8_t *document, uint32_t document_bytes, struct host_entry *ret,
                    struct errinfo *reterr)
{
    struct kept_entry kept = {0};
    struct fields *fields = NULL;
    int r = fields_read_new(document, document_bytes, NULL, &fields, reterr);

    if (r == 0) {
        field_record(fields, &kept_entry_record, &kept);
        r = fields_failure(fields);
        fields_free(fields);
    }
    if (r == 0) {
        *ret = kept.host;
    }
    secret_wipe(&kept, sizeof kept);
    return r;
}
