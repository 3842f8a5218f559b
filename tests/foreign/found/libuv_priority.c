// SPDX-License-Identifier: BSL-1.0
// libuv 1.44.2: UV_PRIORITIZED, which is for out-of-band data and the interrupts of sysfs, is reported of a pipe whose
// writer is gone. poll(2) reports POLLHUP alone.
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

static int seen;

static void report(uv_poll_t* handle, int status, int events) {
    seen = status < 0 ? status : events;
    uv_poll_stop(handle);
}

int main(void) {
    int ends[2];
    uv_loop_t loop;
    uv_poll_t handle;
    if (pipe2(ends, O_CLOEXEC) != 0 || uv_loop_init(&loop) != 0 || uv_poll_init(&loop, &handle, ends[0]) != 0) return 2;
    close(ends[1]);
    struct pollfd asked = {.fd = ends[0], .events = POLLIN | POLLPRI};
    if (poll(&asked, 1, 0) != 1) return 2;
    uv_poll_start(&handle, UV_READABLE | UV_PRIORITIZED, report);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t*)&handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    printf("a pipe whose writer is gone: POLLPRI is %s, UV_PRIORITIZED is %s\n",
           asked.revents & POLLPRI ? "reported" : "not reported",
           seen > 0 && (seen & UV_PRIORITIZED) ? "reported" : "not reported");
    if (!(asked.revents & POLLPRI) && seen > 0 && (seen & UV_PRIORITIZED)) return 0;
    printf("the defect does not show: docs/found.md is to be updated\n");
    return 1;
}
