// SPDX-License-Identifier: BSL-1.0
#include "../harness/rule.hpp"
#include "../harness/scripted_selector.hpp"
#include "../harness/simulated_selector.hpp"
#include "core_test.hpp"

#include <pollux/forwarding_selector.hpp>

#include <string_view>

namespace pollux::core_tests {
namespace {

using Answer = ScriptedSelector::Answer;

/// A Scripted is a Poll over a ScriptedSelector.
struct Scripted {
    explicit Scripted(ScriptedSelector::Script script)
        : poll(std::make_unique<ScriptedSelector>(record, std::move(script))) {}

    std::shared_ptr<Record> record = std::make_shared<Record>();
    Poll poll;
    Events events;
};

Answer one_event(std::size_t) { return {.events = {{Token{7}, Ready::readable}}}; }

TEST(Poll, no_selector_is_refused) {
    EXPECT_THROW(Poll(std::unique_ptr<Selector>()), std::invalid_argument);
    EXPECT_THROW(Poll{nullptr}, std::invalid_argument);
}

TEST(Poll, nothing_to_open_is_an_OpenError) {
    try {
        Poll poll(Request{.backend = "nosuch", .folders = {folder_of_plugins()}});
        ADD_FAILURE() << "opened";
    } catch (const OpenError& error) {
        const std::string text = error.what();
        for (const std::string& fact :
             {std::string("pollux: cannot open backend \"nosuch\" (from the program)"), std::string("pollux-nosuch."),
              folder_of_plugins(), std::string("installed: "), backends().front()}) {
            EXPECT_NE(text.find(fact), text.npos) << fact << " is not in\n" << text;
        }
    }
}

TEST(Poll, returns_its_choice) {
    for (const auto& backend : backends()) {
        const auto poll = poll_with(backend);
        ASSERT_TRUE(poll.choice().backend);
        EXPECT_EQ(poll.choice().backend->name, backend);
        EXPECT_EQ(poll.choice().requested, backend);
    }
    const Scripted given(one_event);
    EXPECT_FALSE(given.poll.choice().backend);
    EXPECT_EQ(given.poll.choice().requested, "");
}

/// A layer with an extension, which a ScriptedSelector does not have.
class Extended final : public ForwardingSelector {
  public:
    static constexpr char id[] = "pollux.core_tests.extended/1";
    explicit Extended(std::unique_ptr<Selector> inner) noexcept : ForwardingSelector(std::move(inner)) {}
    void* extension(const char* requested) noexcept override {
        return requested == std::string_view(id) ? this : nullptr;
    }
};

/// An extension that no Selector has, by its id.
struct Unknown {
    static constexpr char id[] = "pollux.core_tests.unknown/1";
};

// extension() returns that of the present Selector, and null if it has none.
RULE(poll, extension) {
    const auto scripted = [] { return std::make_unique<ScriptedSelector>(std::make_shared<Record>(), one_event); };
    Poll poll(std::make_unique<Extended>(scripted()));
    EXPECT_NE(poll.extension<Extended>(), nullptr);
    EXPECT_EQ(poll.extension<Unknown>(), nullptr);
    EXPECT_FALSE(poll.reopen(scripted()));
    EXPECT_EQ(poll.extension<Extended>(), nullptr);
}

// clock() is that of the present Selector, by which timeouts of poll() end, or the steady clock if that has none.
RULE(poll, clock) {
    const auto simulation = std::make_shared<harness::Simulation>();
    const auto simulated = [&] { return std::make_unique<harness::SimulatedSelector>(simulation); };
    const auto scripted = [] { return std::make_unique<ScriptedSelector>(std::make_shared<Record>(), one_event); };
    Poll poll(simulated());
    const auto begun = simulation->now();
    EXPECT_EQ(poll.clock().now(), begun);
    Events events;
    EXPECT_FALSE(poll.poll(events, 24h));
    EXPECT_TRUE(events.empty());
    EXPECT_EQ(poll.clock().now(), begun + 24h);
    EXPECT_EQ(simulation->sleeps, 1U);
    EXPECT_FALSE(poll.reopen(scripted()));
    EXPECT_TRUE(poll.clock().is_steady());
    EXPECT_FALSE(poll.reopen(simulated()));
    EXPECT_EQ(poll.clock().now(), begun + 24h);
    EXPECT_FALSE(poll.poll(events, 0ns)); // may report a wake
    EXPECT_FALSE(poll.poll(events, 1ms));
    EXPECT_EQ(poll.clock().now(), begun + 24h + 1ms);
    Poll other(scripted());
    other = std::move(poll);
    EXPECT_EQ(other.clock().now(), begun + 24h + 1ms);
    const Poll moved(std::move(other));
    EXPECT_EQ(moved.clock().now(), begun + 24h + 1ms);
}

TEST(Poll, reports_what_happens) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        const Pipe pipe;
        EXPECT_FALSE(poll.registrator().add(pipe.reader(), {Token{42}, Ready::readable}));
        pipe.write();
        Events events;
        EXPECT_FALSE(poll.poll(events, patience));
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].token, Token{42});
        EXPECT_EQ(events.begin()->ready, Ready::readable);
        EXPECT_FALSE(poll.registrator().wake());
        EXPECT_FALSE(poll.poll(events, patience));
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].token, wake_token);
    }
}

