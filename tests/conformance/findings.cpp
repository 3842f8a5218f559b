// SPDX-License-Identifier: BSL-1.0
#include "findings.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <exception>

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
};

GoogleTestRecorder of_this_process;
Recorder* current = &of_this_process;

} // namespace

Recorder& Recorder::current() noexcept { return *conformance::current; }
void Recorder::set_current(Recorder& recorder) noexcept { conformance::current = &recorder; }

std::string with_traces(std::string_view text) {
    // GoogleTest adds them to a failure before it calls the reporter of the thread.
    testing::TestPartResultArray results;
    try {
        const testing::ScopedFakeTestPartResultReporter reporter(
            testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
        ADD_FAILURE() << text;
    } catch (const std::exception&) { // of --gtest_throw_on_failure
    }
    return results.size() == 0 ? std::string(text) : results.GetTestPartResult(0).message();
}

} // namespace pollux::conformance
