/* kafka_peer_inner: what answers at an address that should be Kafka's. */
#ifndef MILLRACE_KAFKA_PEER_INNER_H
#define MILLRACE_KAFKA_PEER_INNER_H

#include "control_messages.h"
#include "errinfo.h"

/* Asks over a connected socket that does not block, without TLS, as any client of Kafka begins, and
 * looks at the first bytes of the answer. The library only says that the connection was closed or
 * that nobody answers. PROBE_OK also for silence, which the library is to judge. Blocks until
 * deadline_ns at most. */
enum probe_failure kafka_peer_check(int fd, int64_t deadline_ns, struct errinfo *reterr);

#endif
