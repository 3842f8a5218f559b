// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "findings.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pollux::conformance {

/// An Isolation runs each rule in a process of its own, some at a time: the longest first, so that none of
/// them runs alone at the end, and others in the order in which they were added. A crash, exit(), a hang, or output
/// without end is a finding of that rule, and the others run.
///
/// Threads:   one; the process must have no other when run_ahead() or findings_of() is called, since these fork it.
/// Processes: a rule and the processes that it starts are a process group, which is killed when the rule has ended.
class Isolation {
  public:
    /// Whether the findings of this rule end the run.
    using EndsRun = std::function<bool(const std::string& name, const Findings& findings)>;

    /// `jobs`: how many processes run at a time, at least 1. `hang_limit`: how long a rule may make no progress, asleep
    /// or computing; time in which the machine does not run it is not counted. `ends_run`: if it is given, the shortest
    /// rules run first, and none is started after one that ends the run.
    explicit Isolation(std::size_t jobs, std::chrono::seconds hang_limit = std::chrono::seconds(30),
                       EndsRun ends_run = {});
    ~Isolation();
    Isolation(const Isolation&) = delete;
    Isolation& operator=(const Isolation&) = delete;

    /// Whether this system can do this.
    static bool is_supported() noexcept;

    /// Empties the queue, and begins another run.
    void begin_run();

    /// Adds a rule to the queue: `body` runs it and returns; `takes` is an estimate of how long that takes.
    void run_ahead(std::string name, std::chrono::milliseconds takes, std::function<void()> body);

    /// Returns the findings of a rule, and removes it from the queue; nullopt if another rule has ended the run. Waits
    /// for its end, and starts others. Rules may be asked for in any order: GoogleTest 1.12 does not show that of
    /// shuffled groups, since UnitTest::GetTestSuite() ignores it.
    ///
    /// Errors: std::system_error if a process cannot be started; std::logic_error if no rule has this name
    std::optional<Findings> findings_of(const std::string& name);

  private:
    class Child;

    void start_some();

    struct Job {
        std::string name;
        std::chrono::milliseconds priority; // the highest runs first
        std::function<void()> body;
        std::shared_ptr<Child> child = {}; // while it runs
        std::optional<Findings> findings = {};
    };
    const std::size_t jobs_;
    const std::chrono::seconds hang_limit_;
    const EndsRun ends_run_;
    bool has_ended_run_ = false;
    std::deque<Job> queue_;
};

/// How much a rule may print.
inline constexpr std::size_t most_output = std::size_t{1} << 20;

} // namespace pollux::conformance
