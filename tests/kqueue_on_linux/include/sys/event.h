// SPDX-License-Identifier: BSL-1.0
#pragma once
#pragma GCC system_header // one name for a struct and a function, as it is

// kqueue(2) as four systems declare it; KQUEUE_LAYOUT_<SYSTEM> selects one. Only what the emulation supports is here.
#include <sys/event_flags.h>

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef KQUEUE_LAYOUT_NETBSD // 10: its sys/sys/event.h, 1.45
#define EVFILT_READ 0U
#define EVFILT_WRITE 1U
#define EVFILT_USER 8U
#else
#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#endif

#if defined(KQUEUE_LAYOUT_FREEBSD) // 12 and later
#define EVFILT_USER (-11)
struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void* udata;
    uint64_t ext[4];
};
int kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist, int nevents,
           const struct timespec* timeout) __asm__("kevent_freebsd");
#elif defined(KQUEUE_LAYOUT_DARWIN)
#define EVFILT_USER (-10)
#define EVFILT_EXCEPT (-15)
#pragma pack(push, 4)
struct kevent {
    uintptr_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    intptr_t data;
    void* udata;
};
#pragma pack(pop)
int kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist, int nevents,
           const struct timespec* timeout) __asm__("kevent_darwin");
#elif defined(KQUEUE_LAYOUT_OPENBSD) // as long as it had no EVFILT_USER
#define EVFILT_EXCEPT (-9)
struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void* udata;
};
int kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist, int nevents,
           const struct timespec* timeout) __asm__("kevent_openbsd");
#elif defined(KQUEUE_LAYOUT_NETBSD)
struct kevent {
    uintptr_t ident;
    uint32_t filter;
    uint32_t flags;
    uint32_t fflags;
    int64_t data;
    void* udata;
};
int kevent(int kq, const struct kevent* changelist, size_t nchanges, struct kevent* eventlist, size_t nevents,
           const struct timespec* timeout) __asm__("kevent_netbsd");
#else
#error "expected one of KQUEUE_LAYOUT_FREEBSD, _DARWIN, _OPENBSD, _NETBSD"
#endif

extern "C" int kqueue(void);
