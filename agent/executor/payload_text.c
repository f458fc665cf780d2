#include "payload_text_inner.h"

#include "invariant.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 80
#define RECORD_BYTES_MAX 192
#define NOTE_BYTES_MIN 11 /* {"note":""} */

static const char *const words[] = {
    "account", "after",  "amount", "arrive",  "before", "bridge",  "broker",  "button", "carry",
    "city",    "client", "close",  "cloud",   "copper", "corner",  "count",   "delay",  "deliver",
    "device",  "door",   "early",  "eight",   "engine", "every",   "failed",  "field",  "first",
    "flow",    "forest", "from",   "garden",  "glass",  "green",   "harbour", "house",  "image",
    "index",   "into",   "key",    "later",   "letter", "light",   "little",  "long",   "market",
    "message", "metal",  "minute", "morning", "nine",   "north",   "number",  "of",     "offer",
    "old",     "open",   "order",  "paper",   "park",   "payment", "people",  "place",  "plan",
    "point",   "queue",  "quick",  "quiet",   "rain",   "rate",    "ready",   "record", "red",
    "river",   "road",   "salt",   "second",  "seven",  "ship",    "silver",  "sound",  "south",
    "station", "steady", "stone",  "street",  "summer", "table",   "the",     "time",   "to",
    "town",    "train",  "under",  "user",    "value",  "wait",    "water",   "winter", "with",
    "yellow"};

static const char *word(struct random *random)
{
    return words[random_next(random) % (sizeof words / sizeof words[0])];
}

/* Words with spaces between, or line_end every LINE_BYTES; the last one may be cut. */
static void fill_words(char *text, size_t bytes, char line_end, struct random *random)
{
    size_t at = 0;
    size_t line = 0;

    while (at < bytes) {
        const char *next = word(random);
        size_t next_bytes = strlen(next);
        size_t part = next_bytes < bytes - at ? next_bytes : bytes - at;

        memcpy(text + at, next, part);
        at += part;
        line += part + 1;
        if (at < bytes) {
            text[at++] = line >= LINE_BYTES ? line_end : ' ';
            line = line >= LINE_BYTES ? 0 : line;
        }
    }
}

void payload_fill_text(char *text, size_t bytes, struct random *random)
{
    fill_words(text, bytes, '\n', random);
}

/* Returns its length. */
static size_t write_record(char *record, struct random *random)
{
    unsigned id = 10000000 + (unsigned)(random_next(random) % 90000000);
    unsigned cents = (unsigned)(random_next(random) % 1000000);
    bool active = random_next(random) % 2 == 0;
    int length = snprintf(record, RECORD_BYTES_MAX,
                          "{\"id\":%u,\"user\":\"%s-%s\",\"amount\":%u.%02u,\"active\":%s,"
                          "\"tags\":[\"%s\",\"%s\"]}",
                          id, word(random), word(random), cents / 100, cents % 100,
                          active ? "true" : "false", word(random), word(random));

    ASSERT(length > 0 && length < RECORD_BYTES_MAX);
    return (size_t)length;
}

/* The last record has what is left to say. */
static void write_note(char *text, size_t bytes, struct random *random)
{
    static const char head[] = "{\"note\":\"";
    size_t head_bytes = sizeof head - 1;

    memcpy(text, head, head_bytes);
    fill_words(text + head_bytes, bytes - head_bytes - 2, ' ', random);
    text[bytes - 2] = '"';
    text[bytes - 1] = '}';
}

void payload_fill_json(char *text, size_t bytes, struct random *random)
{
    char record[RECORD_BYTES_MAX];
    size_t at = 1;

    if (bytes < NOTE_BYTES_MIN + 2) {
        memset(text, ' ', bytes);
        if (bytes == 1) {
            text[0] = '0';
        } else if (bytes > 1) {
            text[0] = '{';
            text[bytes - 1] = '}';
        }
        return;
    }
    text[0] = '[';
    for (;;) {
        size_t record_bytes = write_record(record, random);

        /* A comma, the note and the bracket must still fit. */
        if (at + record_bytes + 1 + NOTE_BYTES_MIN + 1 > bytes) {
            break;
        }
        memcpy(text + at, record, record_bytes);
        at += record_bytes;
        text[at++] = ',';
    }
    write_note(text + at, bytes - 1 - at, random);
    text[bytes - 1] = ']';
}
