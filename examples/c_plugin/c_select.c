// SPDX-License-Identifier: BSL-1.0
// A plugin in C that keeps every rule, as an example to read: select(2), beyond FD_SETSIZE. It has no C++ runtime.
//
//     add, modify, remove ──▶ requested ──▶ select(0) under the lock ──▶ events
//                                   └─ copy ─▶ select(timeout), unlocked: only ends the sleep
//
// Events are those of a non-blocking select(2) under the lock, so none is of a watch before a change. The sleep works
// on a copy of the sets, and each change ends it. The adapter in the core refuses forked children, reserved tokens,
// empty buffers, and what the capabilities exclude: <pollux/plugin.h>.
#define _GNU_SOURCE // SOCK_CLOEXEC
#include <pollux/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// The kernel takes sets of any size. fd_set has 1024 members, and glibc ends a program that uses its macros beyond.
typedef unsigned long word;
enum { bits = 8 * sizeof(word), first_capacity = 1024 };
enum { for_reading, for_writing, sets };

struct watch {
    uint64_t token;
    uint8_t mode;
    bool exists;
};

struct selector {
    pthread_mutex_t mutex; // guards all up to `interrupted`
    struct watch* watches; // by file descriptor, as the sets
    word* requested[sets]; // what select(2) is called for; a paused or spent watch is in no set
    size_t capacity;       // file descriptors, in `watches` and `requested`; a multiple of `bits`
    bool woken;            // by wake(), not only by changes of watches
    bool asleep;
    bool interrupted; // a byte is on its way from own[1] to own[0]
    int own[2];       // ends a sleep; own[0] is in the set for reading, and the wake takes its turn there

    // Used by select() only.
    word* seen[sets]; // a copy of `requested`, in which select(2) leaves what is ready
    size_t seen_capacity;
    size_t next; // the file descriptor at which the next scan begins: sources take turns
};

static bool has(const word* set, size_t index) { return (set[index / bits] >> (index % bits) & 1) != 0; }

static void change(word* set, size_t index, bool member) {
    const word bit = (word)1 << (index % bits);
    set[index / bits] = member ? set[index / bits] | bit : set[index / bits] & ~bit;
}

static void request(struct selector* self, size_t source, unsigned interest) {
    change(self->requested[for_reading], source, (interest & POLLUX_READABLE) != 0);
    change(self->requested[for_writing], source, (interest & POLLUX_WRITABLE) != 0);
}

static bool is_watched(const struct selector* self, pollux_source source) {
    return source >= 0 && (size_t)source < self->capacity && self->watches[source].exists;
}

// ---- Tables, which grow and never shrink

static bool resize(word** set, size_t before, size_t capacity) {
    word* const larger = realloc(*set, capacity / bits * sizeof(word));
    if (!larger) return false;
    memset(larger + before / bits, 0, (capacity - before) / bits * sizeof(word));
    *set = larger;
    return true;
}

static int grow(struct selector* self, size_t source) {
    size_t capacity = self->capacity ? self->capacity : first_capacity;
    while (capacity <= source) capacity *= 2;
    if (capacity == self->capacity) return 0;
    for (int set = 0; set < sets; ++set) {
        if (!resize(&self->requested[set], self->capacity, capacity)) return ENOMEM;
    }
    struct watch* const larger = realloc(self->watches, capacity * sizeof *larger);
    if (!larger) return ENOMEM;
    memset(larger + self->capacity, 0, (capacity - self->capacity) * sizeof *larger);
    self->watches = larger;
    self->capacity = capacity;
    return 0;
}

static bool copy_requested(struct selector* self) {
    for (int set = 0; set < sets; ++set) {
        if (self->seen_capacity != self->capacity && !resize(&self->seen[set], 0, self->capacity)) return false;
        memcpy(self->seen[set], self->requested[set], self->capacity / 8);
    }
    self->seen_capacity = self->capacity;
    return true;
}

