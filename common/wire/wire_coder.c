#include "wire_coder_inner.h"

#include "invariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

static int text_write(void *context, const char *bytes, size_t bytes_count)
{
    text_add_bytes(context, bytes, bytes_count);
    return 0; /* A failure stays in the text. */
}

static msgpack_packer packer_of(const struct coder *coder)
{
    msgpack_packer packer;

    msgpack_packer_init(&packer, coder->out, text_write);
    return packer;
}

void coder_write(struct coder *coder, struct text *out)
{
    memset(coder, 0, sizeof *coder);
    coder->out = out;
}

void coder_read(struct coder *coder, const void *bytes, size_t bytes_count, struct errinfo *reterr)
{
    memset(coder, 0, sizeof *coder);
    coder->at = bytes;
    coder->end = coder->at + bytes_count;
    coder->reterr = reterr;
}

bool coder_reads(const struct coder *coder)
{
    return coder->out == NULL;
}

void coder_fail(struct coder *coder, int code, const char *field, const char *what)
{
    if (coder->failure == 0) {
        const char *name = coder->depth > 0 ? coder->open[coder->depth - 1].name : "frame";

        coder->failure = errinfo_set(coder->reterr, code, "%s: %s %s", name, field, what);
    }
}

void coder_bad(struct coder *coder, const char *field, const char *what)
{
    coder_fail(coder, -EBADMSG, field, what);
}

bool coder_step(struct coder *coder)
{
    if (coder->failure != 0) {
        return false;
    }
    if (coder->depth > 0) {
        ASSERT(coder->open[coder->depth - 1].left > 0);
        coder->open[coder->depth - 1].left--;
    }
    return true;
}

/* The next value, if it is no array, map or extension: these the library would build in memory. */
static bool read_value(struct coder *coder, const char *field, msgpack_object *ret)
{
    size_t left = (size_t)(coder->end - coder->at);
    size_t taken = 0;
    msgpack_unpacked unpacked;
    uint8_t type;

    if (left == 0) {
        coder_bad(coder, field, "is cut off");
        return false;
    }
    type = *coder->at;
    if ((type >= 0x80 && type <= 0x9f) || type == 0xc1 || (type >= 0xc7 && type <= 0xc9) ||
        (type >= 0xd4 && type <= 0xd8) || (type >= 0xdc && type <= 0xdf)) {
        coder_bad(coder, field, "is not of its type");
        return false;
    }
    msgpack_unpacked_init(&unpacked);
    if (msgpack_unpack_next(&unpacked, (const char *)coder->at, left, &taken) !=
        MSGPACK_UNPACK_SUCCESS) {
        coder_bad(coder, field, "is cut off");
        msgpack_unpacked_destroy(&unpacked);
        return false;
    }
    coder->at += taken;
    *ret = unpacked.data; /* Text and bytes point into the frame. */
    msgpack_unpacked_destroy(&unpacked);
    return true;
}

/* A value of that type. */
static bool read_typed(struct coder *coder, const char *field, msgpack_object_type type,
                       msgpack_object *ret)
{
    if (!read_value(coder, field, ret)) {
        return false;
    }
    if (ret->type != type) {
        coder_bad(coder, field, "is not of its type");
        return false;
    }
    return true;
}

/* Head of an array. By hand, as the library only reads arrays whole. */
static bool read_array(struct coder *coder, const char *field, uint32_t *ret)
{
    size_t left = (size_t)(coder->end - coder->at);
    uint8_t type = left > 0 ? coder->at[0] : 0;
    size_t length_bytes = type == 0xdc ? 2 : 4;
    uint32_t count = 0;

    if (left > 0 && (type & 0xf0) == 0x90) {
        *ret = type & 0x0f;
        coder->at++;
        return true;
    }
    if (type != 0xdc && type != 0xdd) {
        coder_bad(coder, field, left > 0 ? "is not an array" : "is cut off");
        return false;
    }
    if (left < 1 + length_bytes) {
        coder_bad(coder, field, "is cut off");
        return false;
    }
    for (size_t i = 1; i <= length_bytes; i++) {
        count = count << 8 | coder->at[i];
    }
    coder->at += 1 + length_bytes;
    *ret = count;
    return true;
}

