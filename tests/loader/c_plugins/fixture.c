// SPDX-License-Identifier: BSL-1.0
// A plugin in C with the defect that its compile definitions select. Without one it does what its record states.
#include "record.h"

#include <pollux/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FIXTURE_VERSION
#define FIXTURE_VERSION POLLUX_INTERFACE_VERSION
#endif
#ifndef FIXTURE_SIZE
#define FIXTURE_SIZE sizeof(struct pollux_c_plugin)
#endif
#ifndef FIXTURE_ABI
#define FIXTURE_ABI POLLUX_C_ABI
#endif
#ifndef FIXTURE_OWN_NAME
#define FIXTURE_OWN_NAME FIXTURE_NAME
#endif
#ifndef FIXTURE_RANK
#define FIXTURE_RANK (-1000)
#endif
#ifndef FIXTURE_OPTIONS
#define FIXTURE_OPTIONS options
#endif
#ifndef FIXTURE_OPTION_COUNT
#define FIXTURE_OPTION_COUNT 2
#endif
#ifndef FIXTURE_OPTION_NAME
#define FIXTURE_OPTION_NAME "limit"
#endif
#ifndef FIXTURE_OPTION_HELP
#define FIXTURE_OPTION_HELP "a count from 1 to 9"
#endif
#ifndef FIXTURE_CAPABILITIES
#define FIXTURE_CAPABILITIES (&own_capabilities)
#endif
#ifndef FIXTURE_CAPABILITIES_SIZE
#define FIXTURE_CAPABILITIES_SIZE sizeof(struct pollux_capabilities)
#endif
#ifndef FIXTURE_SUPPORT
#define FIXTURE_SUPPORT POLLUX_EMULATED
#endif
#ifndef FIXTURE_RESOLUTION
#define FIXTURE_RESOLUTION 1000000
#endif
#ifndef FIXTURE_FREEDOMS
#define FIXTURE_FREEDOMS
#endif
// All freedoms, as unsupported.
#define NO_FREEDOMS                                                                                                    \
    .any_thread = {POLLUX_UNSUPPORTED, "one thread"}, .any_number = {POLLUX_UNSUPPORTED, "small numbers"},             \
    .highest_source = 1023, .unchanged_sources = {POLLUX_UNSUPPORTED, "sets O_NONBLOCK"},                              \
    .closed_sources = {POLLUX_UNSUPPORTED, "aborts"},
#ifndef FIXTURE_FUNCTIONS
#define FIXTURE_FUNCTIONS (&functions)
#endif
#ifndef FIXTURE_FUNCTIONS_SIZE
#define FIXTURE_FUNCTIONS_SIZE sizeof(struct pollux_selector_functions)
#endif
#ifndef FIXTURE_ADD
#define FIXTURE_ADD fixture_add
#endif
#ifndef FIXTURE_MODIFY
#define FIXTURE_MODIFY fixture_modify
#endif
#ifndef FIXTURE_REMOVE
#define FIXTURE_REMOVE fixture_remove
#endif
#ifndef FIXTURE_WAKE
#define FIXTURE_WAKE fixture_wake
#endif
#ifndef FIXTURE_SELECT
#define FIXTURE_SELECT fixture_select
#endif
#ifndef FIXTURE_DESTROY
#define FIXTURE_DESTROY fixture_destroy
#endif
#ifndef FIXTURE_OPEN
#define FIXTURE_OPEN opens
#endif

// The size of the structure before freedoms were appended.
#define OLD_CAPABILITIES_SIZE offsetof(struct pollux_capabilities, any_thread)

// An address without memory: reading it crashes.
#define NOWHERE ((const void*)1)

#if defined(__GNUC__) // a fixture uses some of these
#define UNUSED __attribute__((unused))
#else
#define UNUSED
#endif

UNUSED static int fixture_add(void* self, pollux_source source, const struct pollux_watch* watch) {
    struct record* const record = self;
    ++record->calls;
    record->source = (uint64_t)source;
    record->token = watch->token;
    record->interest = watch->interest;
    record->mode = watch->mode;
    return record->result;
}

UNUSED static int fixture_modify(void* self, pollux_source source, const struct pollux_watch* watch) {
    return fixture_add(self, source, watch) ? ENOENT : 0;
}

UNUSED static int fixture_remove(void* self, pollux_source source) {
    struct record* const record = self;
    ++record->calls;
    record->source = (uint64_t)source;
    return record->result;
}

UNUSED static int fixture_wake(void* self) {
    struct record* const record = self;
    ++record->calls;
    return record->result;
}