// Ends a sleep, under the lock. If it fails, no change may be made.
static int interrupt(struct selector* self) {
    if (!self->asleep || self->interrupted) return 0;
    if (send(self->own[1], "", 1, MSG_NOSIGNAL) == -1 && errno != EAGAIN) return errno == ENOMEM ? ENOMEM : EBADF;
    char byte; // another file may have reused the descriptor own[0]: that byte does not end the sleep
    if (recv(self->own[0], &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1) return EBADF;
    self->interrupted = true;
    return 0;
}

// Returns false if the program has closed one of the two ends, or reused its file descriptor.
static bool drain(struct selector* self) {
    char bytes[16];
    const ssize_t count = recv(self->own[0], bytes, sizeof bytes, MSG_DONTWAIT);
    self->interrupted = false;
    return count > 0 || (count == -1 && errno == EAGAIN);
}

// ---- Registrator: any thread

static int put(struct selector* self, pollux_source source, const struct pollux_watch* watch, bool is_new) {
    // select(2) would report a source that is not open later, to another thread.
    if (fcntl(source, F_GETFD) == -1) return errno;
    pthread_mutex_lock(&self->mutex);
    int error = 0;
    if (is_watched(self, source) == is_new) error = is_new ? EEXIST : ENOENT;
    if (!error) error = grow(self, (size_t)source);
    if (!error) error = interrupt(self);
    if (!error) {
        self->watches[source] = (struct watch){.token = watch->token, .mode = watch->mode, .exists = true};
        request(self, (size_t)source, watch->interest);
    }
    pthread_mutex_unlock(&self->mutex);
    return error;
}

static int c_select_add(void* self, pollux_source source, const struct pollux_watch* watch) {
    return put(self, source, watch, true);
}

static int c_select_modify(void* self, pollux_source source, const struct pollux_watch* watch) {
    return put(self, source, watch, false);
}

static int c_select_remove(void* opened, pollux_source source) {
    struct selector* const self = opened;
    pthread_mutex_lock(&self->mutex);
    int error = is_watched(self, source) ? interrupt(self) : ENOENT;
    if (!error) {
        self->watches[source].exists = false;
        request(self, (size_t)source, 0);
    }
    pthread_mutex_unlock(&self->mutex);
    return error;
}

static int c_select_wake(void* opened) {
    struct selector* const self = opened;
    pthread_mutex_lock(&self->mutex);
    const int error = interrupt(self);
    if (!error) self->woken = true;
    pthread_mutex_unlock(&self->mutex);
    return error;
}

// ---- Selector: one thread at a time

// Calls select(2) for `seen`. pselect() is its form with nanoseconds, which the kernel rounds up.
static int select_seen(struct selector* self, int64_t wait) {
    const int64_t second = 1000000000, most = 86400 * second; // the loop of c_select_select() continues a longer wait
    if (wait > most) wait = most;
    const struct timespec time = {.tv_sec = (time_t)(wait / second), .tv_nsec = (long)(wait % second)};
    return pselect((int)self->seen_capacity, (fd_set*)(void*)self->seen[for_reading],
                   (fd_set*)(void*)self->seen[for_writing], NULL, &time, NULL);
}

// Takes the sources that were closed while registered out of the sets; returns false if this Selector's own was closed.
static bool drop_closed(struct selector* self) {
    for (size_t source = 0; source < self->capacity; ++source) {
        const bool is_set = has(self->requested[for_reading], source) || has(self->requested[for_writing], source);
        if (!is_set || fcntl((int)source, F_GETFD) != -1) continue;
        if ((int)source == self->own[0]) return false;
        request(self, source, 0);
    }
    return true;
}

// Leaves what is ready now in `seen`; returns the number of its members, or -1 and errno. Under the lock.
static int select_now(struct selector* self) {
    for (;;) {
        if (!copy_requested(self)) return -1; // realloc() has set errno
        const int ready = select_seen(self, 0);
        if (ready != -1 || (errno != EINTR && errno != EBADF)) return ready;
        if (errno == EBADF && !drop_closed(self)) return -1;
    }
}

// Reports what is ready now, beginning after the source that was reported last. Under the lock.
static int collect(struct selector* self, struct pollux_event* events, size_t capacity, size_t* count) {
    int ready = select_now(self);
    if (ready == -1) return errno;
    for (size_t scanned = 0; scanned < self->capacity && *count < capacity && (ready > 0 || self->woken); ++scanned) {
        const size_t source = self->next < self->capacity ? self->next : 0;
        const bool is_readable = has(self->seen[for_reading], source),
                   is_writable = has(self->seen[for_writing], source);
        ready -= is_readable + is_writable;
        if ((int)source == self->own[0]) {
            if (is_readable && !drain(self)) return *count == 0 ? EBADF : 0; // the next call begins here
            if (self->woken) events[(*count)++] = (struct pollux_event){.token = POLLUX_WAKE_TOKEN};
            self->woken = false;
        } else if (is_readable || is_writable) {
            const unsigned conditions = (is_readable ? POLLUX_READABLE : 0) | (is_writable ? POLLUX_WRITABLE : 0);
            const struct watch* const watch = &self->watches[source];
            events[(*count)++] = (struct pollux_event){.token = watch->token, .ready = (uint8_t)conditions};
            if (watch->mode == POLLUX_ONESHOT) request(self, source, 0); // spent, until c_select_modify()
        }
        self->next = source + 1;
    }
    return 0;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int c_select_select(void* opened, struct pollux_event* events, size_t capacity, int64_t timeout, size_t* count) {
    struct selector* const self = opened;
    const int64_t start = now();
    const int64_t end = timeout < 0 || timeout > INT64_MAX - start ? INT64_MAX : start + timeout; // the last: forever
    pthread_mutex_lock(&self->mutex);
    int error = 0;
    for (;;) {
        error = collect(self, events, capacity, count);
        const int64_t left = end - now();
        if (error || *count != 0 || left <= 0) break;
        if (!copy_requested(self)) {
            error = ENOMEM;
            break;
        }
        self->asleep = true;
        pthread_mutex_unlock(&self->mutex);
        // EBADF, of a source that was closed meanwhile, is for collect(). EINTR: a signal is neither event nor error.
        error = select_seen(self, left) == -1 && errno != EBADF ? errno : 0;
        pthread_mutex_lock(&self->mutex);
        self->asleep = false;
        if (error) break;
    }
    pthread_mutex_unlock(&self->mutex);
    return error == EINTR ? 0 : error;
}

// ---- Opening and closing

static void c_select_destroy(void* opened, int is_child) {
    struct selector* const self = opened;
    for (int end = 0; end < 2; ++end) {
        if (self->own[end] != -1) close(self->own[end]);
    }
    for (int set = 0; set < sets; ++set) {
        free(self->requested[set]);
        free(self->seen[set]);
    }
    free(self->watches);
    if (!is_child) pthread_mutex_destroy(&self->mutex); // a thread of the parent may have locked it
    free(self);
}

// Above the standard streams: a program that was started without them would print into it otherwise.
static bool move_above_standard_streams(int* end) {
    if (*end > STDERR_FILENO) return true;
    const int moved = fcntl(*end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int error = errno;
    close(*end);
    errno = error;
    *end = moved;
    return moved != -1;
}

static int open_own(struct selector* self) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, self->own) == -1) return errno;
    for (int end = 0; end < 2; ++end) {
        if (!move_above_standard_streams(&self->own[end])) return errno;
    }
    const int error = grow(self, (size_t)self->own[0]);
    if (!error) request(self, (size_t)self->own[0], POLLUX_READABLE);
    return error;
}

