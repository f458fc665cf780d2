#include "sections_inner.h"

/* In the order in which a reader asks: what came out, what happened, how late, what is the answer
 * to the question, was all delivered, who was slow, what went down, is the measurement reliable,
 * what follows, how to repeat it. */
static void (*const sections[])(const struct result *result, struct document *doc) = {
    section_headline, section_timeline, section_heat,    section_latency,
    section_search,   section_compared, section_sweep,   section_noise,
    section_audit,    section_parties,  section_outages, section_check,
    section_agents,   section_insights, section_phases,  section_repeat,
};

void sections_build(const struct result *result, struct document *doc)
{
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        sections[i](result, doc);
    }
}
