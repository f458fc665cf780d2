/* What a document holds as bytes: histograms, and what others make bytes of. */
#include "bounds.h"
#include "fields_inner.h"

#include <errno.h>
#include <string.h>

bool field_bytes_read(struct fields *fields, const char *key, const uint8_t **ret,
                      uint32_t *ret_bytes)
{
    bson_iter_t iter;
    bson_subtype_t subtype;

    if (fields->failure != 0 ||
        !bson_iter_init_find(&iter, fields->levels[fields->depth - 1].bson, key)) {
        return false;
    }
    if (!BSON_ITER_HOLDS_BINARY(&iter)) {
        fields_bad(fields, key, "has the wrong type");
        return false;
    }
    *ret = NULL;
    bson_iter_binary(&iter, &subtype, ret_bytes, ret);
    if (*ret == NULL || subtype != BSON_SUBTYPE_BINARY) {
        fields_bad(fields, key, "is damaged");
        return false;
    }
    return true;
}

void field_bytes_write(struct fields *fields, const char *key, const void *bytes,
                       size_t bytes_count)
{
    if (bytes_count > DOCUMENT_BYTES_MAX ||
        !bson_append_binary(fields->levels[fields->depth - 1].bson, key, -1, BSON_SUBTYPE_BINARY,
                            bytes, (uint32_t)bytes_count)) {
        fields_fail(fields, -EMSGSIZE, key, "makes the document too long");
    }
}

void field_bytes(struct fields *fields, const char *key, uint8_t *bytes, uint32_t bytes_count)
{
    const uint8_t *kept = NULL;
    uint32_t kept_bytes = 0;

    if (!fields->reads) {
        field_bytes_write(fields, key, bytes, bytes_count);
    } else if (!field_bytes_read(fields, key, &kept, &kept_bytes)) {
        fields_bad(fields, key, "is missing");
    } else if (kept_bytes != bytes_count) {
        fields_bad(fields, key, "has not its length");
    } else {
        memcpy(bytes, kept, bytes_count);
    }
}

static void write_hist(struct fields *fields, const char *key, const struct hist_packed *hist)
{
    uint64_t count = hist->count;
    int64_t min_ns = hist_packed_min(hist);
    int64_t max_ns = hist_packed_max(hist);

    if (!field_doc_begin(fields, key)) {
        return;
    }
    field_counter(fields, "count", &count);
    field_i64(fields, "min_ns", &min_ns);
    field_i64(fields, "max_ns", &max_ns);
    field_bytes_write(fields, "packed", hist->bytes, hist->bytes_count);
    field_doc_end(fields);
}

static void read_hist(struct fields *fields, const char *key, struct hist_packed *hist)
{
    const uint8_t *bytes = NULL;
    uint32_t bytes_count = 0;

    if (!field_doc_begin(fields, key)) {
        return;
    }
    if (!field_bytes_read(fields, "packed", &bytes, &bytes_count)) {
        fields_bad(fields, "packed", "is missing");
    } else {
        int r = hist_packed_read(bytes, bytes_count, hist, NULL);

        if (r == -ENOMEM) {
            fields_fail(fields, -ENOMEM, key, "does not fit into memory");
        } else if (r < 0) {
            fields_bad(fields, "packed", "is no histogram");
        }
    }
    field_doc_end(fields);
}

void field_hist(struct fields *fields, const char *key, struct hist_packed *hist)
{
    bson_iter_t iter;

    if (fields->failure != 0) {
        return;
    }
    if (!fields->reads) {
        if (hist->bytes != NULL) {
            write_hist(fields, key, hist);
        }
    } else if (bson_iter_init_find(&iter, fields->levels[fields->depth - 1].bson, key)) {
        read_hist(fields, key, hist);
    }
}
