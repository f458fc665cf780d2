#include "findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Appends to the list whose address is given. */
static int append(void *list, uint32_t *count, const void *from, uint32_t more,
                  size_t element_bytes)
{
    void **address = list;
    char *grown = realloc(*address, ((size_t)*count + more + 1) * element_bytes);

    if (grown == NULL) {
        return -ENOMEM;
    }
    if (more > 0) {
        memcpy(grown + *count * element_bytes, from, more * element_bytes);
    }
    *address = grown;
    *count += more;
    return 0;
}

int findings_append(struct findings *to, const struct findings *from, struct errinfo *reterr)
{
    struct findings added = *from; /* Its lists are read only. */
    bool done = true;

    for (uint32_t i = 0; done && i < findings_record.fields_count; i++) {
        const struct field *list = &findings_record.fields[i];
        uint32_t count = 0;
        const void *rows = field_structs(list, &added, &count);

        done =
            append(field_at(list, to), field_count_at(list, to), rows, count, list->of->bytes) == 0;
    }
    return done ? 0 : errinfo_nomem(reterr);
}

int findings_copy(const struct findings *from, struct findings *to, struct errinfo *reterr)
{
    struct findings copy = {0};
    int r = findings_append(&copy, from, reterr);

    findings_done(to);
    if (r < 0) {
        findings_done(&copy);
        return r;
    }
    *to = copy;
    return 0;
}

void findings_done(struct findings *findings)
{
    record_done(&findings_record, findings);
}