static int c_select_open(const struct pollux_open_request* request, void** opened,
                         struct pollux_open_failure* failure) {
    (void)request; // this backend has no options
    struct selector* const self = calloc(1, sizeof *self);
    int error = self ? pthread_mutex_init(&self->mutex, NULL) : ENOMEM;
    if (error) {
        free(self);
        snprintf(failure->step, sizeof failure->step, "allocate");
        return error;
    }
    self->own[0] = self->own[1] = -1;
    error = open_own(self);
    if (error) {
        snprintf(failure->step, sizeof failure->step, "socketpair");
        c_select_destroy(self, 0);
        return error;
    }
    *opened = self;
    return 0;
}

// ---- What the program reads

static const struct pollux_capabilities own_capabilities = {
    .size = sizeof own_capabilities,
    .oneshot = {POLLUX_EMULATED, "a spent watch is in no set of select(2) until modify()"},
    .level = {POLLUX_NATIVE, NULL},
    .edge = {POLLUX_UNSUPPORTED, "select(2) reports states, not arrivals"},
    .sockets = {POLLUX_NATIVE, NULL},
    .pipes = {POLLUX_NATIVE, NULL},
    .files = {POLLUX_NATIVE, NULL},
    .priority = {POLLUX_UNSUPPORTED, "select(2) reports no reset to a watch for priority alone"},
    .timeout_resolution = 2000000, // the kernel lets a sleep last a thousandth longer; the rest is the scheduler's
};

static const struct pollux_selector_functions functions = {
    .size = sizeof functions,
    .add = c_select_add,
    .modify = c_select_modify,
    .remove = c_select_remove,
    .wake = c_select_wake,
    .select = c_select_select,
    .destroy = c_select_destroy,
};

enum { rank = -1 }; // below 0: only if it is requested by name, or no other backend opens
POLLUX_DESCRIBE_C_PLUGIN("c_select", rank, "select(2), in C");

POLLUX_C_EXPORT const struct pollux_c_plugin pollux_plugin = {
    .interface_version = POLLUX_INTERFACE_VERSION,
    .size = sizeof pollux_plugin,
    .abi = POLLUX_C_ABI,
    .name = pollux_description.name,
    .summary = pollux_description.summary,
    .rank = rank,
    .capabilities = &own_capabilities,
    .functions = &functions,
    .open = c_select_open,
};