void coder_array(struct coder *coder, const char *field, uint32_t *count, uint32_t max)
{
    uint32_t read = 0;

    if (!coder_reads(coder)) {
        msgpack_packer packer = packer_of(coder);

        (void)msgpack_pack_array(&packer, *count);
    } else if (read_array(coder, field, &read)) {
        if (read > max) {
            coder_bad(coder, field, "has too many items");
        } else {
            *count = read;
        }
    }
}

static void begin(struct coder *coder, const char *name, uint32_t fields_count, bool or_more)
{
    uint32_t count = fields_count;

    if (!coder_step(coder)) {
        return;
    }
    coder_array(coder, name, &count, UINT32_MAX);
    if (coder->failure == 0 && count != fields_count && !(or_more && count > fields_count)) {
        coder_bad(coder, name, "has not its number of fields");
    }
    if (coder->failure != 0) {
        return;
    }
    ASSERT(coder->depth < CODER_DEPTH_MAX);
    coder->open[coder->depth].name = name;
    coder->open[coder->depth].left = fields_count;
    coder->depth++;
}

void code_begin(struct coder *coder, const char *name, uint32_t fields_count)
{
    begin(coder, name, fields_count, false);
}

void coder_begin_first(struct coder *coder, const char *name, uint32_t fields_count)
{
    begin(coder, name, fields_count, true);
}

void code_end(struct coder *coder)
{
    if (coder->failure != 0) {
        return;
    }
    ASSERT(coder->depth > 0 && coder->open[coder->depth - 1].left == 0);
    coder->depth--;
}

