// SPDX-License-Identifier: BSL-1.0
// CallbackSelector over a library whose calls fail. What it does if they succeed is tested by the conformance suite, on
// the plugin that `pollux new --callback` writes.
#include <pollux/callback_selector.hpp>

#include <gtest/gtest.h>

#include "../conformance/sources.hpp"

namespace pollux {
namespace {

using conformance::Kind;
using conformance::make_pair;

enum class Answer { success, error, out_of_memory, exception };

/// A Library that calls each callback that is started, and whose calls give the answers that a test has set.
struct Scripted {
    static constexpr Capabilities capabilities{.oneshot = {Support::emulated, "of a test"},
                                               .level = {Support::native},
                                               .edge = {Support::unsupported, "of a test"},
                                               .sockets = {Support::native},
                                               .pipes = {Support::unsupported, "of a test"},
                                               .files = {Support::unsupported, "of a test"},
                                               .priority = {Support::unsupported, "of a test"},
                                               .timeout_resolution = std::chrono::milliseconds(1)};
    struct Handle {
        Callback* callback = nullptr;
        Ready interest = Ready::none;
    };

    static std::error_code give(Answer answer) {
        if (answer == Answer::out_of_memory) throw std::bad_alloc();
        if (answer == Answer::exception) throw 1; // NOLINT(misc-throw-by-value-catch-by-reference)
        return answer == Answer::error ? make_error_code(std::errc::no_space_on_device) : std::error_code();
    }

    bool open(const OpenRequest&, OpenFailure& failure) {
        if (const auto error = give(of_open)) return failure.set(error, "open"), false;
        return true;
    }
    std::error_code start(Handle& handle, Callback& callback, Ready interest) {
        if (const auto error = give(std::exchange(of_start, Answer::success))) return error;
        handle = {&callback, interest};
        if (started.empty()) of_wake = callback.source();
        started.push_back(&handle);
        return {};
    }
    void stop(Handle& handle) noexcept { std::erase(started, &handle); }
    std::error_code run(Timeout) {
        if (const auto error = give(of_run)) return error;
        for (auto* handle : started) {
            if (calls_all || handle->callback->source() == calls) (*handle->callback)(handle->interest);
        }
        return {};
    }

    inline static Answer of_open, of_start, of_run;
    inline static Source calls = -1; // the source that is ready
    inline static bool calls_all = false;
    inline static Source of_wake = -1;
    std::vector<Handle*> started;
};

class CallbackSelectorTest : public testing::Test {
  protected:
    CallbackSelectorTest() { Scripted::of_open = Scripted::of_start = Scripted::of_run = Answer::success; }

    std::unique_ptr<Selector> open() {
        return toolkit::open_selector<CallbackSelector<Scripted>>(OpenRequest{}, failure);
    }

    /// Returns what a select() that does not wait reports.
    Event select(Selector& selector) {
        std::array<Event, 4> buffer{};
        const auto events = selector.select(buffer, std::chrono::nanoseconds::zero(), error);
        return events.empty() ? Event{wake_token, Ready::none} : events.front();
    }

    OpenFailure failure;
    std::error_code error;
    conformance::Pair pair = make_pair(Kind::local);
};

constexpr std::array failures{std::pair{Answer::error, std::errc::no_space_on_device},
                              std::pair{Answer::out_of_memory, std::errc::not_enough_memory},
                              std::pair{Answer::exception, std::errc::io_error}};

TEST_F(CallbackSelectorTest, open_that_fails) {
    for (Answer* const answer : {&Scripted::of_open, &Scripted::of_start}) {
        *answer = Answer::error;
        EXPECT_EQ(open(), nullptr);
        EXPECT_EQ(failure.error(), std::errc::no_space_on_device);
        *answer = Answer::out_of_memory;
        EXPECT_EQ(open(), nullptr);
        EXPECT_EQ(failure.error(), std::errc::not_enough_memory);
        *answer = Answer::success;
    }
}

TEST_F(CallbackSelectorTest, add_that_fails_changes_nothing) {
    const auto selector = open();
    Scripted::calls = pair.near;
    for (const auto& [answer, expected] : failures) {
        Scripted::of_start = answer;
        EXPECT_EQ(selector->registrator().add(pair.near, {Token{1}, Ready::readable, Mode::level}), expected);
        EXPECT_EQ(select(*selector).token, wake_token);
        EXPECT_FALSE(selector->registrator().add(pair.near, {Token{2}, Ready::readable, Mode::level}));
        EXPECT_EQ(select(*selector).token, Token{2});
        EXPECT_FALSE(selector->registrator().remove(pair.near));
    }
}

TEST_F(CallbackSelectorTest, modify_that_fails_changes_nothing) {
    const auto selector = open();
    Scripted::calls = pair.near;
    ASSERT_FALSE(selector->registrator().add(pair.near, {Token{1}, Ready::readable, Mode::level}));
    for (const auto& [answer, expected] : failures) {
        Scripted::of_start = answer;
        EXPECT_EQ(selector->registrator().modify(pair.near, {Token{2}, Ready::writable, Mode::oneshot}), expected);
        for (int call = 0; call < 2; ++call) {
            const auto event = select(*selector);
            EXPECT_EQ(event.token, Token{1});
            EXPECT_EQ(event.ready, Ready::readable);
        }
    }
}

// The program has replaced the descriptor by which wakes arrive: the error costs no event of a one-shot watch.
TEST_F(CallbackSelectorTest, wake_that_fails_spends_no_watch) {
    const auto selector = open();
    ASSERT_FALSE(selector->registrator().add(pair.near, {Token{1}, Ready::readable, Mode::oneshot}));
    const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(dup2(file, Scripted::of_wake), Scripted::of_wake);
    close(file);
    Scripted::calls = pair.near;
    Scripted::calls_all = true;
    EXPECT_EQ(select(*selector).token, wake_token);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    Scripted::calls_all = false;
    EXPECT_EQ(select(*selector).token, Token{1});
    EXPECT_FALSE(error);
}

TEST_F(CallbackSelectorTest, run_that_fails) {
    const auto selector = open();
    for (const auto& [answer, expected] : failures) {
        Scripted::of_run = answer;
        EXPECT_EQ(select(*selector).token, wake_token);
        EXPECT_EQ(error, expected);
        EXPECT_FALSE(selector->registrator().add(pair.near, {Token{1}, Ready::readable, Mode::level}));
        EXPECT_FALSE(selector->registrator().remove(pair.near));
    }
    Scripted::of_run = Answer::success;
    select(*selector);
    EXPECT_FALSE(error);
}

} // namespace
} // namespace pollux
