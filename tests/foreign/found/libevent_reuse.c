// SPDX-License-Identifier: BSL-1.0
// libevent 2.1.12: one thread waits in event_base_loop(); another deletes the event of a pipe that is ready, closes it,
// and adds an event of another pipe, which gets the same descriptor. The callback of the new event is called with
// EV_READ, although the new pipe is empty. Locks that start the other thread make this happen in each run.
#include <event2/event.h>
#include <event2/thread.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct event_base* base;
static struct event* event;
static int old_pipe[2], new_pipe[2], calls, stale;
static _Thread_local int is_looping;

static void report(evutil_socket_t file, short events, void* is_new) {
    struct pollfd asked = {.fd = file, .events = POLLIN};
    const int is_ready = poll(&asked, 1, 0);
    ++calls;
    stale += is_new && (events & EV_READ) && is_ready == 0;
    printf("the %s event is reported, and poll(2) reports that the pipe is %s\n", is_new ? "new" : "old",
           is_ready ? "readable" : "not readable");
}

static void* replace(void* unused) {
    event_free(event);
    if (dup2(new_pipe[0], old_pipe[0]) < 0) exit(2); // closes the old one
    event = event_new(base, old_pipe[0], EV_READ | EV_PERSIST, report, base);
    if (!event || event_add(event, NULL) != 0) exit(2);
    return unused;
}

static void* allocate(unsigned type) {
    pthread_mutexattr_t recursive;
    pthread_mutex_t* mutex = malloc(sizeof *mutex);
    (void)type;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    return !mutex || pthread_mutex_init(mutex, &recursive) != 0 ? NULL : mutex;
}

static void release(void* mutex, unsigned type) {
    (void)type;
    pthread_mutex_destroy(mutex);
    free(mutex);
}

// The looping thread locks for the second time when epoll_wait(2) has returned.
static int lock(unsigned mode, void* mutex) {
    pthread_t other;
    if (is_looping && ++is_looping == 3) {
        is_looping = 0;
        if (pthread_create(&other, NULL, replace, NULL) != 0 || pthread_join(other, NULL) != 0) exit(2);
    }
    return mode & EVTHREAD_TRY ? pthread_mutex_trylock(mutex) : pthread_mutex_lock(mutex);
}

static int unlock(unsigned mode, void* mutex) { return (void)mode, pthread_mutex_unlock(mutex); }

static unsigned long id(void) { return (unsigned long)pthread_self(); }

int main(void) {
    const struct evthread_lock_callbacks locks = {
        EVTHREAD_LOCK_API_VERSION, EVTHREAD_LOCKTYPE_RECURSIVE, allocate, release, lock, unlock};
    evthread_set_id_callback(id);
    if (evthread_set_lock_callbacks(&locks) != 0 || pipe(old_pipe) != 0 || pipe(new_pipe) != 0) return 2;
    if (!(base = event_base_new())) return 2;
    event = event_new(base, old_pipe[0], EV_READ | EV_PERSIST, report, NULL);
    if (!event || event_add(event, NULL) != 0 || write(old_pipe[1], "", 1) != 1) return 2;
    is_looping = 1;
    event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
    event_free(event);
    event_base_free(base);
    if (stale == 1) return 0;
    printf("%d calls. The defect does not show: docs/found.md is to be updated\n", calls);
    return 1;
}
