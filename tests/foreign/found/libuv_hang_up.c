// SPDX-License-Identifier: BSL-1.0
// libuv 1.44.2: a watch for readable and writable does not report as readable that the other side of a pseudoterminal
// was closed, although a read returns its error at once. A watch for readable alone does.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static int seen;

static void report(uv_poll_t* handle, int status, int events) {
    seen = status < 0 ? status : events;
    uv_poll_stop(handle);
}

static int watch(int file, int events) {
    uv_loop_t loop;
    uv_poll_t handle;
    if (uv_loop_init(&loop) != 0 || uv_poll_init(&loop, &handle, file) != 0) exit(2);
    uv_poll_start(&handle, events, report);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t*)&handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return seen;
}

int main(void) {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return 2;
    const int other = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other < 0) return 2;
    close(other);
    const int alone = watch(master, UV_READABLE);
    const int both = watch(master, UV_READABLE | UV_WRITABLE | UV_DISCONNECT);
    char byte;
    const int error = read(master, &byte, 1) < 0 ? errno : 0;
    printf("read() returns at once: %s\n", strerror(error));
    printf("interest in readable: %#x, in readable, writable and disconnect: %#x, UV_READABLE is %#x\n",
           (unsigned)alone, (unsigned)both, UV_READABLE);
    if (error == EIO && (alone & UV_READABLE) && both == UV_WRITABLE) return 0;
    printf("the defect does not show: docs/found.md is to be updated\n");
    return 1;
}
