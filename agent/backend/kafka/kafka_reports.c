/*
 * kafka_reports: what a producing handle says: delivery reports, and errors.
 *
 * The library calls back for each, from within the serving of the handle's queue, so on the
 * worker's thread. As events, a report of thousands of messages was gone through twice, once to
 * tell them and once to free them, when the first ones had left the cache again: it cost a third
 * of what a message costs its worker.
 */
#include "kafka_producer_inner.h"

#include "mono.h"

/* Whose queue this thread serves, with what comes of it. Not the callback's opaque: a client is
 * also served while it ends. */
static _Thread_local struct {
    struct endpoint *endpoint; /* NULL: nobody's. */
    struct kafka_handle *handle;
    struct kafka_out *out;
    int64_t at_ns;
} serving;

static enum event_kind outcome_of(const rd_kafka_message_t *report)
{
    if (report->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return EVENT_ACKED;
    }
    switch (rd_kafka_message_status(report)) {
    case RD_KAFKA_MSG_STATUS_PERSISTED:
        return EVENT_ACKED;
    case RD_KAFKA_MSG_STATUS_NOT_PERSISTED:
        return EVENT_REFUSED;
    default:
        return EVENT_UNCONFIRMED;
    }
}

/* The library keeps what is left, and gives it first when it is served again. */
static void stop_if_full(rd_kafka_t *client)
{
    if (serving.out->count == serving.out->max) {
        rd_kafka_yield(client);
    }
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *report, void *opaque)
{
    struct kafka_out *out = serving.out;

    (void)opaque;
    if (serving.endpoint == NULL) {
        return;
    }
    ASSERT(out->count < out->max);
    out->events[out->count++] = (struct event){
        .kind = outcome_of(report),
        .client = kafka_opaque_client(report->_private),
        .at_ns = serving.at_ns,
        .token = kafka_opaque_token(report->_private),
        .is_local = report->err < RD_KAFKA_RESP_ERR__END,
        .text = report->err == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : rd_kafka_err2str(report->err),
    };
    if (report->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_handle_lives(serving.endpoint, serving.handle);
    }
    stop_if_full(client);
}

static void on_error(rd_kafka_t *client, int code, const char *words, void *opaque)
{
    struct kafka_error error = {.code = (rd_kafka_resp_err_t)code,
                                .is_fatal = code == RD_KAFKA_RESP_ERR__FATAL,
                                .words = words};

    (void)opaque;
    if (serving.endpoint != NULL) {
        kafka_take_error(serving.endpoint, serving.handle, &error, serving.out);
        stop_if_full(client);
    }
}

void kafka_reports_conf(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_error_cb(conf, on_error);
}

/* All that the queue has is taken at once. What comes meanwhile finds it empty, and so is told by
 * its descriptor: to ask an empty queue costs a system call. */
void kafka_reports_serve(struct endpoint *endpoint, struct kafka_handle *handle,
                         struct kafka_out *out)
{
    serving.endpoint = endpoint;
    serving.handle = handle;
    serving.out = out;
    serving.at_ns = mono_ns();
    (void)rd_kafka_queue_poll_callback(handle->queue, 0);
    serving.endpoint = NULL;
}
