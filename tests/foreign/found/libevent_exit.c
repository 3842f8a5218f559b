// SPDX-License-Identifier: BSL-1.0
// libevent 2.1.12: event_base_new() calls exit(1) if no descriptor is free, instead of returning NULL.
#include <event2/event.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { limit = 64, returned = 42, not_tried = 43 };

int main(void) {
    const pid_t child = fork();
    if (child < 0) return 2;
    if (child == 0) {
        struct rlimit files;
        if (getrlimit(RLIMIT_NOFILE, &files) != 0) _exit(not_tried);
        files.rlim_cur = limit;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0) _exit(not_tried);
        while (dup(0) != -1) continue;
        event_base_new();
        _exit(returned);
    }
    int status;
    if (waitpid(child, &status, 0) != child) return 2;
    if (!WIFEXITED(status) || WEXITSTATUS(status) == not_tried) return 2;
    if (WEXITSTATUS(status) != returned) {
        printf("event_base_new() without a free descriptor ends the process with status %d\n", WEXITSTATUS(status));
        return 0;
    }
    printf("event_base_new() returns. The defect does not show: docs/found.md is to be updated\n");
    return 1;
}
