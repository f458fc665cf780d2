/* coalesce_sum: one report of several. */
#include "coalesce.h"

#include "error_counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A line of one of the reports, by what it is of. */
struct item {
    uint64_t key;
    uint32_t order; /* In which it came. */
    const void *line;
};

/* Lines of all reports together, those with the same key side by side, in their order. */
struct items {
    struct item *list;
    uint32_t count;
};

static int compare_items(const void *a, const void *b)
{
    const struct item *left = a;
    const struct item *right = b;

    if (left->key != right->key) {
        return left->key < right->key ? -1 : 1;
    }
    return left->order < right->order ? -1 : 1;
}

/* What is merged by key: where a report has its lines, and how one is taken. */
struct lines_kind {
    const void *(*lines)(const struct snapshot *part, uint32_t *ret_count);
    uint64_t (*key)(const void *line);
    int (*take)(void *into, const void *line); /* The first one of a key into zeros. 0, -ENOMEM. */
    size_t bytes;
};

static int items_of(struct snapshot *const *parts, uint32_t parts_count,
                    const struct lines_kind *kind, struct items *ret)
{
    uint32_t all = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < parts_count; i++) {
        (void)kind->lines(parts[i], &count);
        all += count;
    }
    ret->list = calloc((size_t)all + 1, sizeof *ret->list);
    if (ret->list == NULL) {
        return -ENOMEM;
    }
    ret->count = 0;
    for (uint32_t i = 0; i < parts_count; i++) {
        const char *lines = kind->lines(parts[i], &count);

        for (uint32_t k = 0; k < count; k++) {
            const void *line = lines + k * kind->bytes;

            ret->list[ret->count] =
                (struct item){.key = kind->key(line), .order = ret->count, .line = line};
            ret->count++;
        }
    }
    qsort(ret->list, ret->count, sizeof *ret->list, compare_items);
    return 0;
}

/* *ret_lines and *ret_count are those of the sum, which frees them, also after a failure. */
static int merge(struct snapshot *const *parts, uint32_t parts_count, const struct lines_kind *kind,
                 void **ret_lines, uint32_t *ret_count)
{
    struct items items = {.list = NULL};
    char *lines;
    uint32_t count = 0;
    int r = items_of(parts, parts_count, kind, &items);

    if (r < 0 || items.count == 0) {
        free(items.list);
        return r;
    }
    lines = calloc(items.count, kind->bytes);
    if (lines == NULL) {
        free(items.list);
        return -ENOMEM;
    }
    for (uint32_t i = 0; r == 0 && i < items.count; i++) {
        count += i == 0 || items.list[i].key != items.list[i - 1].key ? 1 : 0;
        r = kind->take(lines + (count - 1) * kind->bytes, items.list[i].line);
    }
    free(items.list);
    *ret_lines = lines;
    *ret_count = count;
    return r;
}

