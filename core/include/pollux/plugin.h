/* SPDX-License-Identifier: BSL-1.0 */
#ifndef POLLUX_PLUGIN_H
#define POLLUX_PLUGIN_H

/*
 * The C face of the interface for plugins: for backends in C11, or in any language that can export a C structure. A
 * plugin that uses it links no library of Pollux and no C++ runtime.
 *
 * Such a plugin exports one symbol, pollux_plugin, of type struct pollux_c_plugin, and the description of its file,
 * pollux_c_description. <pollux/registrator.hpp>, <pollux/selector.hpp> and <pollux/event.hpp> state what its functions
 * promise; here is what differs. An adapter in the core makes a C++ Selector of it.
 *
 * Functions return 0, or an errno value of this system's <errno.h>. They must not be left by longjmp() or by an exception.
 * All structures state their size first or have a fixed layout: later versions append members.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the interface between program and plugin; the same as pollux::interface_version. */
#define POLLUX_INTERFACE_VERSION 2u

/* The value of `abi` for this face. */
#if UINTPTR_MAX > 0xffffffffu
#define POLLUX_C_ABI "c 64-bit"
#else
#define POLLUX_C_ABI "c 32-bit"
#endif

/* A file descriptor, or a SOCKET under Windows. */
#ifdef _WIN32
typedef uintptr_t pollux_source;
#else
typedef int pollux_source;
#endif

/* Conditions: pollux::Ready. */
enum {
    POLLUX_READABLE = 1,
    POLLUX_WRITABLE = 2,
    POLLUX_PRIORITY = 4,
    POLLUX_CLOSED = 8,
    POLLUX_FAILED = 16,
    POLLUX_EXPIRED = 32
};

/* Modes: pollux::Mode. */
enum { POLLUX_ONESHOT = 0, POLLUX_LEVEL = 1, POLLUX_EDGE = 2 };

/* The token of the event of a wake, and the smallest reserved token: no watch has one from there on. The adapter refuses
 * such watches, modes and priority that the capabilities exclude, calls in a forked child, and an empty buffer, so that
 * a plugin never sees them. */
#define POLLUX_WAKE_TOKEN UINT64_MAX
#define POLLUX_FIRST_RESERVED_TOKEN (UINT64_MAX - 0xffffu)

struct pollux_watch {
    uint64_t token;
    uint8_t interest; /* a set of conditions */
    uint8_t mode;
};

struct pollux_event {
    uint64_t token;
    uint8_t ready; /* a set of conditions */
};

/* Support: pollux::Support. */
enum { POLLUX_UNSUPPORTED = 0, POLLUX_EMULATED = 1, POLLUX_NATIVE = 2 };

struct pollux_capability {
    uint32_t support;
    const char *reason; /* why it is less than native, in one sentence; null or empty if it is native */
};

struct pollux_capabilities {
    uint32_t size; /* sizeof(struct pollux_capabilities) */
    struct pollux_capability oneshot, level, edge;
    struct pollux_capability sockets, pipes, files, priority;
    int64_t timeout_resolution; /* nanoseconds; more than 0 */
};

struct pollux_option {
    const char *name; /* [a-z0-9_]+ */
    const char *default_value;
    const char *help; /* one line for users, with the unit and the range */
};

struct pollux_option_value {
    const char *name;
    const char *value; /* the one that was given, or the default */
};

/* What open() is to open. Members beyond those of this version are there only if `size` has them. */
struct pollux_open_request {
    uint32_t size;
    uint32_t option_count;
    const struct pollux_option_value *options; /* one for each option of the plugin, in its order */
};

/* Why open() failed, besides the error that it returns. Texts end with a null byte. */
struct pollux_open_failure {
    uint32_t size;
    char step[96];      /* the call that failed, such as "pipe" */
    char sentence[416]; /* what an administrator has to know; without a full stop */
};

/* The functions of an open Selector. `self` is what open() returned. */
struct pollux_selector_functions {
    uint32_t size; /* sizeof(struct pollux_selector_functions) */

    /* Registrator: any thread, also while another one is in select(). */
    int (*add)(void *self, pollux_source source, const struct pollux_watch *watch);
    int (*modify)(void *self, pollux_source source, const struct pollux_watch *watch);
    int (*remove)(void *self, pollux_source source);
    int (*wake)(void *self);

    /* Selector: one thread at a time. `timeout`: nanoseconds, 0: non-blocking, -1: forever; the adapter passes no other
     * negative value. `capacity` is at least 1. Stores the number of events in `*count`, which is 0 at the call. */
    int (*select)(void *self, struct pollux_event *events, size_t capacity, int64_t timeout, size_t *count);

    /* Releases all. In a forked child, where `is_child` is 1, it only closes and unmaps. */
    void (*destroy)(void *self, int is_child);
};

struct pollux_c_plugin {
    uint32_t interface_version; /* POLLUX_INTERFACE_VERSION */
    uint32_t size;              /* sizeof(struct pollux_c_plugin) */
    const char *abi;            /* POLLUX_C_ABI */
    const char *name;           /* [a-z0-9_]+; equal to that of the description, as is rank */
    const char *summary;        /* one line for users */
    int32_t rank;
    uint32_t option_count;
    const struct pollux_option *options;
    const struct pollux_capabilities *capabilities;
    const struct pollux_selector_functions *functions;

    /* Opens a Selector. Returns 0 and stores it in `*self`, or an error, and then the reason in `*failure`. Any thread. */
    int (*open)(const struct pollux_open_request *request, void **self, struct pollux_open_failure *failure);
};

/* The description in the file of a plugin: pollux::PluginDescription. */
struct pollux_c_description {
    uint32_t owner_size;
    uint32_t content_size;
    uint32_t type;
    char owner[8];
    char magic[16];
    uint32_t size;
    uint32_t interface_version;
    uint32_t kind;
    int32_t rank;
    char abi[48];
    char name[72];
    char summary[152];
};

/* The initialiser of a description. `name_text` and `summary_text` are string literals. */
#define POLLUX_C_DESCRIPTION(name_text, rank_value, summary_text)                                                      \
    { 7, 304, 1, "Pollux", "\177pollux-plugin\n", 304, POLLUX_INTERFACE_VERSION, 1, rank_value, POLLUX_C_ABI, name_text, summary_text }

/* Where the description lies: before it, in its definition. */
#if defined(_MSC_VER)
#define POLLUX_C_SECTION
#elif defined(_WIN32)
#define POLLUX_C_SECTION __attribute__((used))
#elif defined(__APPLE__)
#define POLLUX_C_SECTION __attribute__((used, section("__TEXT,__pollux")))
#else
#define POLLUX_C_SECTION __attribute__((used, aligned(4), section(".note.pollux")))
#endif

#ifdef _WIN32
#define POLLUX_C_EXPORT __declspec(dllexport)
#else
#define POLLUX_C_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
}
#endif

#endif
