// SPDX-License-Identifier: BSL-1.0
// Tests of a Loop with a Selector whose nth call fails, once or from then on: a single failure is reported, or repaired
// by a retry, and nothing else is lost; a persistent one is reported, and the Loop can be destroyed.
#include "../harness/failing_selector.hpp"
#include "loop_test.hpp"

#include <csignal>

namespace pollux::loop::tests {
namespace {

using harness::Failing;
using harness::FailingSelector;

/// A program that uses all functions of a Loop, and repeats those whose failure is reported.
class Program {
  public:
    Program(const std::string& backend, std::shared_ptr<Failing> failing)
        : failing_(std::move(failing)),
          loop_(std::make_unique<FailingSelector>(pollux::open(request(backend)), failing_)),
          watchdog_(loop_) {}

    void run() {
        watches();
        posts();
        signals();
        again();
        watcher_.close();
        closed_.close();
        repeat([&] { return loop_.stop(); });
        go_on([] { return true; });
        EXPECT_TRUE(gave_up_ || loop_.metrics().watches == 0);
    }

    /// The number of reported failures.
    std::size_t reported() const { return reported_; }

  private:
    bool gives_up() { return gave_up_ = gave_up_ || reported_ >= 3 || testing::Test::HasFailure(); }

    /// Repeats the call until it succeeds.
    void repeat(const auto& call) {
        while (!gives_up()) {
            const std::error_code error = call();
            if (!error) return;
            EXPECT_EQ(error, failing_->error);
            ++reported_;
        }
    }

    /// Runs turns until an event has been received.
    void go_on(const auto& come) {
        do {
            if (gives_up()) return;
            try {
                loop_.run_one();
            } catch (const std::system_error& failure) {
                EXPECT_EQ(failure.code(), failing_->error) << failure.what();
                ++reported_;
                if (watcher_.error()) watcher_.rearm(); // a refusal
            }
        } while (!come());
    }

    void watches() {
        watch();
        go_on([&] { return called_ == 1; });
        // Changed, and changed back after an event.
        watcher_.change(Ready::readable, Mode::oneshot);
        pipe_.write();
        go_on([&] { return called_ == 2; });
        watcher_.change(Ready::readable, Mode::level);
        pipe_.write();
        go_on([&] { return called_ == 3; });
        // Registered with the backend at once.
        repeat([&] {
            std::error_code error;
            closed_ = loop_.watch(
                other_.reader(), Ready::readable, Mode::level, [](Ready) {}, error);
            return error;
        });
    }

    void posts() {
        bool posted = false;
        std::size_t reported = 0;
        std::thread([&, poster = loop_.poster(), keep_alive = loop_.keep_alive()]() mutable {
            // The Loop has taken it, even if the wake failed.
            auto error = poster.post([&] { posted = true; });
            for (; error && reported < 2; error = poster.wake()) ++reported;
            for (error = keep_alive.close(); error && reported < 2; error = keep_alive.close()) ++reported;
        }).join();
        reported_ += reported;
        go_on([&] { return posted; });
    }

    void signals() {
#ifndef _WIN32
        bool called = false;
        auto signal = loop_.on_signal(SIGUSR1, [&] { called = true; });
        std::raise(SIGUSR1);
        go_on([&] { return called; });
#endif
    }

    /// Watches a source again that was watched before: before it is readable, and after.
    void again() {
        watcher_.close();
        watch();
        go_on([&] { return called_ == 4; });
        pipe_.write();
        watcher_.close();
        auto timer = loop_.every(1ns, [] {}); // so that no turn sleeps
        for (int turn = 0; turn < 20; ++turn) go_on([] { return true; });
        timer.close();
        watch();
        go_on([&] { return called_ == 5; });
    }

    void watch() {
        watcher_ = loop_.watch(pipe_.reader(), Ready::readable, Mode::level, [this](Ready) {
            ++called_;
            conformance::read(pipe_.reader(), 16);
        });
        pipe_.write();
    }

    const Pipe pipe_;
    const Pipe other_;
    const std::shared_ptr<Failing> failing_;
    std::size_t reported_ = 0;
    bool gave_up_ = false;
    int called_ = 0;
    Loop loop_;
    Watchdog watchdog_;
    Watcher watcher_;
    Watcher closed_;
};

TEST(FailingCalls, of_a_selector_are_reported_by_loop_or_repaired) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (const bool persists : {false, true}) {
            for (std::size_t index = 0;; ++index) {
                SCOPED_TRACE(testing::Message() << "call " << index << (persists ? " and later" : ""));
                const auto failing = std::make_shared<Failing>(index, persists);
                Program program(backend, failing);
                program.run();
                if (failing->calls <= index) break; // all calls were tested
                if (persists) {
                    EXPECT_GE(program.reported(), 1U);
                } else {
                    EXPECT_LE(program.reported(), 1U);
                }
                if (HasFailure()) return;
            }
        }
    }
}

} // namespace
} // namespace pollux::loop::tests
