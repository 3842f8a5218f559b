// SPDX-License-Identifier: BSL-1.0
// Tests of watches on every backend of the system.
#include "loop_test.hpp"

#include <pollux/open.hpp>

namespace pollux::loop::tests {
namespace {

class OnBackend : public testing::TestWithParam<std::string> {
  protected:
    Loop loop{request(GetParam())};
    const Watchdog watchdog{loop};

    bool offers(Mode mode) const {
        const auto& capabilities = loop.choice().backend->capabilities;
        const auto& offered = mode == Mode::edge    ? capabilities.edge
                              : mode == Mode::level ? capabilities.level
                                                    : capabilities.oneshot;
        return offered.support != Support::unsupported;
    }
};

TEST_P(OnBackend, echoes_in_each_mode) {
    for (const auto mode : {Mode::level, Mode::edge, Mode::oneshot}) {
        if (!offers(mode)) continue;
        SCOPED_TRACE(static_cast<int>(mode));
        const auto pair = conformance::make_pair(conformance::Kind::tcp);
        int rounds = 0;
        Watcher near, far;
        const auto answer = [&](const conformance::Owned& own, Watcher& watcher) {
            return [&](Ready ready) {
                EXPECT_TRUE(any(ready & Ready::readable));
                if (conformance::drain(own) == 0) return watcher.change(Ready::readable);
                if (++rounds >= 200) {
                    near.close();
                    far.close();
                    return;
                }
                conformance::write(own, "x");
                if (mode == Mode::oneshot) watcher.change(Ready::readable);
            };
        };
        near = loop.watch(pair.near.get(), Ready::readable, mode, answer(pair.near, near));
        far = loop.watch(pair.far.get(), Ready::readable, mode, answer(pair.far, far));
        conformance::write(pair.near, "x");
        EXPECT_FALSE(loop.run());
        EXPECT_GE(rounds, 200);
    }
}

TEST_P(OnBackend, a_mode_that_is_not_offered_is_refused) {
    const auto pair = conformance::make_pair(conformance::Kind::tcp);
    for (const auto mode : {Mode::level, Mode::edge, Mode::oneshot}) {
        if (offers(mode)) continue;
        // A change is refused by the backend.
        int calls = 0;
        auto watcher =
            loop.watch(pair.near.get(), Ready::readable, Mode::oneshot, [&](Ready ready, std::error_code error) {
                ++calls;
                EXPECT_EQ(ready, Ready::failed);
                EXPECT_EQ(error, std::errc::operation_not_supported);
            });
        watcher.change(Ready::readable, mode);
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(watcher.error(), std::errc::operation_not_supported);
    }
}

TEST_P(OnBackend, what_cannot_be_watched_is_refused) {
    int calls = 0;
    const auto refused = [&](Ready ready, std::error_code error) {
        ++calls;
        EXPECT_EQ(ready, Ready::failed);
        EXPECT_TRUE(error);
    };
    auto none = loop.watch(conformance::Owned::none, Ready::readable, Mode::level, refused);
    const auto pair = conformance::make_pair(conformance::Kind::tcp);
    Watcher first = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) { first.close(); });
    auto second = loop.watch(pair.near.get(), Ready::writable, Mode::level, refused);
    conformance::write(pair.far, "x");
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(none.error(), std::errc::bad_file_descriptor);
    EXPECT_EQ(second.error(), std::errc::file_exists);
}

TEST_P(OnBackend, interest_is_added_and_removed) {
    const auto pair = conformance::make_pair(conformance::Kind::tcp);
    std::vector<Ready> seen;
    auto watcher = loop.watch(pair.near.get(), Ready::none, Mode::level, [&](Ready ready) { seen.push_back(ready); });
    conformance::write(pair.far, "x");
    EXPECT_TRUE(conformance::wait_for_data(pair.near));
    loop.run_for(0ns);
    EXPECT_TRUE(seen.empty()) << "paused";
    const auto next = [&](Ready interest) {
        watcher.change(interest);
        seen.clear();
        EXPECT_TRUE(loop.run_one());
        return seen;
    };
    EXPECT_EQ(next(Ready::readable), std::vector{Ready::readable});
    EXPECT_EQ(next(Ready::writable), std::vector{Ready::writable});
    EXPECT_EQ(next(both), std::vector{both});
    conformance::drain(pair.near);
    EXPECT_EQ(next(both), std::vector{Ready::writable});
}

