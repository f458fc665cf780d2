#include "sections_inner.h"

struct term {
    const char *term;
    const char *meaning;
};

/* Of words that the report uses and that not every reader knows, or knows otherwise. */
static const struct term terms[] = {
    {"target rate", "Messages per second that the scenario asks for."},
    {"scheduled",
     "The moment at which a message is due by the target rate. Response times begin there."},
    {"sent", "Handed to the client library or written to the broker."},
    {"confirmed", "The broker has acknowledged the message to its producer."},
    {"received", "A consumer has got the message, and its content is what was sent."},
    {"end to end (e2e)", "From the scheduled moment until a consumer has the message."},
    {"publish", "From the scheduled moment until the broker's confirmation."},
    {"response and service time",
     "Response time begins when a message is due, service time when it is really sent. The "
     "difference is waiting in the load generator or for the broker."},
    {"p50, p99", "Half of all messages, or 99 of 100, were at least as fast."},
    {"coordinated omission",
     "The error of timing only from the send: while a broker stalls, nothing is sent, and the "
     "stall is counted once."},
    {"case", "One target with one setting. What is compared are cases."},
    {"trial", "One repetition of a case. Statistics count trials, not messages."},
    {"phase", "A part of a trial with a load of its own. Phases named as warm-up are not judged."},
    {"flow", "Producers and consumers of one kind within a scenario."},
    {"lost", "Confirmed to the producer, and never received by a subscription that was to get it."},
    {"unconfirmed", "Sent, and neither confirmed nor refused until the end."},
    {"unaccounted", "Of an agent that was lost before it could report what became of it."},
    {"backlog", "Confirmed and not yet received."},
    {"attained", "The part of the scheduled messages that was sent in time."},
    {"self-check", "Signals of whether the load generator itself was the bottleneck."},
    {"resolution",
     "Latencies may be too long by this much, because the agent looks for messages at "
     "intervals."},
    {"clock bound", "The clocks of two hosts may differ by at most this much."},
};

void section_glossary(struct document *doc)
{
    static const struct doc_column columns[] = {
        {"term", NULL, DOC_LEFT},
        {"meaning", NULL, DOC_LEFT},
    };

    doc_table(doc, "Glossary", columns, sizeof columns / sizeof columns[0]);
    doc_fold(doc); /* A pull request has no room for it. */
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        doc_cell(doc, DOC_PLAIN, "%s", terms[i].term);
        doc_cell(doc, DOC_PLAIN, "%s", terms[i].meaning);
    }
}
