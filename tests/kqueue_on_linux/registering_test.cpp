// SPDX-License-Identifier: BSL-1.0
// Tests of changes and their results.
#include "kqueue_test.hpp"

#include <initializer_list>

#include <cstddef>

namespace {

// The layouts: <sys/event.h> of FreeBSD 12 and later, XNU, OpenBSD and NetBSD 10, on 64 bits.
TEST_F(Kqueue, has_the_layout_of_its_system) {
#if defined(KQUEUE_LAYOUT_FREEBSD)
    EXPECT_EQ(sizeof(struct kevent), 64U);
    EXPECT_EQ(offsetof(struct kevent, data), 16U);
#elif defined(KQUEUE_LAYOUT_NETBSD)
    EXPECT_EQ(sizeof(struct kevent), 40U);
    EXPECT_EQ(offsetof(struct kevent, data), 24U);
    EXPECT_EQ(EVFILT_READ, 0U);
#else
    EXPECT_EQ(sizeof(struct kevent), 32U);
    EXPECT_EQ(offsetof(struct kevent, udata), 24U);
#endif
}

// kqueue(2): "creates a new kernel event queue and returns a descriptor", which exec keeps: KQUEUE_CLOEXEC and
// kqueue1() are there because of it. ERRORS: "EBADF The specified descriptor is invalid."
TEST_F(Kqueue, is_an_ordinary_descriptor) {
    EXPECT_EQ(fcntl(kq_, F_GETFD) & FD_CLOEXEC, 0);
    struct kevent event {};
    EXPECT_EQ(kevent(pair_[0], nullptr, 0, &event, 1, &now), -1);
    EXPECT_EQ(errno, EBADF);
    const int closed = kqueue();
    close(closed);
    EXPECT_EQ(kevent(closed, nullptr, 0, &event, 1, &now), -1);
    EXPECT_EQ(errno, EBADF);
}

// kqueue(2), ERRORS: "ENOENT The event could not be found to be modified or deleted."
TEST_F(Kqueue, does_not_find_what_was_not_added) {
    for (const unsigned flags : std::initializer_list<unsigned>{EV_DELETE, EV_ENABLE, EV_DISABLE})
        EXPECT_EQ(change(make(pair_[0], EVFILT_READ, flags)), ENOENT);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(change(make(pair_[0], EVFILT_WRITE, EV_DELETE)), ENOENT); // "the (ident, filter) pair" is the key
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_DELETE)), 0);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_DELETE)), ENOENT);
}

// kqueue(2), ERRORS: "EBADF The specified descriptor is invalid", whatever is to be done with it: kqueue_register() in
// FreeBSD's sys/kern/kern_event.c searches for the descriptor first.
TEST_F(Kqueue, refuses_what_is_not_open) {
    const int closed = dup(pair_[0]);
    close(closed);
    for (const int ident : {-1, 1'000'000, closed}) {
        EXPECT_EQ(change(make(ident, EVFILT_READ, EV_ADD)), EBADF);
        EXPECT_EQ(change(make(ident, EVFILT_READ, EV_DELETE)), EBADF);
    }
}

// kqueue(2), ERRORS: "EINVAL The specified time limit or filter is invalid."
TEST_F(Kqueue, refuses_unknown_filters) { EXPECT_EQ(change(make(pair_[0], FilterNumber(99), EV_ADD)), EINVAL); }

// kqueue(2), EV_ADD: "Re-adding an existing event will modify the parameters of the original event, and not result in a
// duplicate entry."
TEST_F(Kqueue, modifies_what_is_added_again) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD, 0, 1)), 0);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD, 0, 2)), 0);
    send(pair_[1]);
    const auto events = pending_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].udata, reinterpret_cast<void*>(2));
    EXPECT_EQ(events[0].ident, static_cast<std::uintptr_t>(pair_[0]));
    EXPECT_EQ(events[0].filter, FilterNumber(EVFILT_READ));
}

// kqueue_register(), FreeBSD sys/kern/kern_event.c: of an existing knote only udata, fflags and data are replaced. A
// level note that is added again with EV_CLEAR, EV_ONESHOT or EV_DISPATCH stays a level note.
TEST_F(Kqueue, keeps_the_mode_of_what_is_added_again) {
    send(pair_[1]);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    for (const unsigned mode : std::initializer_list<unsigned>{EV_CLEAR, EV_ONESHOT, EV_DISPATCH}) {
        EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | mode)), 0);
        EXPECT_EQ(pending_events().size(), 1U);
        EXPECT_EQ(pending_events().size(), 1U);
    }
}