TEST_P(OnBackend, sources_reuse_file_descriptors) {
    int wrong = 0, calls = 0;
    const auto count_wrong = [&](Ready) { ++wrong; };
    for (int round = 0; round < 50; ++round) {
        auto one = conformance::make_pair(conformance::Kind::tcp), two = conformance::make_pair(conformance::Kind::tcp);
        Watcher first, second;
        const auto replace = [&](Watcher& other, conformance::Pair& pair) {
            return [&](Ready) {
                ++calls;
                const auto number = pair.near.get();
                other.close();
                pair.near.close();
                auto quiet = conformance::make_pair(conformance::Kind::tcp);
                pair = {conformance::renumber(std::move(quiet.near), number), std::move(quiet.far)};
                other = loop.watch(pair.near.get(), Ready::readable, Mode::level, count_wrong);
                first.in_background();
                second.in_background();
            };
        };
        first = loop.watch(one.near.get(), Ready::readable, Mode::level, replace(second, two));
        second = loop.watch(two.near.get(), Ready::readable, Mode::level, replace(first, one));
        for (const auto* pair : {&one, &two}) {
            conformance::write(pair->far, "x");
            EXPECT_TRUE(conformance::wait_for_data(pair->near));
        }
        EXPECT_TRUE(loop.run_one());
        loop.run_for(0ns);
        EXPECT_EQ(wrong, 0);
    }
    EXPECT_GE(calls, 50);
}

// The source of a destroyed Watcher may be closed at once: it is no longer watched, and its descriptor number can be
// reused.
RULE(watch, close_at_once) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        for (int round = 0; round < 20; ++round) {
            auto pair = conformance::make_pair(conformance::Kind::tcp);
            Watcher watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
            loop.run_for(0ns);
            watcher.close();
            pair.near.close();
            // The peer sees the end, since no descriptor holds the connection.
            EXPECT_TRUE(conformance::wait_for_data(pair.far));
            EXPECT_EQ(conformance::read(pair.far).bytes, 0U);
        }
        EXPECT_EQ(loop.metrics().watches, 0U);
    }
}

// Loop::open() returns a Loop with its Choice, which can be reopened, or null, an error, and the report of all that was
// tried.
RULE(loop, open) {
    Choice choice;
    auto error = make_error_code(std::errc::io_error);
    EXPECT_FALSE(Loop::open(request("nosuch"), choice, error));
    EXPECT_EQ(error, std::errc::no_such_device);
    EXPECT_TRUE(contains(choice.text(), "cannot open backend \"nosuch\"")) << choice.text();
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto loop = Loop::open(request(backend), choice, error, {.measure_time = true});
        ASSERT_TRUE(loop) << choice.text();
        EXPECT_FALSE(error) << "an earlier one is cleared";
        EXPECT_EQ(choice.stack(), backend);
        EXPECT_EQ(loop->choice().stack(), backend);
        EXPECT_FALSE(loop->reopen());
        int calls = 0;
        const Timer timer = loop->after(1ms, [&] { ++calls; });
        EXPECT_FALSE(loop->run());
        EXPECT_EQ(calls, 1);
        EXPECT_GT(loop->metrics().busy + loop->metrics().asleep, 0ns) << "the options are used";
        EXPECT_FALSE(Loop::open(request("nosuch"), choice, error, {.events = 0}));
        EXPECT_EQ(error, std::errc::invalid_argument);
        EXPECT_EQ(choice.stack(), backend) << "it is unchanged";
    }
}

INSTANTIATE_TEST_SUITE_P(Watch, OnBackend, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param; });

} // namespace
} // namespace pollux::loop::tests
