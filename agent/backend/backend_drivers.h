/* backend_drivers: the drivers' structs, one line each; the table in backend.c lists those that
 * were built. */
#ifndef MILLRACE_BACKEND_DRIVERS_H
#define MILLRACE_BACKEND_DRIVERS_H

#include "backend.h"

extern const struct backend_ops backend_memory;
extern const struct backend_ops backend_kafka;
extern const struct backend_ops backend_rabbitmq;
extern const struct backend_ops backend_mqtt;

#endif
