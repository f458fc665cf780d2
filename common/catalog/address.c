#include "address.h"

#include <errno.h>
#include <string.h>

#define SCHEME_MARK "://"
#define ADDRESS_SHOWN "%.128s"

/* What is wrong, beside the form. The address holds no password here. */
static int refuse(const struct catalog_entry *entry, const char *text, const char *why,
                  struct errinfo *reterr)
{
    return errinfo_set(reterr, -EINVAL,
                       "\"" ADDRESS_SHOWN "\" is not an address of the form %s%s%s", text,
                       entry->address_form, why[0] == '\0' ? "" : ": ", why);
}

/* What follows the scheme; NULL if the address has another one. "amqp" also stands for "amqps",
 * "mqtt" for "mqtts". */
static const char *after_scheme(const char *form, const char *text, bool *tls)
{
    const char *scheme_end = strstr(form, SCHEME_MARK);
    size_t scheme_bytes = scheme_end != NULL ? (size_t)(scheme_end - form) : 0;

    *tls = false;
    if (scheme_end == NULL) {
        return strstr(text, SCHEME_MARK) == NULL ? text : NULL;
    }
    if (strncmp(text, form, scheme_bytes) != 0) {
        return NULL;
    }
    text += scheme_bytes;
    *tls = *text == 's';
    text += *tls ? 1 : 0;
    return strncmp(text, SCHEME_MARK, strlen(SCHEME_MARK)) == 0 ? text + strlen(SCHEME_MARK) : NULL;
}

/* Hexadecimal digits, colons and dots with two colons at least, as in ::1 and fe80::1%eth0. */
static bool is_ipv6(const char *text, size_t bytes)
{
    const char *zone = memchr(text, '%', bytes);
    size_t address_bytes = zone == NULL ? bytes : (size_t)(zone - text);
    uint32_t colons = 0;

    for (size_t i = 0; i < address_bytes; i++) {
        if (strchr("0123456789abcdefABCDEF:.", text[i]) == NULL) {
            return false;
        }
        colons += text[i] == ':' ? 1 : 0;
    }
    return colons >= 2 && colons <= 7 && (zone == NULL || address_bytes + 1 < bytes);
}

/* The end of the host within text; NULL with the reason. */
static const char *host_end(const char *text, size_t bytes, const char **why)
{
    const char *colon = memchr(text, ':', bytes);

    if (bytes == 0 || strcspn(text, " \t,;?#\\@") < bytes) {
        return NULL;
    }
    if (text[0] == '[') {
        const char *bracket = memchr(text, ']', bytes);

        if (bracket == NULL || !is_ipv6(text + 1, (size_t)(bracket - text) - 1)) {
            *why = "an IPv6 address stands between [ and ], as in [::1]";
            return NULL;
        }
        return bracket + 1;
    }
    if (colon != NULL && memchr(colon + 1, ':', bytes - (size_t)(colon + 1 - text)) != NULL) {
        *why = "an IPv6 address stands between [ and ], as in [::1]";
        return NULL;
    }
    return memchr(text, ']', bytes) != NULL ? NULL : colon != NULL ? colon : text + bytes;
}

/* The whole of text as a port from 1 to 65535; 0 if it is none. */
static uint16_t parse_port(const char *text, size_t bytes)
{
    uint32_t port = 0;

    if (bytes > 5) {
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static bool parse_host_port(const char *text, size_t bytes, bool port_needed, struct address *ret,
                            const char **why)
{
    const char *end = host_end(text, bytes, why);
    const char *host = text;
    size_t host_bytes;

    if (end == NULL) {
        return false;
    }
    host_bytes = (size_t)(end - text);
    if (host[0] == '[') {
        host++;
        host_bytes -= 2;
    }
    if (host_bytes == 0 || host_bytes >= sizeof ret->host) {
        return false;
    }
    memcpy(ret->host, host, host_bytes);
    ret->host[host_bytes] = '\0';
    if (end == text + bytes) {
        return !port_needed;
    }
    ret->port = *end == ':' ? parse_port(end + 1, (size_t)(text + bytes - end) - 1) : 0;
    return ret->port != 0;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

    return at == NULL ? -1 : (int)(at - digits);
}

/* Decodes %2f and its like. Bytes beyond ASCII may stand for themselves. */
static bool parse_path(const char *text, struct address *ret, const char **why)
{
    size_t used = 0;

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '/') {
            *why = "within the virtual host / is written %2f";
            return false;
        }
        if (byte == '?' || byte == '#') {
            *why = "options stand under the target's options: (a ? of the virtual host is written "
                   "%3f, a # is %23)";
            return false;
        }
        if (byte == '%') {
            int high = hex_digit(text[1]);
            int low = high < 0 ? -1 : hex_digit(text[2]);

            if (low < 0 || (high == 0 && low == 0)) {
                *why = "after % stand two hexadecimal digits, as in %2f";
                return false;
            }
            byte = (unsigned char)(high * 16 + low);
            text += 2;
        } else if (byte <= ' ' || byte == 0x7f) {
            *why = "a space of the virtual host is written %20";
            return false;
        }
        if (used + 1 >= sizeof ret->path) {
            *why = "the virtual host is longer than 255 bytes";
            return false;
        }
        ret->path[used++] = (char)byte;
    }
    ret->path[used] = '\0';
    return true;
}

int address_parse(const struct catalog_entry *entry, const char *text, struct address *ret,
                  struct errinfo *reterr)
{
    struct address parsed = {.port = 0};
    const char *why = "";
    bool tls = false;
    const char *form_rest = after_scheme(entry->address_form, entry->address_form, &tls);
    bool port_needed = strstr(entry->address_form, SCHEME_MARK) == NULL;
    const char *rest = after_scheme(entry->address_form, text, &parsed.tls);
    size_t host_bytes = rest != NULL ? strcspn(rest, "/") : 0;
    bool has_path = rest != NULL && rest[host_bytes] == '/';

    if (rest == NULL || (has_path && strchr(form_rest, '/') == NULL) ||
        !parse_host_port(rest, host_bytes, port_needed, &parsed, &why) ||
        (has_path && !parse_path(rest + host_bytes + 1, &parsed, &why))) {
        return refuse(entry, text, why, reterr);
    }
    *ret = parsed;
    return 0;
}
