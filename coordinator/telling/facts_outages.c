#include "facts.h"

#define NOTICES_MAX 3

static const struct result_outage *first_of_client(const struct result_trial *trial,
                                                   uint64_t *count)
{
    const struct result_outage *first = NULL;

    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *outage = &trial->outages[i];

        if (outage->kind == OUTAGE_CLIENT) {
            first = first == NULL ? outage : first;
            (*count)++;
        }
    }
    *count += trial->outages_untold;
    return first;
}

static void add_notices(const struct result_case *of, const struct result_trial *trial,
                        struct text *out)
{
    char times[FACTS_TEXT_BYTES];
    char first[FACTS_TEXT_BYTES];

    for (uint32_t i = 0; i < trial->notices_count && i < NOTICES_MAX; i++) {
        const struct notice_delta *notice = &trial->notices[i];

        text_addf(out, "%s%s said %s times, first at %s: %s", out->bytes_count > 0 ? "; " : "",
                  of->name, facts_count(notice->count, times),
                  facts_offset(notice->first_ns, first), notice->text);
    }
}

void facts_outages(const struct result_case *of, struct text *out)
{
    const struct result_outage *first = NULL;
    const struct result_trial *said = NULL;
    uint64_t count = 0;
    char times[FACTS_TEXT_BYTES];

    for (uint32_t i = 0; i < of->trials_count; i++) {
        const struct result_outage *one = first_of_client(&of->trials[i], &count);

        first = first == NULL ? one : first;
        said = said == NULL && of->trials[i].notices_count > 0 ? &of->trials[i] : said;
    }
    if (first != NULL) {
        text_addf(out, "%s: %s connections of single clients were lost, the first of %s: %s",
                  of->name, facts_count(count, times), first->client, first->text);
    }
    if (said != NULL) {
        add_notices(of, said, out);
    }
}
