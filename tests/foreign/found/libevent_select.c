// SPDX-License-Identifier: BSL-1.0
// libevent 2.1.12 as Debian builds it: the method select allocates sets for descriptors of any number, but changes them
// with FD_SET() of glibc, which ends the process if the descriptor is not below FD_SETSIZE.
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

enum { returned = 42, not_tried = 43 };

static void ignore(evutil_socket_t file, short events, void* context) { (void)file, (void)events, (void)context; }

static int add(void) {
    const struct rlimit no_core = {0, 0};
    struct rlimit files;
    int ends[2];
    setrlimit(RLIMIT_CORE, &no_core);
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || pipe(ends) != 0) return not_tried;
    files.rlim_cur = FD_SETSIZE + 1;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) return not_tried;
    const int high = fcntl(ends[0], F_DUPFD, FD_SETSIZE);
    struct event_config* config = event_config_new();
    for (const char* const* method = event_get_supported_methods(); *method; ++method) {
        if (strcmp(*method, "select") != 0) event_config_avoid_method(config, *method);
    }
    struct event_base* base = event_base_new_with_config(config);
    if (high != FD_SETSIZE || !base || strcmp(event_base_get_method(base), "select") != 0) return not_tried;
    struct event* event = event_new(base, high, EV_READ, ignore, NULL);
    if (!event) return not_tried;
    event_add(event, NULL);
    return returned;
}

int main(void) {
    const pid_t child = fork();
    if (child < 0) return 2;
    if (child == 0) _exit(add());
    int status;
    if (waitpid(child, &status, 0) != child) return 2;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        printf("event_add() of descriptor %d ends the process by SIGABRT\n", FD_SETSIZE);
        return 0;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != returned) {
        printf("not tried: a limit of %d descriptors and the method select are needed\n", FD_SETSIZE + 1);
        return 2;
    }
    printf("event_add() returns. The defect does not show: docs/found.md is to be updated\n");
    return 1;
}
