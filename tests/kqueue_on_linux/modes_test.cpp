// SPDX-License-Identifier: BSL-1.0
// Tests of level mode, EV_CLEAR, EV_ONESHOT, EV_DISPATCH, EVFILT_USER.
#include "kqueue_test.hpp"

namespace {

// kqueue(2): "The filter is also run when the user attempts to retrieve the event from the kqueue. If the filter
// indicates that the condition that triggered the event no longer holds, the kevent is removed from the kqueue and is
// not returned."
TEST_F(Kqueue, level_holds_as_long_as_the_condition) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
    for (int round = 0; round < 3; ++round) {
        send(pair_[1]);
        EXPECT_EQ(pending_events().size(), 1U);
        EXPECT_EQ(pending_events().size(), 1U);
        drain(pair_[0]);
        EXPECT_EQ(pending_events().size(), 0U);
    }
}

// The same for an event that was triggered and not yet retrieved.
TEST_F(Kqueue, drops_events_whose_condition_no_longer_holds) {
    for (const unsigned mode : std::initializer_list<unsigned>{0, EV_CLEAR, EV_ONESHOT, EV_DISPATCH}) {
        EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | mode)), 0);
        send(pair_[1]);
        drain(pair_[0]);
        EXPECT_EQ(pending_events().size(), 0U);
        EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_DELETE)), 0);
    }
}

// kqueue(2), EV_CLEAR: "After the event is retrieved by the user, its state is reset. This is useful for filters which
// report state transitions instead of the current state." New data is a transition (sowakeup() calls KNOTE), and so is
// to add it again: kqueue_register() runs the filter.
TEST_F(Kqueue, clear_reports_arrivals) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
    for (int round = 0; round < 3; ++round) {
        send(pair_[1], "four");
        EXPECT_EQ(pending_events().size(), 1U);
        EXPECT_EQ(pending_events().size(), 0U);
        char byte = 0;
        EXPECT_EQ(read(pair_[0], &byte, 1), 1);
        EXPECT_EQ(pending_events().size(), 0U);
    }
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 1U);
    EXPECT_EQ(pending_events().size(), 0U);
}

// kqueue(2), EV_ONESHOT: "Causes the event to return only the first occurrence of the filter being triggered. After the
// user retrieves the event from the kqueue, it is deleted."
TEST_F(Kqueue, oneshot_is_deleted) {
    send(pair_[1]);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | EV_ONESHOT)), 0);
    EXPECT_EQ(pending_events().size(), 1U);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_DELETE)), ENOENT);
}

// kqueue(2), EV_DISPATCH: "Disable the event source immediately after delivery of an event", of this filter and no
// other.
TEST_F(Kqueue, dispatch_is_disabled) {
    send(pair_[1]);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | EV_DISPATCH)), 0);
    EXPECT_EQ(change(make(pair_[0], EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 2U);
    send(pair_[1]);
    const auto events = pending_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].filter, FilterNumber(EVFILT_WRITE));
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ENABLE)), 0);
    EXPECT_EQ(pending_events().size(), 2U);
}

// kqueue(2), EV_DISABLE: "Disable event so kevent() will not return it. The filter itself is not disabled."
TEST_F(Kqueue, reports_when_enabled_what_was_triggered_before) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_DISABLE)), 0);
    send(pair_[1]);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ENABLE)), 0);
    EXPECT_EQ(pending_events().size(), 1U);
}

// kqueue_scan(), FreeBSD sys/kern/kern_event.c: what stays active goes back to the end of the queue, so that a small
// eventlist sees all in turn; and nothing is lost for want of room.
TEST_F(Kqueue, takes_turns_in_a_small_eventlist) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_EQ(change(make(pair_[1], EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_EQ(change(make(pipe_[1], EVFILT_WRITE, EV_ADD | EV_CLEAR)), 0);
    std::vector<std::uintptr_t> seen;
    for (int turn = 0; turn < 5; ++turn) {
        const auto events = pending_events(1);
        ASSERT_EQ(events.size(), 1U);
        seen.push_back(events[0].ident);
    }
    EXPECT_EQ(seen[0], seen[3]);
    EXPECT_EQ(seen[1], seen[4]);
    EXPECT_EQ(seen[2], static_cast<std::uintptr_t>(pipe_[1]));
    EXPECT_NE(seen[0], seen[1]);
}

#ifdef EVFILT_USER
// kqueue(2), EVFILT_USER: "Establishes a user event identified by ident which is not associated with any kernel
// mechanism but is triggered by user level code"; NOTE_TRIGGER: "Cause the event to be triggered". It stays so, unless
// EV_CLEAR resets it.
TEST_F(Kqueue, user_events_are_triggered) {
    EXPECT_EQ(change(make(7, EVFILT_USER, EV_ENABLE, NOTE_TRIGGER)), ENOENT);
    EXPECT_EQ(change(make(7, EVFILT_USER, EV_ADD, 0, 70)), 0);
    EXPECT_EQ(change(make(8, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 80)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
    for (const int ident : {7, 8, 8}) EXPECT_EQ(change(make(ident, EVFILT_USER, EV_ENABLE, NOTE_TRIGGER)), 0);
    EXPECT_EQ(pending_events().size(), 2U);
    const auto events = pending_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].ident, 7U);
    EXPECT_EQ(events[0].filter, FilterNumber(EVFILT_USER));
    EXPECT_EQ(change(make(8, EVFILT_USER, EV_ENABLE, NOTE_TRIGGER)), 0);
    EXPECT_EQ(pending_events().size(), 2U);
}
#else
// OpenBSD 7.7 and before have no EVFILT_USER: its number on other systems is refused.
TEST_F(Kqueue, user_events_are_unknown) { EXPECT_EQ(change(make(7, -10, EV_ADD)), EINVAL); }
#endif

} // namespace
