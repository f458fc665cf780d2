#include "thread_load.h"

#include "load_texts_inner.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static int64_t cpu_now_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t wait_now_ns(const struct thread_load *load)
{
    char text[128];
    int64_t wait_ns;
    ssize_t bytes = load->fd < 0 ? -1 : pread(load->fd, text, sizeof text - 1, 0);

    if (bytes <= 0) {
        return STRAIN_UNKNOWN;
    }
    text[bytes] = '\0';
    return load_text_wait(text, &wait_ns) ? wait_ns : STRAIN_UNKNOWN;
}

void thread_load_open(struct thread_load *load)
{
    load->fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    load->wait_ns = wait_now_ns(load);
    load->cpu_ns = cpu_now_ns();
}

void thread_load_close(struct thread_load *load)
{
    if (load->fd >= 0) {
        (void)close(load->fd);
    }
    load->fd = -1;
}

void thread_load_take(struct thread_load *load, struct thread_load_spent *ret)
{
    int64_t cpu_ns = cpu_now_ns();
    int64_t wait_ns = wait_now_ns(load);

    ret->cpu_ns = cpu_ns - load->cpu_ns;
    ret->wait_ns = wait_ns == STRAIN_UNKNOWN || load->wait_ns == STRAIN_UNKNOWN
                       ? STRAIN_UNKNOWN
                       : wait_ns - load->wait_ns;
    load->cpu_ns = cpu_ns;
    load->wait_ns = wait_ns;
}
