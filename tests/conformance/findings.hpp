// SPDX-License-Identifier: BSL-1.0
#pragma once

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

    /// The Recorder of the rule that runs in this process: GoogleTest's, unless the process is one of an Isolation.
    static Recorder& current() noexcept;
    static void set_current(Recorder& recorder) noexcept;
};

/// Returns the text of a failure with the SCOPED_TRACEs of this thread, as GoogleTest prints them.
std::string with_traces(std::string_view text);

} // namespace pollux::conformance
