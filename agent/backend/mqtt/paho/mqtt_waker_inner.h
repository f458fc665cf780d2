/*
 * mqtt_waker_inner: makes paho look at its sockets now.
 *
 * paho's receiving thread waits for something to read for up to 1 s, then sleeps 100 ms. Only in
 * between does it see that a connection was established or that a full socket can be written again:
 * opening took 1 to 2 s, and a producer of 100 kB messages at QoS 0, to whom nobody ever writes,
 * got 81 of them out per second. So one client of paho's is connected to ourselves, and a packet to
 * it ends the wait. It also keeps paho's threads, which otherwise end with the last client and
 * start with the next one.
 *
 * One per process, made when first asked for and kept until the program ends. Thread-safe.
 */
#ifndef MILLRACE_MQTT_WAKER_INNER_H
#define MILLRACE_MQTT_WAKER_INNER_H

/* Before paho is used. May take 1 s the first time. Without it (no free port) all goes on slower.
 */
void mqtt_waker_start(void);

/* Makes the receiving thread look at all sockets. Never waits; about a microsecond. */
void mqtt_waker_wake(void);

/* Makes the sending thread look at what is queued. Takes the library's lock for a moment. */
void mqtt_waker_kick(void);

#endif
