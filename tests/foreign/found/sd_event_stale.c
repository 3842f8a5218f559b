// SPDX-License-Identifier: BSL-1.0
// sd-event of systemd 252: two pipes are ready, one event is dispatched, and both pipes are read. The next
// sd_event_run() dispatches the other one as readable, although it is empty.
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

static int stale, calls;

static int check(sd_event_source* source, int file, uint32_t events, void* context) {
    (void)source, (void)context;
    struct pollfd asked = {.fd = file, .events = POLLIN};
    const int is_ready = poll(&asked, 1, 0);
    ++calls;
    stale += (events & EPOLLIN) != 0 && is_ready == 0;
    printf("call %d: %s, and poll(2) reports that the pipe is %s\n", calls, events & EPOLLIN ? "EPOLLIN" : "no EPOLLIN",
           is_ready ? "readable" : "not readable");
    return 0;
}

int main(void) {
    int first[2], second[2];
    sd_event* event;
    char byte = 0;
    if (pipe(first) != 0 || pipe(second) != 0 || sd_event_new(&event) < 0) return 2;
    if (sd_event_add_io(event, NULL, first[0], EPOLLIN, check, NULL) < 0) return 2;
    if (sd_event_add_io(event, NULL, second[0], EPOLLIN, check, NULL) < 0) return 2;
    if (write(first[1], &byte, 1) != 1 || write(second[1], &byte, 1) != 1) return 2;
    if (sd_event_run(event, 0) < 1 || calls != 1) return 2;
    if (read(first[0], &byte, 1) != 1 || read(second[0], &byte, 1) != 1) return 2;
    if (sd_event_run(event, 0) < 0) return 2;
    sd_event_unref(event);
    if (stale == 1) return 0;
    printf("the defect does not show: docs/found.md is to be updated\n");
    return 1;
}