UNUSED static int fixture_select(void* self, struct pollux_event* events, size_t capacity, int64_t timeout,
                                 size_t* count) {
    struct record* const record = self;
    ++record->calls;
    record->timeout = timeout;
    record->capacity = capacity;
    if (*count != 0) return EPROTO;
    for (size_t i = 0; i < record->count && i < capacity; ++i) {
        events[i].token = i;
        events[i].ready = (uint8_t)i;
    }
    if (record->has_wake) {
        events[record->count - 1].token = POLLUX_WAKE_TOKEN;
        events[record->count - 1].ready = 0;
    }
    *count = record->count;
    return record->result;
}

UNUSED static void fixture_destroy(void* self, int is_child) {
    struct record* const record = self;
    ++record->destroyed;
    record->is_child = is_child;
}

static const char* option(const struct pollux_open_request* request, const char* name) {
    for (uint32_t i = 0; i < request->option_count; ++i) {
        if (strcmp(request->options[i].name, name) == 0) return request->options[i].value;
    }
    return "";
}

UNUSED static int opens(const struct pollux_open_request* request, void** self, struct pollux_open_failure* failure) {
    const char* const limit = option(request, "limit");
    if (request->size != sizeof *request || failure->size != sizeof *failure) return EPROTO;
    if (strlen(limit) != 1 || limit[0] < '1' || limit[0] > '9') {
        snprintf(failure->sentence, sizeof failure->sentence,
                 "option \"limit\": expected a count from 1 to 9, was given \"%s\"", limit);
        return EINVAL;
    }
    static struct record own;
    const char* const record = option(request, "record");
    *self = record[0] ? (void*)(uintptr_t)strtoull(record, NULL, 16) : &own;
    return 0;
}

UNUSED static int fails(const struct pollux_open_request* request, void** self, struct pollux_open_failure* failure) {
    const char* const record = option(request, "record");
    if (record[0]) *self = (void*)(uintptr_t)strtoull(record, NULL, 16);
    strcpy(failure->step, "fixture_setup");
    return EACCES;
}

UNUSED static int fails_in_silence(const struct pollux_open_request* request, void** self,
                                   struct pollux_open_failure* failure) {
    (void)request, (void)self, (void)failure;
    return EPERM;
}

// Leaves no null byte in the texts.
UNUSED static int fails_at_length(const struct pollux_open_request* request, void** self,
                                  struct pollux_open_failure* failure) {
    (void)request, (void)self;
    memset(failure->step, 's', sizeof failure->step);
    memset(failure->sentence, 't', sizeof failure->sentence);
    return EACCES;
}

UNUSED static const struct pollux_capabilities own_capabilities = {
    .size = FIXTURE_CAPABILITIES_SIZE,
    .oneshot = {FIXTURE_SUPPORT, "a reason"},
    .level = {POLLUX_NATIVE, NULL},
    .edge = {POLLUX_UNSUPPORTED, "another reason"},
    .sockets = {POLLUX_NATIVE, ""},
    .pipes = {POLLUX_NATIVE, NULL},
    .files = {POLLUX_UNSUPPORTED, "no files"},
    .priority = {POLLUX_UNSUPPORTED, "no priority"},
    .timeout_resolution = FIXTURE_RESOLUTION,
    FIXTURE_FREEDOMS // initializers of members, or nothing
};

UNUSED static const struct pollux_selector_functions functions = {
    .size = FIXTURE_FUNCTIONS_SIZE,
    .add = FIXTURE_ADD,
    .modify = FIXTURE_MODIFY,
    .remove = FIXTURE_REMOVE,
    .wake = FIXTURE_WAKE,
    .select = FIXTURE_SELECT,
    .destroy = FIXTURE_DESTROY,
};

UNUSED static const struct pollux_option options[] = {
    {FIXTURE_OPTION_NAME, "5", FIXTURE_OPTION_HELP},
    {"record", "", "the address of a struct record, in hexadecimal"},
};

POLLUX_DESCRIBE_C_PLUGIN(FIXTURE_NAME, -1000, "a fixture of the loader's tests");

POLLUX_C_EXPORT const struct pollux_c_plugin pollux_plugin = {
    .interface_version = FIXTURE_VERSION,
    .size = FIXTURE_SIZE,
    .abi = FIXTURE_ABI,
    .name = FIXTURE_OWN_NAME,
    .summary = pollux_description.summary,
    .rank = FIXTURE_RANK,
    .option_count = FIXTURE_OPTION_COUNT,
    .options = FIXTURE_OPTIONS,
    .capabilities = FIXTURE_CAPABILITIES,
    .functions = FIXTURE_FUNCTIONS,
    .open = FIXTURE_OPEN,
};
