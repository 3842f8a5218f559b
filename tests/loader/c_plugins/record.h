/* SPDX-License-Identifier: BSL-1.0 */
/* What fixture.c has received, for the tests, which give it the address of a record as the value of an option. */
#ifndef POLLUX_TESTS_LOADER_RECORD_H
#define POLLUX_TESTS_LOADER_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct record {
    /* Set by the fixture. */
    int calls;
    uint64_t source;
    uint64_t token;
    unsigned interest;
    unsigned mode;
    int64_t timeout;
    size_t capacity;
    int destroyed;
    int is_child;

    /* Set by the test. */
    int result;   /* of each function */
    size_t count; /* of the events of select(), of which each has its index as token and as ready */
    int has_wake; /* the last one is a wake */
};

#endif