void code_bool(struct coder *coder, const char *field, bool *value)
{
    msgpack_object object;

    if (!coder_step(coder)) {
        return;
    }
    if (!coder_reads(coder)) {
        msgpack_packer packer = packer_of(coder);

        (void)(*value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
    } else if (read_typed(coder, field, MSGPACK_OBJECT_BOOLEAN, &object)) {
        *value = object.via.boolean;
    }
}

void coder_number(struct coder *coder, const char *field, uint64_t *value, uint64_t max)
{
    msgpack_object object;

    if (!coder_reads(coder)) {
        msgpack_packer packer = packer_of(coder);

        (void)msgpack_pack_uint64(&packer, *value);
    } else if (read_typed(coder, field, MSGPACK_OBJECT_POSITIVE_INTEGER, &object)) {
        if (object.via.u64 > max) {
            coder_bad(coder, field, "is too large");
        } else {
            *value = object.via.u64;
        }
    }
}

void code_u64(struct coder *coder, const char *field, uint64_t *value)
{
    if (coder_step(coder)) {
        coder_number(coder, field, value, UINT64_MAX);
    }
}

void code_u32(struct coder *coder, const char *field, uint32_t *value, uint32_t max)
{
    uint64_t number = *value;

    if (coder_step(coder)) {
        coder_number(coder, field, &number, max);
        *value = (uint32_t)number;
    }
}

void coder_signed(struct coder *coder, const char *field, int64_t *value)
{
    msgpack_object object;

    if (!coder_reads(coder)) {
        msgpack_packer packer = packer_of(coder);

        (void)msgpack_pack_int64(&packer, *value);
    } else if (!read_value(coder, field, &object)) {
        return;
    } else if (object.type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        *value = object.via.i64;
    } else if (object.type == MSGPACK_OBJECT_POSITIVE_INTEGER && object.via.u64 <= INT64_MAX) {
        *value = (int64_t)object.via.u64;
    } else {
        coder_bad(coder, field, "is not of its type");
    }
}

void code_i64(struct coder *coder, const char *field, int64_t *value)
{
    if (coder_step(coder)) {
        coder_signed(coder, field, value);
    }
}

void code_double(struct coder *coder, const char *field, double *value)
{
    msgpack_object object;

    if (!coder_step(coder)) {
        return;
    }
    if (!coder_reads(coder)) {
        msgpack_packer packer = packer_of(coder);

        (void)msgpack_pack_double(&packer, *value);
    } else if (read_typed(coder, field, MSGPACK_OBJECT_FLOAT64, &object)) {
        if (!isfinite(object.via.f64)) {
            coder_bad(coder, field, "is no number");
        } else {
            *value = object.via.f64;
        }
    }
}

static void write_string(struct coder *coder, const char *field, const char *text, size_t length)
{
    msgpack_packer packer = packer_of(coder);

    if (length > CODER_STRING_BYTES_MAX) {
        coder_fail(coder, -EMSGSIZE, field, "is too long");
        return;
    }
    (void)msgpack_pack_str(&packer, length);
    (void)msgpack_pack_str_body(&packer, text, length);
}

static bool check_string(struct coder *coder, const char *field, const msgpack_object *object,
                         size_t length_max)
{
    if (object->type != MSGPACK_OBJECT_STR) {
        coder_bad(coder, field, "is not of its type");
    } else if (object->via.str.size > length_max) {
        coder_bad(coder, field, "is too long");
    } else if (object->via.str.size > 0 && /* Of an empty one the library gives NULL. */
               memchr(object->via.str.ptr, '\0', object->via.str.size) != NULL) {
        coder_bad(coder, field, "has a zero in it");
    } else {
        return true;
    }
    return false;
}

void code_text(struct coder *coder, const char *field, char *text, size_t text_bytes)
{
    msgpack_object object;

    if (!coder_step(coder)) {
        return;
    }
    if (!coder_reads(coder)) {
        write_string(coder, field, text, strnlen(text, text_bytes - 1));
    } else if (read_value(coder, field, &object) &&
               check_string(coder, field, &object, text_bytes - 1)) {
        memset(text, 0, text_bytes);
        if (object.via.str.size > 0) {
            memcpy(text, object.via.str.ptr, object.via.str.size);
        }
    }
}

void code_string(struct coder *coder, const char *field, char **text, bool optional)
{
    msgpack_object object;

    if (!coder_step(coder)) {
        return;
    }
    if (!coder_reads(coder)) {
        if (*text != NULL) {
            write_string(coder, field, *text, strlen(*text));
        } else {
            msgpack_packer packer = packer_of(coder);

            ASSERT(optional);
            (void)msgpack_pack_nil(&packer);
        }
        return;
    }
    if (!read_value(coder, field, &object) || (optional && object.type == MSGPACK_OBJECT_NIL) ||
        !check_string(coder, field, &object, CODER_STRING_BYTES_MAX)) {
        return;
    }
    *text = object.via.str.size > 0 ? strndup(object.via.str.ptr, object.via.str.size) : strdup("");
    if (*text == NULL) {
        coder_fail(coder, -ENOMEM, field, "does not fit into memory");
    }
}

void coder_bytes(struct coder *coder, const char *field, const void **bytes, size_t *bytes_count)
{
    msgpack_object object;

    if (!coder_reads(coder)) {
        msgpack_packer packer = packer_of(coder);

        if (*bytes == NULL) {
            (void)msgpack_pack_nil(&packer);
        } else {
            (void)msgpack_pack_bin(&packer, *bytes_count);
            (void)msgpack_pack_bin_body(&packer, *bytes, *bytes_count);
        }
    } else if (!read_value(coder, field, &object)) {
        return;
    } else if (object.type == MSGPACK_OBJECT_BIN) {
        *bytes = object.via.bin.size > 0 ? object.via.bin.ptr : ""; /* NULL is for nil. */
        *bytes_count = object.via.bin.size;
    } else if (object.type == MSGPACK_OBJECT_NIL) {
        *bytes = NULL;
        *bytes_count = 0;
    } else {
        coder_bad(coder, field, "is not of its type");
    }
}

void code_bytes(struct coder *coder, const char *field, uint8_t *bytes, size_t bytes_count)
{
    const void *at = bytes;
    size_t count = bytes_count;

    if (!coder_step(coder)) {
        return;
    }
    coder_bytes(coder, field, &at, &count);
    if (coder->failure == 0 && (at == NULL || count != bytes_count)) {
        coder_bad(coder, field, "has not its number of bytes");
    } else if (coder->failure == 0 && coder_reads(coder)) {
        memcpy(bytes, at, bytes_count);
    }
}
