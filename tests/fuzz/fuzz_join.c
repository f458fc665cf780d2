/* Join files: the bytes as a line, and as the document of a line whose check is right. What is
 * taken is written as it was; what is refused changes nothing. */
#include "fuzz_target.h"
#include "invariant.h"
#include "join_file.h"
#include "join_line_inner.h"

#include <string.h>

static void check_taken(const struct join_file *join)
{
    struct text line = {.secret = true};
    struct join_file again = {0};

    ASSERT(join_file_write(join, &line) == 0);
    ASSERT(join_file_parse(line.bytes, line.bytes_count, &again, NULL) == 0);
    ASSERT(strcmp(again.name, join->name) == 0 && again.fleet == join->fleet);
    ASSERT(memcmp(again.secret, join->secret, sizeof again.secret) == 0);
    ASSERT(again.addresses_count == join->addresses_count);
    join_file_done(&again);
    text_done(&line);
}

static void give_line(const char *line, size_t line_bytes)
{
    static const struct join_file untouched = {.addresses_count = 7};
    struct join_file join = untouched;
    struct errinfo error = {""};
    int r = join_file_parse(line, line_bytes, &join, &error);

    ASSERT(r <= 0 && (r == 0 || error.text[0] != '\0'));
    if (r == 0) {
        check_taken(&join);
        join_file_done(&join);
    } else {
        ASSERT(memcmp(&join, &untouched, sizeof join) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count)
{
    struct text line = {.secret = true};

    give_line((const char *)bytes, bytes_count);
    ASSERT(join_line_write(bytes, bytes_count, &line) == 0);
    give_line(line.bytes, line.bytes_count);
    text_done(&line);
    return 0;
}
