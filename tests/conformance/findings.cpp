// SPDX-License-Identifier: BSL-1.0
#include "findings.hpp"

#include <gtest/gtest.h>

namespace pollux::conformance {
namespace {

/// Reports to GoogleTest, in the process that runs all rules.
class GoogleTestRecorder final : public Recorder {
  public:
    void add_failure(const char* file, int line, std::string_view text) noexcept override {
        ADD_FAILURE_AT(file, line) << text;
    }
    void add_property(std::string_view key, std::string_view value) noexcept override {
        testing::Test::RecordProperty(std::string(key), std::string(value));
    }
    bool has_failed() const noexcept override { return testing::Test::HasFailure(); }
    void note_progress() noexcept override {}
    CallLog& calls() noexcept override { return calls_; }

  private:
    CallLog calls_;
};

GoogleTestRecorder of_this_process;
Recorder* current = &of_this_process;

} // namespace

Recorder& Recorder::current() noexcept { return *conformance::current; }
void Recorder::set_current(Recorder& recorder) noexcept { conformance::current = &recorder; }

Findings StoredFindings::take(std::chrono::nanoseconds duration) {
    const std::scoped_lock lock(mutex_);
    findings_.duration = duration;
    return std::move(findings_);
}

void StoredFindings::add_failure(const char* file, int line, std::string_view text) noexcept {
    if (reports_) ADD_FAILURE_AT(file, line) << text;
    const std::scoped_lock lock(mutex_);
    findings_.failures.push_back({file, line, std::string(text)});
}

void StoredFindings::add_property(std::string_view key, std::string_view value) noexcept {
    const std::scoped_lock lock(mutex_);
    findings_.properties.emplace_back(key, value);
}

bool StoredFindings::has_failed() const noexcept {
    const std::scoped_lock lock(mutex_);
    return !findings_.failures.empty();
}

} // namespace pollux::conformance
