/* The driver's row in the table of backends; own_*.c hold its parts, mqtt_*.c the codec. */
#include "backend_drivers.h"
#include "catalog_entries.h"
#include "mqtt_topics.h"
#include "own_endpoint_inner.h"

static const char *library_version(void)
{
    return "Millrace's own MQTT client";
}

const struct backend_ops backend_mqtt_own = {
    .entry = &catalog_mqtt_own,
    .library_version = library_version,
    .probe = own_probe,
    .topics_create = mqtt_topics_nothing,
    .topics_delete = mqtt_topics_nothing,
    .clean = own_clean,
    .open = own_open,
    .connect = own_connect,
    .adopt = own_adopt,
    .hang_up = own_hang_up,
    .close = own_close,
    .submit = own_submit,
    .poll = own_poll,
    .poll_held = own_poll_held,
    .ack = own_ack,
    .flush = own_flush,
    .wait_fd = own_wait_fd,
    .watch = own_watch,
    .ready = own_ready,
    .ack_answers = false,
    .held_fd = false,
};
