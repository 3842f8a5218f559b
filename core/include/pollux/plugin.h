/* SPDX-License-Identifier: BSL-1.0 */
#ifndef POLLUX_PLUGIN_H
#define POLLUX_PLUGIN_H

/*
 * The C interface for plugins: for backends in C11, or in any language that can export a C structure. A
 * plugin that uses it links no library of Pollux and no C++ runtime.
 *
 * Such a plugin exports one symbol, pollux_plugin, of type struct pollux_c_plugin, and has a description in its file,
 * which POLLUX_DESCRIBE_C_PLUGIN defines. <pollux/registrator.hpp>, <pollux/selector.hpp> and <pollux/event.hpp> state
 * what its functions promise; this header states what differs. An adapter in the core makes a C++ Selector of it.
 *
 * Functions return 0, or a positive errno value of this system's <errno.h>. They must not be left by longjmp(), by an
 * exception or by a panic. All structures state their size, or have a layout that never changes: later versions append
 * members to those that state their size. All that pollux_plugin points to lives as long as the program: a plugin is
 * never unloaded.
 */

#include <stddef.h>
#include <stdint.h>

/* No C++ exception leaves a function of a plugin. */
#ifdef __cplusplus
#define POLLUX_C_NOEXCEPT noexcept
extern "C" {
#else
#define POLLUX_C_NOEXCEPT
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

/* Conditions: pollux::Ready. The first three are promises, and may be in an interest; the others are hints. */
enum {
    POLLUX_READABLE = 1,
    POLLUX_WRITABLE = 2,
    POLLUX_PRIORITY = 4,
    POLLUX_CLOSED = 8,
    POLLUX_FAILED = 16,
    POLLUX_EXPIRED = 32 /* of layers only: no event of a backend has it */
};

/* Modes: pollux::Mode. */
enum { POLLUX_ONESHOT = 0, POLLUX_LEVEL = 1, POLLUX_EDGE = 2 };

/* The token of the event of a wake, and the smallest reserved token: no watch has one from there on, so that a plugin
 * may use them for itself. */
#define POLLUX_WAKE_TOKEN UINT64_MAX
#define POLLUX_FIRST_RESERVED_TOKEN (UINT64_MAX - 0xffffu)

struct pollux_watch {
    uint64_t token;
    uint8_t interest; /* a set of promises; empty if the watch is paused */
    uint8_t mode;
};

struct pollux_event {
    uint64_t token;
    uint8_t ready; /* a set of conditions; empty for a wake */
};

/* Support: pollux::Support. */
enum { POLLUX_UNSUPPORTED = 0, POLLUX_EMULATED = 1, POLLUX_NATIVE = 2 };

struct pollux_capability {
    uint32_t support;
    const char* reason; /* why it is less than native, in one sentence; null or empty if it is native */
};

/* What Selectors of this backend can do on this system: constant, or determined while the plugin is loaded, by a
 * function that the system's loader calls (__attribute__((constructor))). Loading reads it once. */
struct pollux_capabilities {
    uint32_t size; /* sizeof(struct pollux_capabilities) */
    struct pollux_capability oneshot, level, edge;
    struct pollux_capability sockets, pipes, files, priority;
    int64_t timeout_resolution; /* nanoseconds; more than 0, at most 100 ms */

    /* Freedoms, of pollux::Capabilities, which were appended to version 2 of the interface. One that is left out, with
     * support 0 and without a reason, is native, as those of a plugin that was built before. */
    struct pollux_capability any_thread, any_number;
    uint64_t highest_source; /* read only if any_number is unsupported */
    struct pollux_capability unchanged_sources, closed_sources;
};

struct pollux_option {
    const char* name; /* [a-z0-9_]+ */
    const char* default_value;
    const char* help; /* one line for users, with the unit and the range */
};

struct pollux_option_value {
    const char* name;
    const char* value; /* the one that was given, or the default; never null */
};

/* What open() is to open; valid during that call. Members beyond those of this version are there only if `size` has
 * them. */
struct pollux_open_request {
    uint32_t size;
    uint32_t option_count;
    const struct pollux_option_value* options; /* one for each option of the plugin, in its order */
};

/* Why open() failed, besides the error that it returns. The texts are empty at the call; one without a null byte ends
 * with its array. They are not read if open() succeeds. */
struct pollux_open_failure {
    uint32_t size;
    char step[96];      /* the call that failed, such as "pipe" */
    char sentence[416]; /* what an administrator has to know or to do; without a full stop */
};

/* The functions of an open Selector; none is null. `self` is what open() stored.
 *
 * The adapter keeps some of the rules, so that a plugin never receives
 * - a call in a forked child, except that of destroy(): it returns no_such_process;
 * - a reserved token, a mode or a priority that the capabilities exclude, or a hint in an interest;
 * - an empty buffer.
 * All other rules are the plugin's: whether a source is open, say, and which files it refuses. */
struct pollux_selector_functions {
    uint32_t size; /* sizeof(struct pollux_selector_functions) */

    /* Registrator: any thread, also while another one is in select(). */
    int (*add)(void* self, pollux_source source, const struct pollux_watch* watch) POLLUX_C_NOEXCEPT;
    int (*modify)(void* self, pollux_source source, const struct pollux_watch* watch) POLLUX_C_NOEXCEPT;
    int (*remove)(void* self, pollux_source source) POLLUX_C_NOEXCEPT;
    int (*wake)(void* self) POLLUX_C_NOEXCEPT;

    /* Selector: one thread at a time. `timeout`: nanoseconds, 0: non-blocking, -1: forever; there is no other negative
     * value. `capacity` is at least 1. Stores the number of events, which fill `events` from the front, in `*count`,
     * which is 0 at the call. A signal handler that ran is a success without events, and not EINTR. */
    int (*select)(void* self, struct pollux_event* events, size_t capacity, int64_t timeout,
                  size_t* count) POLLUX_C_NOEXCEPT;

    /* Releases all, while no other call runs. In a forked child, where `is_child` is 1, it only closes and unmaps, and
     * takes no lock: a thread of the parent may have held it during the fork. */
    void (*destroy)(void* self, int is_child) POLLUX_C_NOEXCEPT;
};

/* The description of a plugin for the program that has loaded it: pollux::Plugin. A plugin with the C interface is a
 * backend; layers are written in C++. */
struct pollux_c_plugin {
    uint32_t interface_version; /* POLLUX_INTERFACE_VERSION */
    uint32_t size;              /* sizeof(struct pollux_c_plugin) */
    const char* abi;            /* POLLUX_C_ABI */
    const char* name;           /* [a-z0-9_]+; equal to that of the description, as is rank */
    const char* summary;        /* one line for users */
    int32_t rank;
    uint32_t option_count;
    const struct pollux_option* options; /* may be null if there is none */
    const struct pollux_capabilities* capabilities;
    const struct pollux_selector_functions* functions;

    /* Any thread. Opens a Selector: stores it in `*self` and returns 0, or stores why not in `*failure` and returns an
     * error. */
    int (*open)(const struct pollux_open_request* request, void** self,
                struct pollux_open_failure* failure) POLLUX_C_NOEXCEPT;
};

/* The description of a plugin in its file: pollux::PluginDescription, a note without pointers and without padding. */
struct pollux_c_description {
    uint32_t owner_size;   /* 7 */
    uint32_t content_size; /* 304: bytes from `magic` on */
    uint32_t type;         /* 1 */
    char owner[8];         /* "Pollux" */
    char magic[16];        /* "\177pollux-plugin\n" */
    uint32_t size;         /* 304, as content_size */
    uint32_t interface_version;
    uint32_t kind; /* 1: a backend */
    int32_t rank;  /* `auto` tries the highest first; below 0: a fallback, after all others */
    char abi[48];  /* each text has a null byte at its end */
    char name[72];
    char summary[152];
};

/* Where the description lies, for its definition. */
#if defined(_MSC_VER)
#define POLLUX_C_SECTION
#elif defined(_WIN32)
#define POLLUX_C_SECTION __attribute__((used))
#elif defined(__APPLE__)
#define POLLUX_C_SECTION __attribute__((used, section("__TEXT,__pollux")))
#else
#define POLLUX_C_SECTION __attribute__((used, aligned(4), section(".note.pollux")))
#endif

/* Defines the description of a backend: once, before pollux_plugin. `name_text` and `summary_text` are string literals,
 * of at most 71 and 151 bytes; pollux_plugin has the name and the rank again.
 *
 *     POLLUX_DESCRIBE_C_PLUGIN("mine", -1, "my kernel's queue");
 *     POLLUX_C_EXPORT const struct pollux_c_plugin pollux_plugin = {.name = pollux_description.name, .rank = -1, ...};
 */
#define POLLUX_DESCRIBE_C_PLUGIN(name_text, rank_value, summary_text)                                                  \
    POLLUX_C_SECTION static const struct pollux_c_description pollux_description = {7,                                 \
                                                                                    304,                               \
                                                                                    1,                                 \
                                                                                    "Pollux",                          \
                                                                                    "\177pollux-plugin\n",             \
                                                                                    304,                               \
                                                                                    POLLUX_INTERFACE_VERSION,          \
                                                                                    1,                                 \
                                                                                    (rank_value),                      \
                                                                                    POLLUX_C_ABI,                      \
                                                                                    name_text,                         \
                                                                                    summary_text};                     \
    _Static_assert(sizeof(name_text) <= 72 && sizeof(summary_text) <= 152, "too long for a plugin's description")

/* Makes pollux_plugin visible. A plugin exports no other symbol. */
#ifdef _WIN32
#define POLLUX_C_EXPORT __declspec(dllexport)
#else
#define POLLUX_C_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
}
#endif

#endif
