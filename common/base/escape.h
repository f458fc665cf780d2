/*
 * escape: foreign text (labels, broker errors, scenario files) made harmless for the language it is
 * put into. Each appends to out. Bytes that are not UTF-8 become U+FFFD, so that every document is
 * valid whatever a broker answered. Pure.
 */
#ifndef MILLRACE_ESCAPE_H
#define MILLRACE_ESCAPE_H

#include "text.h"

/* Element content and quoted attributes of HTML and XML. Control characters that XML 1.0 can't hold
 * become U+FFFD too. */
void escape_markup(const char *from, struct text *out);

/* A JSON string with its quotes; also safe inside <script>: `<` is written as an escape. */
void escape_json(const char *from, struct text *out);

/* Inline Markdown: nothing in it is taken for markup, a link or a table's border; one line. */
void escape_markdown(const char *from, struct text *out);

/* A field of RFC 4180, quoted where it has to be. */
void escape_csv(const char *from, struct text *out);

/* A word without spaces, commas and slashes, as tags of .hlog have to be. */
void escape_tag(const char *from, struct text *out);

#endif
