// SPDX-License-Identifier: BSL-1.0
#include "museum.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace pollux::museum {

namespace {

/// One test of the museum, on one backend.
class Museum : public testing::Test {
  public:
    Museum(Registration::Function function, const char* description, std::string backend)
        : function_(function), description_(description), backend_(std::move(backend)) {}

  private:
    void TestBody() override {
        SCOPED_TRACE(description_);
        function_(backend_);
    }

    Registration::Function function_;
    const char* description_;
    std::string backend_;
};

/// Prints the excluded tests and the reasons after all tests.
class PrintedExclusions : public testing::Environment {
  public:
    static void add(const std::string& line) {
        static auto* const all =
            static_cast<PrintedExclusions*>(testing::AddGlobalTestEnvironment(new PrintedExclusions));
        all->lines_.push_back(line);
    }

  private:
    void TearDown() override {
        for (const auto& line : lines_) std::printf("excluded: %s\n", line.c_str());
    }

    std::vector<std::string> lines_;
};

} // namespace

Registration::Registration(const char* name, const char* description, const char* file, int line, Function function,
                           std::span<const Exclusion> exclusions) {
    for (const auto& backend : harness::backends()) {
        const auto test = name + ("/" + backend);
        const auto excludes = [&](const Exclusion& one) { return one.applies && one.backend == backend; };
        const auto exclusion = std::find_if(exclusions.begin(), exclusions.end(), excludes);
        if (exclusion != exclusions.end()) {
            PrintedExclusions::add(test + ": " + exclusion->reason);
            continue;
        }
        testing::RegisterTest("Museum", test.c_str(), nullptr, nullptr, file, line,
                              [=]() -> Museum* { return new Museum(function, description, backend); });
    }
}

std::vector<Mode> modes_of(const Choice& choice) {
    const auto& capabilities = choice.backend->capabilities;
    std::vector<Mode> modes;
    if (capabilities.level) modes.push_back(Mode::level);
    if (capabilities.oneshot) modes.push_back(Mode::oneshot);
    if (capabilities.edge) modes.push_back(Mode::edge);
    return modes;
}

bool offers_edge(const Choice& choice) { return static_cast<bool>(choice.backend->capabilities.edge); }

void CheckedPoll::add(Source source, Ready interest, Mode mode, Token token) {
    EXPECT_EQ(poll.registrator().add(source, {token, interest, mode}), std::error_code());
}

void CheckedPoll::modify(Source source, Ready interest, Mode mode, Token token) {
    EXPECT_EQ(poll.registrator().modify(source, {token, interest, mode}), std::error_code());
}

void CheckedPoll::remove(Source source) { EXPECT_EQ(poll.registrator().remove(source), std::error_code()); }

Ready CheckedPoll::next(Token token) {
    EXPECT_FALSE(poll.poll(events, patience));
    if (events.empty()) {
        ADD_FAILURE() << "nothing is reported";
        return Ready::none;
    }
    EXPECT_EQ(events[0].token, token);
    return events[0].ready;
}

bool CheckedPoll::reports(Ready conditions, Token token) {
    const auto end = loop::tests::Clock::now() + patience;
    Ready seen = Ready::none;
    while (loop::tests::Clock::now() < end) {
        if (poll.poll(events, patience)) return false;
        for (const auto& event : events) {
            if (event.token == token) seen |= event.ready;
        }
        if ((seen & conditions) == conditions) return true;
    }
    return false;
}

bool CheckedPoll::is_quiet() {
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(poll.poll(events, moment / 3));
        if (!events.empty()) return false;
    }
    return true;
}

bool turn_until(loop::Loop& loop, const std::function<bool()>& condition) {
    const auto keep_alive = loop.keep_alive();
    const auto end = loop::tests::Clock::now() + patience;
    while (!condition()) {
        if (loop::tests::Clock::now() > end) return false;
        loop.run_for(1ms);
    }
    return true;
}

std::uint64_t polls_when_idle(loop::Loop& loop) {
    const auto keep_alive = loop.keep_alive();
    loop.run_for(0ns); // registers the changes of watches
    const auto before = loop.metrics().polls;
    loop.run_for(moment);
    return loop.metrics().polls - before;
}

pid_t fork_child(const std::function<void()>& body) {
    std::fflush(nullptr);
    const pid_t child = fork();
    EXPECT_NE(child, -1);
    if (child != 0) return child;
    const bool had_failed = testing::Test::HasFailure();
    try {
        body();
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    _exit(!had_failed && testing::Test::HasFailure() ? 1 : 0);
}

std::string outcome_of(pid_t child) {
    const auto end = loop::tests::Clock::now() + 60s;
    int status = 0;
    for (;;) {
        const pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child) break;
        if (ended == -1 && errno != EINTR) return "waitpid() failed";
        if (loop::tests::Clock::now() > end) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return "did not end";
        }
        std::this_thread::sleep_for(200us);
    }
    if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "ended with status " + std::to_string(WEXITSTATUS(status));
}

struct SignalHandler::Before {
    struct sigaction action {};
};

SignalHandler::SignalHandler(int signal, void (*handler)(int), int flags)
    : before_(std::make_unique<Before>()), signal_(signal) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    EXPECT_EQ(sigaction(signal, &action, &before_->action), 0);
}

SignalHandler::~SignalHandler() { sigaction(signal_, &before_->action, nullptr); }

} // namespace pollux::museum