TEST(Poll, finite_timeouts_are_never_early) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        Events events;
        for (const auto timeout : {-1ns, 0ns, 1ns, 100'000ns, 1'000'001ns, 5'000'000ns}) {
            const auto begin = std::chrono::steady_clock::now();
            EXPECT_FALSE(poll.poll(events, timeout));
            const auto waited = std::chrono::steady_clock::now() - begin;
            EXPECT_GE(waited, timeout);
            EXPECT_LT(waited, patience);
            EXPECT_TRUE(events.empty());
        }
    }
}

TEST(Poll, events_without_room_are_refused) {
    for (const auto& backend : backends()) {
        auto poll = poll_with(backend);
        Events events(0);
        EXPECT_EQ(poll.poll(events, 0ns), std::errc::invalid_argument) << backend;
        EXPECT_TRUE(events.empty());
    }
}

TEST(Poll, continues_after_an_interruption_with_the_remaining_time) {
    Scripted interrupted([](std::size_t) { return Answer{}; });
    constexpr auto timeout = 20ms;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(interrupted.poll.poll(interrupted.events, timeout));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, timeout);
    const auto& timeouts = interrupted.record->timeouts;
    EXPECT_EQ(timeouts.front(), Timeout(timeout));
    for (std::size_t i = 1; i < timeouts.size(); ++i) {
        ASSERT_TRUE(timeouts[i]);
        EXPECT_LE(*timeouts[i], *timeouts[i - 1]);
        EXPECT_GT(*timeouts[i], 0ns);
    }
}

TEST(Poll, continues_without_a_limit_after_an_interruption) {
    Scripted interrupted([](std::size_t before) { return before < 3 ? Answer{} : one_event(before); });
    EXPECT_FALSE(interrupted.poll.poll(interrupted.events));
    EXPECT_EQ(interrupted.events.size(), 1U);
    EXPECT_EQ(interrupted.record->timeouts, std::vector<Timeout>(4));
}

TEST(Poll, polls_once_with_a_timeout_of_zero) {
    for (const auto timeout : {0ns, -1ns, std::chrono::nanoseconds::min()}) {
        Scripted quiet([](std::size_t) { return Answer{}; });
        EXPECT_FALSE(quiet.poll.poll(quiet.events, timeout));
        EXPECT_EQ(quiet.record->timeouts.size(), 1U);
    }
}

TEST(Poll, waits_as_long_as_the_clock_can_hold) {
    Scripted interrupted([](std::size_t before) { return before < 3 ? Answer{} : one_event(before); });
    EXPECT_FALSE(interrupted.poll.poll(interrupted.events, std::chrono::nanoseconds::max()));
    EXPECT_EQ(interrupted.events.size(), 1U);
    EXPECT_GT(interrupted.record->timeouts.back().value(), std::chrono::hours(24 * 365));
}

TEST(Poll, returns_the_errors_of_the_selector) {
    Scripted failing([](std::size_t) { return Answer{.error = make_error_code(std::errc::io_error)}; });
    EXPECT_EQ(failing.poll.poll(failing.events), std::errc::io_error);
    EXPECT_EQ(failing.record->timeouts.size(), 1U);
    EXPECT_TRUE(failing.events.empty());
}