static int add_runs(struct seqruns *into, const struct seqruns *from)
{
    for (uint32_t i = 0; i < from->runs_count; i++) {
        if (seqruns_add(into, from->runs[i].first, from->runs[i].last) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

static const void *streams_of(const struct snapshot *part, uint32_t *ret_count)
{
    *ret_count = part->streams_count;
    return part->streams;
}

static uint64_t stream_key(const void *line)
{
    return ((const struct stream_delta *)line)->stream;
}

static int take_stream(void *into, const void *line)
{
    struct stream_delta *to = into;
    const struct stream_delta *from = line;

    to->stream = from->stream;
    return add_runs(&to->acked, &from->acked) < 0 || add_runs(&to->refused, &from->refused) < 0 ||
                   add_runs(&to->unconfirmed, &from->unconfirmed) < 0
               ? -ENOMEM
               : 0;
}

static const void *ranges_of(const struct snapshot *part, uint32_t *ret_count)
{
    *ret_count = part->ranges_count;
    return part->ranges;
}

static uint64_t range_key(const void *line)
{
    const struct stream_range *range = line;

    return (uint64_t)range->stream << 32 | range->phase;
}

/* They are cumulative: the last one has it all. */
static int take_range(void *into, const void *line)
{
    *(struct stream_range *)into = *(const struct stream_range *)line;
    return 0;
}

static const void *readings_of(const struct snapshot *part, uint32_t *ret_count)
{
    *ret_count = part->readings_count;
    return part->readings;
}

static uint64_t reading_key(const void *line)
{
    const struct reading_delta *reading = line;

    return (uint64_t)reading->stream << 32 | reading->subscription;
}

static int take_reading(void *into, const void *line)
{
    struct reading_delta *to = into;
    const struct reading_delta *from = line;

    to->stream = from->stream;
    to->subscription = from->subscription;
    return add_runs(&to->seen, &from->seen) < 0 || add_runs(&to->again, &from->again) < 0 ||
                   add_runs(&to->out_of_order, &from->out_of_order) < 0
               ? -ENOMEM
               : 0;
}

static const void *clients_of(const struct snapshot *part, uint32_t *ret_count)
{
    *ret_count = part->clients_count;
    return part->clients;
}

static uint64_t client_key(const void *line)
{
    return ((const struct client_delta *)line)->client;
}

static int take_client(void *into, const void *line)
{
    struct client_delta *to = into;
    const struct client_delta *from = line;

    to->client = from->client;
    to->messages += from->messages;
    to->bytes += from->bytes;
    to->latency_ns_sum += from->latency_ns_sum;
    to->latency_samples += from->latency_samples;
    to->latency_ns_max =
        from->latency_ns_max > to->latency_ns_max ? from->latency_ns_max : to->latency_ns_max;
    return 0;
}

static int merge_lists(struct snapshot *const *parts, uint32_t parts_count, struct snapshot *sum)
{
    static const struct lines_kind streams = {streams_of, stream_key, take_stream,
                                              sizeof(struct stream_delta)};
    static const struct lines_kind ranges = {ranges_of, range_key, take_range,
                                             sizeof(struct stream_range)};
    static const struct lines_kind readings = {readings_of, reading_key, take_reading,
                                               sizeof(struct reading_delta)};
    static const struct lines_kind clients = {clients_of, client_key, take_client,
                                              sizeof(struct client_delta)};
    void *lines[4] = {NULL};
    int r = merge(parts, parts_count, &streams, &lines[0], &sum->streams_count);

    r = r < 0 ? r : merge(parts, parts_count, &ranges, &lines[1], &sum->ranges_count);
    r = r < 0 ? r : merge(parts, parts_count, &readings, &lines[2], &sum->readings_count);
    r = r < 0 ? r : merge(parts, parts_count, &clients, &lines[3], &sum->clients_count);
    sum->streams = lines[0];
    sum->ranges = lines[1];
    sum->readings = lines[2];
    sum->clients = lines[3];
    return r;
}

static const void *rows_of(const struct snapshot *part, uint32_t *ret_count)
{
    *ret_count = part->rows_count;
    return part->rows;
}

static uint64_t row_key(const void *line)
{
    const struct snapshot_row *row = line;

    return (uint64_t)row->flow << 32 | row->phase;
}

/* One series of lines with the same key. */
static int sum_series(const struct item *items, uint32_t count, int series, struct hist *hist,
                      struct hist_packed *ret)
{
    int r = 0;

    hist_reset(hist);
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        const struct snapshot_row *row = items[i].line;

        r = hist_add_packed(hist, &row->series[series], NULL);
    }
    return r < 0 || hist_count(hist) == 0 ? r : hist_packed_of(hist, ret, NULL);
}

static int sum_row(const struct item *items, uint32_t count, struct hist *hist,
                   struct snapshot_row *ret)
{
    const struct snapshot_row *first = items[0].line;
    int r = 0;

    ret->flow = first->flow;
    ret->phase = first->phase;
    for (uint32_t i = 0; i < count; i++) {
        counters_add(&ret->counters, &((const struct snapshot_row *)items[i].line)->counters);
    }
    for (int series = 0; r == 0 && series < SERIES_COUNT; series++) {
        r = sum_series(items, count, series, hist, &ret->series[series]);
    }
    return r;
}

static int merge_rows(struct snapshot *const *parts, uint32_t parts_count, struct snapshot *sum)
{
    static const struct lines_kind rows = {rows_of, row_key, NULL, sizeof(struct snapshot_row)};
    struct items items = {.list = NULL};
    struct hist *hist = NULL;
    int r = items_of(parts, parts_count, &rows, &items);

    if (r == 0) {
        sum->rows = calloc((size_t)items.count + 1, sizeof *sum->rows);
        r = sum->rows == NULL ? -ENOMEM : hist_new(&hist, NULL);
    }
    for (uint32_t i = 0; r == 0 && i < items.count;) {
        uint32_t end = i + 1;

        while (end < items.count && items.list[end].key == items.list[i].key) {
            end++;
        }
        r = sum_row(&items.list[i], end - i, hist, &sum->rows[sum->rows_count++]);
        i = end;
    }
    hist_free(hist);
    free(items.list);
    return r;
}

static int merge_errors(struct snapshot *const *parts, uint32_t parts_count, struct snapshot *sum)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < parts_count; i++) {
        count += parts[i]->errors_count;
    }
    if (count == 0) {
        return 0;
    }
    count = count > ERROR_DELTAS_MAX ? ERROR_DELTAS_MAX : count + 1;
    sum->errors = calloc(count, sizeof *sum->errors);
    if (sum->errors == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < parts_count; i++) {
        for (uint32_t k = 0; k < parts[i]->errors_count; k++) {
            (void)error_counts_add(sum->errors, &sum->errors_count, count, parts[i]->errors[k].text,
                                   parts[i]->errors[k].count);
        }
    }
    return 0;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Of a figure that is not known everywhere: what is known. */
static int64_t known_sum(int64_t a, int64_t b)
{
    return a == STRAIN_UNKNOWN ? b : b == STRAIN_UNKNOWN ? a : a + b;
}

void coalesce_add_strain(struct strain *sum, const struct strain *from)
{
    sum->load_cpu_ns += from->load_cpu_ns;
    sum->library_cpu_ns += from->library_cpu_ns;
    sum->load_wait_ns = known_sum(sum->load_wait_ns, from->load_wait_ns);
    sum->ticker_late_ns = larger(sum->ticker_late_ns, from->ticker_late_ns);
    sum->steal_ns = known_sum(sum->steal_ns, from->steal_ns);
    sum->throttled_ns = known_sum(sum->throttled_ns, from->throttled_ns);
    sum->recorder_full_ns += from->recorder_full_ns;
    sum->own_lag_p99_ns = larger(sum->own_lag_p99_ns, from->own_lag_p99_ns);
    sum->driver_ns_max = larger(sum->driver_ns_max, from->driver_ns_max);
}

/* The first part of a second has it. What is a state is that of the last one. */
static void add_health(struct health *sum, const struct health *from)
{
    struct health last = *from;

    if (sum->rss_bytes == 0) {
        *sum = *from;
        return;
    }
    last.rss_bytes = from->rss_bytes > sum->rss_bytes ? from->rss_bytes : sum->rss_bytes;
    last.reconnects += sum->reconnects;
    last.blocked_ns += sum->blocked_ns;
    last.losses_untold += sum->losses_untold;
    last.strain = sum->strain;
    coalesce_add_strain(&last.strain, &from->strain);
    if (sum->signs.answered_first_ns != 0) {
        last.signs.answered_first_ns = sum->signs.answered_first_ns;
    }
    last.signs.answered_last_ns = larger(last.signs.answered_last_ns, sum->signs.answered_last_ns);
    last.signs.handed_ns = larger(last.signs.handed_ns, sum->signs.handed_ns);
    *sum = last;
}

int coalesce_sum(struct snapshot *const *parts, uint32_t parts_count, struct snapshot **ret,
                 struct errinfo *reterr)
{
    const struct snapshot *first = parts[0];
    const struct snapshot *last = parts[parts_count - 1];
    struct snapshot *sum = calloc(1, sizeof *sum);
    int r;

    if (sum == NULL) {
        return errinfo_nomem(reterr);
    }
    sum->trial = first->trial;
    sum->agent = first->agent;
    sum->sequence = first->sequence;
    sum->parts_more = parts_count - 1;
    sum->interval = first->interval;
    sum->seconds_more = last->interval - first->interval;
    sum->last_part = last->last_part;
    sum->final = last->final;
    sum->from_ns = first->from_ns;
    sum->until_ns = last->until_ns;
    for (uint32_t i = 0; i < parts_count; i++) {
        if (parts[i]->health.rss_bytes > 0) {
            add_health(&sum->health, &parts[i]->health);
        }
    }
    r = merge_rows(parts, parts_count, sum);
    r = r < 0 ? r : merge_lists(parts, parts_count, sum);
    r = r < 0 ? r : merge_errors(parts, parts_count, sum);
    if (r < 0) {
        snapshot_free(sum);
        return r == -ENOMEM ? errinfo_nomem(reterr)
                            : errinfo_set(reterr, r, "ten seconds of agent %u are too many samples",
                                          first->agent);
    }
    *ret = sum;
    return 0;
}
