// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "calls.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pollux::conformance {

/// The Findings of one rule on one subject: what it reports to GoogleTest, and what ended its process before it could.
struct Findings {
    struct Failure {
        std::string file;
        int line;
        std::string text;
    };
    std::vector<Failure> failures = {};
    std::vector<std::pair<std::string, std::string>> properties = {};
    std::string output = {}; // what the process of the rule printed; shortened
    std::chrono::nanoseconds duration{0};
};

/// A Recorder receives what a rule finds while it runs.
///
/// Threads: any thread of the rule.
class Recorder {
  public:
    virtual ~Recorder() = default;
    virtual void add_failure(const char* file, int line, std::string_view text) noexcept = 0;
    virtual void add_property(std::string_view key, std::string_view value) noexcept = 0;
    virtual bool has_failed() const noexcept = 0;
    /// Called now and then by a rule that goes on: one that does not is reported to hang.
    virtual void note_progress() noexcept = 0;
    /// The last calls of the rule.
    virtual CallLog& calls() noexcept = 0;

    /// The Recorder of the rule that runs in this process: GoogleTest's, unless the process is one of an Isolation.
    static Recorder& current() noexcept;
    static void set_current(Recorder& recorder) noexcept;
};

/// StoredFindings keeps what a rule of this process finds.
class StoredFindings final : public Recorder {
  public:
    /// `reports`: whether failures are also reported to GoogleTest, at once.
    explicit StoredFindings(bool reports) noexcept : reports_(reports) {}
    /// Returns the findings, with a duration.
    Findings take(std::chrono::nanoseconds duration);

    void add_failure(const char* file, int line, std::string_view text) noexcept override;
    void add_property(std::string_view key, std::string_view value) noexcept override;
    bool has_failed() const noexcept override;
    void note_progress() noexcept override {}
    CallLog& calls() noexcept override { return calls_; }

  private:
    const bool reports_;
    mutable std::mutex mutex_;
    Findings findings_;
    CallLog calls_;
};

} // namespace pollux::conformance