// The same place: EV_ADD alone does not enable what is disabled; EV_ENABLE does.
TEST_F(Kqueue, stays_disabled_when_added_again) {
    send(pair_[1]);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | EV_DISABLE)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | EV_ENABLE)), 0);
    EXPECT_EQ(pending_events().size(), 1U);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_DISABLE)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
}

// kqueue(2), RETURN VALUES: "If an error occurs while processing an element of the changelist and there is enough room
// in the eventlist, then the event will be placed in the eventlist with EV_ERROR set in flags and the system error in
// data." EV_RECEIPT: "useful for making bulk changes to a kqueue without draining any pending events. When passed as
// input, it forces EV_ERROR to always be returned. When a filter is successfully added the data field will be zero."
TEST_F(Kqueue, returns_a_result_for_each_change) {
    send(pair_[1]);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    std::array changes{make(pair_[0], EVFILT_WRITE, EV_ADD), make(pair_[1], EVFILT_READ, EV_DELETE),
                       make(pair_[1], EVFILT_WRITE, EV_ADD)};
    std::array<struct kevent, 8> events{};
    ASSERT_EQ(kevent(kq_, changes.data(), 3, events.data(), 8, &now), 1);
    EXPECT_TRUE(events[0].flags & EV_ERROR);
    EXPECT_EQ(events[0].data, ENOENT);
    EXPECT_EQ(events[0].ident, static_cast<std::uintptr_t>(pair_[1]));
    EXPECT_EQ(pending_events().size(), 3U);
    // With the same array for both lists.
    for (auto& wanted : changes) wanted = make(pair_[0], EVFILT_READ, EV_ADD | EV_RECEIPT);
    ASSERT_EQ(kevent(kq_, changes.data(), 3, changes.data(), 3, &now), 3);
    for (const auto& receipt : changes) {
        EXPECT_TRUE(receipt.flags & EV_ERROR);
        EXPECT_EQ(receipt.data, 0);
    }
}

// kqueue(2), RETURN VALUES: without room for the error, "-1 will be returned, and errno will be set to indicate the
// error condition". EV_RECEIPT: "if this flag is encountered and there is no remaining space in eventlist to hold the
// EV_ERROR event, then subsequent changes will not get processed".
TEST_F(Kqueue, fails_as_a_whole_without_room_for_the_error) {
    const auto wanted = make(pair_[0], EVFILT_READ, EV_DELETE);
    EXPECT_EQ(kevent(kq_, &wanted, 1, nullptr, 0, &now), -1);
    EXPECT_EQ(errno, ENOENT);
    const std::array changes{make(pair_[0], EVFILT_READ, EV_ADD | EV_RECEIPT), make(pair_[1], EVFILT_READ, EV_ADD)};
    EXPECT_EQ(kevent(kq_, changes.data(), 2, nullptr, 0, &now), 0);
    EXPECT_EQ(change(make(pair_[1], EVFILT_READ, EV_DELETE)), ENOENT);
}

// kqueue(2), EV_DELETE: "Events which are attached to file descriptors are automatically deleted on the last close of
// the descriptor": knote_fdclose() goes by the number, a duplicate does not keep them.
TEST_F(Kqueue, deletes_what_is_closed) {
    send(pair_[1]);
    const int number = dup(pair_[0]);
    EXPECT_EQ(change(make(number, EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(change(make(number, EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 2U);
    close(number);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(dup(pair_[0]), number);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(change(make(number, EVFILT_READ, EV_DELETE)), ENOENT);
    EXPECT_EQ(change(make(number, EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 1U);
    close(number);
}

// pipe_kqfilter(): EPIPE in FreeBSD, XNU and DragonFly, EBADF in NetBSD (sys/kern/sys_pipe.c); OpenBSD attaches it to
// the reading side, which has ended.
TEST_F(Kqueue, returns_its_systems_error_for_a_pipe_without_a_reader) {
    close(std::exchange(pipe_[0], -1));
#if defined(KQUEUE_LAYOUT_NETBSD)
    EXPECT_EQ(change(make(pipe_[1], EVFILT_WRITE, EV_ADD)), EBADF);
#elif defined(KQUEUE_LAYOUT_OPENBSD)
    EXPECT_EQ(change(make(pipe_[1], EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_TRUE(next().flags & EV_EOF);
#else
    EXPECT_EQ(change(make(pipe_[1], EVFILT_WRITE, EV_ADD)), EPIPE);
#endif
}

} // namespace