TEST(Poll, close_wakes_the_selector_each_time) {
    Scripted idle(one_event);
    static_cast<void>(idle.poll.close());
    static_cast<void>(idle.poll.registrator().close());
    EXPECT_EQ(idle.record->wakes, 2);
    EXPECT_EQ(idle.poll.poll(idle.events), canceled);
    EXPECT_TRUE(idle.record->timeouts.empty());
}

TEST(Poll, can_be_moved) {
    Scripted first(one_event);
    const auto handle = first.poll.registrator();
    Poll moved(std::move(first.poll));
    EXPECT_FALSE(first.record->destroyed);
    EXPECT_FALSE(handle.wake());
    EXPECT_FALSE(moved.poll(first.events));
    EXPECT_EQ(first.events.size(), 1U);
    static_cast<void>(moved.close());
    EXPECT_EQ(handle.wake(), canceled);
}

TEST(Poll, assignment_closes_the_former_selector) {
    Scripted first(one_event), second(one_event);
    const auto of_first = first.poll.registrator(), of_second = second.poll.registrator();
    first.poll = std::move(second.poll);
    EXPECT_TRUE(first.record->destroyed);
    EXPECT_FALSE(second.record->destroyed);
    EXPECT_EQ(of_first.wake(), canceled);
    EXPECT_FALSE(of_second.wake());
    EXPECT_FALSE(first.poll.poll(first.events));
    second.poll =
        Poll(std::make_unique<ScriptedSelector>(std::make_shared<Record>(), one_event)); // assigned after a move
    EXPECT_FALSE(second.poll.poll(second.events));
    auto& itself = first.poll;
    first.poll = std::move(itself);
    EXPECT_FALSE(of_second.wake());
    EXPECT_FALSE(first.poll.poll(first.events));
}

TEST(Events, are_used_again) {
    Scripted scripted([](std::size_t before) { return before == 1 ? Answer{} : one_event(before); });
    EXPECT_TRUE(scripted.events.empty());
    EXPECT_FALSE(scripted.poll.poll(scripted.events, 0ns));
    const auto* const memory = &scripted.events[0];
    EXPECT_FALSE(scripted.poll.poll(scripted.events, 0ns));
    EXPECT_TRUE(scripted.events.empty()); // the events of the earlier poll() were cleared
    EXPECT_FALSE(scripted.poll.poll(scripted.events, 0ns));
    ASSERT_EQ(scripted.events.size(), 1U);
    EXPECT_EQ(&scripted.events[0], memory);
    static_cast<void>(scripted.poll.close());
    EXPECT_EQ(scripted.poll.poll(scripted.events), canceled);
    EXPECT_TRUE(scripted.events.empty());
}

TEST(Events, are_empty_after_a_timeout) {
    Scripted scripted([](std::size_t before) { return before == 0 ? one_event(before) : Answer{}; });
    EXPECT_FALSE(scripted.poll.poll(scripted.events, 1ms));
    EXPECT_EQ(scripted.events.size(), 1U);
    EXPECT_FALSE(scripted.poll.poll(scripted.events, 1ms));
    EXPECT_TRUE(scripted.events.empty());
}

TEST(Events, can_be_moved) {
    Scripted scripted(one_event);
    EXPECT_FALSE(scripted.poll.poll(scripted.events));
    Events moved(std::move(scripted.events));
    ASSERT_EQ(moved.size(), 1U);
    EXPECT_EQ(moved[0].token, Token{7});
    EXPECT_TRUE(scripted.events.empty());
    Events assigned(1);
    assigned = std::move(moved);
    ASSERT_EQ(assigned.size(), 1U);
    EXPECT_EQ(assigned[0].token, Token{7});
    EXPECT_TRUE(moved.empty());
}

TEST(Events, hold_no_more_than_their_capacity) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        std::array<Pipe, 3> pipes;
        for (std::size_t i = 0; i < pipes.size(); ++i) {
            EXPECT_FALSE(poll.registrator().add(pipes[i].reader(), {Token{i}, Ready::readable}));
            pipes[i].write();
        }
        Events events(2);
        EXPECT_FALSE(poll.poll(events, patience));
        EXPECT_GE(events.size(), 1U);
        EXPECT_LE(events.size(), 2U);
    }
}

} // namespace
} // namespace pollux::core_tests
