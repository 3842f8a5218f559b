// SPDX-License-Identifier: BSL-1.0
// Tests of a Poll with a Selector whose nth call fails: the Poll's call returns the error, changes nothing, and can be
// repeated.
#include "../harness/failing_selector.hpp"
#include "core_test.hpp"

#include <functional>

namespace pollux::core_tests {
namespace {

/// Repeats the call until it succeeds, at most twice if the failure does not persist; returns the number of failures.
int failures_of(const std::function<std::error_code()>& call, const std::shared_ptr<Failing>& failing) {
    int failures = 0;
    while (failures < 3) {
        const auto error = call();
        if (!error) return failures;
        EXPECT_EQ(error, failing->error);
        ++failures;
    }
    EXPECT_TRUE(failing->persists) << "a call that failed once cannot be repeated";
    return failures;
}

/// Uses a Poll like a program; returns the number of calls that failed.
int use(const std::string& backend, const std::shared_ptr<Failing>& failing) {
    Poll poll(std::make_unique<FailingSelector>(open({.backend = backend, .folders = {folder_of_plugins()}}), failing));
    const auto& registrator = poll.registrator();
    const Pipe pipe;
    pipe.write();
    Events events;
    int failures = 0;
    const auto repeat = [&](const std::function<std::error_code()>& call) { failures += failures_of(call, failing); };
    const auto expect = [&](Token token) {
        if (failing->persists && failures != 0) return;
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].token, token);
    };
    repeat([&] { return registrator.add(pipe.reader(), {Token{1}, Ready::readable, Mode::level}); });
    repeat([&] { return poll.poll(events, patience); });
    expect(Token{1});
    repeat([&] { return registrator.modify(pipe.reader(), {Token{2}, Ready::readable, Mode::level}); });
    repeat([&] { return poll.poll(events, patience); });
    expect(Token{2});
    repeat([&] { return registrator.remove(pipe.reader()); });
    repeat([&] { return registrator.wake(); });
    repeat([&] { return poll.poll(events, patience); });
    expect(wake_token);
    repeat([&] { return poll.close(); });
    EXPECT_EQ(poll.poll(events, patience), canceled);
    return failures;
}

TEST(FailingCalls, of_a_selector_are_reported_by_poll) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (const bool persists : {false, true}) {
            for (std::size_t index = 0;; ++index) {
                SCOPED_TRACE(testing::Message() << "call " << index << (persists ? " and later" : ""));
                const auto failing = std::make_shared<Failing>(index, persists);
                const int failures = use(backend, failing);
                if (failing->calls <= index) break; // all calls were tested
                if (persists) {
                    EXPECT_GE(failures, 3);
                } else {
                    EXPECT_EQ(failures, 1);
                }
                if (testing::Test::HasFailure()) return;
            }
        }
    }
}

} // namespace
} // namespace pollux::core_tests
