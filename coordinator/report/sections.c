#include "sections.h"

/* In the order in which a reader asks: what came out, what is the answer to the question, what
 * happened, how late, was all delivered, who was slow, can I believe it, what follows, how to
 * repeat it. */
static void (*const sections[])(const struct result *result, struct document *doc) = {
    section_headline, section_noise,    section_search,  section_compared, section_sweep,
    section_insights, section_timeline, section_latency, section_audit,    section_parties,
    section_outages,  section_check,    section_agents,  section_phases,   section_repeat,
};

void sections_build(const struct result *result, struct document *doc)
{
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        sections[i](result, doc);
    }
}
