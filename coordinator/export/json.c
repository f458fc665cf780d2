/* json: result.json and intervals.jsonl. The archive knows their form: they are its closing
 * document and its rows. */
#include "archive.h"
#include "formats_inner.h"

#include <stdlib.h>

int json_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    char *json = NULL;
    int r = archive_result_json(result, &json, reterr);

    if (r < 0) {
        return r;
    }
    text_add(out, json);
    free(json);
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}

int intervals_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    int r = archive_intervals_jsonl(result, out, reterr);

    if (r < 0) {
        return r;
    }
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}
