// SPDX-License-Identifier: BSL-1.0
// libevent 2.1.12: event_base_loop() with EVLOOP_NONBLOCK runs callbacks as long as an event is ready, although
// <event2/event.h> promises that it looks once and returns: "see which events are ready now, run the callbacks of the
// highest-priority ones, then exit".
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

enum { enough = 1000 };

static int calls;

static void count(evutil_socket_t file, short events, void* base) {
    (void)file, (void)events;
    if (++calls == enough) event_base_loopbreak(base);
}

int main(void) {
    int ends[2];
    struct event_base* base = event_base_new();
    if (!base || pipe(ends) != 0) return 2;
    struct event* event = event_new(base, ends[1], EV_WRITE | EV_PERSIST, count, base);
    if (!event || event_add(event, NULL) != 0) return 2;
    event_base_loop(base, EVLOOP_NONBLOCK);
    const int alone = calls;
    calls = 0;
    event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
    printf("calls of one callback in one event_base_loop(): %d with EVLOOP_NONBLOCK%s, %d with EVLOOP_ONCE, too\n",
           alone, alone == enough ? ", until event_base_loopbreak()" : "", calls);
    event_free(event);
    event_base_free(base);
    if (alone == enough) return 0;
    printf("the defect does not show: docs/found.md is to be updated\n");
    return 1;
}
