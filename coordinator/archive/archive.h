/*
 * archive: the journal on disk.
 *
 * run.bson is a sequence of BSON documents, one per journal entry: {kind: "snapshot", at_unix_ns,
 * ...} with names as in result.json, enums by their names, histograms as {count, min_ns, max_ns,
 * packed} with the bytes of hist_pack(). What a snapshot has of many streams and clients stands in
 * binary tables (fields.h has their form). Each document is whole or not counted, and under 16 MiB:
 * bounds.h leaves no entry that is longer. Any BSON tool reads it. Flushed to disk once a second by
 * the caller's archive_sync(). Reading trusts nothing, stops at the first incomplete document and
 * says so.
 *
 * Text that is no UTF-8 (BSON has no other) is stored with '?' for its stray bytes. libbson ends
 * the program when it can't get memory.
 */
#ifndef MILLRACE_ARCHIVE_H
#define MILLRACE_ARCHIVE_H

#include "journal_entry.h"
#include "text.h"

struct archive_writer;
struct archive_reader;

#define ARCHIVE_JOURNAL_NAME "run.bson"

/* Makes folder/run.bson; -EEXIST when the folder holds a run already; the file is locked (flock)
 * while it is written, so that two runs can't share a folder. Errors name the path: -ENOSPC,
 * -EACCES, ... */
int archive_writer_new(const char *folder, struct archive_writer **ret, struct errinfo *reterr);

/* Takes over the journal of a run that has ended, or was ended, to go on with it. -ENOENT: there is
 * none; -EBUSY: the run still goes on (the file is locked). */
int archive_writer_reopen(const char *folder, struct archive_writer **ret, struct errinfo *reterr);

/* Takes what stands beyond whole_bytes out of a journal that was taken over. It is kept beside it,
 * as run.cut-N.bson, on the disk before it is gone from here: whenever that is broken off, nothing
 * is lost. Blocks for the disk. */
int archive_writer_cut(struct archive_writer *writer, uint64_t whole_bytes, struct errinfo *reterr);

/* Appends one entry, which it borrows. -ENOSPC and other errors of the disk leave the journal cut
 * after its last whole document; -EMSGSIZE for an entry that is longer than a document may be. */
int archive_append(struct archive_writer *writer, const struct journal_entry *entry,
                   struct errinfo *reterr);

/* An entry as a document, for who writes it later or on another thread; the caller frees *ret.
 * -EMSGSIZE: it is longer than a document may be. */
int archive_encode(const struct journal_entry *entry, uint8_t **ret, uint32_t *ret_bytes,
                   struct errinfo *reterr);

/* The entry of such a document; the caller owns it (journal_entry_done). -EBADMSG, -ENOMEM. */
int archive_decode(const uint8_t *document, uint32_t document_bytes, struct journal_entry *ret,
                   struct errinfo *reterr);

/* As archive_append(). */
int archive_append_document(struct archive_writer *writer, const uint8_t *document,
                            uint32_t document_bytes, struct errinfo *reterr);

/* -ESTALE: the journal was deleted or moved away; nobody would read what is written from now on. */
int archive_sync(struct archive_writer *writer, struct errinfo *reterr);
int archive_writer_close(struct archive_writer *writer,
                         struct errinfo *reterr); /* NULL is allowed. */

int archive_reader_new(const char *folder, struct archive_reader **ret, struct errinfo *reterr);
void archive_reader_free(struct archive_reader *reader);

/* Next entry: 1 and the caller owns it (journal_entry_done); 0 at the end; -EBADMSG for a damaged
 * document. A last document that was cut off is the end; archive_reader_was_cut() tells. */
int archive_next(struct archive_reader *reader, struct journal_entry *ret, struct errinfo *reterr);
/* A trial whose snapshots may follow, each with so many lines of streams, ranges and readings at
 * most: the longest of all trials counts. Without it they may be as long as any trial's. */
void archive_reader_allow(struct archive_reader *reader, const struct snapshot_limits *limits);

/* Bytes of the journal up to the end of the last entry that was read. */
uint64_t archive_reader_bytes(const struct archive_reader *reader);

bool archive_reader_was_cut(const struct archive_reader *reader);

/* What the journal does not have because it is older than this version, of what was read so far:
 * "health.trace_records, result_mark.from_ns"; adds nothing if it has everything. */
void archive_reader_lacks(const struct archive_reader *reader, struct text *out);

/* result.json (json.h): integers beyond 2^53 as text, no NaN; absent figures are absent. The caller
 * frees *ret. */
int archive_result_json(const struct result *result, char **ret, struct errinfo *reterr);

/* One JSON object per line and interval of all trials. */
int archive_intervals_jsonl(const struct result *result, struct text *out, struct errinfo *reterr);

#endif
